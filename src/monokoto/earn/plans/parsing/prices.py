"""Prices as they are written: for each charge model what stands under its name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from monokoto.connect.products import kind_of
from monokoto.earn.plans.parsing.reading import Node
from monokoto.earn.pricing import (
    MODELS,
    BlockPolicy,
    Blocks,
    BlockTier,
    Commitment,
    Conversion,
    Dynamic,
    FlatPercentage,
    Graduated,
    GraduatedPercentage,
    Matrix,
    Package,
    Percentage,
    Price,
    RateTier,
    Stairstep,
    Standard,
    Step,
    Tariff,
    Tier,
    Volume,
)
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import DECIMAL_DIGITS_MAX, PRICE_TIERS_MAX
from monokoto.kernel.money import Currency, Rounding

AROUND = ("free", "per", "minimum", "maximum", "commitment")
"""What may stand beside a model: the tariff around the price."""
_ONE = Decimal(1)


def read_price(node: Node, model: str) -> Price | None:
    """The price under a model's name; None where it has faults, which are told."""
    try:
        return _MODELS[model](node)
    except Invalid as error:
        node.refused(error)
        return None


def read_tariff(node: Node, model: str, currency: Currency | None) -> Tariff | None:
    """A price and what stands around it."""
    before = len(node.report)
    price = read_price(node.child(model), model)
    conversion = _conversion(node.child("per")) if node.has("per") else None
    commitment = _commitment(node.child("commitment"), currency) if node.has("commitment") else None
    free = node.decimal("free")
    minimum, maximum = node.money("minimum", currency), node.money("maximum", currency)
    if price is None or len(node.report) > before:
        return None
    try:
        return Tariff(
            price=price, conversion=conversion, free=free, commitment=commitment, minimum=minimum, maximum=maximum
        )
    except Invalid as error:
        node.refused(error)
        return None


def models_in(node: Node) -> list[str]:
    """The charge models that are named in a mapping."""
    return [name for name in MODELS if node.has(name)]


def _conversion(node: Node) -> Conversion | None:
    if not node.fields(("multiply_by", "divide_by", "rounding", "places"), what="a conversion"):
        return None
    rounding = Rounding(node.choice("rounding", [one.value for one in Rounding], Rounding.HALF_UP))
    places = node.whole("places", 0, low=0, high=DECIMAL_DIGITS_MAX) if node.has("places") else None
    multiply_by, divide_by = node.decimal("multiply_by", _ONE), node.decimal("divide_by", _ONE)
    try:
        if places is None:
            return Conversion(multiply_by=multiply_by, divide_by=divide_by, rounding=rounding)
        return Conversion(multiply_by=multiply_by, divide_by=divide_by, rounding=rounding, places=places)
    except Invalid as error:
        node.refused(error)
        return None


def _commitment(node: Node, currency: Currency | None) -> Commitment | None:
    if not node.fields(("amount", "quantity", "overage_factor", "true_up"), what="a commitment"):
        return None
    if not isinstance(node.value.get("true_up", False), bool):
        node.fault("must be `true` or `false`", "true_up")
    try:
        return Commitment(
            amount=node.money("amount", currency),
            quantity=node.perhaps_decimal("quantity"),
            overage_factor=node.decimal("overage_factor", _ONE),
            true_up=node.value.get("true_up") is True,
        )
    except Invalid as error:
        node.refused(error)
        return None


def _standard(node: Node) -> Price | None:
    if not node.fields(("price",), ("price",), what="a standard price"):
        return None
    return Standard(unit=node.decimal("price"))


def _tiered(node: Node, make: Callable[[tuple[Tier, ...]], Price]) -> Price | None:
    tiers = [
        Tier(up_to=tier.perhaps_decimal("up_to"), unit=tier.decimal("price"), flat=tier.decimal("flat"))
        for tier in _rows(node, "tiers", ("up_to", "price", "flat"))
    ]
    return make(tuple(tiers)) if tiers else None


def _package(node: Node) -> Price | None:
    if not node.fields(("size", "price", "free"), ("size", "price"), what="a package"):
        return None
    return Package(size=node.decimal("size", _ONE), amount=node.decimal("price"), free=node.decimal("free"))


def _percentage(node: Node) -> Price | None:
    known = ("percent", "fixed", "free_transactions", "free_amount", "minimum", "maximum")
    if not node.fields(known, ("percent",), what="a percentage"):
        return None
    free = node.whole("free_transactions", 0, low=0, high=10**9) if node.has("free_transactions") else None
    return Percentage(
        rate_percent=node.decimal("percent"),
        fixed=node.decimal("fixed"),
        free_transactions=free,
        free_amount=node.perhaps_decimal("free_amount"),
        minimum=node.perhaps_decimal("minimum"),
        maximum=node.perhaps_decimal("maximum"),
    )


def _flat_percentage(node: Node) -> Price | None:
    if not node.fields(("percent",), ("percent",), what="a flat percentage"):
        return None
    return FlatPercentage(rate_percent=node.decimal("percent"))


def _graduated_percentage(node: Node) -> Price | None:
    tiers = [
        RateTier(up_to=tier.perhaps_decimal("up_to"), rate_percent=tier.decimal("percent"), flat=tier.decimal("flat"))
        for tier in _rows(node, "tiers", ("up_to", "percent", "flat"), ("percent",))
    ]
    return GraduatedPercentage(tuple(tiers)) if tiers else None


def _dynamic(node: Node) -> Price | None:
    if not node.fields(("multiplier",), what="a dynamic price"):
        return None
    return Dynamic(multiplier=node.decimal("multiplier", _ONE))


def _stairstep(node: Node) -> Price | None:
    steps = [
        Step(up_to=step.perhaps_decimal("up_to"), price=step.decimal("price"))
        for step in _rows(node, "steps", ("up_to", "price"), ("price",))
    ]
    return Stairstep(tuple(steps)) if steps else None


def _blocks(node: Node) -> Price | None:
    tiers = []
    for tier in _rows(node, "tiers", ("size", "price", "blocks"), ("size", "price"), beside=("policy",)):
        most = tier.whole("blocks", 1, low=1, high=10**9) if tier.has("blocks") else None
        tiers.append(BlockTier(size=tier.decimal("size", _ONE), price=tier.decimal("price"), blocks_max=most))
    policy = node.choice("policy", [one.value for one in BlockPolicy], BlockPolicy.ALL_TIERS) if tiers else ""
    return Blocks(tiers=tuple(tiers), policy=BlockPolicy(policy)) if tiers else None


def _matrix(node: Node) -> Price | None:
    if not node.fields(("by", "prices", "otherwise"), ("by",), what="a matrix"):
        return None
    if not isinstance(node.value.get("by"), str):
        node.fault("must be the name of one of the meter's groups", "by")
    prices = node.child("prices")
    found = {}
    if node.has("prices") and prices.mapping("the prices of a matrix"):
        found = {group: _cell(prices.child(group)) for group in prices.value}
    otherwise = _cell(node.child("otherwise")) if node.has("otherwise") else None
    if not found and otherwise is None:
        node.fault("a matrix needs `prices`, `otherwise`, or both")
        return None
    return Matrix(prices={group: price for group, price in found.items() if price is not None}, otherwise=otherwise)


def _cell(node: Node) -> Price | None:
    """A price of a matrix: an amount for each unit, or a mapping with one model."""
    if not isinstance(node.value, dict):
        unit = node.exact()
        return None if unit is None else Standard(unit=unit)
    models = models_in(node)
    if not node.fields([name for name in MODELS if name != "matrix"], what="a price of a matrix"):
        return None
    if len(models) != 1:
        node.fault(f"names one charge model, this names {len(models)}")
        return None
    return read_price(node.child(models[0]), models[0])


def _rows(
    node: Node, key: str, known: tuple[str, ...], required: tuple[str, ...] = (), *, beside: tuple[str, ...] = ()
) -> list[Node]:
    """The mappings of a list under a key."""
    if not node.fields((key, *beside), (key,), what="this charge model") or not node.has(key):
        return []
    rows = node.child(key).items(what=f"`{key}`", count_max=PRICE_TIERS_MAX)
    found = [row for row in rows if row.fields(known, required, what="a tier")]
    return found if len(found) == len(rows) else []


_MODELS: dict[str, Callable[[Node], Price | None]] = {
    "standard": _standard,
    "graduated": partial(_tiered, make=Graduated),
    "volume": partial(_tiered, make=Volume),
    "package": _package,
    "percentage": _percentage,
    "flat_percentage": _flat_percentage,
    "graduated_percentage": _graduated_percentage,
    "dynamic": _dynamic,
    "stairstep": _stairstep,
    "blocks": _blocks,
    "matrix": _matrix,
}
assert _MODELS.keys() == MODELS.keys(), "a charge model without a way to write it"


def kind_of_charge(node: Node) -> str:
    """Which of `meter`, `fee` and `once` a charge is; empty where none or several are said, which is a fault."""
    said = [key for key in ("meter", "fee", "once") if node.has(key)]
    if len(said) != 1:
        told = " and ".join(f"`{key}`" for key in said) if said else kind_of(node.value)
        node.fault(f"a charge has one of `meter`, `fee` and `once`, this has {told}")
        return ""
    return said[0]
