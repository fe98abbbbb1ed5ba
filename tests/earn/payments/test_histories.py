"""Random lives of a seller: whatever is sent, paid, given back, taken back, in whatever order, the auditors find nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from invoices_making import ANN, FIRM, MAKER, RULES, line
from payments_making import PaidWorld

from monokoto.earn.invoices import Category, InvoiceState, LineKind, TaxRule
from monokoto.earn.payments import PaymentState, Purpose
from monokoto.engines.records import Records, open_records
from monokoto.kernel.errors import Conflict, Invalid, Unavailable

CUSTOMERS = (ANN, FIRM)


class Life:
    """One seller, some customers, and chance."""

    def __init__(self, world: PaidWorld, seed: int) -> None:
        self.world = world
        anything = TaxRule(supply="reduced", category=Category.EXPORT, reason="Not taxable here")
        world.issuers.put_rules(MAKER, [*RULES, anything])
        self.chance = random.Random(seed)
        self.sent: list[int] = []
        self.turn = 0

    def amount(self, most: int = 9_000) -> Decimal:
        return Decimal(self.chance.randrange(1, most)).scaleb(-2)

    def key(self) -> str:
        return f"k{self.turn - self.chance.randrange(2)}"

    def send(self) -> None:
        lines = [
            line(f"l{n}", str(self.amount()), tax_category=self.chance.choice(["standard", "reduced"]))
            for n in range(self.chance.randrange(1, 4))
        ]
        if self.chance.random() < 0.3:
            lines.append(line("c", f"-{self.amount(4_000)}", kind=LineKind.CREDIT))
        if self.chance.random() < 0.3:
            lines.append(line("w", "-50.00", kind=LineKind.WALLET))
        made = self.world.draft(*lines, customer=self.chance.choice(CUSTOMERS))
        if self.chance.random() < 0.3:
            self.world.invoices.replace_lines(MAKER, made, lines[:1])
        self.world.invoices.finalise(MAKER, made)
        self.sent.append(made)

    def pay(self) -> None:
        purpose = self.chance.choice([Purpose.INVOICES, Purpose.INVOICES, Purpose.WALLET])
        customer = self.chance.choice(CUSTOMERS)
        self.world.paid(str(self.amount()), customer_id=customer, purpose=purpose, key=self.key())

    def ask(self) -> None:
        self.world.payments.collect(MAKER, self.chance.choice(self.sent), method="sandbox", key=self.key())

    def hear(self) -> None:
        payment = self.chance.choice(self.world.payments.list(MAKER))
        self.world.payments.resolve(MAKER, payment.id, self.chance.choice(list(PaymentState)))

    def refund(self) -> None:
        method = self.chance.choice(["manual", "sandbox", "sepa"])
        customer = self.chance.choice(CUSTOMERS)
        self.world.payments.refund(MAKER, customer, self.amount(500), "EUR", method=method, key=self.key())

    def give_back(self) -> None:
        made = self.chance.choice(self.sent)
        some = None if self.chance.random() < 0.5 else {"l0": self.amount(2_000)}
        self.world.giving.credit_note(MAKER, made, key=self.key(), reason="", lines=some)

    def void(self) -> None:
        self.world.giving.void(MAKER, self.chance.choice(self.sent), "")

    def write_off(self) -> None:
        self.world.giving.uncollectible(MAKER, self.chance.choice(self.sent), "")

    def reinstate(self) -> None:
        self.world.giving.reinstate(MAKER, self.chance.choice(self.sent))

    def settle(self) -> None:
        self.world.payments.settle_all()

    def live(self, turns: int) -> None:
        acts: list[Callable[[], None]] = [
            self.send, self.send, self.pay, self.pay, self.ask, self.hear, self.refund, self.give_back, self.void,
            self.write_off, self.reinstate, self.settle,
        ]  # fmt: skip
        self.send()
        for _ in range(turns):
            self.turn += 1
            self.world.clock.advance(3600)
            try:
                self.chance.choice(acts)()
            except (Conflict, Invalid, Unavailable, IndexError):
                continue

    def audit(self) -> None:
        assert self.world.findings() == []
        sums: dict[str, Decimal] = {}
        for one in self.world.ledger.balances(MAKER):
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
        assert not any(sums.values())
        self.world.payments.settle_all()
        assert self.world.payments.settle_all() == []
        for customer in CUSTOMERS:
            owed = [one for one in self.world.invoices.list(MAKER) if one.customer_id == customer and one.open]
            assert not owed or not self.world.payments.credit(MAKER, customer), "credit lies beside what is owed"
            assert all(one.state is InvoiceState.FINALISED for one in owed)
        assert self.world.findings() == []


def test_nothing_is_lost_over_a_random_history(records: Records) -> None:
    life = Life(PaidWorld(records), seed=7)
    life.live(60)
    life.audit()
    assert len(life.sent) > 5


def _live_in(folder: Path, migrated_file: Path, seeds: range, turns: int) -> None:
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        (place / migrated_file.name).write_bytes(migrated_file.read_bytes())
        records = open_records("", data_dir=place)
        try:
            with records.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA synchronous = OFF")
            life = Life(PaidWorld(records), seed)
            life.live(turns)
            life.audit()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            records.close()
            for file in place.iterdir():
                file.unlink()


def test_nothing_is_lost_over_short_histories(tmp_path: Path, migrated_file: Path) -> None:
    _live_in(tmp_path, migrated_file, range(100, 110), turns=12)


@pytest.mark.long
@pytest.mark.parametrize("part", range(50))
def test_nothing_is_lost_over_10_000_short_histories(tmp_path: Path, migrated_file: Path, part: int) -> None:
    _live_in(tmp_path, migrated_file, range(1_000 + part * 200, 1_200 + part * 200), turns=12)
