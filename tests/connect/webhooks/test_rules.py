"""Rules without I/O: when to try again, where a receiver may be, what an event is called, how it is signed."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from monokoto.connect.webhooks import EVENT_TYPES, Happening, HttpSender, Webhook, WebhookState
from monokoto.connect.webhooks.address import is_public, parse_url, resolve
from monokoto.connect.webhooks.event import Event, event_of, matches, unknown_patterns
from monokoto.connect.webhooks.schedule import (
    ATTEMPTS_MAX,
    FIRST_SECONDS,
    JITTER,
    LONGEST_SECONDS,
    REST_SECONDS_MAX,
    delay_seconds,
    rest_seconds,
)
from monokoto.connect.webhooks.signing import headers_of, new_secret
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import Invalid, Unavailable


@given(st.integers(0, 2**32))
def test_the_schedule_grows_ends_and_lasts_three_days(seed: int) -> None:
    source = random.Random(seed)
    delays = [delay_seconds(attempts, source) for attempts in range(1, ATTEMPTS_MAX + 5)]
    kept = [delay for delay in delays if delay is not None]
    assert len(kept) == ATTEMPTS_MAX - 1
    assert delays[ATTEMPTS_MAX - 1 :] == [None] * 5
    assert FIRST_SECONDS * (1 - JITTER) <= kept[0] <= FIRST_SECONDS * (1 + JITTER)
    assert max(kept) <= LONGEST_SECONDS * (1 + JITTER)
    for before, after in itertools.pairwise(kept):
        assert after > before or before >= LONGEST_SECONDS * (1 - JITTER)
    assert 2.5 <= sum(kept) / 86_400 <= 3.5


@given(st.integers(1, ATTEMPTS_MAX - 1), st.floats(0, 1e9), st.integers())
def test_what_a_receiver_asks_for_only_lengthens_a_delay(attempts: int, asked: float, seed: int) -> None:
    plain = delay_seconds(attempts, random.Random(seed))
    longer = delay_seconds(attempts, random.Random(seed), retry_after=asked)
    assert plain is not None
    assert longer is not None
    assert plain <= longer <= max(plain, 86_400)


@given(st.integers(0, 10_000))
def test_a_rest_is_bounded(failures: int) -> None:
    assert 0 <= rest_seconds(failures) <= REST_SECONDS_MAX
    assert rest_seconds(failures) <= rest_seconds(failures + 1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    import ipaddress  # noqa: PLC0415

    assert not is_public(ipaddress.ip_address(address))
    shown = f"[{address}]" if ":" in address else address
    with pytest.raises(Invalid, match="receiver"):
        parse_url(f"https://{shown}/x", allow_private=False)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]
)
def test_addresses_that_are(address: str) -> None:
    import ipaddress  # noqa: PLC0415

    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https:///x", "//example.com", "example.com",
        "https://user:secret@example.com/", "https://user@example.com/", "https://example.com/#part",
        "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\n", "https://[::1/",
        "https://bücher.example/", "https://example.com/" + "x" * 2048, "file:///etc/passwd",
    ],
)  # fmt: skip
def test_what_is_no_receivers_address(url: str) -> None:
    with pytest.raises(Invalid):
        parse_url(url, allow_private=False)


def test_the_parts_of_an_address() -> None:
    place = parse_url("https://Example.com:8443/a/b?c=d", allow_private=False)
    assert (place.host, place.port, place.target, place.host_header) == (
        "example.com", 8443, "/a/b?c=d", "example.com:8443",
    )  # fmt: skip
    assert parse_url("https://example.com", allow_private=False).host_header == "example.com"
    assert parse_url("http://[::1]:80", allow_private=True).host_header == "[::1]"


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["93.184.216.34"], True),
        (["127.0.0.1"], False),
        (["93.184.216.34", "10.0.0.1"], False),
        (["::1"], False),
        (["fe80::1%eth0"], False),
    ],
)
def test_a_name_is_as_good_as_the_worst_of_its_addresses(
    addresses: list[str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> str:
        async def found(*_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
        return await resolve(parse_url("https://example.com/", allow_private=False), allow_private=False)

    if allowed:
        assert asyncio.run(run()) == addresses[0]
    else:
        with pytest.raises(Unavailable, match="not public"):
            asyncio.run(run())


def test_a_name_that_leads_home_is_never_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was public when it was given and is ours when it is used."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.3)
    port = server.getsockname()[1]
    clock = SystemClock()
    webhook = Webhook(
        id=1, organisation_id=2, name="", url=f"https://localhost:{port}/", events=("*",), secret=new_secret(),
        created_at=clock.now(), updated_at=clock.now(), state=WebhookState.ENABLED,
    )  # type: ignore[arg-type]  # fmt: skip
    event = Event(id=3, organisation_id=2, type="unit.online", at=0, body=b"{}")
    attempt = asyncio.run(HttpSender(clock).send(webhook, event))
    assert "not public" in attempt.reason
    with pytest.raises(TimeoutError):
        server.accept()
    server.close()


def test_patterns() -> None:
    assert matches(["unit.claimed"], "unit.claimed")
    assert matches(["unit.*"], "unit.claimed")
    assert matches(["x", "*"], "unit.claimed")
    assert not matches(["uni.*", "unit", "unit.claime", "*.claimed"], "unit.claimed")
    assert unknown_patterns(["*", "unit.*", "job.finished", "jobs.*", "unit.", ""]) == ["jobs.*", "unit.", ""]


@given(
    st.sampled_from(sorted(EVENT_TYPES)), st.text(max_size=8), st.text(max_size=8), st.integers(1, 5), st.integers(1, 5)
)
def test_events_have_one_name_for_one_happening(kind: str, key: str, other: str, here: int, there: int) -> None:
    one = event_of(here, kind, Happening(key=key, at=1_000_000))
    same = event_of(here, kind, Happening(key=key, at=9_000_000, data={"more": 1}))
    assert one.id == same.id > 0
    assert (event_of(there, kind, Happening(key=other, at=1)).id == one.id) == ((there, other) == (here, key))


@given(st.binary(max_size=200), st.integers(1, 2))
def test_the_reference_implementation_takes_our_signatures(body: bytes, count: int) -> None:
    keys = [new_secret() for _ in range(count)]
    body = b'{"x": "' + body.hex().encode() + b'"}'
    headers = headers_of(keys, "evt_1", int(time.time()), body)
    for key in keys:
        Verifier(key).verify(body, headers)
    with pytest.raises(Exception, match="signature"):
        Verifier(new_secret()).verify(body, headers)
    with pytest.raises(Exception, match="signature"):
        Verifier(keys[0]).verify(body + b" ", headers)
