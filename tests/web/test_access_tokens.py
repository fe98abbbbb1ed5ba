"""Tokens in addresses: they read, end soon, and cannot be made or mended by whoever holds one."""

from __future__ import annotations

import pytest

from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.limits import ACCESS_TOKEN_SECONDS_MAX
from monokoto.web import AccessTokens, Caller, Scope

CALLER = Caller(organisation_id=7, organisation_kind="owner", key_id=5, scopes=frozenset({Scope.ADMIN}))


def tokens(secret: bytes = b"s" * 32) -> tuple[AccessTokens, ManualClock]:
    clock = ManualClock()
    return AccessTokens(clock, secret), clock


def test_it_opens_reading_for_its_maker_until_it_ends() -> None:
    made, clock = tokens()
    token, expires_at = made.make(CALLER, seconds=10**9)
    assert expires_at == clock.now() + ACCESS_TOKEN_SECONDS_MAX * 1_000_000
    caller = made.authenticate(token)
    assert (caller.organisation_id, caller.organisation_kind, caller.key_id) == (7, "owner", 5)
    assert caller.may(Scope.TELEMETRY_READ)
    assert not any(caller.may(scope) for scope in Scope if not scope.endswith(":read"))
    assert not caller.may(Scope.AUDIT_READ)
    clock.advance(ACCESS_TOKEN_SECONDS_MAX)
    with pytest.raises(Unauthenticated):
        made.authenticate(token)


def test_it_never_opens_more_than_its_maker_may() -> None:
    made, _ = tokens()
    few = Caller(organisation_id=7, key_id=5, scopes=frozenset({Scope.TELEMETRY_READ}))
    assert made.authenticate(made.make(few)[0]).scopes == {Scope.TELEMETRY_READ}


def test_a_changed_one_a_foreign_one_and_nonsense_open_nothing() -> None:
    made, _ = tokens()
    token, _ = made.make(CALLER)
    others, _ = tokens(b"t" * 32)
    nobody, _ = tokens(b"")
    for index in range(len("kotot_"), len(token)):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        if index < len(token) - 1:  # the last character may hold bits that mean nothing
            with pytest.raises(Unauthenticated):
                made.authenticate(changed)
    for bad in (
        "",
        "kotot_",
        "kotot_é",
        "kotot_" + "A" * 9,
        others.make(CALLER)[0],
        nobody.make(CALLER)[0],
    ):
        with pytest.raises(Unauthenticated):
            made.authenticate(bad)
    with pytest.raises(Unauthenticated):
        nobody.authenticate(nobody.make(CALLER)[0])
