"""Who sells and by which tax rules, of each organisation. Blocking; called in threads."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.invoices.document import DocumentKind, label_of
from monokoto.earn.invoices.party import Issuer, issuer_faults, issuer_from_plain
from monokoto.earn.invoices.tables import invoice_issuers, invoice_series, rule_from_row, rule_to_row, tax_rules
from monokoto.earn.invoices.tax import TaxRule, overlaps, rule_faults
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import TAX_RULES_MAX

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Numbers of one kind of document in one year, without a gap."""

    kind: DocumentKind
    year: int
    """Of the seller's calendar."""
    last: int
    following: str
    """What the next document of that year would be called."""


class Issuers:
    """What an organisation says of itself as a seller, and its tax rules."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def get(self, organisation_id: int) -> Issuer:
        """What it said; nothing yet: an issuer without a name."""
        query = sa.select(invoice_issuers.c.text).where(invoice_issuers.c.organisation_id == organisation_id)
        with self._records.read() as connection:
            text = connection.execute(query).scalar_one_or_none()
        told = {} if text is None else msgspec.json.decode(text)
        return issuer_from_plain(organisation_id, told)

    def put(self, issuer: Issuer) -> Issuer:
        """Say it anew; documents already made stay what they are. Raises Invalid."""
        if faults := builtins.list(issuer_faults(issuer)):
            raise Invalid("A seller cannot be described so.", faults=faults)
        told = asdict(issuer)
        told.pop("organisation_id")
        row = {
            "organisation_id": issuer.organisation_id,
            "text": msgspec.json.encode(told).decode(),
            "revision": 1,
            "changed_at": self._clock.now(),
        }
        with self._records.write() as connection:
            statement = _INSERTS[connection.dialect.name](invoice_issuers).values(row)
            changed = {"text": row["text"], "changed_at": row["changed_at"], "revision": invoice_issuers.c.revision + 1}
            keys = [invoice_issuers.c.organisation_id]
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))
        return issuer

    def series(self, organisation_id: int) -> builtins.list[Series]:
        """Its series of numbers, the newest year first: how far each is."""
        table = invoice_series.c
        query = (
            sa.select(invoice_series)
            .where(table.organisation_id == organisation_id)
            .order_by(table.year.desc(), table.kind)
        )
        with self._records.read() as connection:
            rows = list(connection.execute(query))
        issuer = self.get(organisation_id)
        return [
            Series(
                kind=(kind := DocumentKind(row.kind)),
                year=row.year,
                last=row.last,
                following=label_of(issuer, kind, row.year, row.last + 1),
            )
            for row in rows
        ]

    def rules(self, organisation_id: int) -> builtins.list[TaxRule]:
        """In the order they were given."""
        query = (
            sa.select(tax_rules).where(tax_rules.c.organisation_id == organisation_id).order_by(tax_rules.c.position)
        )
        with self._records.read() as connection:
            return [rule_from_row(row) for row in connection.execute(query)]

    def put_rules(self, organisation_id: int, rules: Sequence[TaxRule]) -> builtins.list[TaxRule]:
        """Make these the rules; documents already made stay what they are. Raises Invalid with every fault."""
        faults = [fault for number, rule in enumerate(rules) for fault in rule_faults(rule, f"rules/{number}")]
        faults += overlaps(rules)
        if len(rules) > TAX_RULES_MAX:
            raise Invalid(f"At most {TAX_RULES_MAX} tax rules.")
        if faults:
            raise Invalid("These tax rules cannot be kept.", faults=faults)
        rows = [rule_to_row(OrganisationId(organisation_id), number, rule) for number, rule in enumerate(rules)]
        with self._records.write() as connection:
            connection.execute(tax_rules.delete().where(tax_rules.c.organisation_id == organisation_id))
            if rows:
                connection.execute(tax_rules.insert(), rows)
        return builtins.list(rules)
