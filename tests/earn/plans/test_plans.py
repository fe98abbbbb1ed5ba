"""Plans as records: published once, never changed, taken over from the product."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
import yaml
from plans_making import PLAN, apply, text_of

from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.plans import Plans, preview
from monokoto.earn.pricing import Usage
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, TooLarge

DOCUMENT = yaml.safe_load(PLAN)
DEARER = yaml.safe_load(PLAN.replace('"1.20"', '"1.50"'))


def price_of(plan) -> Decimal:
    return plan.charges[0].tariff.price.unit


def test_what_a_product_brings_is_published_once_and_changed_by_a_version(
    plans: Plans, products: Products, maker: int, clock: ManualClock
) -> None:
    apply(products, maker, text_of())
    first = plans.published(maker, "washer", "pay-per-wash")
    assert (first.plan.version, first.source, first.latest) == (1, "1.0.0", 1)
    apply(products, maker, text_of(PLAN.replace('"1.20"', '"1.30"'), version="1.0.1"))
    clock.advance(60)
    assert [one.plan.version for one in plans.versions(maker, "washer", "pay-per-wash")] == [2, 1]
    assert price_of(plans.get(maker, "washer", "pay-per-wash")) == Decimal("1.30")
    assert price_of(plans.get(maker, "washer", "pay-per-wash", 1)) == Decimal("1.20")
    apply(products, maker, text_of(PLAN.replace('"1.20"', '"1.30"'), version="1.0.2"))
    assert plans.published(maker, "washer", "pay-per-wash").plan.version == 2, "the same text is no version"


def test_a_plan_that_leaves_the_product_is_retired_and_one_of_its_own_stays(
    plans: Plans, products: Products, maker: int
) -> None:
    apply(products, maker, text_of())
    plans.publish(maker, "washer", "flat", DOCUMENT)
    apply(products, maker, text_of(name="other", version="1.1.0"))
    known = {one.plan.name: one.retired_at is None for one in plans.list(maker)}
    assert known == {"flat": True, "other": True, "pay-per-wash": False}
    assert [one.plan.name for one in plans.list(maker, retired=True)] == ["pay-per-wash"]
    assert [one.plan.name for one in plans.list(maker, product="washer", after=("washer", "flat"), limit=1)] == [
        "other"
    ]
    apply(products, maker, text_of(version="1.2.0"))
    back = plans.published(maker, "washer", "pay-per-wash")
    assert (back.retired_at, back.plan.version) == (None, 1)


def test_what_was_published_by_itself_stays_until_the_product_says_something_else(
    plans: Plans, products: Products, maker: int
) -> None:
    apply(products, maker, text_of())
    edited, new = plans.publish(maker, "washer", "pay-per-wash", DEARER, actor_id=5)
    assert (edited.plan.version, edited.source, new) == (2, "", False)
    assert plans.publish(maker, "washer", "pay-per-wash", DEARER)[0].plan.version == 2
    apply(products, maker, text_of(version="1.0.1"))
    assert price_of(plans.get(maker, "washer", "pay-per-wash")) == Decimal("1.50")
    apply(products, maker, text_of(PLAN.replace('"1.20"', '"1.40"'), version="1.0.2"))
    assert price_of(plans.get(maker, "washer", "pay-per-wash")) == Decimal("1.40")


def test_publishing_is_held_to_the_product_and_to_the_version_seen(
    plans: Plans, products: Products, maker: int
) -> None:
    with pytest.raises(NotFound):
        plans.publish(maker, "washer", "flat", DOCUMENT)
    apply(products, maker, text_of())
    with pytest.raises(Invalid) as refused:
        plans.publish(maker, "washer", "flat", {**DOCUMENT, "charges": {"x": {"meter": "kisses", "dynamic": {}}}})
    assert [one.place for one in refused.value.faults] == ["/charges/x/meter", "/outcome"]
    plans.publish(maker, "washer", "pay-per-wash", DEARER, match='"1"')
    with pytest.raises(PreconditionFailed):
        plans.publish(maker, "washer", "pay-per-wash", DOCUMENT, match='"1"')
    with pytest.raises(TooLarge):
        plans.publish(maker, "washer", "flat", {**DOCUMENT, "title": {"en": "x" * 70_000}})


def test_plans_of_others_are_not_there(plans: Plans, products: Products, maker: int, records: Records) -> None:
    apply(products, maker, text_of())
    other = Organisations(records, ManualClock()).create("Others", "others").id
    assert plans.list(other) == []
    with pytest.raises(NotFound):
        plans.get(other, "washer", "pay-per-wash")


def test_the_database_refuses_to_change_a_version(
    plans: Plans, products: Products, maker: int, records: Records
) -> None:
    apply(products, maker, text_of())
    plans.list(maker)
    for statement in ("UPDATE plan_versions SET document = '{}'", "DELETE FROM plan_versions"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), records.write() as connection:
            connection.execute(sa.text(statement))


def test_versions_and_plans_are_bounded(
    plans: Plans, products: Products, maker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(products, maker, text_of())
    monkeypatch.setattr("monokoto.earn.plans.service.PLAN_VERSIONS_MAX", 2)
    monkeypatch.setattr("monokoto.earn.plans.service.PLANS_PER_PRODUCT_MAX", 2)
    plans.publish(maker, "washer", "pay-per-wash", DEARER)
    with pytest.raises(Conflict):
        plans.publish(maker, "washer", "pay-per-wash", DOCUMENT)
    plans.publish(maker, "washer", "second", DOCUMENT)
    with pytest.raises(Conflict):
        plans.publish(maker, "washer", "third", DOCUMENT)


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_a_preview_adds_up_and_explains_itself(plans: Plans, products: Products, maker: int) -> None:
    graduated = 'graduated: {tiers: [{up_to: 2, price: "1.20"}, {price: "0.333"}]}'
    apply(products, maker, text_of(PLAN.replace('standard: {price: "1.20"}, free: "2"', graduated)))
    plan = plans.get(maker, "washer", "pay-per-wash")
    found = preview(plan, {"washes": Usage(quantity=Decimal(5))}, first=True)
    assert [(one.kind, one.charge, one.amount) for one in found.lines] == [
        ("usage", "wash", Decimal("3.40")), ("fee", "base", Decimal("4.90")), ("one-time", "set-up", Decimal("49.00")),
    ]  # fmt: skip
    wash = found.lines[0]
    assert [(part.key, part.quantity, part.exact, part.amount) for part in wash.parts] == [
        ("tier-1", 2, Decimal("2.40"), Decimal("2.40")), ("tier-2", 3, Decimal("0.999"), Decimal("1.00")),
    ]  # fmt: skip
    assert found.total == Decimal("57.30")
    (_, _, missing) = preview(plan, {}).lines
    assert (missing.kind, missing.amount) == ("minimum", Decimal("0.10"))
    with pytest.raises(Invalid):
        preview(plan, {"energy": Usage(quantity=Decimal(1))})
