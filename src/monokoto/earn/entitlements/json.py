"""Entitlements as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from monokoto.earn.entitlements.entitlement import Entitlement, Holder, Suspension, Verdict
from monokoto.earn.entitlements.tokens import Token
from monokoto.earn.features import Feature
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NAME_LENGTH_MAX

_PAST_ALL = 1 << 53
Text = Annotated[str, Meta(max_length=500)]
Decimals = Annotated[str, Meta(max_length=100)]
Name = Annotated[str, Meta(max_length=NAME_LENGTH_MAX)]


class VerdictJson(msgspec.Struct, frozen=True):
    """Whether a unit may use a feature."""

    feature: str
    title: str
    kind: Annotated[str, Meta(description="boolean, value or metered")]
    allowed: bool
    reason: str
    value: Annotated[Any, Meta(description="Of a feature that has one")]
    left: Annotated[str | None, Meta(description="Of a metered feature: an exact decimal")]
    used: str | None
    overage: str | None
    period_begin: str | None
    until: Annotated[str | None, Meta(description="When this answer ends by itself; null: nothing ends it")]
    source: str
    safety: bool
    evidence: dict[str, Any]


class EntitlementJson(msgspec.Struct, frozen=True):
    """A feature somebody was given, bought, shares."""

    id: str
    product: str
    feature: str
    holder: Annotated[str, Meta(description="subscription, customer or unit")]
    holder_id: str
    source: str
    key: str
    begin: str
    end: str | None
    value: Any
    amount: str | None
    priority: int
    shared_from: Annotated[str | None, Meta(description="Of a share: the unit that has it")]
    note: str
    created_at: str
    created_by: str | None
    taken_at: str | None


class GiveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody is to have. Name one of unit, customer and subscription."""

    feature: Name
    unit: str = ""
    customer: str = ""
    subscription: str = ""
    product: Annotated[str, Meta(description="Needed unless it is for a unit", max_length=NAME_LENGTH_MAX)] = ""
    key: Annotated[str, Meta(max_length=200, description="Names it: sent twice, it is given once")] = ""
    source: Annotated[str, Meta(description="given, bought or top-up")] = "given"
    begin: Annotated[str | None, Meta(description="null: now")] = None
    end: Annotated[str | None, Meta(description="null: until it is taken back")] = None
    value: Any = None
    amount: Annotated[Decimals | None, Meta(description="An exact decimal, of a metered feature")] = None
    priority: Annotated[int, Meta(ge=0, le=255, description="Lower is used first")] = 1
    note: Text = ""


class HandOnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets it."""

    unit: str


class ShareFeatureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is shared, with which unit."""

    feature: Name
    with_unit: str
    """The other unit, which may use it too."""
    until: str | None = None


class SuspensionJson(msgspec.Struct, frozen=True):
    """A customer without features, but for those of safety."""

    customer: str
    because: str
    by: Literal["hand", "dunning"]
    """Whoever resumes a customer by hand ends both; a payment ends only what dunning began."""
    begin: str


class SuspendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who, and why."""

    customer: str
    because: Text


class EntitlementTokenJson(msgspec.Struct, frozen=True):
    """What a unit may do while it is away, signed."""

    unit: str
    token: Annotated[str, Meta(description="A compact JWS, EdDSA; docs/entitlements.md says what is in it")]
    counter: int
    issued_at: str
    expires_at: str


class SigningKeysJson(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


def verdict_to_json(feature: Feature, verdict: Verdict) -> VerdictJson:
    """As the API shows it."""

    def decimal(value: Any) -> str | None:
        return None if value is None else f"{value:f}"

    period = verdict.period_begin
    return VerdictJson(
        feature=feature.name,
        title=feature.called(),
        kind=feature.kind.value,
        allowed=verdict.allowed,
        reason=verdict.reason,
        value=verdict.value,
        left=decimal(verdict.left),
        used=decimal(verdict.used),
        overage=decimal(verdict.overage),
        period_begin=None if period is None or period > _PAST_ALL else format_instant(period),
        until=None if verdict.until is None or verdict.until > _PAST_ALL else format_instant(verdict.until),
        source=source_to_text(verdict.source),
        safety=feature.safety,
        evidence=dict(verdict.evidence),
    )


def source_to_text(source: str) -> str:
    """What a verdict is by, or whose quota it draws on: `kind:id` with the id as the API writes it; else as it is."""
    kind, _, number = source.partition(":")
    return f"{kind}:{format_id(int(number))}" if number.isdecimal() else source


def entitlement_to_json(one: Entitlement) -> EntitlementJson:
    """As the API shows it."""
    shared = one.origin is not None and one.origin.kind is Holder.UNIT
    return EntitlementJson(
        id=format_id(one.id),
        product=one.product,
        feature=one.feature,
        holder=one.holder.kind.value,
        holder_id=format_id(one.holder.id),
        source=one.source.value,
        key=one.key,
        begin=format_instant(one.begin),
        end=None if one.end is None else format_instant(one.end),
        value=one.value,
        amount=None if one.amount is None else f"{one.amount:f}",
        priority=one.priority,
        shared_from=format_id(one.origin.id) if shared and one.origin is not None else None,
        note=one.note,
        created_at=format_instant(one.created_at),
        created_by=format_id(one.created_by) if one.created_by else None,
        taken_at=None if one.taken_at is None else format_instant(one.taken_at),
    )


def suspension_to_json(one: Suspension) -> SuspensionJson:
    """As the API shows it."""
    return SuspensionJson(
        customer=format_id(one.customer_id), because=one.because, by=one.by.value, begin=format_instant(one.begin)
    )


def token_to_json(token: Token) -> EntitlementTokenJson:
    """As the API shows it."""
    return EntitlementTokenJson(
        unit=format_id(token.unit_id),
        token=token.text,
        counter=token.counter,
        issued_at=format_instant(token.issued_at),
        expires_at=format_instant(token.expires_at),
    )
