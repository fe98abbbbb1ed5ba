"""Random lives of a customer: use, late data, corrections, upgrades, invoices, credit notes.

An auditor who shares no code with what is audited adds everything up again: fractions and whole numbers of cents only, and prices
read from their definitions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import pytest

from monokoto.earn import pricing
from monokoto.earn.metering import Span
from monokoto.earn.pricing import Basis, Line, Tariff, Tier, Usage
from monokoto.kernel.money import ZERO, Currency

CURRENCIES = [pricing.currency(code) for code in ("EUR", "JPY", "KWD")]
MONTH = Span(0, 31 * 86_400_000_000)
VAT = Decimal(19)


def nearest(amount: Fraction, digits: int) -> Fraction:
    """The auditor's own rounding: half away from zero."""
    scaled = abs(amount) * 10**digits
    whole = scaled.numerator // scaled.denominator
    whole += 2 * (scaled - whole) >= 1
    return Fraction(whole if amount >= 0 else -whole, 10**digits)


def audited_price(tariff: Tariff, quantity: Decimal, *, final: bool) -> Fraction:
    """What usage costs, from the words of the manual."""
    used, price = Fraction(max(quantity, ZERO)), tariff.price
    used = max(used - Fraction(tariff.free), Fraction(0))
    if isinstance(price, pricing.Package):
        cost = Fraction(price.amount) * -(-used // Fraction(price.size))
    elif isinstance(price, pricing.Standard):
        cost = used * Fraction(price.unit)
    else:
        assert isinstance(price, pricing.Graduated | pricing.Volume)
        cost, below = Fraction(0), Fraction(0)
        for tier in price.tiers:
            top = used if tier.up_to is None else Fraction(tier.up_to)
            inside = min(used, top) - below
            if inside > 0 and isinstance(price, pricing.Graduated):
                cost += inside * Fraction(tier.unit) + Fraction(tier.flat)
            if inside > 0 and used <= top and isinstance(price, pricing.Volume):
                cost = used * Fraction(tier.unit) + Fraction(tier.flat)
            below = max(top, below)
    if final and tariff.minimum is not None:
        cost = max(cost, Fraction(tariff.minimum))
    return cost if tariff.maximum is None else min(cost, Fraction(tariff.maximum))


def some_tariff(chance: random.Random) -> Tariff:
    def amount(most: int, places: int) -> Decimal:
        return Decimal(chance.randrange(most * 10**places)).scaleb(-places)

    borders = sorted({amount(500, 1) + 1 for _ in range(chance.randrange(4))})
    tiers = tuple(Tier(up_to=border, unit=amount(9, 5), flat=amount(20, 2)) for border in [*borders, None])
    price: pricing.Price = chance.choice(
        [
            pricing.Standard(unit=amount(9, 5)),
            pricing.Graduated(tiers),
            pricing.Volume(tiers),
            pricing.Package(size=amount(50, 1) + 1, amount=amount(30, 3)),
        ]
    )
    least = amount(100, 2)
    return Tariff(
        price=price,
        free=chance.choice([ZERO, amount(50, 1)]),
        minimum=chance.choice([None, least]),
        maximum=chance.choice([None, least + amount(2000, 2)]),
    )


@dataclass
class Customer:
    """A period of a customer: what was used, what is booked, what was paid and given back."""

    chance: random.Random
    currency: Currency
    tariff: Tariff
    used: dict[int, Decimal] = field(default_factory=dict)
    booked: list[Line] = field(default_factory=list)
    fee: Decimal = ZERO
    fees: list[Decimal] = field(default_factory=list)
    credited: Decimal = ZERO
    invoiced: list[pricing.InvoiceTotals] = field(default_factory=list)

    def use(self) -> None:
        self.used[len(self.used)] = Decimal(self.chance.randrange(1, 90_000)).scaleb(-3)

    def correct(self) -> None:
        if self.used:
            which = self.chance.choice(list(self.used))
            self.used[which] = self.chance.choice([ZERO, self.used[which] * 2, Decimal(7)])

    def upgrade(self) -> None:
        """Another fee from some day on: the old one's rest is given back, never more than was paid."""
        new = self.currency.round(Decimal(self.chance.randrange(100_000)).scaleb(-2))
        day = MONTH.start + self.chance.randrange(31) * 86_400_000_000
        rest = pricing.share(Span(day, MONTH.end), MONTH, Basis.DAY)
        found = pricing.change(self.fee, new, rest, self.currency)
        back = pricing.capped_credit(-found.credit, sum(self.fees, ZERO), self.credited)
        assert Fraction(found.credit) == nearest(-Fraction(self.fee) * rest, self.currency.digits)
        assert Fraction(found.charge) == nearest(Fraction(new) * rest, self.currency.digits)
        self.fees.append(found.charge)
        self.credited += back
        assert self.credited <= sum(self.fees, ZERO)
        self.fee = new

    def invoice(self, *, final: bool = False) -> None:
        usage = Usage(quantity=sum(self.used.values(), ZERO))
        preview = pricing.book(self.tariff, usage, self.booked, self.currency, final=final)
        lines = pricing.book(self.tariff, usage, self.booked, self.currency, final=final)
        assert lines == preview, "a preview is what is booked then"
        self.booked += lines
        due = nearest(audited_price(self.tariff, usage.quantity, final=final), self.currency.digits)
        assert sum(Fraction(line.amount) for line in self.booked) == due
        self.audit(lines)

    def audit(self, lines: list[Line]) -> None:
        """A document of these lines, with a coupon on it."""
        fees = [pricing.Fee(amount=line.amount, tax_percent=VAT) for line in lines]
        coupon = pricing.Coupon(percent=Decimal(self.chance.randrange(101)))
        found = pricing.invoice_totals(fees, self.currency, coupons=[coupon], prepaid=Decimal(5))
        positive = sum(Fraction(fee.amount) for fee in fees if fee.amount > 0)
        off = nearest(positive * Fraction(coupon.percent or 0) / 100, self.currency.digits)
        net = sum(Fraction(fee.amount) for fee in fees) - off
        tax = nearest(net * 19 / 100, self.currency.digits)
        assert (Fraction(found.subtotal), Fraction(found.tax)) == (net, tax)
        assert Fraction(found.due) == net + tax - min(max(net + tax, Fraction(0)), 5)
        self.invoiced.append(found)

    def take_everything_back(self) -> None:
        """Credit notes for single lines of what is booked, and reversal of the rest: nothing is left."""
        nets = [line.amount for line in self.booked if line.amount > 0]
        notes = pricing.credit_notes(nets, VAT, self.currency)
        assert sum(map(Fraction, notes)) == nearest(Fraction(sum(nets, ZERO)) * 119 / 100, self.currency.digits)
        by_key: dict[str, Fraction] = {}
        for line in [*self.booked, *pricing.difference([], self.booked)]:
            by_key[line.key] = by_key.get(line.key, Fraction(0)) + Fraction(line.amount)
        assert not any(by_key.values())


def live(seed: int) -> Customer:
    chance = random.Random(seed)
    customer = Customer(chance=chance, currency=chance.choice(CURRENCIES), tariff=some_tariff(chance))
    deeds = [customer.use, customer.use, customer.use, customer.correct, customer.upgrade, customer.invoice]
    for _ in range(chance.randrange(3, 16)):
        chance.choice(deeds)()
    customer.invoice(final=True)
    customer.correct()  # after the end: late data
    customer.invoice(final=True)
    customer.take_everything_back()
    return customer


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_money_never_leaks_a_cent(start: int) -> None:
    lives = [live(seed) for seed in range(start, start + 250)]
    assert sum(any(line.amount < 0 for line in life.booked) for life in lives) > 25, (
        "some lives had something taken back"
    )
    assert sum(life.credited > 0 for life in lives) > 25


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 11_000, 1000))
def test_money_never_leaks_a_cent_over_ten_thousand_lives(start: int) -> None:
    for seed in range(start, start + 1000):
        try:
            live(seed)
        except AssertionError as error:
            raise AssertionError(f"the life of seed {seed}: {error}") from error
