"""Plans: published, retired, looked at. Plain methods block: call them from a thread.

Plans come with a product (the section `plans` of the version that is current) or are published by themselves (the editor).
Both make new versions of the same plan: the newest holds for who subscribes from now on, and nobody who subscribed before is
moved by it. What comes with a product is taken over as soon as anybody asks for its plans, so that nothing waits for a job and
nothing is missed when a process dies. A plan whose text in the product did not change keeps what was published by itself.
"""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from monokoto.connect.products import Products, Report
from monokoto.earn.plans import store
from monokoto.earn.plans.parsing.named import Named
from monokoto.earn.plans.parsing.plans import read_document
from monokoto.earn.plans.plan import Plan
from monokoto.earn.plans.section import plans_of
from monokoto.earn.plans.store import Head, PublishedPlan
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid, NotFound, TooLarge
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PLAN_BYTES_MAX, PLAN_VERSIONS_MAX, PLANS_PER_PRODUCT_MAX
from monokoto.web import if_match

_CACHED_MAX = 10_000
_PRODUCTS_PAGE = 1000
_log = structlog.get_logger(__name__)


class Plans:
    """The plans of all organisations; every method is about one of them."""

    def __init__(self, records: Records, products: Products, clock: Clock) -> None:
        self._records = records
        self._products = products
        self._clock = clock
        # A version never changes, so a plan is understood once.
        self._known: dict[tuple[int, str, str, int], Plan] = {}

    def get(self, organisation_id: int, product: str, name: str, version: int = 0) -> Plan:
        """A version of a plan, by default the newest; raises NotFound."""
        known = self._known.get((organisation_id, product, name, version))
        return known or self.published(organisation_id, product, name, version).plan

    def rated_by(self, organisation_id: int, product: str, name: str, version: int) -> Plan:
        """A version that was published before; only reads, so that it may be asked for within a transaction. Raises NotFound."""
        known = self._known.get((organisation_id, product, name, version))
        if known is not None:
            return known
        with self._records.read() as connection:
            return self._from_row(store.find(connection, organisation_id, product, name, version)).plan

    def published(self, organisation_id: int, product: str, name: str, version: int = 0) -> PublishedPlan:
        """The same, with when and how it was published."""
        self.take_over(organisation_id, product)
        with self._records.read() as connection:
            return self._from_row(store.find(connection, organisation_id, product, name, version))

    def list(
        self,
        organisation_id: int,
        *,
        product: str = "",
        retired: bool | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[PublishedPlan]:
        """The newest version of each plan, by product and name, past one."""
        self._take_all(organisation_id)
        with self._records.read() as connection:
            rows = store.find_all(
                connection, organisation_id, product=product, retired=retired, after=after, limit=limit
            )
        return [self._from_row(row) for row in rows]

    def rules_of_promises(self) -> dict[int, frozenset[str]]:
        """By organisation the rules (`product/name`) any version of its plans promises something about; for the platform's own
        work."""
        found: dict[int, set[str]] = {}
        with self._records.read() as connection:
            plans = [self._from_row(row).plan for row in store.find_saying(connection, "outcome")]
        for plan in plans:
            rules = {f"{plan.product}/{rule}" for promise in plan.outcome for rule in promise.rules}
            found.setdefault(int(plan.organisation_id), set()).update(rules)
        return {organisation_id: frozenset(rules) for organisation_id, rules in found.items() if rules}

    def invoiced_within(self, organisation_id: int | None = None) -> dict[int, frozenset[tuple[str, str]]]:
        """By organisation (one, or for the platform's own work all) the plans, as product and name, with a version that is
        invoiced within its periods."""
        found: dict[int, set[tuple[str, str]]] = {}
        with self._records.read() as connection:
            plans = [self._from_row(row).plan for row in store.find_saying(connection, "invoice_at", organisation_id)]
        for plan in plans:
            if plan.invoice_at is not None:
                found.setdefault(int(plan.organisation_id), set()).add((plan.product, plan.name))
        return {whose: frozenset(names) for whose, names in found.items()}

    def versions(self, organisation_id: int, product: str, name: str) -> builtins.list[PublishedPlan]:
        """All versions (at most 1000), the newest first; raises NotFound."""
        self.take_over(organisation_id, product)
        with self._records.read() as connection:
            rows = store.find_versions(connection, organisation_id, product, name)
            if not rows:
                store.find(connection, organisation_id, product, name)
        return [self._from_row(row) for row in rows]

    def check(
        self, organisation_id: int, product: str, name: str, document: Mapping[str, Any], report: Report | None = None
    ) -> Plan:
        """The plan a document would be, held to what the product's current version has. Raises Invalid, NotFound, TooLarge."""
        if len(msgspec.json.encode(document)) > PLAN_BYTES_MAX:
            raise TooLarge(f"A plan has at most {PLAN_BYTES_MAX} bytes.")
        current = self._products.get(organisation_id, product).current_version
        whole = self._products.content(organisation_id, product, current).document
        return read_document(
            document,
            organisation_id=organisation_id,
            product=product,
            name=name,
            named=Named.of(whole),
            report=report,
        )

    def publish(
        self,
        organisation_id: int,
        product: str,
        name: str,
        document: Mapping[str, Any],
        *,
        actor_id: int = 0,
        match: str | None = None,
        report: Report | None = None,
    ) -> tuple[PublishedPlan, bool]:
        """Make the plan say this, and whether it is a new plan. The same again changes nothing; a retired plan is one
        again.

        Raises:
            Invalid: it has faults.
            NotFound: there is no such product.
            Conflict: there are as many plans or versions as there may be.
            PreconditionFailed: `match` (If-Match) is not the newest version.
        """
        plan = self.check(organisation_id, product, name, document, report)
        self.take_over(organisation_id, product)
        now = self._clock.now()
        with self._records.write() as connection:
            store.lock(connection, organisation_id, product, now=now)
            heads = store.heads(connection, organisation_id, product)
            before = heads.get(name)
            if match is not None or before is not None:
                if_match(match, before.version if before else 0)
            self._put(connection, plan, before, heads, source="", now=now, actor_id=actor_id)
            row = store.find(connection, organisation_id, product, name)
        return self._from_row(row), before is None

    def retire(self, organisation_id: int, product: str, name: str) -> PublishedPlan:
        """Let nobody subscribe to it any more; who did goes on. Raises NotFound."""
        self.take_over(organisation_id, product)
        now = self._clock.now()
        with self._records.write() as connection:
            store.lock(connection, organisation_id, product, now=now)
            head = store.heads(connection, organisation_id, product).get(name)
            if head is not None and head.retired_at is None:
                store.put_head(
                    connection, organisation_id, product, name, replace(head, retired_at=now), now=now, new=False
                )
            row = store.find(connection, organisation_id, product, name)
        return self._from_row(row)

    def take_over(self, organisation_id: int, product: str) -> None:
        """Publish what the product's current version says of its plans, where that was not done yet. A product that is
        not there has none."""
        try:
            current = self._products.get(organisation_id, product).current_version
        except NotFound:
            return
        with self._records.read() as connection:
            if store.source(connection, organisation_id, product) == current:
                return
        self._take(organisation_id, product, current)

    def _take_all(self, organisation_id: int) -> None:
        with self._records.read() as connection:
            taken = store.sources(connection, organisation_id)
        after = ""
        while page := self._products.list(organisation_id, after=after, limit=_PRODUCTS_PAGE):
            for one in page:
                if taken.get(one.product, "") != one.current_version:
                    self._take(organisation_id, one.product, one.current_version)
            after = page[-1].product

    def _take(self, organisation_id: int, product: str, current: str) -> None:
        document = self._products.content(organisation_id, product, current).document
        try:
            found = plans_of(document, organisation_id=organisation_id, product=product)
        except Invalid as error:
            # Applied before the section meant anything: nothing of it is published, and the log says so.
            _log.error("plans_not_understood", product=product, version=current, faults=[*map(str, error.faults)])
            found = ()
        now = self._clock.now()
        with self._records.write() as connection:
            if store.lock(connection, organisation_id, product, now=now) == current:
                return
            heads = store.heads(connection, organisation_id, product)
            for plan in found:
                before = heads.get(plan.name)
                if before is None or before.applied_digest != digest_of(plan.document):
                    self._put(connection, plan, before, heads, source=current, now=now)
            for name in heads.keys() - {plan.name for plan in found}:
                self._leave_out(connection, organisation_id, product, name, heads[name], now=now)
            store.set_source(connection, organisation_id, product, current, now=now)

    def _leave_out(
        self, connection: sa.Connection, organisation_id: int, product: str, name: str, head: Head, *, now: int
    ) -> None:
        """A plan that came with the product and does not any more is retired; one published by itself stays."""
        if head.applied_digest:
            gone = replace(head, applied_digest="", retired_at=head.retired_at or now)
            store.put_head(connection, organisation_id, product, name, gone, now=now, new=False)

    def _put(
        self,
        connection: sa.Connection,
        plan: Plan,
        before: Head | None,
        heads: dict[str, Head],
        *,
        source: str,
        now: int,
        actor_id: int = 0,
    ) -> None:
        """A new version where it says something else than the newest; the head in any case."""
        organisation_id, product, name = plan.organisation_id, plan.product, plan.name
        digest = digest_of(plan.document)
        if before is None and len(heads) >= PLANS_PER_PRODUCT_MAX:
            raise Conflict(f"The product has {len(heads)} plans, the most it may have; retired ones count.")
        version = before.version if before else 0
        if before is None or store.find(connection, organisation_id, product, name).digest != digest:
            version += 1
            if version > PLAN_VERSIONS_MAX:
                raise Conflict(f"The plan has {PLAN_VERSIONS_MAX} versions, the most it may have.")
            store.insert_version(
                connection, replace(plan, version=version), plan.document, digest=digest, source=source, now=now,
                actor_id=actor_id,
            )  # fmt: skip
        applied = digest if source else before.applied_digest if before else ""
        head = Head(version=version, applied_digest=applied, retired_at=None)
        store.put_head(connection, organisation_id, product, name, head, now=now, new=before is None)
        heads[name] = head

    def _from_row(self, row: sa.Row[Any]) -> PublishedPlan:
        key = (row.organisation_id, row.product, row.name, row.version)
        found = store.published_from_row(row, self._known.get(key))
        if len(self._known) >= _CACHED_MAX:
            self._known.clear()
        self._known[key] = found.plan
        return found


def digest_of(document: Mapping[str, Any]) -> str:
    """What two documents have in common that say the same."""
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
