"""Plans as they are written: charges, what is included, what is promised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from monokoto.connect.products import Report
from monokoto.earn.calendar import Every
from monokoto.earn.plans.parsing.named import ANYTHING, Named, must_be_one_of, said_of
from monokoto.earn.plans.parsing.prices import AROUND, kind_of_charge, models_in, read_tariff
from monokoto.earn.plans.parsing.reading import Node
from monokoto.earn.plans.plan import (
    Anchor,
    Charge,
    Due,
    Included,
    Offer,
    OneTimeFee,
    Per,
    Plan,
    Promise,
    Quota,
    RecurringFee,
    UsageCharge,
)
from monokoto.earn.pricing import MODELS, Basis, CreditTable, CreditTier, Tariff, Thresholds, by_transaction, currency
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.limits import (
    NAME_LENGTH_MAX,
    PLAN_CHARGES_MAX,
    PLAN_FEATURES_MAX,
    PLAN_PARTNERS_MAX,
    PLAN_PROMISES_MAX,
)
from monokoto.kernel.money import Currency

_NAME = re.compile(r"[a-z][a-z0-9-]*")
NAME_RULE = f"a lower-case letter, then letters, digits and hyphens, at most {NAME_LENGTH_MAX} characters"
FIELDS = (
    "title", "currency", "every", "count", "anchor", "proration", "trial", "notice", "charges", "minimum", "includes",
    "outcome", "offer", "invoice_at",
)  # fmt: skip
_EVERY = tuple(one.value for one in Every)
_COUNT_MAX = 1000
_WHOLE = Decimal(100)
_ANY_CURRENCY = Currency("XXX", 2)
"""Of a plan with faults, which nobody gets to see."""
_PRIORITY_MAX = 1000
_ADDING = ("count", "sum", "counter")
"""Keys of the meters whose usage is the sum of what was told one by one."""
_TIERS_MAX = 100
_KINDS_INCLUDED = {"boolean": "`true` or `false`", "value": "a value", "metered": "a quota"}


def is_name(text: str) -> bool:
    """Whether it may name a plan or a charge."""
    return len(text) <= NAME_LENGTH_MAX and _NAME.fullmatch(text) is not None


def check_name(node: Node, name: str, what: str) -> None:
    """A fault where the name is none."""
    if not is_name(name):
        node.fault(f"{name[:80]!r} cannot name a {what}: {NAME_RULE}")


def read_document(
    document: Mapping[str, Any],
    *,
    organisation_id: int,
    product: str,
    name: str,
    version: int = 0,
    named: Named = ANYTHING,
    report: Report | None = None,
) -> Plan:
    """The plan a document by itself describes.

    Raises:
        Invalid: with every fault.
    """
    report = Report() if report is None else report
    node = Node(document, "", report)
    check_name(node, name, "plan")
    found = read_plan(node, name, named, organisation_id=organisation_id, product=product, version=version)
    report.raise_if_any(f"The plan {name[:80]!r}")
    assert found is not None
    return found


def read_plan(
    node: Node, name: str, named: Named, *, organisation_id: int = 0, product: str = "", version: int = 0
) -> Plan | None:
    """The plan at a node; None where it is no mapping or has faults, which are told."""
    before = len(node.report)
    if not node.fields(FIELDS, ("currency", "every"), what="a plan"):
        return None
    money = _currency(node)
    every = Every(node.choice("every", _EVERY, Every.MONTH))
    count = node.whole("count", 1, low=1, high=_COUNT_MAX)
    charges = _charges(node, money, every, count, named)
    found = Plan(
        organisation_id=OrganisationId(organisation_id),
        product=ProductName(product),
        name=name,
        version=version,
        title=node.translated("title"),
        currency=money or _ANY_CURRENCY,
        every=every,
        count=count,
        anchor=Anchor(node.choice("anchor", [one.value for one in Anchor], Anchor.SUBSCRIPTION)),
        proration=Basis(node.choice("proration", [one.value for one in Basis], Basis.SECOND)),
        trial=node.duration("trial"),
        notice=node.duration("notice"),
        charges=charges,
        minimum=node.money("minimum", money),
        includes=_includes(node, named),
        outcome=_outcome(node, every, count, named, charges),
        invoice_at=_thresholds(node, money),
        offer=_offer(node),
        document=node.value,
    )
    return found if len(node.report) == before else None


def _currency(node: Node) -> Currency | None:
    code = node.value.get("currency")
    if not isinstance(code, str):
        if "currency" in node.value:
            node.fault("must be a code of ISO 4217, such as EUR", "currency")
        return None
    try:
        return currency(code)
    except Invalid as error:
        node.fault(f"{error.message} {error.remedy}", "currency")
        return None


def _children(node: Node, key: str, what: str, count_max: int) -> list[tuple[str, Node]]:
    """The members of a mapping under a key, by name."""
    inner = node.child(key)
    if not node.has(key) or not inner.mapping(f"`{key}`"):
        return []
    if len(inner.value) > count_max:
        inner.fault(f"has {len(inner.value)} members; at most {count_max}")
        return []
    found = [(name, inner.child(name)) for name in inner.value]
    for name, one in found:
        check_name(one, name, what)
    return found


def _charges(node: Node, money: Currency | None, every: Every, count: int, named: Named) -> tuple[Charge, ...]:
    found: list[Charge] = []
    for name, one in _children(node, "charges", "charge", PLAN_CHARGES_MAX):
        kind = kind_of_charge(one) if one.mapping("a charge") else ""
        if kind == "meter":
            charge: Charge | None = _usage_charge(one, name, money, named)
        elif kind == "fee":
            charge = _recurring(one, name, money, every, count)
        else:
            charge = _one_time(one, name, money) if kind else None
        if charge is not None:
            found.append(charge)
    return tuple(found)


def _usage_charge(node: Node, name: str, money: Currency | None, named: Named) -> UsageCharge | None:
    models = models_in(node)
    node.fields(("title", "meter", "shares", *AROUND, *MODELS), what="a charge of usage")
    meter = node.value["meter"]
    if not isinstance(meter, str):
        node.fault("must be the name of a meter", "meter")
        return None
    known = must_be_one_of(node.child("meter"), meter, named.meters, "meter")
    if len(models) != 1:
        told = ", ".join(models) or "none"
        node.fault(f"a charge of usage names one charge model of {', '.join(MODELS)}; this names {told}")
        return None
    tariff = read_tariff(node, models[0], money)
    _check_transactions(node, meter, tariff, named)
    by = node.child("matrix").value.get("by", "") if models == ["matrix"] and tariff is not None else ""
    said = said_of(named.meters, meter)
    if by and known and said is not None and by not in (said.get("by") or ()):
        node.child("matrix").fault(f"the meter {meter!r} does not group by {str(by)[:80]!r}", "by")
    if tariff is None or not known:
        return None
    return UsageCharge(
        name=name, title=node.translated("title"), meter=meter, tariff=tariff, by=by, shares=_shares(node)
    )


def _check_transactions(node: Node, meter: str, tariff: Tariff | None, named: Named) -> None:
    """A fault where a percentage of each transaction is to be had from a meter that has none."""
    said = said_of(named.meters, meter)
    if tariff is None or said is None or not by_transaction(tariff.price) or any(key in said for key in _ADDING):
        return
    node.fault(
        f"a percentage is of each transaction, and the meter {meter!r} does not add any up: say `flat_percentage`"
    )


def _recurring(node: Node, name: str, money: Currency | None, every: Every, count: int) -> RecurringFee | None:
    node.fields(("title", "fee", "in", "every", "count", "per", "shares"), what="a fee")
    fee = node.money("fee", money)
    own = node.has("every")
    if node.has("count") and not own:
        node.fault("says how many of `every`, which is not said", "count")
    if fee is None:
        return None
    return RecurringFee(
        name=name,
        title=node.translated("title"),
        fee=fee,
        due=Due(node.choice("in", [one.value for one in Due], Due.ADVANCE)),
        every=Every(node.choice("every", _EVERY, every)),
        count=node.whole("count", 1, low=1, high=_COUNT_MAX) if own else count,
        per=_per(node),
        shares=_shares(node),
    )


def _one_time(node: Node, name: str, money: Currency | None) -> OneTimeFee | None:
    node.fields(("title", "once", "per", "shares"), what="a one-time fee")
    fee = node.money("once", money)
    if fee is None:
        return None
    return OneTimeFee(name=name, title=node.translated("title"), fee=fee, per=_per(node), shares=_shares(node))


def _shares(node: Node) -> dict[str, Decimal]:
    """Percent by partner."""
    found = {}
    for name, one in _children(node, "shares", "partner", PLAN_PARTNERS_MAX):
        percent = one.exact()
        if percent is not None and not 0 < percent <= _WHOLE:
            one.fault("must be above 0 and at most 100 percent")
        elif percent is not None:
            found[name] = percent
    if sum(found.values(), Decimal(0)) > _WHOLE:
        node.child("shares").fault("come to more than 100 percent")
    return found


def _per(node: Node) -> Per:
    return Per(node.choice("per", [one.value for one in Per], Per.SUBSCRIPTION))


def _includes(node: Node, named: Named) -> tuple[Included, ...]:
    found = []
    for name, one in _children(node, "includes", "feature", PLAN_FEATURES_MAX):
        if not must_be_one_of(one, name, named.features, "feature"):
            continue
        kind = (said_of(named.features, name) or {}).get("kind")
        is_quota = isinstance(one.value, dict)
        fits = {"boolean": isinstance(one.value, bool), "value": not is_quota, "metered": is_quota}
        if not fits.get(kind or "", True):
            one.fault(f"the feature is {kind}: it is included as {_KINDS_INCLUDED[str(kind)]}")
        elif one.value is None or isinstance(one.value, list):
            one.fault("must be `true`, `false`, a value or a quota")
        elif is_quota:
            found.append(Included(feature=name, quota=_quota(one)))
        else:
            found.append(Included(feature=name, value=one.value))
    return tuple(found)


def _quota(node: Node) -> Quota:
    known = ("amount", "every", "count", "rollover", "priority", "expires")
    node.fields(known, ("amount",), what="a quota")
    low, high = Decimal(0), Decimal(0)
    if node.has("rollover"):
        rollover = node.child("rollover")
        if rollover.fields(("min", "max"), ("max",), what="a rollover"):
            low, high = rollover.decimal("min"), rollover.decimal("max")
            if low > high:
                rollover.fault("is above the greatest that is kept", "min")
        if not node.has("every"):
            node.fault("something is rolled over where it is given again: `every` is missing", "rollover")
    return Quota(
        amount=node.decimal("amount"),
        every=Every(node.choice("every", _EVERY, Every.MONTH)) if node.has("every") else None,
        count=node.whole("count", 1, low=1, high=_COUNT_MAX),
        rollover_min=low,
        rollover_max=high,
        priority=node.whole("priority", 1, low=0, high=_PRIORITY_MAX),
        expires=node.duration("expires"),
    )


def _outcome(node: Node, every: Every, count: int, named: Named, charges: tuple[Charge, ...]) -> tuple[Promise, ...]:
    found = []
    for name, one in _children(node, "outcome", "promise", PLAN_PROMISES_MAX):
        known = ("title", "rule", "exclude", "every", "count", "tiers", "minimum", "of")
        if not one.fields(known, ("rule", "tiers"), what="a promise"):
            continue
        rules = one.names("rule") if one.has("rule") else ()
        for rule in rules:
            must_be_one_of(one.child("rule"), rule, named.rules, "rule")
        exclude = one.names("exclude") if one.has("exclude") else ()
        if set(exclude) - {"maintenance"}:
            one.fault("what can be excluded is `maintenance`", "exclude")
        of = one.names("of") if one.has("of") else ()
        for charge in of:
            if node.has("charges") and charge not in node.value["charges"]:
                one.fault(f"the plan has no charge {charge[:80]!r}", "of")
        table = _credits(one)
        own = one.has("every")
        if table is not None:
            found.append(
                Promise(
                    name=name, title=one.translated("title"), rules=rules, exclude=exclude, credits=table, of=of,
                    every=Every(one.choice("every", _EVERY, every)),
                    count=one.whole("count", 1, low=1, high=_COUNT_MAX) if own else count,
                )
            )  # fmt: skip
    if found and not any(isinstance(one, RecurringFee) for one in charges) and not all(one.of for one in found):
        node.child("outcome").fault("gives back a part of fees, and the plan has none: say `of` which charges")
    return tuple(found)


def _thresholds(node: Node, money: Currency | None) -> Thresholds | None:
    if not node.has("invoice_at"):
        return None
    one = node.child("invoice_at")
    if not one.fields(("amounts", "every"), what="amounts to invoice at"):
        return None
    listed = one.child("amounts").items(what="`amounts`", count_max=_TIERS_MAX) if one.has("amounts") else []
    amounts = [amount for amount in (each.exact() for each in listed) if amount is not None]
    every = one.money("every", money)
    if not amounts and every is None:
        one.fault("says at which `amounts`, or at `every` so much")
        return None
    try:
        return Thresholds(amounts=tuple(amounts), every=every)
    except Invalid as error:
        one.refused(error)
        return None


def _offer(node: Node) -> Offer | None:
    """`true`, `false`, or how long it lasts."""
    if not node.has("offer") or node.value["offer"] is False:
        return None
    one = node.child("offer")
    if one.value is True:
        return Offer()
    if not isinstance(one.value, dict):
        one.fault("must be `true`, `false` or how long it lasts, such as {lasts: 12 h}")
        return None
    one.fields(("lasts",), ("lasts",), what="an offer")
    lasts = one.duration("lasts")
    if one.has("lasts") and lasts == 0:
        one.fault("is no time", "lasts")
    return Offer(lasts=lasts)


def _credits(node: Node) -> CreditTable | None:
    if not node.has("tiers"):
        return None
    tiers = [
        CreditTier(at_least_percent=one.decimal("from"), credit_percent=one.decimal("credit"))
        for one in node.child("tiers").items(what="`tiers`", count_max=_TIERS_MAX)
        if one.fields(("from", "credit"), ("from", "credit"), what="a tier")
    ]
    if not tiers:
        return None
    try:
        return CreditTable(tiers=tuple(tiers), minimum=node.decimal("minimum"))
    except Invalid as error:
        node.child("tiers").refused(error)
        return None
