"""What all routes share, seen through a small application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, get
from litestar.testing import TestClient

from monokoto.kernel import errors
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.web import (
    Caller,
    Scope,
    authentication,
    decode_cursor,
    encode_cursor,
    exception_handlers,
    if_match,
    not_modified,
    provide_caller,
    requires,
)


class Keys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in {"reader", "admin"}:
            raise errors.Unauthenticated("No such key.")
        scopes = frozenset({Scope.ADMIN if secret == "admin" else Scope.UNITS_READ})
        return Caller(organisation_id=OrganisationId(1), key_id=ApiKeyId(2), scopes=scopes)


@get("/read", guards=[requires(Scope.UNITS_READ)], dependencies={"caller": provide_caller})
async def read(caller: Caller) -> dict[str, int]:
    return {"organisation": caller.organisation_id}


@get("/write", guards=[requires(Scope.UNITS_WRITE)])
async def write() -> None: ...


@get("/open", opt={"exclude_from_auth": True})
async def unguarded(which: str) -> None:
    if which == "bug":
        raise RuntimeError("a secret in a message")
    raise getattr(errors, which)("It is so.", remedy="Do that.", faults=[errors.Fault(reason="no", place="/a", line=3)])


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar([read, write, unguarded], middleware=[authentication(Keys())], exception_handlers=exception_handlers)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("header", [None, "reader", "Basic reader", "Bearer", "Bearer nobody"])
def test_nobody_gets_in_without_a_live_key(client: TestClient[Litestar], header: str | None) -> None:
    answer = client.get("/read", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


def test_a_key_acts_for_its_organisation_within_its_scopes(client: TestClient[Litestar]) -> None:
    reader, admin = {"Authorization": "Bearer reader"}, {"Authorization": "Token admin"}
    assert client.get("/read", headers=reader).json() == {"organisation": 1}
    assert client.get("/write", headers=reader).status_code == 403
    assert client.get("/write", headers=admin).status_code == 200


@pytest.mark.parametrize(
    ("which", "status"),
    [
        ("Invalid", 422), ("NotFound", 404), ("Conflict", 409), ("PreconditionFailed", 412), ("Unauthenticated", 401),
        ("Forbidden", 403), ("TooLarge", 413), ("TooMany", 429), ("Unavailable", 503),
    ],
)  # fmt: skip
def test_every_error_of_ours_has_its_status(client: TestClient[Litestar], which: str, status: int) -> None:
    answer = client.get("/open", params={"which": which})
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert (problem["detail"], problem["remedy"]) == ("It is so.", "Do that.")
    assert problem["faults"] == [{"reason": "no", "place": "/a", "line": 3}]
    assert ("retry-after" in answer.headers) == (status in {429, 503})


def test_a_bug_tells_nothing_of_the_inside(client: TestClient[Litestar]) -> None:
    answer = client.get("/open", params={"which": "bug"})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_the_frameworks_own_errors_are_problems_too(client: TestClient[Litestar]) -> None:
    for answer, status in ((client.get("/nowhere"), 404), (client.post("/open"), 405), (client.get("/open"), 422)):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@given(st.integers(-(2**63), 2**63 - 1), st.text())
def test_cursors_come_back_as_they_went(number: int, text: str) -> None:
    assert decode_cursor(encode_cursor(number, text), int, str) == (number, text)


@given(st.text())
def test_a_foreign_cursor_is_invalid(text: str) -> None:
    try:
        decoded = decode_cursor(text, int, str)
    except errors.Invalid:
        return
    assert isinstance(decoded[0], int)


def test_conditions() -> None:
    if_match(None, 3)
    if_match("*", 3)
    if_match('"2", "3"', 3)
    with pytest.raises(errors.PreconditionFailed, match="at revision 4 now"):
        if_match('"3"', 4)
    assert not_modified('W/"3"', 3)
    assert not not_modified('"2"', 3)
    assert not not_modified(None, 3)


@pytest.mark.parametrize(
    ("held", "asked", "may"),
    [
        (Scope.UNITS_WRITE, Scope.UNITS_READ, True),
        (Scope.UNITS_READ, Scope.UNITS_WRITE, False),
        (Scope.ADMIN, Scope.TELEMETRY_WRITE, True),
        (Scope.TELEMETRY_WRITE, Scope.UNITS_READ, False),
        (Scope.UNITS_WRITE, Scope.ADMIN, False),
    ],
)
def test_wider_scopes_hold_narrower_ones(held: Scope, asked: Scope, may: bool) -> None:
    assert Caller(organisation_id=OrganisationId(1), key_id=ApiKeyId(1), scopes=frozenset({held})).may(asked) is may
