"""What of a product offers are told in: its features and meters by name."""

from __future__ import annotations

from collections.abc import Mapping

from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.features import Feature, FeatureBook
from monokoto.earn.metering import Meter, Metering
from monokoto.earn.plans import Plan
from monokoto.earn.portal.documents import MyPlanJson, PlanOfferJson, offer_to_json, plan_to_json
from monokoto.earn.portal.offers import Offered


class Wording:
    """Asked within one request, so that each product is looked up once. Blocking."""

    def __init__(self, products: Products, metering: Metering, organisations: Organisations, book: FeatureBook) -> None:
        self._products = products
        self._metering = metering
        self._organisations = organisations
        self._book = book

    def of(self, organisation_id: int, product: str) -> tuple[Mapping[str, Feature], Mapping[str, Meter]]:
        """Of the product's current version."""
        current = self._products.get(organisation_id, product).current_version
        meters = self._metering.meters(organisation_id, product)
        return self._book.of(organisation_id, product, current), {one.name: one for one in meters}

    def offers(self, found: list[Offered]) -> list[PlanOfferJson]:
        """As the API shows them."""
        names: dict[int, str] = {}
        words: dict[tuple[int, str], tuple[Mapping[str, Feature], Mapping[str, Meter]]] = {}
        told = []
        for one in found:
            plan = one.published.plan
            key = (plan.organisation_id, str(plan.product))
            if key not in words:
                words[key] = self.of(*key)
            if plan.organisation_id not in names:
                names[plan.organisation_id] = self._organisations.get(plan.organisation_id).name
            told.append(offer_to_json(one, names[plan.organisation_id], *words[key]))
        return told

    def plan(self, plan: Plan) -> MyPlanJson:
        """As the API shows it to who pays."""
        return plan_to_json(plan, *self.of(plan.organisation_id, plan.product))
