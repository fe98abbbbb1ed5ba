"""`koto claims`: whose units are. The maker makes codes, an owner claims with one and hands units on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.client.types import Party

claims = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Whose units are: codes, claims, transfers.",
)


@claims.command("claim")
@told
def claim(
    code: Annotated[str, typer.Argument(metavar="CODE", help="From the box, or from the owner who hands the unit on.")],
    label: Annotated[str, typer.Option("--label", help="What to call the unit.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Claim a unit: from now on it belongs to your organisation."""
    with connect(url, key) as api:
        done = api.ownership.claim(code=code, label=label)
    if as_json:
        print_json(done)
        return
    parts = f" with {len(done.parts)} parts" if done.parts else ""
    typer.echo(f"The unit {done.unit} is yours{parts}, since {done.ownership.begin}.")


@claims.command("list")
@told
def list_ownerships(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Say whose a unit is and was; to an owner its own time alone."""
    with connect(url, key) as api:
        found = list(api.ownership.list(unit_id_of(api, unit)))
    if as_json:
        print_json(found)
        return
    table = Table("owner", "from", "to", "ended", "maker sees")
    for one in found:
        table.add_row(_party(one.owner), one.begin, one.end or "", one.ending or "", _yes(one.maker_sees))
    Console().print(table)


@claims.command("transfer")
@told
def transfer(
    unit: UnitArgument,
    to: Annotated[
        str, typer.Option("--to", help="Slug of the organisation to offer it to; without, a code is made.")
    ] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Hand a unit on: offer it to an organisation, or make a code for whoever gets it."""
    with connect(url, key) as api:
        done = api.post(f"/api/v1/units/{unit_id_of(api, unit)}/transfer", {"to": to or None})
    if as_json:
        print_json(done)
    elif done["code"]:
        typer.echo(
            f"{done['code']}\nWhoever claims with it until {done['expires_at']} has the unit. It is shown this once."
        )
    else:
        typer.echo(
            f"Offered to {to} as {done['id']}, until {done['expires_at']}: `koto claims accept {done['id']}` there."
        )


@claims.command("accept")
@told
def accept(
    offer: Annotated[str, typer.Argument(metavar="TRANSFER", help="The offer's id.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a unit that was offered to your organisation."""
    with connect(url, key) as api:
        done = api.ownership.accept_transfer(transfer=offer)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"The unit {done.unit} is yours, since {done.ownership.begin}.")


@claims.command("codes")
@told
def codes(
    product: Annotated[str, typer.Option("--product", help="Units of this product.")] = "",
    serial_prefix: Annotated[str, typer.Option("--serial-prefix", help="Whose serials begin so.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="That have this tag; repeat for more.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write here instead of to the screen.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """Make claim codes for your units that are nobody's, as CSV for the printer; each is shown this once."""
    with connect(url, key) as api:
        made = api.ownership.make_claim_codes(product=product, serial_prefix=serial_prefix, tags=tag or [])
        if output is not None:
            made.save(output)
            return
        for piece in made.pieces():
            typer.echo(piece, nl=False)


def _party(party: Party | None) -> str:
    return "(not told)" if party is None else f"{party.name} ({party.slug})"


def _yes(value: object) -> str:
    return "yes" if value else "no"
