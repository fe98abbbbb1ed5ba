"""From a draft to a document: lines, totals, numbers, the chain, what is booked."""

from __future__ import annotations

import hashlib
import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa
from invoices_making import ANN, ANNS_HOME, FIRM, JULY, MAKER, OTHER, RULES, SELLER, SEOUL, World, line

from monokoto.earn.invoices import Category, InvoiceFilter, InvoiceState, LineKind, TaxRule, discount_lines
from monokoto.earn.ledger import Entry, Posting
from monokoto.earn.pricing import Coupon, currency
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, format_id

SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)


def test_a_draft_becomes_a_document_and_is_booked(world: World) -> None:
    made = world.draft("10.00", line("r", "5.00", tax_category="reduced"))
    draft = world.invoices.get(MAKER, made)
    assert (draft.state, str(draft.net), str(draft.open)) == (InvoiceState.DRAFT, "15.00", "0.00")
    totals, lacking = world.invoices.preview(MAKER, made)
    assert totals is not None
    assert (str(totals.gross), lacking) == ("17.25", [])
    sent = world.invoices.finalise(MAKER, made)
    assert (sent.state, sent.label, str(sent.gross), str(sent.open)) == (
        InvoiceState.FINALISED,
        "INV-2026-000001",
        "17.25",
        "17.25",
    )
    assert sent.due_at == world.clock.now() + 14 * 86_400_000_000
    assert world.balance(f"receivable:{format_id(ANN)}") == "17.25"
    assert world.balance("revenue:lamp") == "-15.00"
    assert (world.balance("tax:S-19"), world.balance("tax:S-7")) == ("-1.90", "-0.35")
    assert world.invoices.finalise(MAKER, made) == sent, "asked again, nothing changes"
    assert world.findings() == []


@SQLITE
def test_the_same_key_is_one_invoice(world: World) -> None:
    first = world.draft("1.00", key="k")
    assert world.draft("2.00", key="k") == first
    assert str(world.invoices.get(MAKER, first).net) == "1.00"


def test_lines_change_until_there_is_a_document(world: World) -> None:
    made = world.draft("1.00")
    changed = world.invoices.replace_lines(MAKER, made, [line("x", "3.00")], revision=1)
    assert str(changed.net) == "3.00"
    with pytest.raises(Conflict):
        world.invoices.replace_lines(MAKER, made, [line("x", "4.00")], revision=1)
    assert world.invoices.close(MAKER, made).state is InvoiceState.GRACE
    world.invoices.replace_lines(MAKER, made, [line("x", "5.00")])
    world.invoices.finalise(MAKER, made)
    with pytest.raises(Conflict):
        world.invoices.replace_lines(MAKER, made, [line("x", "6.00")])
    assert [one["amount"] for one in world.invoices.lines(MAKER, made)] == ["5.00"]


@SQLITE
def test_grace_begins_when_the_period_is_over(world: World) -> None:
    made = world.draft("1.00")
    closed = world.invoices.close(MAKER, made)
    assert closed.closes_at == JULY.end + SELLER.grace_seconds * 1_000_000
    assert world.invoices.close(MAKER, made) == closed


@SQLITE
def test_a_draft_that_is_thrown_away_was_never_a_document(world: World) -> None:
    made = world.draft("1.00")
    assert world.invoices.discard(MAKER, made, "a mistake").state is InvoiceState.VOID
    with pytest.raises(Conflict):
        world.invoices.finalise(MAKER, made)
    assert world.invoices.documents(MAKER, made) == []
    assert world.findings() == []


def test_a_document_does_not_move_with_its_customer(world: World) -> None:
    made = world.sent("1.00")
    text = world.invoices.documents(MAKER, made)[0].text
    world.customers.move(ANN, name="Anna", country="KR")
    world.issuers.put_rules(MAKER, [])
    assert world.invoices.documents(MAKER, made)[0].text == text
    assert '"name":"Ann"' in text


@pytest.mark.parametrize("what", ["UPDATE invoice_documents SET label = 'x'", "DELETE FROM invoice_documents"])
def test_the_database_refuses_to_change_a_document(world: World, what: str) -> None:
    world.sent("1.00")
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), world.records.write() as connection:
        connection.execute(sa.text(what))


def test_numbers_have_no_gap_whoever_sends_at_once(world: World) -> None:
    drafts = [world.draft("1.00") for _ in range(24)]
    failed = world.draft(line("u", "1.00", tax_category="unheard-of"))
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for made in drafts[number::4]:
                world.invoices.finalise(MAKER, made)
                with pytest.raises(Invalid):
                    world.invoices.finalise(MAKER, failed)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    labels = sorted(world.invoices.get(MAKER, made).label for made in drafts)
    assert labels == [f"INV-2026-{number:06d}" for number in range(1, 25)]
    assert world.findings() == []


@SQLITE
def test_each_year_of_the_sellers_calendar_has_its_numbers(world: World) -> None:
    first = world.sent("1.00")
    world.clock.advance((parse_instant("2026-12-31T23:30:00Z") - world.clock.now()) / 1e6)
    second, note = world.sent("1.00"), world.giving.credit_note(MAKER, first, key="n", reason="")
    assert world.invoices.get(MAKER, second).label == "INV-2027-000001", "in Berlin it is the new year"
    assert world.invoices.documents(MAKER, first)[1].label == "CN-2027-000001"
    assert note.gross == Decimal("1.19")
    assert world.findings() == []


@SQLITE
def test_documents_are_chained(world: World) -> None:
    made = [world.sent("1.00"), world.sent("2.00")]
    first, second = (world.invoices.documents(MAKER, one)[0] for one in made)
    assert first.content["previous"] == "00" * 32
    assert second.content["previous"] == hashlib.sha256(first.text.encode()).hexdigest()
    with world.records.write() as connection:
        connection.execute(sa.text("DROP TRIGGER invoice_documents_UPDATE"))
        connection.execute(sa.text("UPDATE invoice_documents SET text = replace(text, '\"1.00\"', '\"1.01\"')"))
    found = world.findings()
    assert any("its text was changed" in one for one in found)
    assert any("BR-CO-15" in one for one in found)
    assert any("revenue:lamp" in one for one in found), "the books say something else"


@SQLITE
def test_tax_follows_the_sellers_rules(world: World) -> None:
    firm, seoul = world.sent("100.00", customer=FIRM), world.sent("100.00", customer=SEOUL)
    told = [world.invoices.documents(MAKER, one)[0].content["totals"]["taxes"][0] for one in (firm, seoul)]
    assert [(one["vat"], one["tax"], one["reason"]) for one in told] == [
        ("AE", "0.00", "Reverse charge"),
        ("G", "0.00", "Not taxable here"),
    ]
    world.customers.move(FIRM, vat_id="NL000000000B00", country="FR")
    world.issuers.put_rules(MAKER, RULES[:3])
    with pytest.raises(Invalid) as refused:
        world.sent("100.00", customer=FIRM)
    assert "no tax rule for 'standard' to a consumer in FR" in str(refused.value)


@SQLITE
def test_a_rate_that_changes_holds_for_what_is_supplied_from_then_on(world: World) -> None:
    change = parse_instant("2026-07-20T00:00:00Z")
    old = TaxRule(country="DE", category=Category.STANDARD, rate_percent=Decimal(19), end=change)
    new = TaxRule(country="DE", category=Category.STANDARD, rate_percent=Decimal(21), begin=change)
    world.issuers.put_rules(MAKER, [old, new])
    early = line("early", "100.00", span=type(JULY)(JULY.start, change))
    made = world.sent(early, line("late", "100.00"), line("ahead", "100.00", span=type(JULY)(JULY.end, JULY.end * 2)))
    taxes = world.invoices.documents(MAKER, made)[0].content["totals"]["taxes"]
    assert [(one["rate"], one["tax"]) for one in taxes] == [("19", "19.00"), ("21", "42.00")]


@SQLITE
@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (TaxRule(category=Category.STANDARD), "above zero for category S"),
        (TaxRule(category=Category.EXEMPT), "needs one on the document"),
        (TaxRule(category=Category.REVERSE_CHARGE, reason="r"), "for businesses"),
        (TaxRule(category=Category.ZERO_RATED, country="Germany"), "two letters"),
        (TaxRule(category=Category.ZERO_RATED, begin=5, end=5), "after its beginning"),
    ],
)
def test_rules_that_cannot_hold_are_refused(world: World, rule: TaxRule, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.issuers.put_rules(MAKER, [*RULES, rule, RULES[0]])
    assert why in str(refused.value)
    assert "is for the same as rules/0" in str(refused.value)
    assert world.issuers.rules(MAKER) == RULES


@SQLITE
def test_a_seller_must_be_described(world: World) -> None:
    assert world.issuers.get(OTHER).name == ""
    with pytest.raises(NotFound):  # another's, whoever asks: nothing of theirs is told before
        world.invoices.finalise(OTHER, world.draft("1.00"))
    theirs = world.draft("1.00", seller=OTHER)
    with pytest.raises(Invalid) as refused:
        world.invoices.finalise(OTHER, theirs)
    assert "seller/name" in str(refused.value)
    bad = type(SELLER)(organisation_id=OrganisationId(MAKER), vat_id="DE136695977", iban="DE00", timezone="Berlin")
    with pytest.raises(Invalid) as refused:
        world.issuers.put(bad)
    assert {fault.place for fault in refused.value.faults} == {"vat_id", "iban", "timezone"}
    assert world.issuers.get(MAKER) == SELLER


@SQLITE
@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line("a", "1.005")], "more digits than EUR"),
        ([line("a", "1.00"), line("a", "2.00")], "another line has it"),
        ([line("a", "1.00", kind=LineKind.WALLET)], "not above zero"),
        ([line("a", "1.00", explanation={"text": "x" * 20_000})], "is over"),
    ],
)
def test_lines_that_cannot_stand_on_an_invoice_are_refused(world: World, lines: list[object], why: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.draft(*lines)  # type: ignore[arg-type]
    assert why in str(refused.value)


@SQLITE
def test_coupons_are_lines_taxed_as_what_they_take_off(world: World) -> None:
    lines = [line("a", "10.00"), line("b", "5.00", tax_category="reduced"), line("c", "0.01")]
    off = discount_lines(lines, [("ten", "Ten off", Coupon(percent=Decimal(10)))], currency("EUR"))
    assert sum(one.amount for one in off) == Decimal("-1.50")
    made = world.invoices.get(MAKER, world.sent(*lines, *off))
    assert str(made.net) == "13.51"
    assert world.balance("tax:S-7") == "-0.32"
    assert world.findings() == []


def test_a_wallet_pays_what_it_holds(world: World) -> None:
    customer = format_id(ANN)
    topped = (Posting("cash:manual", Decimal("15.00"), "EUR"), Posting(f"wallet:{customer}", Decimal("-15.00"), "EUR"))
    with world.records.write() as connection:
        world.ledger.post(connection, MAKER, Entry(key="top-up", at=1, title="Paid ahead", postings=topped))
    asks = line("w", "-100.00", kind=LineKind.WALLET)
    drafts = [world.draft("10.00", asks), world.draft("10.00", asks)]
    first, second = world.invoices.finalise_many(MAKER, drafts)
    assert (str(first.prepaid), str(first.open), first.state) == ("11.90", "0.00", InvoiceState.PAID)
    assert (str(second.prepaid), str(second.open), second.state) == ("3.10", "8.80", InvoiceState.FINALISED)
    assert (world.balance(f"wallet:{customer}"), world.balance(f"receivable:{customer}")) == ("0.00", "8.80")
    world.giving.void(MAKER, second.id, "a mistake")
    assert (world.balance(f"wallet:{customer}"), world.balance(f"receivable:{customer}")) == ("-3.10", "0.00")
    assert world.findings() == []


@SQLITE
def test_an_invoice_below_zero_is_credit(world: World) -> None:
    made = world.invoices.get(MAKER, world.sent("10.00", line("c", "-30.00", kind=LineKind.CREDIT)))
    assert (str(made.gross), str(made.open), made.state) == ("-23.80", "0.00", InvoiceState.PAID)
    assert world.balance(f"credit:{format_id(ANN)}") == "-23.80"
    assert [str(one.over) for one in world.invoices.notes(MAKER, customer_id=ANN)] == ["23.80"]
    assert world.findings() == []


@SQLITE
@pytest.mark.parametrize(("code", "amount", "gross"), [("JPY", "105", "125"), ("KWD", "1.005", "1.196")])
def test_a_currency_has_its_own_digits(world: World, code: str, amount: str, gross: str) -> None:
    assert str(world.invoices.get(MAKER, world.sent(amount, code=code)).gross) == gross
    assert world.findings() == []


@SQLITE
def test_others_see_nothing(world: World) -> None:
    made = world.sent("1.00")
    draft = world.draft("1.00")
    with pytest.raises(NotFound):
        world.invoices.get(OTHER, made)
    assert world.invoices.list(OTHER) == []
    assert [one.id for one in world.invoices.list_mine(ANNS_HOME)] == [made], "and of drafts their buyer sees nothing"
    with pytest.raises(NotFound):
        world.invoices.get_mine(ANNS_HOME, draft)
    with pytest.raises(NotFound):
        world.invoices.get_mine(MAKER, made)


def test_drafts_thrown_away_with_nothing_on_them_are_listed_alone_or_left_out(world: World) -> None:
    for code in ("EUR", "KRW", "KWD"):
        world.invoices.discard(MAKER, world.draft(code=code), "Nothing was due.")
    full = world.draft("3.00")
    world.invoices.discard(MAKER, full, "a mistake")
    going_on, taken_back = world.draft(), world.sent("4.00")
    world.giving.void(MAKER, taken_back, "a mistake")
    empty = [one.id for one in world.invoices.list(MAKER, InvoiceFilter(empty=True))]
    others = [one.id for one in world.invoices.list(MAKER, InvoiceFilter(empty=False))]
    assert len(empty) == 3
    assert others == [taken_back, going_on, full]
    assert [one.id for one in world.invoices.list(MAKER)] == sorted([*empty, *others], reverse=True)
