"""`koto payments` and `koto ledger`: money that comes and goes, and the books."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.named import read_words
from monokoto.cli.tables import show_table

payments = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Money that comes and goes."
)
ledger = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="The books.")
CustomerArgument = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Its id.")]
AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 12.30.")]
CurrencyArgument = Annotated[str, typer.Argument(metavar="CURRENCY", help="Such as EUR.")]
NameOption = Annotated[str, typer.Option("--name", help="Names the payment: the same name twice is one.")]
MethodOption = Annotated[str, typer.Option("--method", help="manual, sandbox, sepa or stripe.")]


@payments.command("list")
@told
def list_payments(
    state: Annotated[str, typer.Option("--state", help="Those in this state.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Payments, the newest first."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/payments", {"state": state} if state else None))
    if as_json:
        print_json(found)
        return
    rows = [
        (one["id"], one["direction"], one["method"], one["state"], f"{one['amount']} {one['currency']}")
        for one in found
    ]
    show_table(("payment", "", "method", "state", "amount"), rows)


@payments.command("record")
@told
def record(
    customer: CustomerArgument,
    amount: AmountArgument,
    currency: CurrencyArgument,
    name: NameOption,
    invoice: Annotated[str, typer.Option("--invoice", help="The id of the invoice to pay first.")] = "",
    wallet: Annotated[bool, typer.Option("--wallet", help="Paid ahead, into the wallet.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Money that came: it pays the oldest invoice due."""
    body = {
        "customer": customer, "amount": amount, "currency": currency, "key": name, "invoice": invoice or None, "wallet": wallet,
    }  # fmt: skip
    _post("/api/v1/payments", body, url, key, as_json)


@payments.command("collect")
@told
def collect(
    invoice: Annotated[str, typer.Argument(metavar="INVOICE", help="Its id.")],
    name: NameOption,
    method: MethodOption = "sepa",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask for what is open of an invoice."""
    _post("/api/v1/payments/collect", {"invoice": invoice, "method": method, "key": name}, url, key, as_json)


@payments.command("outcome")
@told
def outcome(
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id.")],
    state: Annotated[str, typer.Argument(metavar="STATE", help="succeeded, failed or reversed.")],
    reason: Annotated[str, typer.Option("--reason", help="What the bank said.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say what became of a payment."""
    _post(f"/api/v1/payments/{payment}/outcome", {"state": state, "reason": reason}, url, key, as_json)


@payments.command("refund")
@told
def refund(
    customer: CustomerArgument,
    amount: AmountArgument,
    currency: CurrencyArgument,
    name: NameOption,
    method: MethodOption = "manual",
    iban: Annotated[str, typer.Option("--iban", help="The account it goes to.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send credit back to a customer."""
    body = {"customer": customer, "amount": amount, "currency": currency, "key": name, "method": method, "iban": iban}
    _post("/api/v1/refunds", body, url, key, as_json)


@payments.command("top-up")
@told
def top_up(
    customer: CustomerArgument,
    amount: AmountArgument,
    currency: CurrencyArgument,
    name: NameOption,
    method: MethodOption = "sepa",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask a customer for money ahead, into its wallet."""
    body = {"customer": customer, "amount": amount, "currency": currency, "key": name, "method": method}
    _post("/api/v1/top-ups", body, url, key, as_json)


@payments.command("pay-out")
@told
def pay_out(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="Its name in plans.")],
    amount: AmountArgument,
    currency: CurrencyArgument,
    name: NameOption,
    method: MethodOption = "manual",
    iban: Annotated[str, typer.Option("--iban", help="The account it goes to.")] = "",
    holder: Annotated[str, typer.Option("--holder", help="Whose account that is.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send a partner what it is owed, or a part."""
    body = {
        "partner": partner, "amount": amount, "currency": currency, "key": name, "method": method, "iban": iban, "holder": holder,
    }  # fmt: skip
    _post("/api/v1/payouts", body, url, key, as_json)


@payments.command("file")
@told
def file(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="pain.008 (direct debits) or pain.001 (credit transfers).")
    ],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Put what waits into a file for a bank."""
    with connect(url, key) as api:
        found = api.post("/api/v1/payment-files", {"kind": kind})
    if as_json:
        print_json(found)
    else:
        typer.echo(
            f"{found['id']}  {found['payments']} payments, {found['total']} EUR: GET /api/v1/payment-files/{found['id']}"
        )


@payments.command("statement")
@told
def statement_of_bank(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A camt.053 or camt.054 of your bank.", exists=True)],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take in a bank's statement: what came pays what it names. The same file twice changes nothing."""
    with connect(url, key) as api:
        headers = {"Content-Type": "application/xml"}
        found = api.request("POST", "/api/v1/bank-statements", content=file.read_bytes(), headers=headers)
    if as_json:
        print_json(found)
        return
    again = ", taken in before" if found["again"] else ""
    typer.echo(f"{found['statement']['kind']} {found['statement']['message_id']}{again}")
    typer.echo(f"{found['matched']} matched, {found['open']} open, {found['others']} of others")


@payments.command("entries")
@told
def entries_of_bank(
    state: Annotated[str, typer.Option("--state", help="new, matched, open, assigned, dismissed, replaced.")] = "open",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Entries of a bank's statements: those that wait for somebody."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/bank-entries", {"state": state} if state else None))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["id"],
            one["booked_on"],
            one["name"],
            one["why"],
            f"{'' if one['came'] else '-'}{one['amount']} {one['currency']}",
        )
        for one in found
    ]
    show_table(("entry", "", "from", "why", "amount"), rows)


@payments.command("assign")
@told
def assign(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Its id, as `koto payments entries` says it.")],
    invoice: Annotated[str, typer.Option("--invoice", help="The id of the invoice it pays.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="The id of the customer whose credit it is.")] = "",
    nothing: Annotated[str, typer.Option("--nothing-of-ours", help="Why it is not booked at all.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say whose money an entry is."""
    body = {"invoice": invoice or None, "customer": customer or None, "nothing_of_ours": nothing}
    with connect(url, key) as api:
        found = api.post(f"/api/v1/bank-entries/{entry}/assignment", body)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['id']}  {found['state']}  {found['amount']} {found['currency']}")


@payments.command("reminders")
@told
def reminders(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="YAML or JSON: `steps:`; without it they are shown.")
    ] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What follows when nobody pays: the steps by the days an invoice is overdue, and their texts."""
    with connect(url, key) as api:
        if file is None:
            found = api.get("/api/v1/dunning-policy")
        else:
            found = api.request("PUT", "/api/v1/dunning-policy", json=read_words(file))
    if as_json:
        print_json(found)
        return
    rows = [(str(one["after_days"]), one["act"], " ".join(sorted(one["texts"]))) for one in found["steps"]]
    show_table(("days", "what happens", "own texts"), rows)
    if found["pass_on_charges"]:
        typer.echo("What a bank takes for a returned debit is asked of the customer.")


@payments.command("overdue")
@told
def overdue(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """What is overdue, and what follows when."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/dunning"))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["number"],
            one["due_at"],
            "paused" if one["paused"] else f"{one['next']} {one['next_at']}" if one["next"] else "",
            f"{one['open']} {one['currency']}",
        )
        for one in found
    ]
    show_table(("invoice", "due", "next", "open"), rows)


@ledger.command("balances")
@told
def balances(
    at: Annotated[str, typer.Option("--at", help="As of this instant (RFC 3339).")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The trial balance."""
    with connect(url, key) as api:
        found = api.get("/api/v1/ledger/balances", {"at": at} if at else None)
    if as_json:
        print_json(found)
        return
    rows = [
        (one["account"], one["debits"], one["credits"], one["balance"], one["currency"]) for one in found["accounts"]
    ]
    show_table(("account", "debits", "credits", "balance", ""), rows)


@ledger.command("entries")
@told
def entries(
    account: Annotated[str, typer.Option("--account", help="On this account, such as cash:manual.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 50,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What was booked, the newest first."""
    with connect(url, key) as api:
        asked = {"limit": str(limit)} | ({"account": account} if account else {})
        found = api.get("/api/v1/ledger/entries", asked)["items"]
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(f"{one['number']}  {one['at']}  {one['title']}")
        for post in one["postings"]:
            typer.echo(f"    {post['account']:40} {post['amount']:>14} {post['currency']}")


@ledger.command("audit")
@told
def audit(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Read and add everything up again; fails when something is not as it must be."""
    with connect(url, key) as api:
        found = api.get("/api/v1/ledger/audit")
    if as_json:
        print_json(found)
    else:
        for one in found["findings"]:
            typer.echo(f"{one['where']}: {one['what']}")
        typer.echo(f"{found['entries']} entries, {'sound' if found['sound'] else 'NOT SOUND'}; head {found['head']}")
    if not found["sound"]:
        raise typer.Exit(1)


def _post(path: str, body: Any, url: str, key: str, as_json: bool) -> None:
    with connect(url, key) as api:
        found = api.post(path, body)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['id']}  {found['state']}  {found['amount']} {found['currency']}")
