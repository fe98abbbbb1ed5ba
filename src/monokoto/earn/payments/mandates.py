"""By what customers let themselves be charged, and the files that go to a bank with it. Blocking; called in threads."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import sqlalchemy as sa
from stdnum import bic as bics

from monokoto.earn.calendar import local
from monokoto.earn.invoices import Customers, Issuers, compact_iban
from monokoto.earn.payments import sepa_xml, store
from monokoto.earn.payments.booking import summed
from monokoto.earn.payments.payment import (
    REFERENCE_LENGTH_MAX,
    Credit,
    Direction,
    Mandate,
    Payment,
    PaymentFile,
    PaymentState,
)
from monokoto.earn.payments.store import PaymentFilter
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAYMENT_FILE_PAYMENTS_MAX, TITLE_LENGTH_MAX

DIRECTIONS = {sepa_xml.DEBITS: Direction.IN, sepa_xml.TRANSFERS: Direction.OUT}
"""The kinds of files, and which payments go into them."""
_SEPA = "sepa"


class Mandates:
    """Mandates of all sellers' customers."""

    def __init__(self, records: Records, clock: Clock, *, customers: Customers) -> None:
        self._records = records
        self._clock = clock
        self._customers = customers

    def get(self, organisation_id: int, customer_id: int, method: str) -> Mandate:
        """Raises NotFound."""
        self._customers.buyer(organisation_id, customer_id)
        with self._records.read() as connection:
            found = store.find_mandate(connection, organisation_id, customer_id, method)
        if found is None:
            raise NotFound(f"This customer gave no mandate for {method!r}.")
        return found

    def credit(self, organisation_id: int, customer_id: int) -> builtins.list[Credit]:
        """What a customer has left. Raises NotFound (the customer)."""
        self._customers.buyer(organisation_id, customer_id)
        with self._records.read() as connection:
            return store.credits_of(connection, organisation_id, customer_id)

    def put(self, mandate: Mandate) -> Mandate:
        """Keep what a customer agreed to, in the place of what it agreed to before. Raises Invalid, NotFound (the customer)."""
        self._customers.buyer(mandate.organisation_id, mandate.customer_id)
        faults = []
        if not 0 < len(mandate.reference) <= (35 if mandate.method == _SEPA else REFERENCE_LENGTH_MAX):
            faults.append(Fault(place="reference", reason="names the mandate; SEPA takes 35 characters"))
        if len(mandate.holder) > TITLE_LENGTH_MAX:
            faults.append(Fault(place="holder", reason=f"has at most {TITLE_LENGTH_MAX} characters"))
        if mandate.bic and not bics.is_valid(mandate.bic):
            faults.append(Fault(place="bic", reason="is no valid BIC"))
        if mandate.signed_at > self._clock.now():
            faults.append(Fault(place="signed_at", reason="is in the future"))
        if faults:
            raise Invalid("This is no mandate.", faults=faults)
        iban = compact_iban(mandate.iban) if mandate.iban or mandate.method == _SEPA else ""
        kept = replace(mandate, iban=iban, created_at=self._clock.now())
        with self._records.write() as connection:
            store.put_mandate(connection, kept)
        return kept

    def revoke(self, organisation_id: int, customer_id: int, method: str) -> None:
        """It is taken back; asked again, nothing changes. Raises NotFound (the customer)."""
        self._customers.buyer(organisation_id, customer_id)
        with self._records.write() as connection:
            store.delete_mandate(connection, organisation_id, customer_id, method)


class PaymentFiles:
    """Files for a bank: each pending SEPA payment goes into one file, once."""

    def __init__(self, records: Records, clock: Clock, *, issuers: Issuers, customers: Customers) -> None:
        self._records = records
        self._clock = clock
        self._issuers = issuers
        self._customers = customers

    def make(self, organisation_id: int, kind: str, *, on: date | None = None) -> PaymentFile:
        """Put what waits into a file, to be carried out on a day (none given: five days from now, as direct debits need).

        Raises:
            Invalid: something a bank would refuse; nothing is put anywhere.
            Conflict: nothing waits.
        """
        if kind not in DIRECTIONS:
            raise Invalid(f"A file is one of {', '.join(DIRECTIONS)}.")
        issuer, now = self._issuers.get(organisation_id), self._clock.now()
        today = local(now, issuer.timezone).date()
        day = date.fromordinal(today.toordinal() + 5) if on is None else on
        if day < today:
            raise Invalid("The day is over.", faults=[Fault(place="on", reason="is today or later")])
        file_id = new_id()
        party = sepa_xml.Party(
            name=issuer.name,
            iban=issuer.iban and compact_iban(issuer.iban),
            bic=issuer.bic,
            creditor_id=issuer.creditor_id,
        )
        with self._records.write() as connection:
            chosen = self._waiting(connection, organisation_id, kind)
            if not chosen:
                raise Conflict("No SEPA payment waits for a file.")
            movements = [self._movement(connection, payment) for payment in chosen]
            text = sepa_xml.bank_file(
                kind, party, movements, message_id=f"koto-{format_id(file_id)}", created_at=now, on=day
            )
            made = PaymentFile(
                id=file_id,
                organisation_id=issuer.organisation_id,
                kind=kind,
                message_id=f"koto-{format_id(file_id)}",
                payments=len(chosen),
                total=summed([payment.amount for payment in chosen]),
                created_at=now,
            )
            store.insert_file(connection, made, text)
            for payment in chosen:
                store.update(connection, replace(payment, file_id=file_id))
        return made

    def get(self, organisation_id: int, file_id: int) -> tuple[PaymentFile, str]:
        """One and its text. Raises NotFound."""
        with self._records.read() as connection:
            found = store.find_file(connection, organisation_id, file_id)
        if found is None:
            raise NotFound(f"There is no payment file {format_id(file_id)}.")
        return found

    def list(
        self, organisation_id: int, *, before: int | None = None, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[PaymentFile]:
        """The newest first."""
        with self._records.read() as connection:
            return store.find_files(connection, organisation_id, before=before, limit=limit)

    def pending(self, organisation_id: int, file_id: int) -> builtins.list[Payment]:
        """Those of a file of which nobody knows yet. Raises NotFound."""
        self.get(organisation_id, file_id)
        wanted = PaymentFilter(file_id=file_id, state=PaymentState.PENDING)
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, wanted, before=None, limit=PAYMENT_FILE_PAYMENTS_MAX)

    def _waiting(self, connection: sa.Connection, organisation_id: int, kind: str) -> Sequence[Payment]:
        found = store.pending(connection, organisation_id, method=_SEPA, limit=PAYMENT_FILE_PAYMENTS_MAX, lock=True)
        return [payment for payment in found if payment.direction is DIRECTIONS[kind]]

    def _movement(self, connection: sa.Connection, payment: Payment) -> sepa_xml.Movement:
        mandate, name = None, payment.holder or payment.partner
        if payment.customer_id is not None:
            mandate = store.find_mandate(connection, payment.organisation_id, payment.customer_id, _SEPA)
            name = payment.holder or (mandate.holder if mandate else "")
            name = name or self._customers.buyer(payment.organisation_id, payment.customer_id).name
        return sepa_xml.Movement(
            id=format_id(payment.id),
            amount=payment.amount,
            name=name,
            iban=payment.iban or (mandate.iban if mandate else ""),
            bic="" if payment.iban or mandate is None else mandate.bic,
            text=payment.key,
            mandate=mandate.reference if mandate else "",
            signed_on=None if mandate is None else datetime.fromtimestamp(mandate.signed_at // 1_000_000, UTC).date(),
        )
