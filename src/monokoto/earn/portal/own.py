"""What an organisation has with makers: what is left of its money, what its units share. Blocking: call it from a thread."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.entitlements import Entitlement, Entitlements
from monokoto.earn.ledger import Ledger
from monokoto.earn.payments import Payments
from monokoto.earn.portal.offers import Offers
from monokoto.earn.subscriptions import Customer, Customers
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class Balance:
    """What an organisation has with one maker in one currency."""

    customer: Customer
    currency: str
    credit: Decimal
    """Pays the next invoice by itself."""
    wallet: Decimal
    """Paid ahead."""


class Standing:
    """Asked for any organisation; every method is about one."""

    def __init__(
        self, customers: Customers, payments: Payments, ledger: Ledger, entitlements: Entitlements, offers: Offers
    ) -> None:
        self._customers = customers
        self._payments = payments
        self._ledger = ledger
        self._entitlements = entitlements
        self._offers = offers

    def balances(
        self, buyer_id: int, *, after: int = 0, limit: int
    ) -> builtins.list[tuple[Customer, Sequence[Balance]]]:
        """By customer it is, past one: what is left in each currency there ever was something."""
        found = self._customers.of_buyer(buyer_id, after=after, limit=limit)
        return [(one, balances_of(one, self._payments, self._ledger)) for one in found]

    def shares(self, buyer_id: int, held: Iterable[int], now: int) -> builtins.list[Entitlement]:
        """The shares in functions of units it owns that have not ended, the newest first."""
        found: builtins.list[Entitlement] = []
        by_maker: dict[int, builtins.list[int]] = {}
        for owned, units in self._offers.owned(buyer_id, held).items():
            by_maker.setdefault(owned.maker_id, []).extend(units)
        for maker_id, units in by_maker.items():
            found += [one for one in self._entitlements.shared_from(maker_id, units) if one.until > now]
        return sorted(found, key=lambda one: -one.id)


@exact
def balances_of(customer: Customer, payments: Payments, ledger: Ledger) -> builtins.list[Balance]:
    """By currency, what is left of its credit and of what it paid ahead."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for one in payments.credit(customer.organisation_id, customer.id):
        credit, wallet = sums.get(one.currency, (ZERO, ZERO))
        sums[one.currency] = (credit + one.left, wallet)
    account = f"wallet:{format_id(customer.id)}"
    for held in ledger.balances(customer.organisation_id, prefix=account):
        if held.account == account:
            credit, wallet = sums.get(held.currency, (ZERO, ZERO))
            sums[held.currency] = (credit, wallet - held.amount)
    return [Balance(customer, code, credit, wallet) for code, (credit, wallet) in sorted(sums.items())]
