"""Offers and purchases as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.features import Feature
from monokoto.earn.metering import Meter
from monokoto.earn.plans import Plan, PlanChargeJson, charge_to_json
from monokoto.earn.portal.offers import Offered
from monokoto.earn.portal.purchases import Choice
from monokoto.earn.subscriptions import Address, NewCustomer
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, SUBSCRIPTION_UNITS_MAX, TITLE_LENGTH_MAX

UNITS_SHOWN_MAX = 1000
"""Of the units an offer is for."""
Text = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]
Name = Annotated[str, Meta(max_length=NAME_LENGTH_MAX)]
Titles = Annotated[dict[str, str], Meta(description="By language; under the empty tag the text without one")]


class OfferedQuotaJson(msgspec.Struct, frozen=True):
    """So much of something that is metered."""

    amount: str
    every: Annotated[str | None, Meta(description="day, week, month or year; null: once")]
    count: int
    rollover_max: Annotated[str, Meta(description="At most this is carried over")]


class OfferedFeatureJson(msgspec.Struct, frozen=True):
    """A function that comes with a plan."""

    feature: str
    title: Titles
    kind: Annotated[str, Meta(description="boolean, value or metered; empty: the product has it no more")]
    value: Any
    quota: OfferedQuotaJson | None
    unit: Annotated[str, Meta(description="In which its quota is counted")]


class OfferedChargeJson(msgspec.Struct, frozen=True):
    """A line of a plan, in words of the product."""

    charge: PlanChargeJson
    written: Annotated[dict[str, Any], Meta(description="As the plan has it: prices, tiers")]
    meter_title: Titles
    unit: Annotated[str, Meta(description="In which the meter counts")]


class MyPlanJson(msgspec.Struct, frozen=True):
    """What a plan costs and includes."""

    product: str
    product_title: Annotated[str, Meta(description="What people call the product; empty: nothing")]
    plan: str
    version: int
    title: Titles
    currency: str
    every: str
    count: int
    trial_seconds: int
    notice_seconds: int
    minimum: str | None
    lasts_seconds: Annotated[int | None, Meta(description="It ends by itself after this; null: it goes on")]
    offered: Annotated[bool, Meta(description="Whether owners choose it by themselves")]
    charges: list[OfferedChargeJson]
    includes: list[OfferedFeatureJson]


class PlanOfferJson(msgspec.Struct, frozen=True):
    """A plan that may be bought."""

    maker: Annotated[str, Meta(description="Id of the organisation that sells it")]
    maker_name: str
    plan: MyPlanJson
    units: Annotated[list[str], Meta(description=f"Your units it could be for; at most {UNITS_SHOWN_MAX} of them")]


class BillingAddressJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where invoices go."""

    street: Text = ""
    more: Text = ""
    postal_code: Text = ""
    city: Text = ""
    region: Text = ""


class BillingJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who pays."""

    name: Text
    country: Annotated[str, Meta(description="ISO 3166, such as DE")]
    email: Annotated[str, Meta(max_length=256)] = ""
    address: BillingAddressJson = BillingAddressJson()
    vat_id: Annotated[str, Meta(max_length=32)] = ""
    timezone: Annotated[str, Meta(max_length=64)] = "UTC"
    language: Annotated[str, Meta(max_length=64)] = "en"


class BuyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is bought, for which units, and who pays."""

    maker: str
    product: Name
    plan: Name
    version: Annotated[int, Meta(ge=1, description="That was seen; another one by now is a conflict")]
    units: Annotated[
        list[str],
        Meta(max_length=SUBSCRIPTION_UNITS_MAX, description="None: all of the product you own, also those to come"),
    ] = []
    billing: Annotated[BillingJson | None, Meta(description="Needed from whoever is no customer of the maker yet")] = (
        None
    )


class ChangeMySubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which offer is to hold instead."""

    plan: Name
    version: Annotated[int, Meta(ge=1, description="That was seen")]
    at: Annotated[str, Meta(pattern="^(now|period-end)$", description="now or period-end")] = "now"


class EndMySubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it ends, for the maker to read."""

    because: Text = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a product calls itself, its features and its meters, by name."""

    title: str
    features: Mapping[str, Feature]
    meters: Mapping[str, Meter]


def choice_of(data: BuyRequest) -> Choice:
    """What the body asks for. Raises Invalid."""
    return Choice(
        maker_id=parse_id(data.maker, what="maker id"),
        product=data.product,
        plan=data.plan,
        version=data.version,
        units=tuple(dict.fromkeys(parse_id(one, what="unit id") for one in data.units)),
        billing=customer_of(data.billing),
    )


def customer_of(data: BillingJson | None) -> NewCustomer | None:
    """Who pays; None: it was not said."""
    if data is None:
        return None
    return NewCustomer(
        name=data.name, country=data.country, currency="", email=data.email, vat_id=data.vat_id,
        address=Address(**msgspec.structs.asdict(data.address)), timezone=data.timezone, language=data.language,
    )  # fmt: skip


def offer_to_json(one: Offered, maker_name: str, words: Words) -> PlanOfferJson:
    """As the API shows it."""
    plan = one.published.plan
    return PlanOfferJson(
        maker=format_id(plan.organisation_id),
        maker_name=maker_name,
        plan=plan_to_json(plan, words),
        units=[format_id(unit) for unit in one.units[:UNITS_SHOWN_MAX]],
    )


def plan_to_json(plan: Plan, words: Words) -> MyPlanJson:
    """As the API shows it to who pays."""
    features, meters = words.features, words.meters
    lasts = plan.offer.lasts if plan.offer is not None else 0
    return MyPlanJson(
        product=plan.product,
        product_title=words.title,
        plan=plan.name,
        version=plan.version,
        title=dict(plan.title),
        currency=plan.currency.code,
        every=plan.every.value,
        count=plan.count,
        trial_seconds=plan.trial // 1_000_000,
        notice_seconds=plan.notice // 1_000_000,
        minimum=None if plan.minimum is None else f"{plan.minimum:f}",
        lasts_seconds=lasts // 1_000_000 or None,
        offered=plan.offer is not None,
        charges=[_charge(plan, charge_to_json(one), meters) for one in plan.charges],
        includes=_includes(plan, features, meters),
    )


def _charge(plan: Plan, charge: PlanChargeJson, meters: Mapping[str, Meter]) -> OfferedChargeJson:
    meter = meters.get(charge.meter)
    written = plan.document.get("charges", {}).get(charge.name) or {}
    return OfferedChargeJson(
        charge=charge,
        written={
            word: said for word, said in written.items() if word != "shares"
        },  # whom the maker pays is its own affair
        meter_title={} if meter is None else dict(meter.title),
        unit="" if meter is None else meter.unit,
    )


def _includes(plan: Plan, features: Mapping[str, Feature], meters: Mapping[str, Meter]) -> list[OfferedFeatureJson]:
    found = []
    for one in plan.includes:
        feature, quota = features.get(one.feature), one.quota
        meter = None if feature is None else meters.get(feature.meter)
        found.append(
            OfferedFeatureJson(
                feature=one.feature,
                title={} if feature is None else dict(feature.title),
                kind="" if feature is None else feature.kind.value,
                value=one.value,
                quota=None
                if quota is None
                else OfferedQuotaJson(
                    amount=f"{quota.amount:f}",
                    every=None if quota.every is None else quota.every.value,
                    count=quota.count,
                    rollover_max=f"{quota.rollover_max:f}",
                ),
                unit="" if meter is None else meter.unit,
            )
        )
    return found
