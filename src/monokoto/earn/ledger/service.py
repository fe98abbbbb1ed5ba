"""The ledger: entries go in, balances come out. Blocking; called in threads. Nothing changes or removes an entry."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.calendar import Span
from monokoto.earn.ledger import store
from monokoto.earn.ledger.audit import Finding, audit_ledger
from monokoto.earn.ledger.entry import Balance, Booked, Entry, Head, digest_of, entry_text, faults_of
from monokoto.earn.pricing import currency
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.ids import LedgerEntryId, OrganisationId, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT


class Ledger:
    """Double entry, append-only, one chain for each organisation."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    # Booking: within somebody's transaction, so that a document and its entry are there together or not at all.

    def lock(self, connection: sa.Connection, organisation_id: int) -> Head:
        """Nobody else books for this organisation until the transaction ends: balances read after it stay true.

        Taken last, after all rows of invoices and payments, so that two transactions never wait for each other.
        """
        return store.lock_head(connection, organisation_id)

    def post(self, connection: sa.Connection, organisation_id: int, entry: Entry) -> Booked:
        """Book one entry; see `post_many`."""
        return self.post_many(connection, organisation_id, [entry])[0]

    def post_many(self, connection: sa.Connection, organisation_id: int, entries: Sequence[Entry]) -> list[Booked]:
        """Book them in their order. One whose key is there with the same contents is there already, and told as it is.

        Raises:
            Invalid: one does not sum to zero in each currency, or names no account; nothing is booked.
            Conflict: a key is there with other contents.
        """
        faults = [fault for entry in entries for fault in faults_of(entry)]
        if faults:
            raise Invalid("This cannot be booked.", faults=faults)
        if not entries:
            return []
        head = self.lock(connection, organisation_id)
        found = store.find_keys(connection, organisation_id, [entry.key for entry in entries])
        fresh: list[Booked] = []
        for entry in entries:
            known = found.get(entry.key)
            if known is None:
                known = found[entry.key] = self._after(head, organisation_id, entry)
                head = Head(known.number, known.digest)
                fresh.append(known)
            elif entry_text(known.entry) != entry_text(entry):
                raise Conflict(f"Something else is booked under {entry.key!r} already.")
        if fresh:
            store.append(connection, organisation_id, fresh)
        return [found[entry.key] for entry in entries]

    def _after(self, head: Head, organisation_id: int, entry: Entry) -> Booked:
        number, now = head.number + 1, self._clock.now()
        return Booked(
            id=LedgerEntryId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            number=number,
            entry=entry,
            booked_at=now,
            digest=digest_of(head.digest, number, organisation_id, now, entry_text(entry)),
        )

    # Looking

    def balance(
        self,
        organisation_id: int,
        account: str,
        code: str,
        *,
        at: int | None = None,
        connection: sa.Connection | None = None,
    ) -> Decimal:
        """Debits less credits of an account, of all entries or of those at or before an instant."""
        if connection is not None:
            found = store.sums(connection, organisation_id, account=account, code=code, until=at)
        else:
            with self._records.read() as reading:
                found = store.sums(reading, organisation_id, account=account, code=code, until=at)
        return found[0].amount if found else currency(code).of_smallest(0)

    def balances(self, organisation_id: int, *, prefix: str = "", at: int | None = None) -> list[Balance]:
        """The trial balance, by account and currency: all debits are all credits."""
        with self._records.read() as connection:
            return store.sums(connection, organisation_id, prefix=prefix, until=at)

    def entries(
        self,
        organisation_id: int,
        *,
        account: str = "",
        accounts: Sequence[str] = (),
        code: str = "",
        key: str = "",
        keys: Sequence[str] | None = None,
        before: int | None = None,
        within: Span | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> list[Booked]:
        """The newest first; `accounts`: on one of them, `keys`: under one of them (none: nothing)."""
        with self._records.read() as connection:
            return store.find_all(
                connection,
                organisation_id,
                account=account,
                accounts=accounts,
                code=code,
                key=key,
                keys=keys,
                before=before,
                within=within,
                limit=limit,
            )

    def head(self, organisation_id: int) -> Head:
        """The end of the chain: kept elsewhere, it shows later that nothing was cut off."""
        with self._records.read() as connection:
            return store.read_head(connection, organisation_id)

    def audit(self, organisation_id: int) -> list[Finding]:
        """What is wrong with the books, read from scratch; nothing: they are right."""
        with self._records.read() as connection:
            return audit_ledger(connection, organisation_id)
