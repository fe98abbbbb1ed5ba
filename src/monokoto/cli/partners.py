"""`koto partners`: who gets a part of what is sold, and what oneself gets of what others sell."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.kernel.clock import Instant, SystemClock, format_instant

partners = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Who gets a part of what is sold."
)
PartnerArgument = Annotated[str, typer.Argument(metavar="PARTNER", help="Its name in plans.")]


@partners.command("owed")
@told
def owed(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """What partners are owed of what was sold."""
    with connect(url, key) as api:
        found = api.get("/api/v1/partners")["items"]
    if as_json:
        print_json(found)
    else:
        show_table(("partner", "owed", ""), [(one["partner"], one["owed"], one["currency"]) for one in found])


@partners.command("statement")
@told
def statement(
    partner: PartnerArgument,
    currency: Annotated[str, typer.Argument(metavar="CURRENCY", help="Such as EUR.")],
    maker: Annotated[str, typer.Option("--maker", help="Ours with this maker: its id, of `koto partners mine`.")] = "",
    since: Annotated[str, typer.Option("--from", help="RFC 3339; left out: from the beginning.")] = "",
    until: Annotated[str, typer.Option("--to", help="RFC 3339; left out: to now.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="At most so many rows.")] = 50,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What a partner was owed and got, and of which lines; the newest first."""
    asked = {
        "currency": currency, "from": since or format_instant(Instant(0)), "to": until or format_instant(SystemClock().now()),
        "limit": str(limit),
    }  # fmt: skip
    path = f"my/partnerships/{maker}/{partner}" if maker else f"partners/{partner}"
    with connect(url, key) as api:
        found = api.get(f"/api/v1/{path}/statement", asked)
    if as_json:
        print_json(found)
        return
    typer.echo(f"closing  {found['closing']:>14} {currency}")
    for one in found["items"]:
        typer.echo(f"{one['at']}  {one['title']}  {one['amount']} {currency}")
        for line in one["lines"]:
            typer.echo(f"    {line['percent']} % of {line['net']}  {line['title']}")
    typer.echo(f"opening  {found['opening']:>14} {currency}")


@partners.command("organisations")
@told
def organisations(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Which organisations partners are: these see what they are owed."""
    with connect(url, key) as api:
        found = api.get("/api/v1/partner-organisations")["items"]
    if as_json:
        print_json(found)
    else:
        _show_organisations(found)


@partners.command("name")
@told
def name(
    partner: PartnerArgument,
    organisation: Annotated[str, typer.Argument(metavar="ORGANISATION", help="Its slug or id.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say which organisation a partner is: it sees what it was owed and got under this name, and nothing else."""
    with connect(url, key) as api:
        made = api.request("PUT", f"/api/v1/partner-organisations/{partner}", json={"organisation": organisation})
    if as_json:
        print_json(made)
    else:
        _show_organisations([made])


@partners.command("forget")
@told
def forget(partner: PartnerArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Let a partner be a name alone; what it is owed stays."""
    with connect(url, key) as api:
        api.request("DELETE", f"/api/v1/partner-organisations/{partner}")
    if as_json:
        print_json({"partner": partner, "organisation": None})
    else:
        typer.echo(f"{partner} is a name in plans alone")


@partners.command("mine")
@told
def mine(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Of whose sales we have a part, and what we are owed."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/my/partnerships"))
    if as_json:
        print_json(found)
        return
    rows = [
        (one["maker"], one["maker_name"], one["partner"], ", ".join(f"{it['owed']} {it['currency']}" for it in one["owed"]))
        for one in found
    ]  # fmt: skip
    show_table(("id", "maker", "as", "owed"), rows)


def _show_organisations(found: list[Any]) -> None:
    rows = [(one["partner"], one["organisation"], one["name"]) for one in found]
    show_table(("partner", "id", "organisation"), rows)
