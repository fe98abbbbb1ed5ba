"""Events out of the records: everything that was committed is told once, whenever the process died."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from monokoto.connect.webhooks import DeliveryState, Feeder, Happening, Heard, Source, Webhook, Webhooks
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.ids import format_id

ACME, OTHER = 11, 22


class Table:
    """What some slice keeps: (organisation, key, at); rows may become visible late."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, int]] = []
        self.asked: list[int] = []

    def source(self, kind: str = "unit.registered") -> Source:
        def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
            self.asked.append(organisation_id)
            found = sorted((at, key) for organisation, key, at in self.rows if organisation == organisation_id)
            return [Happening(key=key, at=at, position=at, data={"unit": key}) for at, key in found if at >= position][
                :limit
            ]

        return Source(type=kind, read=read)


class Presence:
    def __init__(self) -> None:
        self.now: dict[int, int] = {}
        self.left: dict[int, int] = {}

    def online(self, _organisation_id: int) -> Collection[int]:
        return list(self.now)

    def heard(self, _organisation_id: int, unit_id: int) -> Heard | None:
        if unit_id in self.now:
            return Heard(unit_id, True, self.now[unit_id])
        return Heard(unit_id, False, self.left[unit_id], "closed") if unit_id in self.left else None


def listen(webhooks: Webhooks, *events: str) -> Webhook:
    return webhooks.create(ACME, url="http://127.0.0.1:9/", events=events or ("*",))


def told(webhooks: Webhooks, webhook: Webhook) -> list[str]:
    found = []
    for one in reversed(webhooks.deliveries(ACME, webhook.id, limit=10_000)):
        assert one.state is DeliveryState.WAITING
        _, event, _ = webhooks.delivery(ACME, webhook.id, one.id)
        assert event is not None
        found.append(event.body.decode())
    return found


def units(webhooks: Webhooks, webhook: Webhook) -> list[str]:
    return [body.partition('"unit":"')[2].partition('"')[0] for body in told(webhooks, webhook)]


def test_what_happens_is_told_once_and_what_was_before_is_not(webhooks: Webhooks, clock: ManualClock) -> None:
    table = Table()
    feeder = Feeder(webhooks, [table.source()])
    table.rows.append((ACME, "before", clock.now()))
    clock.advance(1)
    webhook = listen(webhooks)
    table.rows += [(ACME, "a", clock.now()), (OTHER, "theirs", clock.now())]
    assert feeder.look() == 2  # `before` is kept, but this receiver is younger
    clock.advance(1)
    table.rows.append((ACME, "b", clock.now()))
    assert [feeder.look(), feeder.look()] == [1, 0]
    assert units(webhooks, webhook) == ["a", "b"]
    assert set(table.asked) == {ACME}


def test_nobody_listens_nobody_looks(webhooks: Webhooks, clock: ManualClock) -> None:
    table = Table()
    listen(webhooks, "job.finished")
    table.rows.append((ACME, "a", clock.now()))
    assert Feeder(webhooks, [table.source()]).look() == 0
    assert table.asked == []


def test_a_row_that_becomes_visible_late_is_found(
    webhooks: Webhooks, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table()
    webhook = listen(webhooks)
    feeder = Feeder(webhooks, [table.source()])
    clock.advance(100)
    table.rows.append((ACME, "now", clock.now()))
    feeder.look()
    # A long transaction commits: its row says a minute ago.
    table.rows.append((ACME, "late", clock.now() - 60_000_000))
    monkeypatch.setattr(feeder, "_swept", float("-inf"))
    assert feeder.look() == 1
    assert units(webhooks, webhook) == ["now", "late"]


@pytest.mark.parametrize("dies_after", [1, 2, 3])
def test_after_any_crash_everything_is_told_and_nothing_twice(
    records: Records, webhooks: Webhooks, clock: ManualClock, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.webhooks.feeder._TOLD_AT_ONCE", 3)
    table = Table()
    webhook = listen(webhooks)
    for number in range(10):
        table.rows.append((ACME, f"u{number}", clock.now()))
        clock.advance(0.01)
    tell, count = webhooks.tell, 0

    class Killed(BaseException):
        pass

    def sometimes(*args: object, **options: object) -> int:
        nonlocal count
        count += 1
        if count > dies_after:
            raise Killed
        return tell(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(webhooks, "tell", sometimes)
    with pytest.raises(Killed):
        Feeder(webhooks, [table.source()]).look()
    assert len(told(webhooks, webhook)) == 3 * dies_after
    # Another process, much later, with a memory of nothing.
    clock.advance(7200)
    table.rows.append((ACME, "new", clock.now()))
    Feeder(Webhooks(records, clock, allow_private=True), [table.source()]).look()
    assert units(webhooks, webhook) == [*(f"u{number}" for number in range(10)), "new"]


def test_many_at_one_instant_are_all_told(
    webhooks: Webhooks, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.webhooks.feeder._PAGE", 50)
    table = Table()
    webhook = listen(webhooks)
    for number in range(120):
        table.rows.append((ACME, f"u{number:03}", clock.now() + number // 40))
    Feeder(webhooks, [table.source()]).look()
    assert len(units(webhooks, webhook)) == 120


def test_units_that_come_and_go(records: Records, webhooks: Webhooks, clock: ManualClock) -> None:
    presence = Presence()
    presence.now = {1: clock.now(), 2: clock.now()}
    webhook = listen(webhooks, "unit.*")
    feeder = Feeder(webhooks, [], online_now=presence)
    assert feeder.look() == 0, "who is online when it begins is no event"
    clock.advance(1)
    presence.now[3] = clock.now()
    del presence.now[1]
    presence.left[1] = clock.now()
    assert feeder.look() == 2
    assert feeder.look() == 0
    # A restart: what changed while nobody looked is told, what did not is not.
    del presence.now[2]
    presence.left[2] = clock.now()
    clock.advance(600)
    again = Feeder(Webhooks(records, clock, allow_private=True), [], online_now=presence)
    assert again.look() == 1
    assert again.look() == 0
    bodies = told(webhooks, webhook)
    assert [body.partition('"type":"')[2].partition('"')[0] for body in bodies] == [
        "unit.online",
        "unit.offline",
        "unit.offline",
    ]
    assert units(webhooks, webhook) == [format_id(3), format_id(1), format_id(2)]
    assert '"reason":"closed"' in bodies[1]
    # And it comes back.
    presence.now[1] = clock.now()
    assert again.look() == 1
