"""What of a product offers are told in: its features and meters by name."""

from __future__ import annotations

from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.features import FeatureBook
from monokoto.earn.metering import Metering
from monokoto.earn.plans import Plan
from monokoto.earn.portal.documents import MyPlanJson, PlanOfferJson, Words, offer_to_json, plan_to_json
from monokoto.earn.portal.offers import Offered


class Wording:
    """Asked within one request, so that each product is looked up once. Blocking."""

    def __init__(self, products: Products, metering: Metering, organisations: Organisations, book: FeatureBook) -> None:
        self._products = products
        self._metering = metering
        self._organisations = organisations
        self._book = book

    def of(self, organisation_id: int, product: str) -> Words:
        """Of the product's current version."""
        found = self._products.get(organisation_id, product)
        meters = self._metering.meters(organisation_id, product)
        features = self._book.of(organisation_id, product, found.current_version)
        return Words(found.title, features, {one.name: one for one in meters})

    def maker(self, organisation_id: int) -> str:
        """What an organisation is called."""
        return self._organisations.get(organisation_id).name

    def offers(self, found: list[Offered]) -> list[PlanOfferJson]:
        """As the API shows them."""
        names: dict[int, str] = {}
        words: dict[tuple[int, str], Words] = {}
        told = []
        for one in found:
            plan = one.published.plan
            key = (plan.organisation_id, str(plan.product))
            if key not in words:
                words[key] = self.of(*key)
            if plan.organisation_id not in names:
                names[plan.organisation_id] = self.maker(plan.organisation_id)
            told.append(offer_to_json(one, names[plan.organisation_id], words[key]))
        return told

    def plan(self, plan: Plan) -> MyPlanJson:
        """As the API shows it to who pays."""
        return plan_to_json(plan, self.of(plan.organisation_id, plan.product))
