"""What was promised to a virtual unit: it verifies its token by itself, and keeps to it with a network or without."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import entitlement_vectors as vectors

from monokoto.connect.products import EventModel, PropertyModel, Simulation, parse_simulation
from monokoto.connect.products.model import ActionModel
from monokoto.device import DeviceOptions
from monokoto.device.entitlement import TOPIC, keys_of
from monokoto.device.replay import MAX_SPEED, Speed
from monokoto.device.simulate import FleetSimulation, Note, Pressing, Promising, SimulationReport, simulate
from monokoto.earn.features import Feature, FeatureKind, Governs
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.values import Kind

WithPlatform = Callable[[Any], None]
NOW = parse_instant("2026-06-03T12:00:00Z")
HOUR = 3600
PROPERTIES = {"ready": PropertyModel(name="ready", kind=Kind.BOOLEAN, schema={})}
EVENTS = {"done": EventModel(name="done")}
ACTIONS = {name: ActionModel(name=name) for name in ("steam", "start", "stop", "wash")}
FEATURES = {
    "steam": Feature(
        name="steam", kind=FeatureKind.BOOLEAN, actions=("steam",), sets=Governs(property="ready", otherwise=False)
    ),
    "washes": Feature(name="washes", kind=FeatureKind.METERED, meter="washes", actions=("wash",)),
    "brakes": Feature(name="brakes", kind=FeatureKind.BOOLEAN, safety=True, actions=("stop",)),
}


def described() -> Simulation:
    tells = {"done": {"object": {"programme": {"constant": "quick"}, "litres": {"constant": 2}}}}
    section = {"every": "10m", "properties": {"ready": {"constant": False}}, "actions": {"steam": {"tells": tells}}}
    return parse_simulation(section, PROPERTIES, EVENTS, ACTIONS)


def fetched() -> Mapping[str, bytes]:
    return keys_of(json.loads(vectors.FILE.read_text("utf-8"))["keys"])


PROMISING = Promising(features=FEATURES, keys=fetched)


def plan(platform: Any, *presses: Pressing, **rest: Any) -> FleetSimulation:
    known: dict[str, Any] = {"speed": MAX_SPEED, "minutes": 3 * 24 * 60, "options": DeviceOptions(client_id="u")}
    return FleetSimulation(
        simulation=described(), url=platform.url, actions=ACTIONS, promising=PROMISING, presses=presses, **known | rest
    )


def promised(*, hours: float, start: float = 0.0, **claims: Any) -> str:
    """A token of this moment: steam from `start` on until `hours`, and two washes."""
    now = int(time.time())
    steam: dict[str, Any] = {"until": round((now + hours * HOUR) * 1_000_000)}
    if start:
        steam["from"] = round((now + start * HOUR) * 1_000_000)
    end = now + 30 * 24 * HOUR
    washes = {"until": end * 1_000_000, "left": "2"}
    features = {"steam": steam, "washes": washes, "brakes": {"until": end * 1_000_000, "safety": True}}
    said: dict[str, Any] = {"iat": now, "nbf": now, "exp": end, "features": features, "ver": 2}
    return vectors.token(**said | claims)


async def lived(
    platform: Any, fleet: FleetSimulation, *tokens: str, noted: Callable[[Note], None] = lambda _note: None
) -> SimulationReport:
    """A unit's life, told these tokens as soon as it asks for them."""
    living = asyncio.create_task(simulate(fleet, [("u-1", "t")], now=NOW, noted=noted))
    async with asyncio.timeout(20):
        while not any(TOPIC in one.subscriptions for one in platform.sessions.values()):
            await asyncio.sleep(0.005)
        for one in tokens:
            platform.deliver("u", TOPIC, one.encode())
        return await living


def outcomes(report: SimulationReport) -> list[tuple[str, str, bool, str]]:
    return [(one.what, one.outcome, one.online, one.reason) for one in report.notes]


def at(hours: float, action: str = "steam", given: Any = None) -> Pressing:
    return Pressing(action=action, after_seconds=hours * HOUR, input=given)


def told(platform: Any, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for _, name, payload in platform.taken if name == topic]


def test_away_it_does_what_was_paid_for_and_not_a_moment_longer(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        seen: list[int] = []
        fleet = plan(
            platform, at(2, given={"programme": "eco"}), at(11.9), at(12.5), at(50), away=((1 * HOUR, 49 * HOUR),)
        )
        report = await lived(platform, fleet, promised(hours=12), noted=lambda note: seen.append(len(platform.taken)))
        assert outcomes(report) == [
            ("steam", "done", False, ""),
            ("steam", "done", False, ""),
            ("steam", "closes", False, ""),
            ("steam", "refused", False, "steam: its time is over"),
            ("steam", "refused", True, "steam: its time is over"),
        ]
        assert (report.pressed, report.closed, report.tokens, report.tokens_refused) == (2, 2, 1, 0)
        assert seen[0] == seen[3] < seen[4], "the network was really gone"
        start = int(NOW) - 3 * 24 * HOUR * 1_000_000
        done = told(platform, "koto/v1/events/done")
        assert [one["data"]["programme"] for one in done] == ["eco", "quick"]
        assert len(platform.connects) == 2
        whens = [one["at"] if isinstance(one["at"], int) else parse_instant(one["at"]) // 1000 for one in done]
        assert whens == [(start + round(hours * HOUR * 1_000_000)) // 1000 for hours in (2, 11.9)]
        assert report.lost == report.refused == 0

    with_platform(body)


def test_what_is_bought_in_the_middle_of_its_life_opens_then(
    with_platform: WithPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The function of the same name stands before the module.
    monkeypatch.setattr(sys.modules["monokoto.device.simulate.simulate"], "_TOKEN_SECONDS", 0.05)

    async def body(platform: Any) -> None:
        steps = [at(hours / 4) for hours in range(1, 20)]
        fleet = plan(platform, *steps, speed=Speed(7200.0), minutes=300)
        noted = asyncio.Event()
        living = asyncio.create_task(simulate(fleet, [("u-1", "t")], now=NOW, noted=lambda _note: noted.set()))
        async with asyncio.timeout(25):
            await noted.wait()
            platform.deliver("u", TOPIC, promised(hours=99).encode())
            report = await living
        refused, done = [[one for one in report.notes if one.outcome == word] for word in ("refused", "done")]
        assert refused[0].reason == "steam: the unit has no token"
        assert report.tokens == 1
        assert [*refused, *done] == report.notes
        assert refused
        assert done

    with_platform(body)


def test_at_the_speed_of_life_a_promise_ends_when_it_really_does(
    with_platform: WithPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["monokoto.device.simulate.simulate"], "_TOKEN_SECONDS", 1.5)

    async def body(platform: Any) -> None:
        # The second unit has no token, and is waited for: meanwhile no promise lasts longer.
        fleet = plan(platform, at(0), speed=Speed(1.0), minutes=0.02, options=DeviceOptions())
        living = asyncio.create_task(simulate(fleet, [("u-1", "t"), ("u-2", "s")], now=NOW))
        async with asyncio.timeout(25):
            while sum(TOPIC in one.subscriptions for one in platform.sessions.values()) < 2:
                await asyncio.sleep(0.005)
            platform.deliver(next(iter(platform.sessions)), TOPIC, promised(hours=1 / HOUR).encode())
            report = await living
        assert [one.outcome for one in report.notes if one.what == "steam"] == ["refused", "refused"]
        assert "steam: its time is over" in {one.reason for one in report.notes}

    with_platform(body)


def test_what_begins_later_opens_by_itself_and_is_reported_when_it_is_back(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        fleet = plan(platform, at(4), at(6), at(9), away=((1 * HOUR, 20 * HOUR),))
        report = await lived(platform, fleet, promised(hours=8, start=5))
        assert outcomes(report) == [
            ("steam", "refused", False, "steam: its time has not come"),
            ("steam", "opens", False, ""),
            ("steam", "done", False, ""),
            ("steam", "closes", False, ""),
            ("steam", "refused", False, "steam: its time is over"),
        ]
        said = [one["values"]["ready"] for one in told(platform, "koto/v1/telemetry")]
        turns = [value for before, value in zip([None, *said], said, strict=False) if before != value]
        assert turns == [False, True, False]

    with_platform(body)


def test_a_quota_is_used_up_safety_is_open_and_without_a_token_nothing_else_is(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        presses = [
            at(hours, action) for hours, action in ((1, "wash"), (2, "wash"), (3, "wash"), (4, "stop"), (5, "start"))
        ]
        report = await lived(platform, plan(platform, *presses), promised(hours=8))
        assert [(one.what, one.outcome) for one in report.notes if one.what != "steam"] == [
            ("wash", "done"), ("wash", "done"), ("wash", "refused"), ("stop", "done"), ("start", "done"),
        ]  # fmt: skip
        assert "washes: it is used up" in {one.reason for one in report.notes}

    with_platform(body)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (lambda: promised(hours=8).replace(".", ".A", 1), "steam: the signature does not fit: the token was altered"),
        (lambda: promised(hours=8, exp=int(time.time()) - 5), "steam: the token has expired"),
        (lambda: promised(hours=8, iat=int(time.time()) + 9 * HOUR), "steam: the unit's clock was put back"),
    ],
    ids=["altered", "expired", "ahead"],
)
def test_a_bad_token_opens_nothing_but_safety(
    with_platform: WithPlatform, token: Callable[[], str], reason: str
) -> None:
    async def body(platform: Any) -> None:
        report = await lived(platform, plan(platform, at(1), at(2, "stop")), token())
        assert outcomes(report) == [("steam", "refused", True, reason), ("stop", "done", True, "")]
        assert (report.tokens, report.tokens_refused) == (0, 1)

    with_platform(body)


def test_another_units_token_and_an_older_one_change_nothing(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        fleet = plan(platform, at(1), speed=Speed(7200.0), minutes=90)
        good, strange = promised(hours=8), promised(hours=99, sub=vectors.OTHER, ctr=9)
        older = promised(hours=8, ctr=3, features={})
        report = await lived(platform, fleet, good, strange, older)
        assert [(one.what, one.outcome) for one in report.notes] == [("steam", "done")]
        assert (report.tokens, report.tokens_refused) == (1, 2)

    with_platform(body)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"tells": {"done": {"object": {}}, "don": None}}, "/simulation/actions/steam/tells/don"),
        ({"tells": ["done"]}, "/simulation/actions/steam/tells"),
    ],
)
def test_what_cannot_be_told_is_a_fault(said: dict[str, Any], fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_simulation({"actions": {"steam": said}}, PROPERTIES, EVENTS, ACTIONS)
    assert [one.place for one in caught.value.faults] == [fault]
