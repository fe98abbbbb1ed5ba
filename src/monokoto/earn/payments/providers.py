"""Sellers' accounts with payment providers: the keys (sealed, never shown again), and what a provider tells by itself.

What a provider tells is believed for its signature alone. It may be told twice, late and in any order: a payment ends once, and
what comes after is heard and changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.payments.adapters import Adapter
from monokoto.earn.payments.adapters.stripe import Stripe, Told
from monokoto.earn.payments.payment import Payment
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.payments.tables import payment_providers
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import BadSettings, Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAYMENT_PROVIDERS_KNOWN_MAX, PAYMENT_SECRET_LENGTH_MAX

METHOD: Final = Stripe.name
"""The one provider there is an adapter for."""
_KEY_BEGINS: Final = ("sk_", "rk_")
_SIGNING_BEGINS: Final = "whsec_"
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A seller's account with a provider."""

    organisation_id: int
    method: str
    key: str = field(repr=False)
    signing_secret: str = field(repr=False)
    """Of what the provider tells by itself; empty: it is not listened to."""
    changed_at: Instant


class Providers:
    """The accounts of all sellers. Blocking; called in threads."""

    def __init__(self, records: Records, clock: Clock, *, address: str = "") -> None:
        """`address`: another API than the provider's own, for tests."""
        self._records = records
        self._clock = clock
        self._address = address
        self._made: dict[int, tuple[Instant, Stripe]] = {}
        self._lock = threading.Lock()

    def get(self, organisation_id: int, method: str) -> Account:
        """Raises NotFound."""
        found = self._find(organisation_id, method)
        if found is None:
            raise NotFound(f"There is no account with {method[:32]!r}.", remedy="PUT /api/v1/payment-providers/stripe")
        return found

    def put(self, organisation_id: int, method: str, *, key: str, signing_secret: str) -> Account:
        """Keep an account, in the place of what was there. Raises Invalid."""
        _check(method, key, signing_secret)
        account = Account(
            organisation_id=organisation_id, method=method, key=key, signing_secret=signing_secret,
            changed_at=self._clock.now(),
        )  # fmt: skip
        try:
            self._stripe(account)
        except BadSettings as error:
            raise Invalid(error.message, remedy=error.remedy) from None
        row = {
            "organisation_id": organisation_id, "method": method, "key": key, "signing_secret": signing_secret,
            "changed_at": account.changed_at,
        }  # fmt: skip
        with self._records.write() as connection:
            statement = _INSERTS[connection.dialect.name](payment_providers).values(row)
            keys = [payment_providers.c.organisation_id, payment_providers.c.method]
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))
        return account

    def remove(self, organisation_id: int, method: str) -> None:
        """Forget it; asked again, nothing changes. What is pending there waits until it is put there again."""
        table = payment_providers.c
        with self._records.write() as connection:
            connection.execute(
                payment_providers.delete().where(table.organisation_id == organisation_id, table.method == method)
            )

    def adapter(self, organisation_id: int, method: str) -> Adapter | None:
        """As `service.Accounts`."""
        account = self._find(organisation_id, method)
        return None if account is None else self._stripe(account)

    def heard(self, organisation_id: int, method: str, body: bytes, signature: str) -> Told | None:
        """What a provider told; None: nothing that concerns payments.

        Raises Invalid: it is not signed with the secret of the seller's account (of which there may be none).
        """
        account = self._find(organisation_id, method)
        if account is None or not account.signing_secret:
            raise Invalid("Nobody listens here.", remedy="Give the account its signing secret.")
        return self._stripe(account).told(body, signature, account.signing_secret)

    def _find(self, organisation_id: int, method: str) -> Account | None:
        table = payment_providers.c
        query = sa.select(payment_providers).where(table.organisation_id == organisation_id, table.method == method)
        with self._records.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Account(
            organisation_id=row.organisation_id, method=row.method, key=row.key, signing_secret=row.signing_secret,
            changed_at=Instant(row.changed_at),
        )  # fmt: skip

    def _stripe(self, account: Account) -> Stripe:
        """Kept, since its connections are."""
        with self._lock:
            known = self._made.get(account.organisation_id)
            if known is not None and known[0] == account.changed_at:
                return known[1]
            if len(self._made) >= PAYMENT_PROVIDERS_KNOWN_MAX:
                self._made.clear()
            made = Stripe(account.key, address=self._address)
            self._made[account.organisation_id] = account.changed_at, made
            return made


class Hearing:
    """Carries out what providers tell. Blocking; called in threads."""

    def __init__(self, providers: Providers, payments: Payments) -> None:
        self._providers = providers
        self._payments = payments

    def hear(self, organisation_id: int, method: str, body: bytes, signature: str) -> Payment | None:
        """The payment that ended by it; None: nothing changed. Raises Invalid as `Providers.heard`, Unavailable."""
        told = self._providers.heard(organisation_id, method, body, signature)
        payment = None if told is None else self._payment(organisation_id, method, told)
        if told is None or payment is None or (payment.state is told.state and told.loss is None):
            return None
        try:
            if told.loss is not None:
                after = self._payments.lose(organisation_id, payment.id, told.loss)
                return None if after == payment else after
            return self._payments.resolve(
                organisation_id, payment.id, told.state, reason=told.reason[:500], reference=told.reference
            )
        except Conflict as error:
            # Later than what is known, or of money that was given back: said, and not sent again and again.
            _log.warning("provider_told_otherwise", payment=payment.key, told=told.event, reason=error.message)
            return None

    def _payment(self, organisation_id: int, method: str, told: Told) -> Payment | None:
        """The payment it is of: by the name we gave it, else by the provider's."""
        if told.payment:
            try:
                found = self._payments.get(organisation_id, parse_id(told.payment, what="payment"))
            except (Invalid, NotFound):
                return None
            return found if found.method == method else None
        wanted = PaymentFilter(method=method, reference=told.paid_by)
        return next(iter(self._payments.list(organisation_id, wanted, limit=1)), None) if told.paid_by else None


def _check(method: str, key: str, signing_secret: str) -> None:
    rules: Mapping[str, tuple[bool, str]] = {
        "method": (method != METHOD, f"is {METHOD}"),
        "key": (not key.startswith(_KEY_BEGINS), "is a secret or restricted key (sk_... or rk_...)"),
        "signing_secret": (
            bool(signing_secret) and not signing_secret.startswith(_SIGNING_BEGINS), "is the secret of a webhook (whsec_...)",
        ),
    }  # fmt: skip
    faults = [Fault(place=place, reason=reason) for place, (wrong, reason) in rules.items() if wrong]
    faults += [
        Fault(place=place, reason=f"has at most {PAYMENT_SECRET_LENGTH_MAX} printable characters without spaces")
        for place, text in (("key", key), ("signing_secret", signing_secret))
        if len(text) > PAYMENT_SECRET_LENGTH_MAX
        or not text.isascii()
        or any(not one.isprintable() or one == " " for one in text)
    ]
    if faults:
        raise Invalid("This is no account.", faults=faults)
