"""`koto invoices`: what customers owe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.deciding import Act, Reason, Things, add_acts
from monokoto.cli.named import show_table

invoices = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="What customers owe.")
InvoiceArgument = Annotated[str, typer.Argument(metavar="INVOICE", help="Its id.")]
_WHY = "Why; it stands on the document."
ReasonOption = Annotated[str, typer.Option("--reason", help=_WHY)]
_REASON = Reason("--reason", "reason", _WHY)


@invoices.command("list")
@told
def list_invoices(
    state: Annotated[str, typer.Option("--state", help="Those in this state.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="Those of the customer with this id.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Those that should be paid by now.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Invoices, the newest first."""
    asked = {"state": state, "customer": customer, "overdue": "true" if overdue else ""}
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/invoices", {name: value for name, value in asked.items() if value}))
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["number"], one["state"], one["gross"], one["open"], one["currency"]) for one in found]
    show_table(("invoice", "number", "state", "gross", "open", ""), rows)


@invoices.command("show")
@told
def show_invoice(
    invoice: InvoiceArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One invoice with its lines and documents; of a draft what is lacking."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/invoices/{invoice}")
    if as_json:
        print_json(found)
        return
    _say(found["invoice"])
    show_table(("line", "title", "amount"), [(one["key"], one["title"], one["amount"]) for one in found["lines"]])
    for one in found["documents"]:
        typer.echo(f"{one['kind']} {one['number']}  {one['issued_at']}  {one['digest'][:16]}")
    for one in found["lacking"]:
        typer.echo(f"lacking: {one['place']}: {one['reason']}")


@invoices.command("credit")
@told
def credit(
    invoice: InvoiceArgument,
    name: Annotated[str, typer.Option("--name", help="Names the credit note: the same name twice is one.")],
    line: Annotated[
        list[str] | None, typer.Option("--line", help="LINE=AMOUNT, net; all that is left without.")
    ] = None,
    reason: ReasonOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give something back, by a document of its own."""
    lines = dict(one.rpartition("=")[::2] for one in line) if line else None
    with connect(url, key) as api:
        body = {"key": name, "reason": reason, "lines": lines}
        found = api.post(f"/api/v1/invoices/{invoice}/credit-notes", body)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['number']}  {found['gross']}")


@invoices.command("tax-rules")
@told
def tax_rules(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="YAML with `rules:`; none: show them.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the tax rules, or make those of a file the rules."""
    with connect(url, key) as api:
        if file is None:
            found = api.get("/api/v1/tax-rules")
        else:
            found = api.request("PUT", "/api/v1/tax-rules", json=yaml.safe_load(file.read_text("utf-8")))
    if as_json:
        print_json(found)
        return
    rows = [
        (one["supply"], one["country"] or "any", one["buyer"], one["category"], one["rate_percent"])
        for one in found["rules"]
    ]
    show_table(("supply", "country", "buyer", "category", "%"), rows)


def _say(one: Any) -> None:
    typer.echo(f"{one['number'] or one['id']}  {one['state']}  {one['gross']} {one['currency']}, {one['open']} open")


add_acts(
    invoices,
    Things("/api/v1/invoices", "INVOICE", _say),
    (
        Act("finalise", "finalise", "Make a draft a document: numbered, booked, never changed again."),
        Act("void", "void", "Take an invoice back of which nothing is paid, or throw a draft away.", _REASON),
        Act("write-off", "uncollectible", "Nobody will pay what is open.", _REASON),
    ),
)
