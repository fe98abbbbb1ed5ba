"""`koto units credentials …`: how a unit proves to be itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.client.types import NewCredential

CredentialArgument = Annotated[str, typer.Argument(metavar="CREDENTIAL", help="The credential's id.")]
TokenOption = Annotated[str, typer.Option("--token", help="A token the unit already has; left out: a fresh one.")]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", help="X.509 certificate (PEM).", exists=True, dir_okay=False)
]

credentials = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Tokens and certificates of a unit.",
)


@credentials.command("list")
@told
def list_credentials(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """List a unit's credentials, ended ones too."""
    with connect(url, key) as client:
        found = list(client.credentials.list(unit_id_of(client, unit)))
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("id", "kind", "hint", "name", "created", "ends"):
        table.add_column(column, no_wrap=column == "id")
    for one in found:
        ends = f"revoked {_minute(one.revoked_at)}" if one.revoked_at else _minute(one.ends_at)
        cells = (one.id, one.kind, one.hint, one.name, _minute(one.created_at), ends)
        table.add_row(*map(Text, cells))
    Console().print(table)


@credentials.command("issue")
@told
def issue_credential(
    unit: UnitArgument,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    token: TokenOption = "",
    certificate: CertificateOption = None,
    expires_at: Annotated[str | None, typer.Option("--expires", help="RFC 3339; left out: never.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a unit another credential; a fresh token is printed once."""
    pem = read_certificate(certificate)
    with connect(url, key) as client:
        made = client.credentials.issue(
            unit_id_of(client, unit), name=name, token=token, certificate=pem, expires_at=expires_at
        )
    _show_made(made, as_json=as_json)


@credentials.command("rotate")
@told
def rotate_credential(
    unit: UnitArgument,
    credential: CredentialArgument,
    grace_seconds: Annotated[int, typer.Option("--grace-seconds", min=0, help="How long the old one goes on.")] = 0,
    token: TokenOption = "",
    certificate: CertificateOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Replace a credential: the old one ends now, or after the grace."""
    pem = read_certificate(certificate)
    with connect(url, key) as client:
        made = client.credentials.rotate(
            unit_id_of(client, unit), credential, grace_seconds=grace_seconds, token=token, certificate=pem
        )
    _show_made(made, as_json=as_json)


@credentials.command("revoke")
@told
def revoke_credential(
    unit: UnitArgument,
    credential: CredentialArgument,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """End a credential now, on live connections too."""
    with connect(url, key) as client:
        revoked = client.credentials.revoke(unit_id_of(client, unit), credential)
    if as_json:
        print_json(revoked)
    else:
        typer.echo(f"{credential} is revoked.")


def _minute(instant: str | None) -> str:
    """An instant short enough for a table; `--json` has all of it."""
    return instant[:16].replace("T", " ") if instant else "never"


def read_certificate(certificate: Path | None) -> str:
    """The text of the file; empty when none is named."""
    return certificate.read_text("utf-8") if certificate else ""


def _show_made(made: NewCredential, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    credential = made.credential
    typer.echo(f"{credential.id} is there ({credential.kind}, {credential.hint}…).", err=True)
    show_token(made.token)


def show_token(token: str | None) -> None:
    """A fresh token, alone on standard output: TOKEN=$(koto …) works."""
    if token:
        typer.echo("Token (shown this once):", err=True)
        typer.echo(token)
