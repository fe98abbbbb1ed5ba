"""What units ask, in ThingsBoard's and AWS's words, and what they are answered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twins_making import MAKER, MODEL, House, Message, batch, make_house, unit, until

from monokoto.connect.gateway import Route
from monokoto.connect.line import RequestRecord
from monokoto.kernel.limits import REQUESTS_WAITING_MAX


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = make_house(tmp_path)
    made.units.units[3] = unit(3, parent_id=2)
    made.twins.desired.put(MODEL, 1, {"mode": "slow", "temperature": 80}, by=1)
    made.twins.desired.put(MODEL, 3, {"count": 9}, by=1)
    return made


REPORTED = [
    Message(1, 2_000_000, 1, {"temperature": 80.0, "on": 1.0, "place": '{"lat":1.5}'}),
    Message(3, 2_000_000, 2, {"count": 4.0}),
]


def ask(
    house: House,
    topic: str,
    payload: Any = None,
    *,
    unit_id: int = 1,
    age_seconds: float = 0.0,
    route: int = Route.REQUEST,
) -> RequestRecord:
    raw = payload if isinstance(payload, bytes) else b"" if payload is None else msgspec.json.encode(payload)
    return RequestRecord(
        organisation_id=MAKER,
        unit_id=unit_id,
        arrived=house.clock.now() - round(age_seconds * 1e6),
        route=route,
        subject=topic,
        payload=raw,
    )


def answered(house: House, *requests: RequestRecord, expected: int = 1) -> list[tuple[int, str, Any]]:
    async def main() -> None:
        await house.twins.start()
        await until(lambda: len(house.down.retained) == 2)  # both desired states are told: not what is asked here
        house.down.sent.clear()
        await house.twins.observe(batch(REPORTED, requests=requests))
        await until(lambda: len(house.down.sent) >= expected)
        await asyncio.sleep(0.02)
        await house.twins.stop()

    asyncio.run(main())
    return house.down.sent


def test_thingsboard_attributes_by_name(house: House) -> None:
    request = ask(
        house, "v1/devices/me/attributes/request/7", {"clientKeys": "on, place,nothing", "sharedKeys": "mode"}
    )
    assert answered(house, request) == [
        (
            1,
            "v1/devices/me/attributes/response/7",
            {"client": {"on": True, "place": {"lat": 1.5}}, "shared": {"mode": "slow"}},
        )
    ]


@pytest.mark.parametrize("payload", [b"", b"{}", b"no json", b"[1]", b"\xff\xfe"])
def test_thingsboard_attributes_all_when_none_is_named(house: House, payload: bytes) -> None:
    ((_, topic, body),) = answered(house, ask(house, "v1/devices/me/attributes/request/1", payload))
    assert topic == "v1/devices/me/attributes/response/1"
    assert body == {
        "client": {"on": True, "place": {"lat": 1.5}, "temperature": 80.0},
        "shared": {"mode": "slow", "temperature": 80},
    }


def test_a_thingsboard_gateway_asks_for_the_units_behind_it(house: House) -> None:
    topic = "v1/gateway/attributes/request"
    sent = answered(
        house,
        ask(house, topic, {"id": 1, "device": "SN-3", "client": True, "key": "count"}, unit_id=2),
        ask(house, topic, {"id": 2, "device": "SN-3", "client": False, "keys": ["count", "x"]}, unit_id=2),
        ask(house, topic, {"id": 3, "device": "SN-1", "client": False, "key": "mode"}, unit_id=2),
        expected=2,
    )
    assert sent == [
        (2, "v1/gateway/attributes/response", {"id": 1, "device": "SN-3", "value": 4}),
        (2, "v1/gateway/attributes/response", {"id": 2, "device": "SN-3", "values": {"count": 9}}),
    ], "a unit that is not behind the gateway is not spoken of"


def test_an_unknown_call_is_answered_too(house: House) -> None:
    ((_, topic, body),) = answered(house, ask(house, "v1/devices/me/rpc/request/3", {"method": "getTime"}))
    assert (topic, body) == ("v1/devices/me/rpc/response/3", {"error": "unknown method: getTime"})


def test_aws_shadow_get(house: House) -> None:
    ((_, topic, body),) = answered(house, ask(house, "$aws/things/SN-1/shadow/get", {"clientToken": "t1"}))
    assert topic == "$aws/things/SN-1/shadow/get/accepted"
    assert body["state"] == {
        "reported": {"on": True, "place": {"lat": 1.5}, "temperature": 80.0},
        "desired": {"mode": "slow", "temperature": 80},
        "delta": {"mode": "slow"},
    }
    assert (body["version"], body["clientToken"]) == (1, "t1")
    assert body["metadata"]["reported"]["on"] == {"timestamp": 2}


def test_aws_shadow_get_of_a_unit_that_never_said_anything(house: House) -> None:
    ((_, topic, body),) = answered(house, ask(house, "$aws/things/SN-2/shadow/get", unit_id=2))
    assert (topic, body["code"]) == ("$aws/things/SN-2/shadow/get/rejected", 404)


def test_aws_shadow_update_is_accepted_and_the_delta_follows(house: House) -> None:
    document = {"state": {"reported": {"on": True}, "desired": None}, "clientToken": "t2"}
    sent = answered(house, ask(house, "$aws/things/SN-1/shadow/update", document), expected=2)
    assert [topic for _, topic, _ in sent] == [
        "$aws/things/SN-1/shadow/update/accepted",
        "$aws/things/SN-1/shadow/update/delta",
    ]
    assert sent[0][2]["state"] == {"reported": {"on": True}}
    assert sent[1][2]["state"] == {"mode": "slow"}
    assert [body["clientToken"] for _, _, body in sent] == ["t2", "t2"]


@pytest.mark.parametrize("document", [None, {"state": 5}, {"state": {"reported": [1]}}])
def test_aws_shadow_update_that_says_nothing_is_rejected(house: House, document: Any) -> None:
    ((_, topic, body),) = answered(house, ask(house, "$aws/things/SN-1/shadow/update", document))
    assert (topic, body["code"]) == ("$aws/things/SN-1/shadow/update/rejected", 400)


def test_old_questions_and_other_records_are_not_answered(house: House) -> None:
    sent = answered(
        house,
        ask(house, "v1/devices/me/attributes/request/1", age_seconds=31),
        ask(house, "v1/devices/me/attributes/request/2", age_seconds=29),
        ask(house, "", {"state": {"reported": {"on": True}}}, route=Route.SHADOW_UPDATE),
        ask(house, "cook/1", b"{}", route=Route.ACTION_STATUS),
        ask(house, "v1/gateway/connect", {"device": "SN-3"}),
        ask(house, "v1/devices/me/attributes/request/x"),
        ask(house, "v1/devices/me/attributes/request/3", unit_id=4444),
    )
    assert [topic for _, topic, _ in sent] == ["v1/devices/me/attributes/response/2"]


def test_a_flood_of_questions_is_bounded_and_a_lost_answer_stops_nothing(house: House) -> None:
    many = [ask(house, f"v1/devices/me/attributes/request/{number}") for number in range(REQUESTS_WAITING_MAX + 50)]
    answerer = house.twins._answerer
    answerer.take(many)
    assert len(answerer._waiting) == REQUESTS_WAITING_MAX
    answerer._waiting.clear()

    async def main() -> None:
        house.down.away = True
        answerer.take(many[:3])
        assert await answerer.run() == 0
        house.down.away = False
        answerer.take(many[:3])
        assert await answerer.run() == 3

    asyncio.run(main())
