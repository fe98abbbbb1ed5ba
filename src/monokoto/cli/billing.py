"""`koto billing`: from what was used to what is owed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.reports import report, sold
from monokoto.cli.tables import show_table
from monokoto.kernel.errors import Invalid, Unavailable

billing = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="From what was used to what is owed."
)
POLL_SECONDS = 1.0
billing.command("report")(report)
billing.command("sold")(sold)


@billing.command("run")
@told
def run(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Draft what is due and make documents of what waited long enough, now. It goes by itself, too."""
    with connect(url, key) as api:
        found = _over(api, api.post("/api/v1/billing/runs"))
    if as_json:
        print_json(found)
    else:
        _say(found)
    if found["error"]:
        raise Unavailable(found["error"])


def _over(api: ApiClient, found: Any) -> Any:
    while found["state"] == "running":
        time.sleep(POLL_SECONDS)
        found = api.get("/api/v1/billing/runs")
    return found


def _say(found: Any) -> None:
    if not any(found[name] for name in ("drafted", "finalised", "discarded", "failures")):
        typer.echo("Nothing was due: what was is on invoices already (`koto invoices list`).")
        return
    typer.echo(f"{found['drafted']} drafted, {found['finalised']} made documents, {found['discarded']} thrown away")
    if found["failures"]:
        typer.echo(f"{found['failures_count']} could not be billed:")
        show_table(("subscription", "why"), [(one["subscription"], one["reason"]) for one in found["failures"]])


@billing.command("preview")
@told
def preview(
    subscription: Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its id.")],
    mine: Annotated[bool, typer.Option("--mine", help="One we subscribed to, not one we sold.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The next invoice of a subscription as it would be now."""
    side = "my/" if mine else ""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/{side}subscriptions/{subscription}/next-invoice")
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['plan']} {found['version']}: {found['net']} {found['currency']} without tax")
    if not found["lines"]:
        typer.echo("Nothing new since its last invoice.")
        return
    rows = [(one["title"], one["quantity"] or "", one["unit"], one["amount"]) for one in found["lines"]]
    show_table(("line", "quantity", "", "amount"), rows)


@billing.command("document")
@told
def document(
    invoice: Annotated[str, typer.Argument(metavar="INVOICE", help="Its id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: its name ends in .pdf or .xml.")],
    number: Annotated[str, typer.Option("--number", help="Of a credit note for the invoice.")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="One we were sent, not one we sent.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """An invoice as a file: on paper (.pdf) or as an electronic invoice (.xml)."""
    side, form = "my/" if mine else "", file.suffix.lower().removeprefix(".")
    if form not in {"pdf", "xml"}:
        raise Invalid(
            f"{file} is neither .pdf nor .xml.", remedy="Say by the end of the name which of the two you want."
        )
    with connect(url, key) as api:
        asked = {"number": number} if number else {}
        answer = api.stream("GET", f"/api/v1/{side}invoices/{invoice}/document.{form}", params=asked)
        with answer as told_bytes:
            content = b"".join(told_bytes.iter_bytes())
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.") from None
    typer.echo(str(file))


def _draft(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise Invalid(f"{file} cannot be read: {reason}") from None


@billing.command("simulate")
@told
def simulate(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="Its name.")],
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Its name.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="YAML of a draft; none: the published one.")
    ] = None,
    version: Annotated[int, typer.Option("--version", help="A published version; 0: the newest.")] = 0,
    begin: Annotated[str, typer.Option("--from", help="RFC 3339; left out: the last whole month.")] = "",
    end: Annotated[str, typer.Option("--to", help="RFC 3339; left out: the beginning of this month.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What a plan would have come to by past usage, beside what was billed. Nothing is published."""
    document = None if file is None else _draft(file)
    body = {"product": product, "plan": plan, "version": version, "document": document, "from": begin, "to": end}
    with connect(url, key) as api:
        found = api.post("/api/v1/plans/simulations", body)
    if as_json:
        print_json(found)
        return
    typer.echo(
        f"{found['subscriptions']} subscriptions: {found['billed']} billed, {found['simulated']} by this plan,"
        f" {found['difference']} {found['currency']}"
    )
    for reason, count in found["left_out"].items():
        typer.echo(f"  {count} left out: {reason}")
    rows = [(one["customer"], one["billed"], one["simulated"], one["difference"]) for one in found["customers"]]
    show_table(("customer", "billed", "by this plan", "difference"), rows)
