"""Plans and previews as the API shows them. Amounts are texts: a JSON number is a binary fraction to most who read it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.plans.plan import Charge, OneTimeFee, Plan, RecurringFee, UsageCharge
from monokoto.earn.plans.preview import Preview
from monokoto.earn.plans.store import PublishedPlan
from monokoto.earn.pricing import MODELS, Usage
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PLAN_BYTES_MAX, PREVIEW_TRANSACTIONS_MAX, PRICE_GROUPS_MAX
from monokoto.kernel.money import number

Amount = Annotated[str | int, Meta(description="An exact decimal, as a text: `1.20`")]
Transactions = Annotated[list[Amount], Meta(max_length=PREVIEW_TRANSACTIONS_MAX)]
_MODEL_NAMES = {model: name for name, model in MODELS.items()}


class PlanChargeJson(msgspec.Struct, frozen=True):
    """A line of a plan."""

    name: str
    kind: Annotated[str, Meta(description="usage, fee or one-time")]
    title: Annotated[dict[str, str], Meta(description="By language; under the empty tag the text without one")]
    meter: Annotated[str, Meta(description="What it follows; empty for fees")]
    model: Annotated[str, Meta(description="The charge model; empty for fees")]
    by: Annotated[str, Meta(description="The group a matrix prices")]
    fee: Annotated[str, Meta(description="Empty for usage")]
    due: Annotated[str, Meta(description="advance or arrears; empty but for recurring fees")]
    every: str
    count: int
    per: Annotated[str, Meta(description="subscription or unit")]


class PublishedPlanJson(msgspec.Struct, frozen=True):
    """A version of a plan; it never changes."""

    product: str
    name: str
    version: Annotated[int, Meta(description="Of the newest one also the ETag")]
    latest: int
    title: dict[str, str]
    currency: str
    every: str
    count: int
    anchor: str
    proration: str
    trial_seconds: int
    notice_seconds: int
    minimum: Annotated[str | None, Meta(description="Least spend in a period")]
    charges: list[PlanChargeJson]
    plan: Annotated[dict[str, Any], Meta(description="All of it, as it was written")]
    digest: Annotated[str, Meta(description="SHA-256 of `plan` in canonical JSON")]
    source: Annotated[str, Meta(description="The product's version it came with; empty: published by itself")]
    published_at: str
    retired_at: Annotated[str | None, Meta(description="Since when nobody can subscribe to the plan any more")]


class PublishPlanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan is to say: as JSON, or as the YAML that stands in product.yaml (faults then have their lines)."""

    plan: dict[str, Any] | None = None
    yaml: Annotated[str, Meta(max_length=PLAN_BYTES_MAX)] = ""


class QuantityRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Usage that is more than one number."""

    quantity: Amount = 0
    groups: Annotated[
        dict[str, Amount | Transactions],
        Meta(
            max_length=PRICE_GROUPS_MAX, description="For a matrix; each amount of a group whose price is a percentage"
        ),
    ] = {}
    transactions: Annotated[Transactions, Meta(description="Where each counts by itself: a percentage")] = []


class PreviewPlanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be priced, and by which version or draft."""

    quantities: Annotated[dict[str, str | int | QuantityRequest], Meta(description="What was used, by meter")] = {}
    units: Annotated[int, Meta(ge=0, le=10_000_000, description="Fees may be for each unit")] = 1
    first: Annotated[bool, Meta(description="The first period: one-time fees and those of other rhythms, too")] = False
    version: Annotated[int, Meta(ge=0, description="0: the newest")] = 0
    plan: Annotated[dict[str, Any] | None, Meta(description="A draft instead of a version")] = None
    yaml: Annotated[str, Meta(max_length=PLAN_BYTES_MAX, description="The same, as YAML")] = ""


class PlanPreviewPartJson(msgspec.Struct, frozen=True):
    """One reason for a line's money."""

    key: Annotated[str, Meta(description="Such as `tier-2`, `packages`, `minimum-spend`")]
    quantity: str
    price: Annotated[str, Meta(description="For one; 0 where the amount is no product")]
    exact: Annotated[str, Meta(description="Before rounding")]
    amount: str
    size: Annotated[
        str | None, Meta(description="How many of the meter's units the quantity counts by; null: it counts others")
    ]


class PlanPreviewLineJson(msgspec.Struct, frozen=True):
    """What one charge comes to."""

    charge: str
    kind: Annotated[str, Meta(description="usage, fee, one-time or minimum")]
    title: dict[str, str]
    meter: str
    quantity: str
    amount: str
    parts: list[PlanPreviewPartJson]


class PlanPreviewJson(msgspec.Struct, frozen=True):
    """A whole period, before coupons and tax."""

    currency: str
    total: str
    lines: list[PlanPreviewLineJson]


def shown(amount: Decimal) -> str:
    """An amount as a text, never with an exponent."""
    return f"{amount:f}"


def charge_to_json(charge: Charge) -> PlanChargeJson:
    """As the API shows it."""
    found: dict[str, Any] = {
        "name": charge.name, "title": dict(charge.title), "meter": "", "model": "", "by": "", "fee": "", "due": "",
        "every": "", "count": 0, "per": "subscription",
    }  # fmt: skip
    if isinstance(charge, UsageCharge):
        model = _MODEL_NAMES[type(charge.tariff.price)]
        return PlanChargeJson(**{**found, "kind": "usage", "meter": charge.meter, "model": model, "by": charge.by})
    found |= {"fee": shown(charge.fee), "per": charge.per.value}
    if isinstance(charge, RecurringFee):
        rhythm = {"due": charge.due.value, "every": charge.every.value, "count": charge.count}
        return PlanChargeJson(**{**found, "kind": "fee", **rhythm})
    assert isinstance(charge, OneTimeFee)
    return PlanChargeJson(**{**found, "kind": "one-time"})


def plan_to_json(published: PublishedPlan) -> PublishedPlanJson:
    """As the API shows it."""
    plan: Plan = published.plan
    return PublishedPlanJson(
        product=plan.product,
        name=plan.name,
        version=plan.version,
        latest=published.latest,
        title=dict(plan.title),
        currency=plan.currency.code,
        every=plan.every.value,
        count=plan.count,
        anchor=plan.anchor.value,
        proration=plan.proration.value,
        trial_seconds=plan.trial // 1_000_000,
        notice_seconds=plan.notice // 1_000_000,
        minimum=None if plan.minimum is None else shown(plan.minimum),
        charges=[charge_to_json(one) for one in plan.charges],
        plan=dict(plan.document),
        digest=published.digest,
        source=published.source,
        published_at=format_instant(published.published_at),
        retired_at=None if published.retired_at is None else format_instant(published.retired_at),
    )


def preview_to_json(preview: Preview) -> PlanPreviewJson:
    """As the API shows it."""
    return PlanPreviewJson(
        currency=preview.currency.code,
        total=shown(preview.total),
        lines=[
            PlanPreviewLineJson(
                charge=line.charge,
                kind=line.kind,
                title=dict(line.title),
                meter=line.meter,
                quantity=shown(line.quantity),
                amount=shown(line.amount),
                parts=[
                    PlanPreviewPartJson(
                        key=part.key, quantity=shown(part.quantity), price=shown(part.price), exact=shown(part.exact),
                        amount=shown(part.amount), size=None if part.size is None else shown(part.size),
                    )
                    for part in line.parts
                ],
            )
            for line in preview.lines
        ],
    )  # fmt: skip


def usage_from_json(quantities: Mapping[str, str | int | QuantityRequest]) -> dict[str, Usage]:
    """By meter what was used. Raises Invalid with every fault."""
    found, faults = {}, []
    for meter, given in quantities.items():
        try:
            found[meter] = _usage(given)
        except Invalid as error:
            faults.append(Fault(place=f"quantities/{meter}", reason=error.message))
    if faults:
        raise Invalid("Some quantities are none.", faults=faults)
    return found


def _usage(given: str | int | QuantityRequest) -> Usage:
    if not isinstance(given, QuantityRequest):
        return Usage(quantity=number(given))
    if given.groups:
        return Usage.of_groups({name: _of_group(one) for name, one in given.groups.items()})
    if given.transactions:
        return _of_group(given.transactions)
    return Usage(quantity=number(given.quantity))


def _of_group(given: str | int | list[str | int]) -> Usage:
    if isinstance(given, list):
        return Usage.of_transactions(number(one) for one in given)
    return Usage(quantity=number(given))
