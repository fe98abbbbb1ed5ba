"""A bank's statements: what came is put on what names it; what nothing names waits for somebody to say whose it is.

Blocking; called in threads. A message, and each entry of it, is taken in once, whichever message brings it: a statement repeats
what notifications told before. An entry is on disk before anything is booked for it, under its own name, so that a process that
dies between books the rest when the message is given again, and nothing twice.
"""

from __future__ import annotations

import builtins
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from monokoto.earn.invoices import Invoice, Invoices
from monokoto.earn.payments import statement_tables as tables
from monokoto.earn.payments.camt import Move, Statement, read_statement
from monokoto.earn.payments.mandates import PaymentFiles
from monokoto.earn.payments.matching import Match, Matching
from monokoto.earn.payments.passing_on import PassingOn
from monokoto.earn.payments.payment import REASON_LENGTH_MAX, Payment, Receipt
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.statement_tables import BankEntry, BankStatement, EntryState
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import BANK_ENTRIES_MAX, PAGE_SIZE_DEFAULT

METHOD = "sepa"
"""Money that came to the bank account stands on one account of the books, by whichever message it was told."""


@dataclass(slots=True)
class Taken:
    """What came of a message."""

    statement: BankStatement
    again: bool
    """Whether the same bytes were taken in before."""
    others: int
    """Entries of money that went and that nothing here asked for: they are not kept."""
    states: Counter[EntryState] = field(default_factory=Counter)
    changed: list[Payment] = field(default_factory=list)
    asked: list[Invoice] = field(default_factory=list)
    """Invoices over what the bank took, where that is passed on."""


class BankStatements:
    """Of all sellers."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        payments: Payments,
        files: PaymentFiles,
        invoices: Invoices,
        passing_on: PassingOn | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._payments = payments
        self._invoices = invoices
        self._passing_on = passing_on
        self._matching = Matching(payments, files, invoices)

    def take(self, organisation_id: int, content: bytes) -> Taken:
        """Take a message in and put what it says where it belongs. Given again, nothing changes. Raises Invalid: it is none."""
        told = read_statement(content)
        ours = [move for move in told.moves if move.credit or self._matching.concerns(organisation_id, move)]
        digest = hashlib.sha256(content).digest()
        with self._records.write() as connection:
            statement, again = self._keep(connection, organisation_id, told, digest, ours)
        taken = Taken(statement=statement, again=again, others=len(told.moves) - len(ours))
        for entry in reversed(self._entries_of(statement)):
            after = self._put(entry, taken) if entry.state is EntryState.NEW else entry
            taken.states[after.state] += 1
        return taken

    def list(
        self, organisation_id: int, *, before: int | None = None, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[BankStatement]:
        """The newest first."""
        with self._records.read() as connection:
            return tables.find_statements(connection, organisation_id, before=before, limit=limit)

    def entries(
        self,
        organisation_id: int,
        *,
        state: EntryState | None = None,
        statement_id: int | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[BankEntry]:
        """The newest first."""
        asked = {"state": state, "statement_id": statement_id, "before": before}
        with self._records.read() as connection:
            return tables.find_entries(connection, organisation_id, limit=limit, **asked)  # type: ignore[arg-type]

    def entry(self, organisation_id: int, entry_id: int) -> BankEntry:
        """Raises NotFound."""
        with self._records.read() as connection:
            found = tables.find_entry(connection, organisation_id, entry_id)
        if found is None:
            raise NotFound(f"There is no entry {format_id(entry_id)} in a bank's statements.")
        return found

    def assign(
        self, organisation_id: int, entry_id: int, *, invoice_id: int | None, customer_id: int | None
    ) -> tuple[BankEntry, Payment]:
        """Say what an open entry paid: an invoice, or (None) nothing yet, so that it is credit of a customer.

        Raises NotFound, Invalid (neither is named, or the invoice is in another currency), Conflict (it is not open, or went out).
        """
        entry = self.entry(organisation_id, entry_id)
        if not entry.move.credit:
            raise Conflict("This money went; it pays nothing.", remedy="Say what became of the payment it is of.")
        if invoice_id is not None:
            customer_id = self._invoices.get(organisation_id, invoice_id).customer_id
        if customer_id is None:
            raise Invalid("Name an invoice or a customer.")
        if entry.state not in {EntryState.OPEN, EntryState.ASSIGNED}:
            raise Conflict(f"The entry is {entry.state}.")
        # The key is the entry's: whoever says it twice, or two at once, book one payment; of two who differ one is refused.
        payment = self._payments.receive(self._receipt(entry, customer_id, invoice_id))
        after = replace(
            entry, state=EntryState.ASSIGNED, why="", invoice_id=invoice_id, payment_id=payment.id, changed_at=self._clock.now()
        )  # fmt: skip
        self._move(after, entry.state)
        return after, payment

    def dismiss(self, organisation_id: int, entry_id: int, why: str) -> BankEntry:
        """Say that an open entry is nothing of ours, and why. Raises NotFound, Invalid (no reason), Conflict (it is not open)."""
        if not 0 < len(why.strip()) <= REASON_LENGTH_MAX:
            raise Invalid(f"Say why, in at most {REASON_LENGTH_MAX} characters.")
        entry = self.entry(organisation_id, entry_id)
        if entry.state is EntryState.DISMISSED:
            return entry
        after = replace(entry, state=EntryState.DISMISSED, why=why.strip(), changed_at=self._clock.now())
        if entry.state is not EntryState.OPEN or not self._move(after, EntryState.OPEN):
            raise Conflict(f"The entry is {self.entry(organisation_id, entry_id).state}.")
        return after

    # Inside

    def _keep(
        self, connection: sa.Connection, organisation_id: int, told: Statement, digest: bytes, ours: Sequence[Move]
    ) -> tuple[BankStatement, bool]:
        now = self._clock.now()
        made = BankStatement(
            id=new_id(), organisation_id=organisation_id, digest=digest, kind=told.kind, message_id=told.message_id,
            entries=0, known=0, created_at=now,
        )  # fmt: skip
        if not tables.insert_statement(connection, made):
            found = tables.find_statement(connection, organisation_id, digest)
            assert found is not None
            return found, True
        times: Counter[bytes] = Counter()
        kept = 0
        for move in ours:
            mark = _mark(move)
            times[mark] += 1
            entry = BankEntry(
                id=new_id(), organisation_id=organisation_id, statement_id=made.id, move=move, changed_at=now,
                digest=hashlib.sha256(mark + times[mark].to_bytes(4, "big")).digest(),
            )  # fmt: skip
            if not self._told_otherwise(connection, entry):
                kept += tables.insert_entry(connection, entry)
        made = replace(made, entries=kept, known=len(ours) - kept)
        tables.count_known(connection, made, made.entries, made.known)
        return made, False

    def _told_otherwise(self, connection: sa.Connection, entry: BankEntry) -> bool:
        """Whether another message told the same as a sum, or in its parts. A sum nobody has dealt with gives way to its parts."""
        move = entry.move
        if not move.bank_reference:
            return False
        for other in tables.entries_named(connection, entry.organisation_id, move.account, move.bank_reference):
            if other.statement_id == entry.statement_id or (other.move.parts > 1) == (move.parts > 1):
                continue
            if move.parts > 1 or other.state not in {EntryState.NEW, EntryState.OPEN, EntryState.REPLACED}:
                return True
            after = replace(other, state=EntryState.REPLACED, why="", changed_at=self._clock.now())
            tables.move_entry(connection, after, other.state)
        return False

    def _entries_of(self, statement: BankStatement) -> builtins.list[BankEntry]:
        return self.entries(statement.organisation_id, statement_id=statement.id, limit=BANK_ENTRIES_MAX)

    def _put(self, entry: BankEntry, taken: Taken) -> BankEntry:
        match = self._matching.match(entry.organisation_id, entry.move)
        changed = list(match.changed)
        if match.pays is not None:
            try:
                changed = [self._payments.receive(self._receipt(entry, match.pays.customer_id, match.pays.id))]
            except (Conflict, Invalid) as error:
                match = replace(match, pays=None, why=error.message)
        if match.charge and match.payment_id is not None:
            self._charged(entry, match.payment_id, match, taken)
        state = EntryState.MATCHED if match.found or match.pays is not None else EntryState.OPEN
        after = replace(
            entry, state=state, why=match.why[:REASON_LENGTH_MAX], invoice_id=match.invoice_id, changed_at=self._clock.now(),
            payment_id=changed[0].id if changed and match.pays is not None else match.payment_id,
        )  # fmt: skip
        self._move(after, EntryState.NEW)
        taken.changed += changed
        return after

    def _charged(self, entry: BankEntry, payment_id: int, match: Match, taken: Taken) -> None:
        """Under the entry's own name, so that it is booked once. Before the entry is moved: who dies between books it then."""
        why = match.why or entry.move.reason or "taken off on the way"
        self._payments.charge(entry.organisation_id, payment_id, f"bank:{format_id(entry.id)}", match.charge, why)
        if self._passing_on is None:
            return
        payment = self._payments.get(entry.organisation_id, payment_id)
        if (asked := self._passing_on.ask(payment, match.charge, entry.id)) is not None:
            taken.asked.append(asked)

    def _receipt(self, entry: BankEntry, customer_id: int, invoice_id: int | None) -> Receipt:
        move, now = entry.move, self._clock.now()
        try:
            day = datetime.fromisoformat(move.booked_on).replace(tzinfo=UTC)
            booked = int(day.timestamp()) * 1_000_000
        except ValueError:
            booked = now
        return Receipt(
            organisation_id=entry.organisation_id,
            customer_id=customer_id,
            amount=move.amount,
            currency=move.currency,
            method=METHOD,
            key=f"bank:{format_id(entry.id)}",
            invoice_id=invoice_id,
            reference=move.bank_reference or move.own_reference,
            received_at=min(booked, now),
        )

    def _move(self, entry: BankEntry, was: EntryState) -> bool:
        with self._records.write() as connection:
            return tables.move_entry(connection, entry, was)


def _mark(move: Move) -> bytes:
    """What an entry is known by in every message that tells it: the bank's names for it; without them all that is said of it."""
    about = [
        move.account,
        move.bank_reference,
        move.own_reference,
        move.end_to_end,
        move.credit,
        move.currency,
        f"{move.amount:f}",
    ]
    if not move.bank_reference and not move.own_reference:
        about += [move.booked_on, move.batch, move.text, move.name, move.iban, list(move.references), move.reason]
    return hashlib.sha256(msgspec.json.encode(about)).digest()
