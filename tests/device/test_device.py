"""The device library against a platform that loses links, stays silent, refuses, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from monokoto.device import Device, DeviceOptions, Disconnected, Refused, parse_address
from monokoto.kernel.errors import Invalid, TooMany
from monokoto.mqtt import Reason, SessionLimits, Version

WithPlatform = Callable[[Any], None]
VERSIONS = [Version.V3_1_1, Version.V5]


def options(**values: Any) -> DeviceOptions:
    return DeviceOptions(**{"wait_seconds": 0.02, "wait_seconds_max": 0.1, "connect_seconds": 2.0, **values})


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_is_published_arrives_in_order(with_platform: WithPlatform, version: Version, qos: int) -> None:
    async def body(platform: Any) -> None:
        async with Device(platform.url, token="secret", options=options(version=version, window=7)) as device:
            done = [device.publish("t", b"%d" % number, qos=qos) for number in range(200)]
            assert set(await asyncio.gather(*done)) == {0}
        await until(lambda: len(platform.taken) == 200)
        assert platform.taken == [("secret", "t", b"%d" % number) for number in range(200)]
        assert platform.connects[0].username == "secret"

    with_platform(body)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("session_seconds", [0, 600])
def test_a_lost_link_loses_nothing(
    with_platform: WithPlatform, version: Version, qos: int, session_seconds: int
) -> None:
    async def body(platform: Any) -> None:
        chosen = options(version=version, client_id="unit", session_seconds=session_seconds)
        async with Device(platform.url, options=chosen) as device:
            for number in range(300):
                await device.send("t", b"%d" % number, qos=qos)
                if number in (50, 120, 200):
                    platform.lose_after = 1
                    await until(lambda: platform.lose_after == 0)
            await device.drain()
            assert device.connects == 4
        arrived = [int(payload) for payload in platform.payloads()]
        assert list(dict.fromkeys(arrived)) == list(range(300))
        if qos == 2 and session_seconds:
            assert len(arrived) == 300  # exactly once

    with_platform(body)


def test_what_is_measured_without_a_link_is_sent_when_it_is_back(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        device = Device(platform.url, options=options())
        await device.start()
        await platform.stop()
        await until(lambda: not device.online)
        waiting = [device.publish("t", b"%d" % number) for number in range(20)]
        await asyncio.sleep(0.1)
        assert device.pending == 20
        await platform.start()
        assert set(await asyncio.gather(*waiting)) == {0}
        assert platform.payloads() == [b"%d" % number for number in range(20)]
        await device.stop()

    with_platform(body)


def test_begin_goes_on_until_the_platform_is_there(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        await platform.stop()
        device = Device(platform.url, options=options())
        device.begin()
        done = device.publish("t", b"early")
        await asyncio.sleep(0.1)
        await platform.start()
        assert await done == 0
        await device.stop()

    with_platform(body)


def test_a_full_outbox_refuses_and_send_waits_for_room(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.deaf = True
        async with Device(platform.url, options=options(messages_max=3, window=2)) as device:
            for _ in range(3):
                device.publish("t", b"")
            with pytest.raises(TooMany):
                device.publish("t", b"")
            waiting = asyncio.create_task(device.send("t", b"last"))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            platform.deaf = False
            platform.lose_all()
            await (await waiting)
        assert platform.payloads()[-1] == b"last"

    with_platform(body)


def test_no_more_is_in_flight_than_the_platform_allows(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.bounds, platform.deaf = SessionLimits(receive_maximum=4), True
        device = Device(platform.url, options=options(window=50))
        await device.start()
        for number in range(20):
            device.publish("t", b"%d" % number)
        await asyncio.sleep(0.1)
        assert len(platform.taken) == 4
        await device.stop(drain_seconds=0)

    with_platform(body)


def test_a_message_the_platform_does_not_take_says_so(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.answer_with = Reason.QUOTA_EXCEEDED
        platform.bounds = SessionLimits(packet_bytes_max=100)
        async with Device(platform.url, options=options()) as device:
            assert await device.publish("t", b"x") == Reason.QUOTA_EXCEEDED
            assert await device.publish("t", b"x" * 200) == Reason.PACKET_TOO_LARGE
        assert len(platform.taken) == 1

    with_platform(body)


def test_a_wrong_token_is_refused_at_the_start(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.tokens = {"right"}
        for version in VERSIONS:
            with pytest.raises(Refused, match="bad username or password") as caught:
                await Device(platform.url, token="wrong", options=options(version=version)).start()
            assert caught.value.reason == Reason.BAD_USERNAME_OR_PASSWORD
        async with Device(platform.url.replace("://", "://right@"), options=options()) as device:
            assert device.online

    with_platform(body)


def test_a_credential_that_ends_gives_up_and_tells_who_waits(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.tokens, platform.deaf = {"token"}, True
        device = Device(platform.url, token="token", options=options(messages_max=1))
        await device.start()
        device.publish("t", b"")
        waiting = asyncio.create_task(device.drain())
        platform.tokens = set()
        platform.lose_all()
        with pytest.raises(Refused):
            await waiting
        assert isinstance(device.failure, Refused)
        await device.stop()

    with_platform(body)


def test_nobody_there_is_said_at_the_start(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        await platform.stop()
        with pytest.raises(Disconnected, match="cannot be reached"):
            await Device(platform.url, options=options()).start()
        await platform.start()
        platform.silent = True
        with pytest.raises(Disconnected):
            await Device(platform.url, options=options(connect_seconds=0.1)).start()

    with_platform(body)


def test_a_platform_that_falls_silent_is_left_and_found_again(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        async with Device(platform.url, options=options(keep_alive_seconds=1)) as device:
            await asyncio.sleep(1.3)
            assert device.connects == 1  # kept alive by pings
            platform.silent = True
            await until(lambda: not device.online)
            platform.silent = False
            await until(lambda: device.online)

    with_platform(body)


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_for_the_unit_are_heard_also_after_a_lost_link(with_platform: WithPlatform, version: Version) -> None:
    async def body(platform: Any) -> None:
        heard: list[tuple[str, bytes]] = []
        chosen = options(version=version, client_id="unit", session_seconds=60)
        async with Device(platform.url, options=chosen) as device:
            granted = device.subscribe("down/+", lambda topic, payload: heard.append((topic, payload)), qos=2)
            assert await granted == 2
            refused = await device.subscribe("forbidden", lambda *_: None)
            assert refused >= 0x80
            for qos in (0, 1, 2):
                platform.deliver("unit", "down/1", b"%d" % qos, qos=qos)
            await until(lambda: len(heard) == 3)
            platform.lose_all()
            await until(lambda: not device.online)
            platform.deliver("unit", "down/2", b"while away")
            await until(lambda: len(heard) == 4)
            platform.sessions.clear()  # the platform forgot us: we subscribe again
            platform.lose_all()
            await until(lambda: "unit" in platform.sessions and len(platform.sessions["unit"].subscriptions) > 0)
            platform.deliver("unit", "down/3", b"again")
            await until(lambda: len(heard) == 5)
        assert [payload for _, payload in heard] == [b"0", b"1", b"2", b"while away", b"again"]

    with_platform(body)


def test_a_thousand_units_in_one_process(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        devices = [Device(platform.url, token=str(index), options=options(connect_seconds=15)) for index in range(1000)]
        for start in range(0, 1000, 100):
            await asyncio.gather(*(device.start() for device in devices[start : start + 100]))
        await asyncio.gather(*(device.publish("t", b"x") for device in devices))
        assert {token for token, _, _ in platform.taken} == {str(index) for index in range(1000)}
        await asyncio.gather(*(device.stop() for device in devices))

    with_platform(body)


def test_a_fleet_does_not_come_back_at_once() -> None:
    """Waits grow from attempt to attempt and differ from unit to unit."""
    waits: dict[int, list[float]] = {}

    async def body(index: int) -> None:
        device = Device(
            "mqtt://127.0.0.1:1", options=DeviceOptions(wait_seconds=1, wait_seconds_max=30), random=Random(index)
        )
        waits[index] = []

        async def sleep(seconds: float) -> None:
            waits[index].append(seconds)
            if len(waits[index]) == 8:
                raise asyncio.CancelledError

        original = asyncio.sleep
        asyncio.sleep = sleep  # type: ignore[assignment]
        try:
            device.begin()
            assert device._task is not None
            await asyncio.wait([device._task])
        finally:
            asyncio.sleep = original

    for index in range(3):
        asyncio.run(body(index))
    for series in waits.values():
        assert all(1 <= seconds <= 30 for seconds in series)
        assert series[0] <= 2
        assert series[-1] >= 15
    assert len({series[0] for series in waits.values()}) == 3


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://host", ("host", 1883, False, "")),
        ("mqtts://host", ("host", 8883, True, "")),
        ("mqtt://to%40ken@host:99", ("host", 99, False, "to@ken")),
        ("host:1884", ("host", 1884, False, "")),
        ("mqtt://[::1]:1885", ("::1", 1885, False, "")),
    ],
)
def test_addresses(url: str, expected: tuple[Any, ...]) -> None:
    address = parse_address(url)
    assert (address.host, address.port, address.tls, address.username) == expected


@pytest.mark.parametrize("url", ["http://host", "mqtt://", "mqtt://host:port", "mqtt://host:0", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Device(url)
