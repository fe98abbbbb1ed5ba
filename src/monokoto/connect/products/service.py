"""What is done with products. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.products.changes.change import Change
from monokoto.connect.products.description.checking import CheckedProduct, check
from monokoto.connect.products.description.compiling import compile_checked
from monokoto.connect.products.description.folder import Folder
from monokoto.connect.products.description.sharing import MakerSees, maker_sees
from monokoto.connect.products.model import ProductModel
from monokoto.connect.products.plan import Outcome, Plan, changes_between, current_of, make_plan
from monokoto.connect.products.sections import SectionChecker
from monokoto.connect.products.semver import parse_version
from monokoto.connect.products.store import (
    Product,
    ProductVersion,
    VersionContent,
    content_from_row,
    of_organisation,
    product_from_row,
    product_versions,
    products,
    version_from_row,
    version_to_row,
)
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PRODUCTS_PER_ORGANISATION_MAX, VERSIONS_PER_PRODUCT_MAX

VERSION_APPLIED = "products.version_applied"
"""Fact: a version became there; data: product, version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying came to."""

    product: Product
    plan: Plan
    facts: tuple[Fact, ...] = ()
    """To be told by the caller, now that it is committed."""


class Products:
    """The products of all organisations; every method is about one of them."""

    def __init__(self, records: Records, clock: Clock, sections: Sequence[SectionChecker] = ()) -> None:
        self._records = records
        self._clock = clock
        self._sections = tuple(sections)
        # A version never changes, so a compiled model is right for ever; there are as many as versions in use.
        self._models: dict[tuple[int, str, str], ProductModel] = {}

    def check(self, folder: Folder) -> CheckedProduct:
        """Read a folder as a product, all sections that mean something here. Raises Invalid with all its faults."""
        return check(folder, self._sections)

    def plan(self, organisation_id: int, folder: Folder) -> Plan:
        """What applying the folder would do. Raises Invalid when the folder has faults."""
        checked = self.check(folder)
        with self._records.read() as connection:
            return _plan(connection, organisation_id, checked, self._sections)

    def apply(self, organisation_id: int, folder: Folder) -> Applied:
        """Make the folder's version be there. The same folder again changes nothing.

        Raises:
            Invalid: the folder has faults.
            Conflict: the version is there and says something else, its changes need a higher version, or the
                organisation has as many products or versions as it may. Nothing was changed.
        """
        checked = self.check(folder)
        with self._records.write() as connection:
            self._lock(connection, organisation_id, checked)
            plan = _plan(connection, organisation_id, checked, self._sections)
            if plan.outcome is Outcome.REFUSED:
                raise Conflict(plan.refusal, remedy=_remedy(plan), faults=plan.faults)
            if plan.outcome is not Outcome.UNCHANGED:
                self._add_version(connection, organisation_id, checked)
            product = _get(connection, organisation_id, checked.product)
        return Applied(product=product, plan=plan, facts=self._facts(organisation_id, plan))

    def _facts(self, organisation_id: int, plan: Plan) -> tuple[Fact, ...]:
        if plan.outcome is Outcome.UNCHANGED:
            return ()
        fact = Fact(
            name=VERSION_APPLIED,
            organisation_id=OrganisationId(organisation_id),
            at=self._clock.now(),
            data={"product": plan.product, "version": plan.version},
        )
        return (fact,)

    def _lock(self, connection: sa.Connection, organisation_id: int, checked: CheckedProduct) -> None:
        """The product's row is there and ours until the transaction ends, so that one apply follows the other."""
        now = self._clock.now()
        row = {
            "organisation_id": organisation_id,
            "product": checked.product,
            "title": "",
            "current_version": "",
            "created_at": now,
            "updated_at": now,
        }
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(products)
        connection.execute(insert.values(row).on_conflict_do_nothing())
        mine = of_organisation(products, organisation_id, checked.product)
        connection.execute(sa.select(products.c.product).where(mine).with_for_update())

    def _add_version(self, connection: sa.Connection, organisation_id: int, checked: CheckedProduct) -> None:
        existing = _version_names(connection, organisation_id, checked.product)
        if len(existing) >= VERSIONS_PER_PRODUCT_MAX:
            raise Conflict(f"{checked.product} has {len(existing)} versions, the most a product may have.")
        if not existing:
            self._check_room(connection, organisation_id)
        now = self._clock.now()
        connection.execute(product_versions.insert().values(version_to_row(organisation_id, checked, now)))
        current = current_of([*existing, checked.version])
        changed = {"current_version": current, "updated_at": now}
        if current == checked.version:
            changed["title"] = checked.thing_model["title"]
        connection.execute(
            products.update().where(of_organisation(products, organisation_id, checked.product)).values(changed)
        )

    def _check_room(self, connection: sa.Connection, organisation_id: int) -> None:
        count = sa.select(sa.func.count()).select_from(products).where(of_organisation(products, organisation_id))
        # The new product's own row is among them by now.
        if connection.execute(count).scalar_one() > PRODUCTS_PER_ORGANISATION_MAX:
            raise Conflict(f"The organisation has {PRODUCTS_PER_ORGANISATION_MAX} products, the most it may have.")

    def get(self, organisation_id: int, product: str) -> Product:
        """The product; raises NotFound."""
        with self._records.read() as connection:
            return _get(connection, organisation_id, product)

    def list(self, organisation_id: int, *, after: str = "", limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Product]:
        """The organisation's products by name, those past `after`."""
        query = (
            sa.select(products)
            .where(of_organisation(products, organisation_id), products.c.product > after)
            .order_by(products.c.product)
            .limit(limit)
        )
        with self._records.read() as connection:
            return [product_from_row(row) for row in connection.execute(query)]

    def versions(self, organisation_id: int, product: str) -> builtins.list[ProductVersion]:
        """All versions of a product, the highest first (there are at most 1000); raises NotFound."""
        columns = [column for column in product_versions.c if column.name not in {"thing_model", "document", "files"}]
        query = sa.select(*columns).where(of_organisation(product_versions, organisation_id, product))
        with self._records.read() as connection:
            _get(connection, organisation_id, product)
            found = [version_from_row(row) for row in connection.execute(query)]
        return sorted(found, key=lambda one: parse_version(one.version), reverse=True)

    def content(self, organisation_id: int, product: str, version: str) -> VersionContent:
        """One version with what was applied; raises NotFound."""
        with self._records.read() as connection:
            return _content(connection, organisation_id, product, version)

    def changes(self, organisation_id: int, product: str, older: str, newer: str) -> tuple[Change, ...]:
        """What differs between two versions, in either order of age; raises NotFound."""
        with self._records.read() as connection:
            return changes_between(
                _content(connection, organisation_id, product, older),
                _content(connection, organisation_id, product, newer),
                self._sections,
            )

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        """The compiled model of a version; the same object each time. Raises NotFound."""
        key = (organisation_id, product, version)
        model = self._models.get(key)
        if model is None:
            content = self.content(organisation_id, product, version)
            model = self._models.setdefault(key, compile_checked(organisation_id, product, content.thing_model))
        return model

    def maker_sees(self, organisation_id: int, product: str, version: str) -> bool:
        """Whether the version's contract (`sharing.maker`) shows the maker the data of the units' owners. Raises NotFound."""
        return maker_sees(self.content(organisation_id, product, version).document) is MakerSees.EVERYTHING

    def current(self, organisation_id: int, product: str) -> ProductModel:
        """The compiled model of the version new units get; raises NotFound."""
        return self.model(organisation_id, product, self.get(organisation_id, product).current_version)


def _get(connection: sa.Connection, organisation_id: int, product: str) -> Product:
    row = connection.execute(
        sa.select(products).where(of_organisation(products, organisation_id, product))
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no product {product[:80]!r}.", remedy="`koto apply DIR` makes it from its folder.")
    return product_from_row(row)


def _version_names(connection: sa.Connection, organisation_id: int, product: str) -> list[str]:
    query = sa.select(product_versions.c.version).where(of_organisation(product_versions, organisation_id, product))
    return list(connection.execute(query).scalars())


def _content(connection: sa.Connection, organisation_id: int, product: str, version: str) -> VersionContent:
    query = sa.select(product_versions).where(
        of_organisation(product_versions, organisation_id, product), product_versions.c.version == version
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no product {product[:80]!r} in version {version[:80]!r}.")
    return content_from_row(row)


def _plan(
    connection: sa.Connection, organisation_id: int, checked: CheckedProduct, sections: Sequence[SectionChecker]
) -> Plan:
    def content(version: str) -> VersionContent:
        return _content(connection, organisation_id, checked.product, version)

    return make_plan(checked, _version_names(connection, organisation_id, checked.product), content, sections)


def _remedy(plan: Plan) -> str:
    return f"Raise `model.version.model` to {plan.suggested_version}, or take the changes back."
