"""A bank's statements: what came pays what it names, what is returned is owed again, what nothing names waits; each once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from invoices_making import ANN, MAKER, OTHER
from payments_making import PaidWorld
from test_files import mandate

from monokoto.earn.invoices import InvoiceState
from monokoto.earn.payments import DunningPolicy, PassingOn
from monokoto.earn.payments.camt import Move, read_statement
from monokoto.earn.payments.payment import Payment, PaymentState
from monokoto.earn.payments.sepa_xml import DEBITS
from monokoto.earn.payments.statement_tables import EntryState
from monokoto.earn.payments.statements import BankStatements, Taken
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import BANK_ENTRIES_MAX

KINDS = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}


@pytest.fixture
def bank(world: PaidWorld) -> BankStatements:
    return BankStatements(
        world.records, world.clock, payments=world.payments, files=world.files, invoices=world.invoices
    )


def camt(*entries: str, kind: str = "053", version: str = "02", message: str = "m-1") -> bytes:
    """A message of the bank."""
    body, part = KINDS[kind]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}">'
        f"<{body}><GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-08-02T06:00:00</CreDtTm></GrpHdr><{part}><Id>1</Id>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{''.join(entries)}</{part}></{body}></Document>"
    ).encode()


def entry(
    amount: str, *details: str, credit: bool = True, ref: str = "", state: str = "BOOK", new: bool = False, code: str = "EUR",
    batch: str = "",
) -> str:  # fmt: skip
    """An entry; `new`: as versions from 08 on have it."""
    told = f"<Sts><Cd>{state}</Cd></Sts>" if new else f"<Sts>{state}</Sts>"
    way = "CRDT" if credit else "DBIT"
    inside = f"<NtryDtls>{batch}{''.join(details)}</NtryDtls>" if details or batch else ""
    named = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    return (
        f'<Ntry><Amt Ccy="{code}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{told}<BookgDt><Dt>2026-08-01</Dt></BookgDt>'
        f"{named}{inside}</Ntry>"
    )


def details(
    text: str = "", *, e2e: str = "NOTPROVIDED", structured: str = "", amount: str = "", reason: str = "", new: bool = False
) -> str:  # fmt: skip
    """A transaction in an entry."""
    name = "<Pty><Nm>Ann</Nm></Pty>" if new else "<Nm>Ann</Nm>"
    paid = (
        f'<Amt Ccy="EUR">{amount}</Amt>' if new else f'<AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>'
    )
    strd = f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>" if structured else ""
    why = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>Account closed</AddtlInf></RtrInf>" if reason else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{e2e}</EndToEndId></Refs>{paid if amount else ''}"
        f"<RltdPties><Dbtr>{name}</Dbtr><DbtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd>{strd}</RmtInf>{why}</TxDtls>"
    )


def states(taken: Taken) -> dict[str, int]:
    return {state.value: number for state, number in taken.states.items() if number}


def label(world: PaidWorld, invoice: int) -> str:
    return world.invoices.get(MAKER, invoice).label


def debited(world: PaidWorld, count: int) -> tuple[list[int], list[Payment], str]:
    """Invoices that are in a file for the bank, the payments, the file's name."""
    world.mandates.put(mandate(world))
    sent = [world.sent("10.00") for _ in range(count)]
    asked = [world.payments.collect(MAKER, one, method="sepa", key=f"debit-{one}") for one in sent]
    return sent, asked, world.files.make(MAKER, DEBITS).message_id


@pytest.mark.parametrize(("kind", "version", "new"), [("053", "02", False), ("053", "08", True), ("054", "10", True)])
def test_what_names_an_invoice_pays_it(
    world: PaidWorld, bank: BankStatements, kind: str, version: str, new: bool
) -> None:
    by_text, by_reference, by_name, short, nothing = (world.sent("10.00") for _ in range(5))
    spaced = label(world, by_text).replace("-", " ").lower()
    content = camt(
        entry("11.90", details(f"Rechnung {spaced}, danke", new=new), new=new),
        entry("11.90", details(structured=label(world, by_reference), new=new), new=new),
        entry("11.90", details(e2e=label(world, by_name), new=new), new=new),
        entry("11.00", details(f"for {label(world, short)}", new=new), new=new),
        entry("5.00", details("Greetings", new=new), new=new),
        entry("11.90", details(label(world, nothing), new=new), state="PDNG", new=new),
        entry("99.00", details("Rent", new=new), credit=False, new=new),
        kind=kind, version=version,
    )  # fmt: skip
    taken = bank.take(MAKER, content)
    assert (states(taken), taken.others, taken.again) == ({"matched": 3, "open": 2}, 1, False)
    assert [one.state for one in taken.changed] == [PaymentState.SUCCEEDED] * 3
    assert world.open(by_text, by_reference, by_name, short, nothing) == ["0.00", "0.00", "0.00", "11.90", "11.90"]
    again = bank.take(MAKER, content)
    assert (again.changed, again.again, states(again)) == ([], True, {"matched": 3, "open": 2})
    waiting = bank.entries(MAKER, state=EntryState.OPEN)
    assert [(one.why, one.invoice_id) for one in waiting] == [
        ("Nothing in it names an invoice.", None),
        (f"It names {label(world, short)}, of which 11.90 EUR is open.", short),
    ]
    assert (waiting[0].move.name, waiting[0].move.iban) == ("Ann", "NL91ABNA0417164300")
    assert bank.entries(OTHER) == []
    assert world.findings() == []


def test_somebody_says_what_nothing_names(world: PaidWorld, bank: BankStatements) -> None:
    owed = world.sent("10.00")
    moves = [entry("11.00", details("a")), entry("7.00", details("b")), entry("1.00", details("c"))]
    bank.take(MAKER, camt(*moves))
    third, second, first = bank.entries(MAKER)
    after, payment = bank.assign(MAKER, first.id, invoice_id=owed, customer_id=None)
    assert (after.state, after.payment_id, world.open(owed)) == (EntryState.ASSIGNED, payment.id, ["0.90"])
    again, same = bank.assign(MAKER, first.id, invoice_id=owed, customer_id=None)
    assert (again.payment_id, same.id) == (payment.id, payment.id), "said twice, booked once"
    with pytest.raises(Conflict):
        bank.assign(MAKER, first.id, invoice_id=None, customer_id=ANN)
    bank.assign(MAKER, second.id, invoice_id=None, customer_id=ANN)
    assert (world.open(owed), world.left()) == (["0.00"], "6.10 EUR")
    with pytest.raises(Invalid):
        bank.dismiss(MAKER, third.id, " ")
    assert bank.dismiss(MAKER, third.id, "A gift").why == "A gift"
    for wrong in (lambda: bank.assign(MAKER, third.id, invoice_id=owed, customer_id=None),
                  lambda: bank.dismiss(MAKER, first.id, "no")):  # fmt: skip
        with pytest.raises(Conflict):
            wrong()
    with pytest.raises(NotFound):
        bank.assign(OTHER, third.id, invoice_id=None, customer_id=ANN)
    assert states(bank.take(MAKER, camt(*moves, message="m-2"))) == {}, "known from the first message"
    assert world.findings() == []


def test_debits_come_are_returned_and_say_why(world: PaidWorld, bank: BankStatements) -> None:
    sent, asked, _ = debited(world, 3)
    came, back, refused = (format_id(one.id) for one in asked)
    both = entry("23.80", details(e2e=came, amount="11.90"), details(e2e=back, amount="11.90"), ref="B1")
    taken = bank.take(MAKER, camt(both, kind="054"))
    assert (states(taken), world.open(*sent)) == ({"matched": 2}, ["0.00", "0.00", "11.90"])
    returned = [
        entry("14.90", details(e2e=back, reason="AC04"), credit=False, ref="R1"),
        entry("11.90", details(e2e=refused, reason="MD07"), credit=False, ref="R2"),
        entry("11.90", details(e2e="not-ours", reason="AM04"), credit=False, ref="R3"),
    ]
    taken = bank.take(MAKER, camt(*returned))
    assert states(taken) == {"matched": 2, "open": 1}
    assert [(one.state, one.reason) for one in taken.changed] == [
        (PaymentState.REVERSED, "AC04: Account closed"),
        (PaymentState.FAILED, "MD07: Account closed"),
    ]
    assert world.open(*sent) == ["0.00", "11.90", "11.90"]
    assert (world.balance("fees:sepa"), world.balance("cash:sepa")) == ("3.00", "8.90"), "what the bank took besides"
    later = bank.take(MAKER, camt(both, *returned, entry("23.80", ref="B1"), message="the day's"))
    assert (later.changed, later.statement.entries, later.statement.known) == ([], 1, 5)
    assert world.findings() == []


CHARGES = {
    "none": "",
    "02": '<Chrgs><Amt Ccy="EUR">2.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Chrgs><Chrgs><Amt Ccy="EUR">1.00</Amt></Chrgs>',
    "total": '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">3.00</TtlChrgsAndTaxAmt></Chrgs>',
    "08": '<Chrgs><Rcrd><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd>'
    '<Rcrd><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>',
}


def charged(told: str, version: str) -> str:
    return told.replace("</TxDtls>", CHARGES[version] + "</TxDtls>")


@pytest.mark.parametrize("version", ["02", "total", "08"])
def test_what_the_bank_takes_is_an_expense_once(world: PaidWorld, bank: BankStatements, version: str) -> None:
    sent, asked, _ = debited(world, 4)
    names = [format_id(one.id) for one in asked]
    less = entry("8.90", charged(details(e2e=names[0]), version), ref="C1")
    beside = entry("11.90", charged(details(e2e=names[1], reason="AM04"), version), credit=False, ref="C2")
    two = [charged(details(e2e=one, reason="AC04", amount="11.90"), version) for one in names[2:]]
    content = camt(less, beside, entry("29.80", *two, credit=False, ref="C3"))
    taken = bank.take(MAKER, content)
    assert (states(taken), world.open(*sent)) == ({"matched": 4}, ["0.00", "11.90", "11.90", "11.90"])
    assert (world.balance("fees:sepa"), world.balance("cash:sepa")) == ("12.00", "-0.10")
    assert bank.take(MAKER, content).again
    assert (world.balance("fees:sepa"), world.findings()) == ("12.00", [])


def test_a_charge_is_booked_by_who_goes_on_after_a_crash(
    world: PaidWorld, bank: BankStatements, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (asked,), _ = debited(world, 1)
    content = camt(entry("14.90", details(e2e=format_id(asked.id), reason="AC04"), credit=False))
    book = world.payments.charge

    def unbooked(*_given: Any) -> bool:
        raise Died

    def booked(*given: Any) -> bool:
        assert book(*given)
        raise Died

    for dying in (unbooked, booked):
        with monkeypatch.context() as patch:
            patch.setattr(world.payments, "charge", dying)
            with pytest.raises(Died):
                bank.take(MAKER, content)
        assert [one.state for one in bank.entries(MAKER)] == [EntryState.NEW]
    assert states(bank.take(MAKER, content)) == {"matched": 1}
    assert (world.balance("fees:sepa"), world.findings()) == ("3.00", [])


@pytest.mark.parametrize("tax", ["standard", "damages"])
def test_what_the_bank_took_for_a_return_is_asked_of_who_let_it_be_returned(world: PaidWorld, tax: str) -> None:
    policy = DunningPolicy(pass_on_charges=True, charges_tax_category=tax)
    passing_on = PassingOn(
        world.clock, invoices=world.invoices, customers=world.customers, policy=lambda _organisation_id: policy
    )
    bank = BankStatements(
        world.records, world.clock, payments=world.payments, files=world.files, invoices=world.invoices,
        passing_on=passing_on,
    )  # fmt: skip
    sent, asked, _ = debited(world, 2)
    came, back = (format_id(one.id) for one in asked)
    less = entry("8.90", charged(details(e2e=came), "08"))
    content = camt(less, entry("14.90", details(e2e=back, reason="AC04"), credit=False))
    taken = bank.take(MAKER, content)
    (made,) = (one for one in world.invoices.list(MAKER, limit=9) if one.key.startswith("bank-charge/"))
    (line,) = world.invoices.lines(MAKER, made.id)
    assert (line["title"], line["amount"], line["tax_category"]) == (
        f"Charge of the bank for a returned debit, {label(world, sent[1])}", "3.00", tax,
    )  # fmt: skip
    state = InvoiceState.FINALISED if tax == "standard" else InvoiceState.DRAFT
    assert (made.state, [one.id for one in taken.asked]) == (state, [made.id] * (tax == "standard"))
    assert bank.take(MAKER, content).asked == []
    assert (world.balance("fees:sepa"), world.findings()) == ("6.00", [])


class Died(BaseException):
    """The process, in the middle."""


@pytest.mark.parametrize(("amount", "version"), [("111.91", "none"), ("11.89", "none"), ("8.00", "02")])
def test_what_is_no_charge_waits_for_somebody(
    world: PaidWorld, bank: BankStatements, amount: str, version: str
) -> None:
    _, (asked,), _ = debited(world, 1)
    told = charged(details(e2e=format_id(asked.id), reason="AC04"), version)
    taken = bank.take(MAKER, camt(entry(amount, told, credit=False)))
    assert (states(taken), taken.changed) == ({"open": 1}, [])
    assert (world.balance("fees:sepa"), world.findings()) == ("0.00", [])


def test_a_sum_is_of_the_file_it_names_or_gives_way_to_its_parts(world: PaidWorld, bank: BankStatements) -> None:
    sent, asked, file = debited(world, 2)
    batch = f"<Btch><PmtInfId>{file}</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>"
    wrong = bank.take(MAKER, camt(entry("20.00", ref="B0", batch=batch)))
    assert (states(wrong), wrong.changed) == ({"open": 1}, [])
    parts = [details(e2e=format_id(asked[0].id), amount="8.10"), details("x", amount="11.90")]
    told = bank.take(MAKER, camt(entry("20.00", *parts, ref="B0"), kind="054"))
    assert states(told) == {"open": 2}
    assert [one.state for one in bank.entries(MAKER)] == [EntryState.OPEN, EntryState.OPEN, EntryState.REPLACED]
    right = bank.take(MAKER, camt(entry("23.80", ref="B1", batch=batch), message="m-3"))
    assert (states(right), world.open(*sent)) == ({"matched": 1}, ["0.00", "0.00"])
    assert world.findings() == []


def test_the_same_money_twice_on_one_day_is_two(world: PaidWorld, bank: BankStatements) -> None:
    twice = [entry("5.00", details("card")), entry("5.00", details("card"))]
    assert states(bank.take(MAKER, camt(*twice))) == {"open": 2}
    assert states(bank.take(MAKER, camt(*twice, entry("5.00", details("card")), message="later"))) == {"open": 1}


def test_amounts_are_exact_to_the_last_digit() -> None:
    told = read_statement(camt(entry("12345678901234.01"), entry("0.1"), entry("3", code="JPY")))
    assert [(one.amount, one.currency) for one in told.moves] == [
        (Decimal("12345678901234.01"), "EUR"), (Decimal("0.1"), "EUR"), (Decimal(3), "JPY"),
    ]  # fmt: skip
    assert isinstance(told.moves[0], Move)


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no xml", b"<a/>", camt(entry("1e3")), camt(entry("-1.00")), camt(entry("NaN")), camt(entry("1.00", code="euro")),
        camt().replace(b"<Document", BOMB + b"<Document", 1),
        camt().decode().replace("<Document", BOMB.decode() + "<Document", 1).encode("utf-16"),
        camt().replace(b"UTF-8", b"cp037"), b"<a>" * 100, camt(*[entry("1.00")] * (BANK_ENTRIES_MAX + 1)),
    ],
)  # fmt: skip
def test_what_is_no_statement_or_means_harm_is_refused(world: PaidWorld, bank: BankStatements, content: bytes) -> None:
    with pytest.raises(Invalid):
        bank.take(MAKER, content)
    assert bank.list(MAKER) == []
    assert bank.entries(MAKER) == []
    assert world.findings() == []
