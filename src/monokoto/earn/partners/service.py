"""Partners as organisations: who a maker says they are, and what they see. Blocking: call it from a thread."""

from __future__ import annotations

import builtins
import re
from typing import Protocol

from monokoto.earn.calendar import Span
from monokoto.earn.partners import store
from monokoto.earn.partners.partnership import Partnership
from monokoto.earn.partners.statement import Owed, Statement, Statements
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import NAME_LENGTH_MAX, PARTNERSHIPS_PER_ORGANISATION_MAX

_PARTNER = re.compile(rf"[a-z][a-z0-9-]{{0,{NAME_LENGTH_MAX - 1}}}")
"""As plans name partners."""


class Organisations(Protocol):
    """What partnerships ask of the organisations of the platform."""

    def find(self, reference: str) -> int:
        """By slug or id; raises NotFound."""
        ...

    def called(self, organisation_id: int) -> str:
        """What it is called."""
        ...


class Partnerships:
    """Of all makers and all partners; every method is about one of them."""

    def __init__(self, records: Records, clock: Clock, organisations: Organisations, statements: Statements) -> None:
        self._records = records
        self._clock = clock
        self._organisations = organisations
        self._statements = statements

    def say(self, organisation_id: int, partner: str, reference: str) -> Partnership:
        """A maker says which organisation (slug or id) a partner is; who it was before sees nothing from now on.

        Raises Invalid, Conflict: there are too many.
        """
        faults = [] if _PARTNER.fullmatch(partner) else [Fault(place="partner", reason="is no name of a partner")]
        found = 0
        try:
            found = self._organisations.find(reference)
        except NotFound as error:
            faults.append(Fault(place="organisation", reason=error.message))
        if found == organisation_id:
            faults.append(Fault(place="organisation", reason="is the maker's own"))
        if faults:
            raise Invalid("This is no partnership.", faults=faults)
        made = Partnership(
            organisation_id=OrganisationId(organisation_id),
            partner=partner,
            partner_organisation_id=OrganisationId(found),
            created_at=self._clock.now(),
        )
        with self._records.write() as connection:
            others = [one for one in store.of_maker(connection, organisation_id) if one.partner != partner]
            if len(others) >= PARTNERSHIPS_PER_ORGANISATION_MAX:
                raise Conflict(
                    f"There are {PARTNERSHIPS_PER_ORGANISATION_MAX} partners with an organisation, the most."
                )
            store.put(connection, made)
        return made

    def forget(self, organisation_id: int, partner: str) -> None:
        """The partner is a name alone again. Raises NotFound."""
        with self._records.write() as connection:
            if not store.remove(connection, organisation_id, partner):
                raise NotFound(f"The partner {partner[:80]!r} is no organisation here.")

    def of_maker(self, organisation_id: int) -> builtins.list[Partnership]:
        """By name; at most `PARTNERSHIPS_PER_ORGANISATION_MAX`."""
        with self._records.read() as connection:
            return store.of_maker(connection, organisation_id)

    def of_partner(
        self, partner_organisation_id: int, *, after: tuple[int, str] = (0, ""), limit: int
    ) -> builtins.list[tuple[Partnership, builtins.list[Owed]]]:
        """What an organisation is a partner of, past one, with what it is owed of each by currency."""
        with self._records.read() as connection:
            found = store.of_partner(connection, partner_organisation_id, after=after, limit=limit)
        owed = {maker: self._statements.owed(maker) for maker in {one.organisation_id for one in found}}
        return [(one, [it for it in owed[one.organisation_id] if it.partner == one.partner]) for one in found]

    def statement(
        self,
        partner_organisation_id: int,
        organisation_id: int,
        partner: str,
        code: str,
        span: Span,
        *,
        before: int | None = None,
        limit: int,
    ) -> Statement:
        """As `Statements.of`, of what is the organisation's own; whoever was owed nothing yet has an empty one. Raises NotFound."""
        with self._records.read() as connection:
            found = store.find(connection, partner_organisation_id, organisation_id, partner)
        if found is None:
            raise NotFound("You are no such partner.", remedy="GET /api/v1/my/partnerships lists what you are.")
        return self._statements.of(organisation_id, partner, code, span, before=before, limit=limit, expected=True)

    def called(self, organisation_id: int) -> str:
        """What an organisation is called."""
        return self._organisations.called(organisation_id)
