"""The audit log. Blocking: called from threads. There is no way to change or remove an entry."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.connect.audit.entry import Actor, Draft, Entry, Head, Outcome, Subject, Verification, digest_of
from monokoto.connect.audit.store import (
    AuditFilter,
    append,
    read_chain,
    read_entries,
    read_head,
    read_organisations,
)
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import AuditId, OrganisationId, new_id, parse_id
from monokoto.kernel.limits import AUDIT_DETAIL_BYTES_MAX, PAGE_SIZE_DEFAULT

_EVERY_ENTRY = AuditFilter()
_AT_ONCE = 1_000
_FAULTS_MAX = 20


class AuditLog:
    """Who did what, when, of all organisations.

    `maker_of` answers which organisation made a unit (None: there is no such unit): the maker sees what others do with it.
    """

    def __init__(
        self, records: Records, clock: Clock, *, maker_of: Callable[[int], int | None] = lambda _unit_id: None
    ) -> None:
        self._records = records
        self._clock = clock
        self._maker_of = maker_of

    def now(self) -> Instant:
        """The present instant, by the log's clock."""
        return self._clock.now()

    def draft(
        self,
        organisation_id: int,
        *,
        actor: Actor,
        action: str,
        subject: Subject = Subject(),  # noqa: B008 - frozen
        outcome: Outcome = Outcome.DONE,
        detail: Mapping[str, Any] | None = None,
        status: int = 0,
        address: str = "",
        agent: str = "",
        at: Instant | None = None,
    ) -> Draft:
        """An entry to be written, of now unless another instant is named. Raises Invalid when the details are too large."""
        text = msgspec.json.encode(detail or {}, order="sorted")
        if len(text) > AUDIT_DETAIL_BYTES_MAX:
            raise Invalid(
                "The details are too large for the audit log.",
                faults=[Fault(place="detail", reason=f"{len(text)} bytes; {AUDIT_DETAIL_BYTES_MAX} is the limit")],
            )
        return Draft(
            id=AuditId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            at=self._clock.now() if at is None else at,
            actor=actor,
            action=action,
            subject=subject,
            maker_id=OrganisationId(self._maker(organisation_id, subject)),
            outcome=outcome,
            status=status,
            address=address,
            agent=agent,
            detail=text.decode(),
        )

    def _maker(self, organisation_id: int, subject: Subject) -> int:
        """Whose unit it is, when it is somebody's; one's own entries are one's own anyway."""
        if subject.kind != "unit":
            return 0
        try:
            maker_id = self._maker_of(parse_id(subject.id)) or 0
        except Invalid:
            return 0
        return 0 if maker_id == organisation_id else maker_id

    def append(
        self,
        organisation_id: int,
        *,
        actor: Actor,
        action: str,
        subject: Subject = Subject(),  # noqa: B008 - frozen
        outcome: Outcome = Outcome.DONE,
        detail: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Write what happened that was no HTTP request (those are written by themselves). Durable when it returns.

        Put names of fields into `detail`, never values of secrets.
        """
        made = self.draft(organisation_id, actor=actor, action=action, subject=subject, outcome=outcome, detail=detail)
        return self.write([made])[0]

    def write(self, drafts: Sequence[Draft], *, within: sa.Connection | None = None) -> builtins.list[Entry]:
        """Write drafts in one transaction, in their order. Raises Unavailable; none is written then.

        `within`: in a transaction that goes on, with what they tell of. It waits for others who write for the same
        organisations, and they for it: let it end soon.
        """
        if within is not None:
            return append(within, drafts)
        with self._records.write() as connection:
            return append(connection, drafts)

    def list(
        self,
        organisation_id: int,
        wanted: AuditFilter = _EVERY_ENTRY,
        *,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Entry]:
        """The newest first, those older than the entry with the id `before`.

        What others did with a unit this organisation made is among them.
        """
        with self._records.read() as connection:
            return read_entries(connection, organisation_id, wanted, before=before, limit=limit)

    def export(self, organisation_id: int, wanted: AuditFilter = _EVERY_ENTRY) -> Iterator[builtins.list[Entry]]:
        """All of them, the oldest first, in pieces of bounded size."""
        after = 0
        while True:
            with self._records.read() as connection:
                piece = read_entries(connection, organisation_id, wanted, after=after, limit=_AT_ONCE)
            if not piece:
                return
            after = piece[-1].draft.id
            yield piece

    def head(self, organisation_id: int) -> Head:
        """The end of the organisation's chain."""
        with self._records.read() as connection:
            return read_head(connection, organisation_id)

    def organisations(self) -> builtins.list[int]:
        """The organisations that have entries; for the operator."""
        with self._records.read() as connection:
            return read_organisations(connection)

    def verify(self, organisation_id: int, *, expected: Head | None = None) -> Verification:
        """Read the whole chain and compute every digest again; `expected` is a head somebody kept elsewhere."""
        kept = self.head(organisation_id)
        faults: list[str] = []
        head = Head()
        while piece := self._piece(organisation_id, head.number):
            for entry in piece:
                if len(faults) < _FAULTS_MAX:
                    faults += _faults_of(head, entry)
                if expected is not None and entry.number == expected.number and entry.digest != expected.digest:
                    faults.append(f"entry {entry.number}: it is not the one whose digest was kept")
                # On from what stands there: one changed entry is one fault, not a fault of all after it.
                head = Head(entry.number, entry.digest)
        # Entries may have come while we read: the head we began with is then one of those we passed.
        if head.number < kept.number:
            faults.append(f"the last {kept.number - head.number} entries are missing")
        elif head.number == kept.number and head.digest != kept.digest:
            faults.append("the last entry is not the one the head names")
        if expected is not None and head.number < expected.number:
            faults.append(f"the chain ends at {head.number}, before the entry {expected.number} that was kept")
        return Verification(entries=head.number, head=head, faults=tuple(faults))

    def _piece(self, organisation_id: int, after: int) -> builtins.list[Entry]:
        with self._records.read() as connection:
            return read_chain(connection, organisation_id, after=after, limit=_AT_ONCE)


def _faults_of(head: Head, entry: Entry) -> Iterator[str]:
    if entry.number != head.number + 1:
        yield f"entries {head.number + 1} to {entry.number - 1} are missing"
    elif digest_of(head.digest, entry.number, entry.draft) != entry.digest:
        yield f"entry {entry.number}: it was changed, or the one before it"
