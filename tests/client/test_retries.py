"""What is tried again, what is not, and how long is waited in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from monokoto.client import AsyncClient, Client, Conflict, Retries, TooMany, Unavailable, Unreachable
from monokoto.client.errors import BY_STATUS, problem_of
from monokoto.client.wire.calls import KEYED_BODY_BYTES_MAX
from monokoto.kernel import errors
from monokoto.kernel.limits import API_BODY_BYTES_MAX
from monokoto.web.problems import STATUS

UNIT = {
    "unit": {
        "id": "0000000000001",
        "product": "p",
        "version": "1.0.0",
        "serial": "s",
        "name": "",
        "tags": [],
        "location": None,
        "parent": None,
        "depth": 1,
        "status": "active",
        "side": "maker",
        "owned": False,
        "revision": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    },
    "credentials": [],
    "token": "t",
}
Answer = httpx.Response | Exception


class Platform:
    """Answers as it is told, one after the other; keeps what was asked and how long was waited."""

    def __init__(self, *answers: Answer, retries: Retries | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []
        self._retries = retries or Retries()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> list[str | None]:
        return [one.headers.get("Idempotency-Key") for one in self.asked]

    def client(self, key: str = "secret") -> Client:
        transport = httpx.MockTransport(self)
        return Client(
            "http://koto.test",
            key,
            retries=self._retries,
            transport=transport,
            sleep=self.waited.append,
            chance=lambda: 0.5,
        )


def problem(status: int, code: str = "", **headers: str) -> httpx.Response:
    body = {"title": "t", "status": status, "code": code, "detail": "No.", "remedy": "Do.", "faults": [{"reason": "r"}]}
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


def made() -> httpx.Response:
    return httpx.Response(201, json=UNIT)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: problem(429, "too-many", Retry_After="1"),
        lambda: problem(503, "unavailable"),
        lambda: problem(409, "request-in-flight", Retry_After="1"),
        lambda: httpx.Response(502, text="a proxy"),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadError("broke off"),
        lambda: httpx.ReadTimeout("silent"),
    ],
)
def test_a_change_is_sent_again_under_the_same_key(failure: Callable[[], Answer]) -> None:
    platform = Platform(failure(), failure(), made())
    assert platform.client().units.register(serial="s").token == "t"
    assert len(platform.asked) == 3
    assert len(set(platform.keys)) == 1
    assert platform.keys[0]
    assert [one.content for one in platform.asked] == [b'{"serial":"s"}'] * 3
    assert all(seconds > 0 for seconds in platform.waited)


def test_two_calls_have_two_keys_and_a_key_of_ones_own_is_sent() -> None:
    platform = Platform(made(), made(), made())
    client = platform.client()
    client.units.register(serial="s")
    client.units.register(serial="s")
    client.units.register(serial="s", idempotency_key="mine")
    first, second, own = platform.keys
    assert first != second
    assert own == "mine"


def test_reading_is_tried_again_without_a_key() -> None:
    platform = Platform(httpx.ReadError("broke off"), httpx.Response(200, json={"items": []}))
    assert list(platform.client().webhooks.list()) == []
    assert platform.keys == [None, None]


@pytest.mark.parametrize("failure", [httpx.ReadError("broke off"), httpx.WriteTimeout("stuck")])
def test_what_may_have_been_done_and_has_no_key_is_not_sent_again(failure: Exception) -> None:
    platform = Platform(failure)
    with pytest.raises(Unreachable):
        platform.client().ingest.send_telemetry({"temperature": 1})
    assert len(platform.asked) == 1


def test_what_never_reached_anybody_is_sent_again_without_a_key() -> None:
    platform = Platform(httpx.ConnectError("refused"), httpx.Response(204))
    platform.client().ingest.send_telemetry({"temperature": 1})
    assert platform.keys == [None, None]


def test_what_is_iterated_over_is_sent_once() -> None:
    def rows() -> Iterator[bytes]:
        yield b"serial\n"

    platform = Platform(problem(503, "unavailable"))
    with pytest.raises(Unavailable):
        platform.client().units.import_(rows(), content_type="text/csv")
    assert platform.keys == [None]


def test_a_body_too_long_for_a_key_has_none() -> None:
    assert KEYED_BODY_BYTES_MAX == API_BODY_BYTES_MAX
    platform = Platform(httpx.Response(200, text=""), httpx.Response(200, text=""))
    client = platform.client()
    client.units.import_(b"x" * KEYED_BODY_BYTES_MAX, content_type="text/csv").read()
    client.units.import_(b"x" * (KEYED_BODY_BYTES_MAX + 1), content_type="text/csv").read()
    assert platform.keys[0]
    assert platform.keys[1] is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422, 500])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    platform = Platform(problem(status, "some-code"))
    with pytest.raises(BY_STATUS.get(status, Exception)) as caught:
        platform.client().units.register(serial="s")
    assert len(platform.asked) == 1
    assert (caught.value.status, caught.value.code, caught.value.remedy) == (status, "some-code", "Do.")
    assert [one.reason for one in caught.value.faults] == ["r"]


def test_tries_and_waits_are_bounded() -> None:
    retries = Retries(attempts_max=6, wait_seconds_first=1.0, wait_seconds_max=5.0)
    platform = Platform(*[problem(503, "unavailable") for _ in range(6)], retries=retries)
    with pytest.raises(Unavailable):
        platform.client().units.get("0000000000001")
    assert len(platform.asked) == 6
    assert platform.waited == [0.75, 1.5, 3.0, 3.75, 3.75]


def test_who_is_told_to_wait_waits_so_long_or_raises_at_once() -> None:
    waits = Platform(problem(429, "too-many", Retry_After="7"), made())
    waits.client().units.register(serial="s")
    assert waits.waited == [7.0]
    raises = Platform(problem(429, "too-many", Retry_After="31"))
    with pytest.raises(TooMany) as caught:
        raises.client().units.register(serial="s")
    assert caught.value.retry_after_seconds == 31
    assert raises.waited == []


def test_the_client_on_an_event_loop_does_the_same() -> None:
    platform = Platform(httpx.ConnectError("refused"), problem(503, "unavailable"), made(), problem(409, "conflict"))

    async def sleep(seconds: float) -> None:
        platform.waited.append(seconds)

    async def ask() -> None:
        transport = httpx.MockTransport(platform)
        async with AsyncClient("http://koto.test", "k", transport=transport, sleep=sleep) as client:
            assert (await client.units.register(serial="s")).token == "t"
            with pytest.raises(Conflict):
                await client.units.register(serial="s")

    asyncio.run(ask())
    assert len(set(platform.keys[:3])) == 1
    assert len(platform.waited) == 2


def test_every_error_of_the_platform_has_its_exception() -> None:
    for kind, status in STATUS.items():
        if kind is not errors.BadSettings:
            body = json.dumps({"title": "t", "status": status, "code": kind.code}).encode()
            assert type(problem_of(status, body)).__name__ == kind.__name__


def test_a_session_proves_that_its_changes_are_its_own() -> None:
    from monokoto.web import csrf_token  # noqa: PLC0415

    signed_in = httpx.Response(200, json=[], headers={"Set-Cookie": "koto_session=kotos_1_x; Path=/"})
    platform = Platform(signed_in, httpx.Response(204), httpx.Response(200, json=[]))
    client = platform.client(key="")
    client.people.list_roles()
    client.sessions.sign_out()
    client.people.list_roles()
    assert [one.headers.get("X-Koto-CSRF") for one in platform.asked] == [None, csrf_token("kotos_1_x"), None]
    assert "Authorization" not in platform.asked[1].headers
