"""`koto secrets`: the keys that seal secrets in the records, by the operator on the machine."""

from __future__ import annotations

import importlib

import typer

from monokoto.cli.client import JsonOption, print_json, told
from monokoto.cli.organisations import SettingsOption, open_records_of
from monokoto.cli.tables import show_table
from monokoto.engines.records import Records, rotate, sealed_values
from monokoto.kernel.clock import SystemClock

secrets = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The keys that seal secrets in the records: webhooks' secrets, receivers' addresses, the key of web push.",
)


@secrets.command("list")
@told
def list_keys(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """The keys by name, and how many secrets each seals; the first seals what comes."""
    _know_all_tables()
    with open_records_of(settings) as records:
        rows = _rows(records)
    if as_json:
        print_json(
            [{"key": name, "made_at": made or None, "secrets": count, "is": what} for name, made, count, what in rows]
        )
        return
    show_table(("key", "made", "secrets", ""), [(name, made, str(count), what) for name, made, count, what in rows])


def _rows(records: Records) -> list[tuple[str, str, int, str]]:
    values, keys = dict(sealed_values(records)), records.keyring.all()
    rows = [(key.name, key.note, values.pop(key.name, 0), "opens" if n else "seals") for n, key in enumerate(keys)]
    rows += [(name, "", count, "missing") for name, count in sorted(values.items()) if name]
    if in_clear := values.get("", 0):
        rows.append(("", "", in_clear, "in clear until the next start"))
    return rows


@secrets.command("rotate")
@told
def rotate_keys(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """Make a new key and seal everything with it; also while Monokoto runs. Older keys stay, for backups of the records."""
    _know_all_tables()
    with open_records_of(settings) as records:
        key, count = rotate(records, SystemClock().now())
        file = records.keyring.file
    if as_json:
        print_json({"key": key.name, "made_at": key.note, "secrets": count, "file": str(file)})
        return
    typer.echo(f"{count} secrets are sealed with the new key {key.name}, the first in {file}.")
    typer.echo("Keep a copy of that file apart from the backups of the records.", err=True)


def _know_all_tables() -> None:
    """Columns are known once the slices that have them are imported; this command needs nothing else of them."""
    importlib.import_module("monokoto.assembly")
