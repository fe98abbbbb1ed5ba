"""`koto invoices`: what customers owe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import yaml

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.deciding import Act, Reason, Things, add_acts
from monokoto.cli.tables import show_table
from monokoto.kernel.errors import NotFound

invoices = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="What customers owe.")
InvoiceArgument = Annotated[str, typer.Argument(metavar="INVOICE", help="Its id.")]
_SAMPLES_SHOWN = 50
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
    invoice: InvoiceArgument,
    line: Annotated[
        str, typer.Option("--line", help="A line by its number or key: how it came about, and the samples behind it.")
    ] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """One invoice with its lines and documents; of a draft what is lacking."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/invoices/{invoice}")
        if line:
            one = _line(found["lines"], line)
            _show_line(one, _samples(api, invoice, one), as_json=as_json)
            return
    if as_json:
        print_json(found)
        return
    _say(found["invoice"])
    numbered = enumerate(found["lines"], start=1)
    show_table(("line", "title", "amount"), [(str(at), one["title"], one["amount"]) for at, one in numbered])
    for one in found["documents"]:
        typer.echo(f"{one['kind']} {one['number']}  {one['issued_at']}  {one['digest'][:16]}")
    for one in found["lacking"]:
        typer.echo(f"lacking: {one['place']}: {one['reason']}")


def _amounts(api: ApiClient, invoice: str, said: list[str]) -> dict[str, str]:
    """What is given back by the keys of lines."""
    lines = api.get(f"/api/v1/invoices/{invoice}")["lines"]
    named = (one.rpartition("=")[::2] for one in said)
    return {_line(lines, name)["key"]: amount for name, amount in named}


def _line(lines: list[Any], named: str) -> Any:
    """A line by its key, else by its number as `show` counts. Raises NotFound."""
    for one in lines:
        if one["key"] == named:
            return one
    if named.isascii() and named.isdigit() and 0 < int(named) <= len(lines):
        return lines[int(named) - 1]
    raise NotFound(f"The invoice has no line {named[:80]!r}.", remedy=f"They are numbered from 1 to {len(lines)}.")


def _samples(api: ApiClient, invoice: str, line: Any) -> list[Any]:
    """The first samples behind a line that charges for usage of a subscription."""
    if not line["meter"] or "subscription" not in line["explanation"]:
        return []
    asked = {"line": line["key"], "limit": str(_SAMPLES_SHOWN + 1)}
    return list(api.get(f"/api/v1/invoices/{invoice}/usage", asked)["items"])


def _show_line(line: Any, samples: list[Any], *, as_json: bool) -> None:
    if as_json:
        print_json({"line": line, "samples": samples[:_SAMPLES_SHOWN]})
        return
    typer.echo(f"{line['title']}  {line['amount']}")
    span = line["span"] or {}
    facts = {name: line[name] for name in ("key", "kind", "quantity", "unit", "price", "meter", "vat", "rate")}
    told = {**facts, "from": span.get("from"), "to": span.get("to"), **line["explanation"]}
    show_table(("", ""), [(name, _text(value)) for name, value in told.items() if value not in (None, "", [])])
    if samples:
        rows = [
            (one["sample"]["at"], one["sample"]["unit"], one["sample"]["value"], one["sample"]["subject"], one["told"])
            for one in samples[:_SAMPLES_SHOWN]
        ]
        show_table(("at", "unit", "value", "of", "told"), rows)
    if len(samples) > _SAMPLES_SHOWN:
        typer.echo(f"The first {_SAMPLES_SHOWN} are shown; `/usage` of the invoice has all of them.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@invoices.command("credit")
@told
def credit(
    invoice: InvoiceArgument,
    name: Annotated[str, typer.Option("--name", help="Names the credit note: the same name twice is one.")],
    line: Annotated[
        list[str] | None,
        typer.Option("--line", help="LINE=AMOUNT, net, a line by its number or key; all that is left without."),
    ] = None,
    reason: ReasonOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give something back, by a document of its own."""
    with connect(url, key) as api:
        lines = _amounts(api, invoice, line) if line else None
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
