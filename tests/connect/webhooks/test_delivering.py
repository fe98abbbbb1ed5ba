"""Delivering to real receivers: signed, in order, tried again, given up, replayed; one bad receiver harms no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from receivers import Receiver, answers, dead_url

from monokoto.connect.webhooks import (
    Deliverer,
    DeliveryState,
    Happening,
    HttpSender,
    Webhook,
    WebhookChange,
    Webhooks,
    WebhookState,
)
from monokoto.kernel.clock import ManualClock, format_instant
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id

ACME, OTHER = 11, 22
Make = Callable[..., Receiver]


def listen(webhooks: Webhooks, receiver: Receiver, *events: str, organisation: int = ACME) -> Webhook:
    made = webhooks.create(organisation, url=receiver.url, events=events or ("*",))
    receiver.secret = made.secret
    return made


def tell(webhooks: Webhooks, *keys: str, kind: str = "unit.registered", organisation: int = ACME) -> int:
    at = webhooks.clock.now()
    return webhooks.tell(organisation, kind, [Happening(key=key, at=at, data={"unit": key}) for key in keys])


def deliver(deliverer: Deliverer) -> None:
    asyncio.run(deliverer.deliver_due())


def states(webhooks: Webhooks, webhook: Webhook) -> list[DeliveryState]:
    return [one.state for one in webhooks.deliveries(webhook.organisation_id, webhook.id)]


def test_an_event_arrives_signed_and_as_it_is_documented(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(time.time() - clock.now() / 1e6)  # the reference implementation looks at the real clock
    one = receiver()
    webhook = listen(webhooks, one)
    tell(webhooks, "a", "b", "c")
    deliver(deliverer)
    assert one.unverified == 0
    assert [body["data"] for body in one.taken] == [{"unit": key} for key in "abc"]
    assert one.taken[0] == {
        "type": "unit.registered",
        "timestamp": format_instant(clock.now()),
        "organisation": format_id(ACME),
        "data": {"unit": "a"},
    }
    assert one.headers[0]["content-type"] == "application/json"
    assert one.headers[0]["user-agent"].startswith("Monokoto/")
    assert len(set(one.names)) == 3
    assert all(name.startswith("evt_") for name in one.names)
    assert states(webhooks, webhook) == [DeliveryState.DELIVERED] * 3
    (delivery, *_) = webhooks.deliveries(ACME, webhook.id)
    _, event, attempts = webhooks.delivery(ACME, webhook.id, delivery.id)
    assert event is not None
    assert event.body == one.bodies[2]
    assert [(attempt.status, attempt.snippet, attempt.reason) for attempt in attempts] == [(200, "thanks", "")]


def test_told_twice_it_is_one_event(webhooks: Webhooks, deliverer: Deliverer, receiver: Make) -> None:
    one = receiver()
    listen(webhooks, one)
    one.secret = ""
    assert tell(webhooks, "a", "a", "b") == 2
    assert tell(webhooks, "b", "c") == 1
    deliver(deliverer)
    assert [body["data"]["unit"] for body in one.taken] == ["a", "b", "c"]


def test_each_gets_what_it_asks_for_and_of_its_organisation_alone(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make
) -> None:
    every, units, exact, foreign = (receiver() for _ in range(4))
    listen(webhooks, every, "*")
    listen(webhooks, units, "unit.*")
    listen(webhooks, exact, "job.finished", "unit.claimed")
    listen(webhooks, foreign, "*", organisation=OTHER)
    for one in (every, units, exact, foreign):
        one.secret = ""
    for kind in ("unit.registered", "job.finished", "member.joined"):
        tell(webhooks, "k", kind=kind)
    tell(webhooks, "theirs", organisation=OTHER)
    deliver(deliverer)
    assert sorted(body["type"] for body in every.taken) == ["job.finished", "member.joined", "unit.registered"]
    assert [body["type"] for body in units.taken] == ["unit.registered"]
    assert [body["type"] for body in exact.taken] == ["job.finished"]
    assert [body["data"]["unit"] for body in foreign.taken] == ["theirs"]


def test_a_new_receiver_does_not_get_the_past(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    first, second = receiver(), receiver()
    listen(webhooks, first)
    at = clock.now()
    clock.advance(10)
    webhook = listen(webhooks, second)
    first.secret = second.secret = ""
    webhooks.tell(ACME, "unit.registered", [Happening(key="late", at=at)])
    deliver(deliverer)
    assert len(first.taken) == 1
    assert second.taken == []
    # Unless it asks for it.
    assert webhooks.replay(ACME, webhook.id, begin=at) == 1
    deliver(deliverer)
    assert second.names == first.names


def test_two_secrets_sign_while_one_is_rotated(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    clock.advance(time.time() - clock.now() / 1e6)
    one = receiver()
    webhook = listen(webhooks, one)
    old = webhook.secret
    fresh = webhooks.rotate(ACME, webhook.id, grace_seconds=3600).secret
    assert fresh != old
    tell(webhooks, "a")
    deliver(deliverer)
    assert one.headers[0]["webhook-signature"].count("v1,") == 2
    one.secret = fresh
    tell(webhooks, "b")
    deliver(deliverer)
    assert len(one.taken) == 2
    clock.advance(3601)
    assert webhooks.get(ACME, webhook.id).keys(clock.now()) == [fresh]
    with pytest.raises(Invalid):
        webhooks.rotate(ACME, webhook.id, grace_seconds=10**9)


def test_what_fails_is_tried_again_with_the_same_id_and_body(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    seen: list[int] = []
    one = receiver(lambda count: (seen.append(count), (500 if count < 2 else 204, {}, b"oops"))[1])
    webhook = listen(webhooks, one)
    one.secret = ""
    tell(webhooks, "a")
    deliver(deliverer)
    (delivery,) = webhooks.deliveries(ACME, webhook.id)
    assert (delivery.state, delivery.attempts, delivery.status) == (DeliveryState.WAITING, 1, 500)
    assert 4.5e6 <= delivery.next_at - clock.now() <= 5.5e6
    deliver(deliverer)
    assert len(seen) == 1, "not before its time"
    clock.advance(6)
    deliver(deliverer)
    (delivery,) = webhooks.deliveries(ACME, webhook.id)
    assert delivery.attempts == 2
    assert webhooks.get(ACME, webhook.id).failures == 2
    clock.advance(20)
    deliver(deliverer)
    (delivery,) = webhooks.deliveries(ACME, webhook.id)
    assert (delivery.state, delivery.attempts, delivery.status) == (DeliveryState.DELIVERED, 3, 204)
    _, _, attempts = webhooks.delivery(ACME, webhook.id, delivery.id)
    assert [attempt.status for attempt in attempts] == [204, 500, 500]
    assert attempts[1].snippet == "oops"
    assert webhooks.get(ACME, webhook.id).failures == 0


def test_after_three_days_it_is_a_dead_letter_and_can_be_replayed(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    one = receiver()
    webhook = listen(webhooks, one)
    began = clock.now()
    states_of = {"down": True}
    one.secret = ""
    one.behaviour = lambda _count: (500 if states_of["down"] else 200, {}, b"")
    tell(webhooks, "a")
    for _ in range(40):
        deliver(deliverer)
        (delivery,) = webhooks.deliveries(ACME, webhook.id)
        if delivery.state is DeliveryState.DEAD:
            break
        clock.advance(
            max(delivery.next_at - clock.now(), webhooks.get(ACME, webhook.id).rest_until - clock.now()) / 1e6
        )
    assert delivery.state is DeliveryState.DEAD
    assert delivery.attempts == one.requests == 15
    assert 2.5 * 86_400 < (clock.now() - began) / 1e6 < 3.5 * 86_400
    states_of["down"] = False
    clock.advance(3600)
    assert webhooks.replay_one(ACME, webhook.id, delivery.id).state is DeliveryState.WAITING
    deliver(deliverer)
    assert states(webhooks, webhook) == [DeliveryState.DELIVERED]
    assert one.taken[0]["data"] == {"unit": "a"}


def test_replay_of_a_time_takes_the_dead_or_all(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    one = receiver()
    webhook = listen(webhooks, one, "unit.*")
    one.secret = ""
    tell(webhooks, "early")
    clock.advance(10)
    begin = clock.now()
    tell(webhooks, "x", "y")
    tell(webhooks, "j", kind="job.finished")
    deliver(deliverer)
    assert webhooks.replay(ACME, webhook.id, begin=begin) == 0, "nothing is dead"
    assert webhooks.replay(ACME, webhook.id, begin=begin, dead_only=False) == 2
    deliver(deliverer)
    assert [body["data"]["unit"] for body in one.taken] == ["early", "x", "y", "x", "y"]
    assert one.names[1:3] == one.names[3:5]
    assert webhooks.replay(ACME, webhook.id, begin=0, end=begin, dead_only=False) == 1


def test_a_refused_event_does_not_stop_the_next(webhooks: Webhooks, deliverer: Deliverer, receiver: Make) -> None:
    one = receiver(answers(422, 422, 200))
    webhook = listen(webhooks, one)
    one.secret = ""
    tell(webhooks, "a", "b", "c")
    deliver(deliverer)
    assert [body["data"]["unit"] for body in one.taken] == ["c"]
    assert states(webhooks, webhook).count(DeliveryState.WAITING) == 2


def test_a_receiver_that_fails_is_left_alone_for_a_while(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    one = receiver(answers(503))
    webhook = listen(webhooks, one)
    one.secret = ""
    tell(webhooks, *map(str, range(30)))
    deliver(deliverer)
    assert one.requests == 2, "two failures in a row are the receiver's"
    assert webhooks.get(ACME, webhook.id).rest_until > clock.now()
    assert webhooks.waiting(ACME, webhook.id) == 30


def test_retry_after_is_heard(webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock) -> None:
    one = receiver(lambda _count: (429, {"Retry-After": "1800"}, b""))
    webhook = listen(webhooks, one)
    one.secret = ""
    tell(webhooks, "a")
    deliver(deliverer)
    (delivery,) = webhooks.deliveries(ACME, webhook.id)
    assert delivery.next_at - clock.now() == 1_800_000_000


@pytest.mark.parametrize(("status", "days"), [(410, 0.0), (500, 5.01)])
def test_a_receiver_that_is_gone_is_switched_off_and_somebody_is_told(
    webhooks: Webhooks, clock: ManualClock, receiver: Make, status: int, days: float
) -> None:
    noticed: list[Webhook] = []

    async def notice(webhook: Webhook) -> None:
        noticed.append(webhook)

    sender = HttpSender(clock, allow_private=True, seconds=2.0)
    deliverer = Deliverer(webhooks, sender, notice=notice, seed=1)
    bad, good = receiver(answers(status)), receiver()
    webhook = listen(webhooks, bad, "unit.*")
    listen(webhooks, good, "webhook.disabled")
    bad.secret = good.secret = ""
    tell(webhooks, "a", "b")
    deliver(deliverer)
    clock.advance(days * 86_400)
    deliver(deliverer)
    found = webhooks.get(ACME, webhook.id)
    assert found.state is WebhookState.DISABLED
    assert str(status) in found.reason
    assert [one.id for one in noticed] == [webhook.id]
    assert states(webhooks, webhook) == [DeliveryState.DEAD] * 2
    deliver(deliverer)
    assert good.taken[0]["data"]["webhook"] == format_id(webhook.id)
    # What happens meanwhile is kept, and comes when it is asked for.
    tell(webhooks, "c")
    assert states(webhooks, webhook) == [DeliveryState.DEAD] * 3
    bad.behaviour = answers(200)
    assert webhooks.change(ACME, webhook.id, WebhookChange(state=WebhookState.ENABLED)).reason == ""
    assert webhooks.replay(ACME, webhook.id, begin=0) == 3
    deliver(deliverer)
    assert {body["data"]["unit"] for body in bad.taken} == {"a", "b", "c"}


def test_a_paused_receiver_gets_everything_later(webhooks: Webhooks, deliverer: Deliverer, receiver: Make) -> None:
    one = receiver()
    webhook = listen(webhooks, one)
    one.secret = ""
    webhooks.change(ACME, webhook.id, WebhookChange(state=WebhookState.PAUSED))
    tell(webhooks, "a", "b")
    deliver(deliverer)
    assert one.requests == 0
    webhooks.change(ACME, webhook.id, WebhookChange(state=WebhookState.ENABLED))
    deliver(deliverer)
    assert len(one.taken) == 2


def test_dead_and_slow_receivers_hold_up_nobody(webhooks: Webhooks, clock: ManualClock, receiver: Make) -> None:
    sender = HttpSender(clock, allow_private=True, seconds=8.0)
    slow = [receiver(delay=6.0) for _ in range(4)]
    flapping = receiver(lambda count: (500 if count % 2 == 0 else 200, {}, b""))
    good = receiver()
    for one in (*slow, flapping, good):
        listen(webhooks, one)
        one.secret = ""
    for _ in range(3):
        webhooks.create(ACME, url=dead_url(), events=["*"])
    tell(webhooks, *map(str, range(10)))

    async def run() -> float:
        deliverer = Deliverer(webhooks, sender, seed=1)
        await deliverer.start()
        began = time.monotonic()
        while len(good.taken) < 10:
            assert time.monotonic() - began < 30
            await asyncio.sleep(0.01)
        took = time.monotonic() - began
        taken_by_slow = sum(len(one.taken) for one in slow)
        await deliverer.stop()
        assert taken_by_slow == 0, "the good one was done before any slow one took its first"
        return took

    assert asyncio.run(run()) < 6.0
    assert [body["data"]["unit"] for body in good.taken] == [str(number) for number in range(10)]
    assert flapping.requests >= 1


def test_killed_between_sending_and_noting_it_is_sent_again(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = receiver()
    webhook = listen(webhooks, one)
    one.secret = ""
    tell(webhooks, "a", "b")

    class Killed(BaseException):
        pass

    def killed(*_: Any) -> bool:
        raise Killed

    async def run() -> None:
        dying = Deliverer(webhooks, HttpSender(clock, allow_private=True))
        monkeypatch.setattr(dying, "_write", killed)
        monkeypatch.setattr(dying, "_let_go", killed)
        with pytest.raises(BaseException):  # noqa: B017
            await dying.deliver_due()

    asyncio.run(run())
    assert len(one.taken) == 1
    assert states(webhooks, webhook) == [DeliveryState.WAITING] * 2
    deliver(deliverer)
    assert len(one.taken) == 1, "the dead process may still be at it"
    clock.advance(31)
    deliver(deliverer)
    assert [body["data"]["unit"] for body in one.taken] == ["a", "a", "b"]
    assert one.names[0] == one.names[1]


def test_a_full_queue_is_dead_letters_and_not_silence(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch, receiver: Make
) -> None:
    monkeypatch.setattr("monokoto.connect.webhooks.service.WEBHOOK_WAITING_MAX", 3)
    webhook = listen(webhooks, receiver())
    tell(webhooks, *"abcde")
    found = webhooks.deliveries(ACME, webhook.id)
    assert [one.state for one in found].count(DeliveryState.DEAD) == 2
    assert "Too much waits" in next(one.reason for one in found if one.state is DeliveryState.DEAD)


def test_what_was_settled_long_ago_goes_and_what_waits_stays(
    webhooks: Webhooks, deliverer: Deliverer, receiver: Make, clock: ManualClock
) -> None:
    good, paused = listen(webhooks, receiver()), listen(webhooks, receiver())
    webhooks.change(ACME, paused.id, WebhookChange(state=WebhookState.PAUSED))
    tell(webhooks, "a")
    deliver(deliverer)
    clock.advance(31 * 86_400)
    webhooks.prune()
    assert webhooks.deliveries(ACME, good.id) == [] or states(webhooks, good) == [DeliveryState.WAITING]
    (waits,) = webhooks.deliveries(ACME, paused.id)
    assert webhooks.delivery(ACME, paused.id, waits.id)[1] is not None


def test_a_ping_says_what_the_receiver_answers(webhooks: Webhooks, deliverer: Deliverer, receiver: Make) -> None:
    one = receiver(lambda _count: (418, {}, b"short and stout" * 200))
    webhook = listen(webhooks, one, "job.finished")
    one.secret = ""
    attempt = asyncio.run(deliverer.ping(webhook))
    assert attempt.status == 418
    assert attempt.reason == "It answered 418."
    assert len(attempt.snippet) == 1024
    assert webhooks.deliveries(ACME, webhook.id) == []


def test_redirects_are_not_followed(webhooks: Webhooks, deliverer: Deliverer, receiver: Make) -> None:
    target = receiver()
    one = receiver(lambda _count: (307, {"Location": target.url}, b""))
    webhook = listen(webhooks, one)
    one.secret = ""
    attempt = asyncio.run(deliverer.ping(webhook))
    assert attempt.status == 307
    assert not attempt.taken
    assert target.requests == 0


def test_walls_and_limits(webhooks: Webhooks, receiver: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = listen(webhooks, receiver())
    tell(webhooks, "a")
    (delivery,) = webhooks.deliveries(ACME, webhook.id)
    for ask in (
        lambda: webhooks.get(OTHER, webhook.id),
        lambda: webhooks.change(OTHER, webhook.id, WebhookChange(name="mine")),
        lambda: webhooks.rotate(OTHER, webhook.id),
        lambda: webhooks.delete(OTHER, webhook.id),
        lambda: webhooks.deliveries(OTHER, webhook.id),
        lambda: webhooks.delivery(OTHER, webhook.id, delivery.id),
        lambda: webhooks.replay(OTHER, webhook.id, begin=0),
        lambda: webhooks.replay_one(OTHER, webhook.id, delivery.id),
    ):
        with pytest.raises(NotFound):
            ask()
    assert webhooks.list(OTHER) == []
    monkeypatch.setattr("monokoto.connect.webhooks.service.WEBHOOKS_PER_ORGANISATION_MAX", 1)
    with pytest.raises(Conflict):
        webhooks.create(ACME, url="https://example.com", events=["*"])
    webhooks.delete(ACME, webhook.id)
    assert webhooks.list(ACME) == []
    with pytest.raises(Invalid) as refused:
        webhooks.create(ACME, url="ftp://example.com", events=["unit.exploded"], name="x" * 300)
    assert {fault.place for fault in refused.value.faults} == {"url", "events", "name"}
