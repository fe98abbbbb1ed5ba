"""How fast may be asked: the bucket's arithmetic, who shares one, what the answer says."""

from __future__ import annotations

import re
import timeit
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, get
from litestar.testing import TestClient

from monokoto.api import Health, Limits, Metrics, create_app
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.kernel.limits import RATE_LIMITED_CALLERS_MAX
from monokoto.web import OWN_LIMITS, Caller, RateLimit, Scope


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Keys:
    """Keys `1`, `2`, ...: each another key of one organisation."""

    def authenticate(self, secret: str) -> Caller:
        if not secret.isdigit():
            raise Unauthenticated("No such key.")
        return Caller(organisation_id=OrganisationId(1), key_id=ApiKeyId(int(secret)), scopes=frozenset({Scope.ADMIN}))


@get("/things", operation_id="listThings", summary="Things", tags=["Units"])
async def things() -> dict[str, int]:
    return {}


@get("/entrance", opt={"exclude_from_auth": True}, operation_id="getEntrance", summary="Open", tags=["Units"])
async def entrance() -> dict[str, int]:
    return {}


@get("/ingest", opt={"exclude_from_auth": True, OWN_LIMITS: True}, operation_id="getIn", summary="In", tags=["Units"])
async def ingest() -> dict[str, int]:
    return {}


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def client(clock: Time) -> Iterator[TestClient[Litestar]]:
    app = create_app(
        routes=[things, entrance, ingest],
        dependencies={"health": Health({}), "metrics": Metrics()},
        authenticator=Keys(),
        limits=Limits(
            callers=RateLimit("caller", per_second=2, burst=4, now=clock),
            strangers=RateLimit("address", per_second=0.5, burst=3, now=clock),
        ),
    )
    with TestClient(app) as found:
        yield found


def ask(client: TestClient[Litestar], path: str, key: str = "") -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {key}"} if key else {})


def test_a_key_may_make_a_burst_then_its_pace_and_is_told(client: TestClient[Litestar], clock: Time) -> None:
    answers = [ask(client, "/things", "1") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"caller";r=3;t=1', '"caller";r=2;t=2', '"caller";r=1;t=2', '"caller";r=0;t=3', '"caller";r=0;t=3',
    ]  # fmt: skip
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"caller";q=4;w=2'}
    refused = answers[-1]
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too-many", "1")
    clock.now += 0.5
    assert [ask(client, "/things", "1").status_code for _ in range(2)] == [200, 429]


def test_each_key_has_its_own(client: TestClient[Litestar]) -> None:
    for _ in range(5):
        ask(client, "/things", "1")
    assert ask(client, "/things", "1").status_code == 429
    assert ask(client, "/things", "2").status_code == 200


def test_strangers_share_their_address_s(client: TestClient[Litestar], clock: Time) -> None:
    """Open routes and keys nobody knows come out of one bucket; who has a key is not stopped by it."""
    assert [ask(client, "/entrance").status_code for _ in range(2)] == [200, 200]
    assert [ask(client, "/things", "guess").status_code for _ in range(2)] == [401, 429]
    refused = ask(client, "/entrance")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.headers["ratelimit"] == '"address";r=0;t=7'
    assert ask(client, "/things", "1").status_code == 200
    clock.now += 2
    assert ask(client, "/entrance").status_code == 200


def test_routes_with_limits_of_their_own_have_none_of_these(client: TestClient[Litestar]) -> None:
    answers = [ask(client, path) for path in ("/ingest", "/healthz", "/metrics") for _ in range(9)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 5), st.integers(1, 9))
def test_never_more_than_the_burst_and_the_pace_allow(pauses: list[float], pace: int, burst: int) -> None:
    clock = Time()
    limit, taken, began = RateLimit("x", per_second=pace, burst=burst, now=clock), 0, clock.now
    for pause in pauses:
        clock.now += pause
        taken += limit.take(7) >= 0
        assert taken <= burst + (clock.now - began) * pace + 1e-6


@given(st.lists(st.floats(0, 3), min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 9))
def test_whoever_waits_as_long_as_told_is_let_in(pauses: list[float], pace: int, burst: int) -> None:
    clock = Time()
    limit = RateLimit("x", per_second=pace, burst=burst, now=clock)
    for pause in pauses:
        clock.now += pause
        left = limit.take(7)
        if left < 0:
            clock.now += limit.seconds_until_one(left)
            assert limit.take(7) >= 0


def test_what_is_remembered_has_a_limit_and_forgetting_the_full_changes_nothing() -> None:
    clock = Time()
    limit = RateLimit("x", per_second=1, burst=2, now=clock)
    for caller in range(RATE_LIMITED_CALLERS_MAX):
        limit.take(caller)
    clock.now += 0.5
    limit.take(0)
    clock.now += 0.6
    limit.take(RATE_LIMITED_CALLERS_MAX)  # all but the one just seen are full again
    assert len(limit._buckets) == 2
    assert limit.take(0) == pytest.approx(0.1)


def test_it_costs_next_to_nothing() -> None:
    """Goal: under 5 microseconds with the headers; ten times that here, because the machine may be busy with other things."""
    limit = RateLimit("x", per_second=1e9, burst=10**9)
    best = min(timeit.repeat(lambda: limit.headers(limit.take(7)), number=1000, repeat=20)) / 1000
    assert best < 50e-6


def test_the_headers_are_structured_fields(client: TestClient[Litestar]) -> None:
    """RFC 9651: a list of strings with integer parameters."""
    answer = ask(client, "/things", "1")
    for name in ("ratelimit", "ratelimit-policy"):
        assert re.fullmatch(r'"[a-z]+"(;[a-z]+=\d+)+', answer.headers[name])
