"""The pages about payments, books and the seller in a real browser."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from browser import Chromium, session_cookies
from furnished_till import Till, furnish
from playwright.sync_api import Page, expect

from monokoto.testing import Installation

LOOKS = (("phone", "dark", "ko"), ("desktop", "light", "en"))
REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
  <GrpHdr><MsgId>bank-1</MsgId><CreDtTm>2026-01-01T00:00:00</CreDtTm></GrpHdr>
  <OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId></OrgnlGrpInfAndSts>
  <OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>
    <TxInfAndSts><OrgnlEndToEndId>{payment}</OrgnlEndToEndId><TxSts>{status}</TxSts>
      <StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>"""


@pytest.fixture(scope="module")
def till(here: Installation) -> Till:
    return furnish(here)


@pytest.fixture
def cookies(till: Till, here: Installation) -> list[dict[str, Any]]:
    return session_cookies(till.admin, here.api_url)


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_pages_are_accessible_translated_and_as_wide_as_their_window(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]], look: tuple[str, str, str]
) -> None:
    width, theme, language = look
    till.admin.patch("/api/v1/me", json={"locale": language}).raise_for_status()
    faults = []
    with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:
        for name, path in till.pages().items():
            page = visitor.go(path)
            faults += [f"{name}: {one}" for one in [*visitor.violations(), *visitor.faults]]
            visitor.faults.clear()
            if visitor.overflow() > 0:
                faults.append(f"{name}: {visitor.overflow()} px too wide")
            if page.locator("h1").count() != 1 or page.locator("html").get_attribute("lang") != language:
                faults.append(f"{name}: {page.locator('h1').count()} headings, {page.title()}")
    till.admin.patch("/api/v1/me", json={"locale": "en"}).raise_for_status()
    assert not faults


def test_a_part_is_paid_the_rest_too_much_and_what_is_over_goes_back(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    invoice = till.sent("for-payments")
    number = till.get(f"/api/v1/invoices/{invoice}")["invoice"]["number"]
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/payments/new?invoice={invoice}")
        expect(page.get_by_label("Amount")).to_have_value("119.00")
        page.get_by_label("Amount").fill("much")
        page.get_by_role("button", name="Record it").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        page.get_by_label("For", exact=True).select_option(invoice)
        page.get_by_label("Amount").fill("20.00")
        page.get_by_role("button", name="Record it").click()
        expect(page.get_by_text("The payment is recorded.")).to_be_visible()
        expect(page.locator(".facts")).to_contain_text("€99.00 still open")
        page.get_by_role("link", name=number).click()
        expect(page.locator(".amounts")).to_contain_text("€99.00")
        till.paid("500.00", "far-too-much", invoice=invoice)
        page = visitor.go(f"/console/payments/send/refund?customer={till.customer}")
        left = page.get_by_label("Amount").input_value()
        assert Decimal(left) > 100
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Send credit back").click()
        assert _left(till) == left, "asked, and not sure"
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Send credit back").click()
        expect(page.get_by_text("The money is on its way back.")).to_be_visible()
        assert _left(till) == ""
        page = visitor.go("/console/payments?direction=out")
        expect(page.get_by_role("row").filter(has_text="sent back").first).to_be_visible()
        assert not visitor.faults


def test_money_is_asked_for_ahead_and_partners_are_owed_nothing(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/payments/send/pay-out")
        expect(page.get_by_text("Nothing is owed to partners")).to_be_visible()
        refused = {"partner": "city", "amount": "1.00", "currency": "EUR", "key": "city-1"}
        assert till.admin.post("/api/v1/payouts", json=refused).status_code == 409
        page = visitor.go("/console/payments/send/top-up")
        page.get_by_label("Amount").fill("25.00")
        page.get_by_label("Way of payment").select_option("sandbox")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Ask for money ahead").click()
        expect(page.get_by_text("The money is asked for.")).to_be_visible()
        expect(page.locator(".facts")).to_contain_text("paid ahead")
        page = visitor.go(f"/console/customers/{till.customer}")
        expect(page.locator(".facts").first).to_contain_text("€65.00")
        assert not visitor.faults


def _left(till: Till) -> str:
    found = till.get(f"/api/v1/customers/{till.customer}/credit")["credits"]
    return f"{sum(Decimal(one['left']) for one in found):f}" if found else ""


def test_a_file_goes_to_the_bank_and_its_answer_is_put_on_the_payments(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/payment-files")
        page.get_by_role("button", name="Make the file").click()
        expect(page.get_by_text("The file is made.")).to_be_visible()
        href = page.get_by_role("link", name="Download").get_attribute("href")
        text = page.request.get(till.here.api_url + str(href)).text()
        assert till.debit in text
        message = page.locator(".about").inner_text()
        page.get_by_role("button", name="Take it in").click()
        expect(page.get_by_text("Choose a file first.").first).to_be_visible()
        _upload(page, REPORT.format(message="another", payment=till.debit, status="ACSC"))
        expect(page.get_by_role("alert").first).to_contain_text("another")
        _upload(page, REPORT.format(message=message, payment=till.debit, status="ACSC"))
        expect(page.locator("#answer")).to_contain_text("1 payment is known now.")
        assert till.get(f"/api/v1/payments/{till.debit}")["state"] == "succeeded"
        _upload(page, REPORT.format(message=message, payment=till.debit, status="RJCT"))
        expect(page.get_by_role("row").filter(has_text="AM04")).to_contain_text("reversed")
        assert not visitor.faults


def _upload(page: Page, text: str) -> None:
    page.locator("#f-file").set_input_files({"name": "answer.xml", "mimeType": "text/xml", "buffer": text.encode()})
    page.get_by_role("button", name="Take it in").click()


def test_books_are_balanced_searched_audited_and_taken_along(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    number = till.get(f"/api/v1/invoices/{till.invoice}")["invoice"]["number"]
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/books")
        expect(page.locator("tfoot").get_by_text("equal", exact=True)).to_be_visible()
        assert len(set(page.locator("tfoot td").all_inner_texts()[:2])) == 1
        page.get_by_role("button", name="Audit the books").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#audit")).to_contain_text("Everything is right")
        page.get_by_role("link", name="Entries").click()
        page.get_by_label("Invoice number").fill(number)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text(f"Paid on {number}").first).to_be_visible()
        expect(page.locator("table.entries")).not_to_contain_text("Sent back")
        href = str(page.get_by_role("link", name="Download as CSV").get_attribute("href"))
        assert not visitor.faults
    rows = list(csv.DictReader(io.StringIO(till.admin.get(href).raise_for_status().text)))
    debits, credits_ = (sum(Decimal(row[name] or 0) for row in rows) for name in ("debit", "credit"))
    assert debits == credits_ > 0
    assert {row["key"].partition(":")[0] for row in rows} == {"invoice", "payment", "allocation"}
    rows = list(csv.DictReader(io.StringIO(till.admin.get("/api/v1/ledger/export").text)))
    assert len({row["number"] for row in rows}) == till.get("/api/v1/ledger/audit")["entries"]


def test_the_seller_is_checked_and_tax_rules_come_and_end(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/seller")
        page.get_by_label("Bank account (IBAN)").fill("DE00370400440532013000")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#f-iban")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Bank account (IBAN)").fill("DE89 3704 0044 0532 0130 00")
        page.get_by_label("Registration").fill("HRB 1")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It stands on documents from now on.")).to_be_visible()
        page.get_by_label("Category").select_option("AE")
        page.get_by_role("textbox", name="Country of the buyer").fill("EU")
        page.get_by_role("button", name="Add the rule").click()
        expect(page.get_by_role("alert")).to_contain_text("reason")
        page.get_by_label("Why there is no tax").fill("Reverse charge")
        page.get_by_label("Buyer", exact=True).select_option("business")
        page.get_by_role("button", name="Add the rule").click()
        row = page.get_by_role("row").filter(has_text="Reverse charge")
        expect(row).to_contain_text("always")
        page.once("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="End it").click()
        expect(row).to_contain_text("until before")
        expect(page.get_by_role("row").filter(has_text="INV-").first).to_be_visible()
        assert not visitor.faults
    assert till.get("/api/v1/issuer")["registration"] == "HRB 1"
    assert [one["to"] is None for one in till.get("/api/v1/tax-rules")["rules"]] == [True, False]


def test_reminders_about_an_invoice_are_paused_and_go_on(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    invoice = till.sent("disputed")
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go(f"/console/invoices/{invoice}")
        page.get_by_label("Why").fill("They say it is wrong")
        page.get_by_role("button", name="Pause reminders").click()
        expect(page.locator("section[aria-labelledby=dunning]")).to_contain_text("They say it is wrong")
        assert till.get(f"/api/v1/invoices/{invoice}/dunning-pause")["paused"]
        page.get_by_role("button", name="Remind again").click()
        expect(page.get_by_role("button", name="Pause reminders")).to_be_visible()
        assert not visitor.faults


STATEMENT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>day-1</MsgId></GrpHdr>
<Stmt><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"""
ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls>
<TxDtls><RltdPties><Dbtr><Pty><Nm>Hotel Sol</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""


def test_a_statement_pays_what_it_names_and_somebody_says_the_rest(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    named, unnamed = till.sent("by-bank"), till.sent("by-hand")
    number = till.get(f"/api/v1/invoices/{named}")["invoice"]["number"]
    entries = ENTRY.format(amount="119.00", text=number) + ENTRY.format(amount="7.00", text="Greetings")
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/bank")
        expect(page.get_by_text("Nothing waits", exact=True)).to_be_visible()
        _upload(page, "<a/>")
        expect(page.get_by_role("alert").first).to_be_visible()
        _upload(page, STATEMENT.format(entries=entries))
        expect(page.locator("#taken")).to_contain_text("1 entry found its payment. 1 waits for you.")
        assert till.get(f"/api/v1/invoices/{named}")["invoice"]["state"] == "paid"
        assert not visitor.violations()
        assert visitor.overflow() <= 0
        page.get_by_label("It pays").select_option(unnamed)
        page.get_by_role("button", name="Book it").click()
        expect(page.get_by_text("It is said what this money is.")).to_be_visible()
        assert till.get(f"/api/v1/invoices/{unnamed}")["invoice"]["open"] == "112.00"
        _upload(page, STATEMENT.format(entries=entries))
        expect(page.locator("#taken")).to_contain_text("taken in before")
        assert not visitor.faults


def test_the_steps_that_follow_are_said_and_a_wrong_one_is_shown_where_it_is(
    till: Till, chrome: Chromium, cookies: list[dict[str, Any]]
) -> None:
    with chrome.visitor(cookies=cookies) as visitor:
        page = visitor.go("/console/dunning")
        for days, act in (("5", "notice"), ("3", "suspend")):
            page.get_by_label("Days after it was due").last.fill(days)
            page.get_by_label("What happens").last.select_option(act)
            page.get_by_role("button", name="Keep the steps").press("Enter")
            if days == "5":
                expect(page.get_by_text("The steps are kept.")).to_be_visible()
        expect(page.locator(".fault").first).to_contain_text("later than the step before")
        page.get_by_label("Days after it was due").nth(1).fill("20")
        page.get_by_role("button", name="Keep the steps").press("Enter")
        expect(page.get_by_text("The steps are kept.")).to_be_visible()
        assert [one["after_days"] for one in till.get("/api/v1/dunning-policy")["steps"]] == [5, 20]
        assert not visitor.faults
