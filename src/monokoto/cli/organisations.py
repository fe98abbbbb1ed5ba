"""`koto organisations` and `koto keys`: by the operator on the machine, straight on the installation's records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from monokoto.cli.client import DEFAULT_URL, JsonOption, Profile, print_json, told, write_profile
from monokoto.cli.tables import show_table
from monokoto.connect.tenancy import (
    ApiKeys,
    Organisation,
    OrganisationKind,
    Organisations,
    key_to_json,
    organisation_to_json,
)
from monokoto.engines.records import Records, check_migrated, migrate, open_records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, SystemClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.settings import load_settings
from monokoto.web import Scope

organisations = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="The organisations of this installation."
)
keys = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="API keys of the organisations of this installation.",
)

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", envvar="MONOKOTO_SETTINGS", help="Settings file of the installation.")
]
OrganisationOption = Annotated[
    str, typer.Option("--organisation", "-o", help="Its slug; may be left out while there is only one.")
]
_MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND


@contextmanager
def open_records_of(settings_file: Path | None) -> Iterator[Records]:
    """The records of the installation the settings name, their schema brought up to date."""
    settings = load_settings(settings_file, os.environ)
    opened = open_records(settings.records.url, data_dir=Path(settings.data_dir), keys_file=settings.records.keys_file)
    try:
        if not check_migrated(opened):
            migrate(opened)
        yield opened
    finally:
        opened.close()


@organisations.command("create")
@told
def create_organisation(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its name in addresses, such as `acme`.")],
    name: Annotated[str, typer.Option("--name", help="Its name for people; the slug if left out.")] = "",
    kind: Annotated[OrganisationKind, typer.Option("--kind", help="Which side it is on.")] = OrganisationKind.MAKER,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation."""
    with open_records_of(settings) as records:
        made = Organisations(records, SystemClock()).create(name or slug, slug, kind)
    if as_json:
        print_json(organisation_to_json(made))
    else:
        typer.echo(f"{made.slug} is there ({made.kind.value}, id {format_id(made.id)}).")


@organisations.command("list")
@told
def list_organisations(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """All organisations, by slug."""
    with open_records_of(settings) as records:
        found = Organisations(records, SystemClock()).list(limit=PAGE_SIZE_MAX)
    print_rows([msgspec.to_builtins(organisation_to_json(one)) for one in found], as_json=as_json)


@keys.command("create")
@told
def create_key(
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    organisation: OrganisationOption = "",
    scope: Annotated[list[Scope] | None, typer.Option("--scope", help="What it may do; repeat for more.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Ends after so many days; else never.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep it for later `koto` commands here.")] = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it: the only time it is shown. Without --scope it may do everything (admin)."""
    clock = SystemClock()
    expires_at = None if days is None else clock.now() + days * _MICROSECONDS_PER_DAY
    with open_records_of(settings) as records:
        owner = organisation_named(Organisations(records, clock), organisation)
        key, secret = ApiKeys(records, clock).create(
            owner.id, name=name, scopes=scope or [Scope.ADMIN], expires_at=expires_at
        )
    loaded = load_settings(settings, os.environ)
    if save:
        port = loaded.api.port
        url = loaded.api.address(port) if port else DEFAULT_URL
        file = write_profile(Path(loaded.data_dir), Profile(url=url, key=secret))
        typer.echo(f"Kept in {file} for later commands.", err=True)
    if as_json:
        print_json({"key": key_to_json(key), "secret": secret})
        return
    # The secret alone goes to standard output, so that KEY=$(koto keys create ...) works.
    typer.echo(f"Key {format_id(key.id)} of {owner.slug}; it is shown this once:", err=True)
    typer.echo(secret)


@keys.command("list")
@told
def list_keys(
    organisation: OrganisationOption = "", settings: SettingsOption = None, as_json: JsonOption = False
) -> None:
    """The keys of an organisation, revoked ones too."""
    clock = SystemClock()
    with open_records_of(settings) as records:
        owner = organisation_named(Organisations(records, clock), organisation)
        found = ApiKeys(records, clock).list(owner.id, limit=PAGE_SIZE_MAX)
    print_rows([msgspec.to_builtins(key_to_json(one)) for one in found], as_json=as_json)


@keys.command("revoke")
@told
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as `koto keys list` shows it.")],
    organisation: OrganisationOption = "",
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key. A running platform stops taking it within two seconds."""
    clock = SystemClock()
    with open_records_of(settings) as records:
        owner = organisation_named(Organisations(records, clock), organisation)
        revoked = ApiKeys(records, clock).revoke(owner.id, parse_id(key, what="key id"))
    if as_json:
        print_json(key_to_json(revoked))
    else:
        typer.echo(f"{revoked.name} ({key}) is revoked.")


def organisation_named(known: Organisations, slug: str) -> Organisation:
    """The organisation a command is about; raises NotFound when that is not clear."""
    if slug:
        return known.by_slug(slug)
    found = known.list(limit=2)
    if len(found) != 1:
        raise NotFound(
            "Which organisation?" if found else "There is no organisation yet.",
            remedy="Name it with --organisation." if found else "Make one with `koto organisations create SLUG`.",
        )
    return found[0]


def print_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Rows as JSON, or as a table for a person."""
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo("None yet.")
    else:
        cells = (
            tuple(", ".join(one) if isinstance(one, list) else str(one or "") for one in row.values()) for row in rows
        )
        show_table(tuple(rows[0]), cells)
