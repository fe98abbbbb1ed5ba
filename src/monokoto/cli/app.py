"""The commands, in the order of the story. Modules are imported when their command is used: `koto --help` stays quick."""

from __future__ import annotations

import difflib
import importlib
import sys

import typer

from monokoto import __version__

# command -> (module, attribute, help). The order is the order of `koto --help`.
COMMANDS = {
    "up": ("running", "up", "Start everything: log, gateway, platform. Ctrl-C stops it in order."),
    "demo": ("demo", "demo", "Start everything in a folder of its own and simulate a small fleet."),
    "doctor": ("doctor", "doctor", "Say what is wrong with this installation and how to mend it."),
    "settings": ("running", "show_settings", "List every setting, its value and where it came from."),
    "organisations": ("organisations", "organisations", "The organisations of this installation."),
    "keys": ("organisations", "keys", "API keys of the organisations of this installation."),
    "secrets": ("secrets", "secrets", "The keys that seal secrets in the records."),
    "people": ("people", "people", "The people of the organisations of this installation."),
    "roles": ("people", "show_roles", "List the roles there are, and what each opens."),
    "first-run": ("people", "first_run", "Print a link by which somebody becomes the one who runs this platform."),
    "check": ("products", "check_product", "Check a product folder: every fault with file, line and reason."),
    "diff": ("products", "diff_product", "Show what applying a product folder would change."),
    "apply": ("products", "apply_product", "Apply a product folder."),
    "rules": ("rules", "rules", "What is watched for; try rules on what was measured."),
    "units": ("units", "units", "Register, import, list and change units; their credentials."),
    "claims": ("claims", "claims", "Whose units are: codes, claims, transfers."),
    "twin": ("twins", "twin", "What a unit reports and what is desired of it."),
    "rebuild": ("twins", "rebuild", "Compute something anew from what is stored."),
    "history": ("history", "history", "What units measured."),
    "export": ("history", "export", "Readings as a file."),
    "import": ("history", "import_", "Readings from a file."),
    "replay": ("replay", "replay", "Send a recorded table through real MQTT as if units lived it."),
    "simulate": ("simulate", "simulate", "Run the virtual units of a product through real MQTT."),
    "groups": ("groups", "groups", "Units under a name."),
    "scenes": ("scenes", "scenes", "One action, or a set of desired values, for many units."),
    "schedules": ("schedules", "schedules", "Scenes by the clock and by the sun."),
    "plans": ("plans", "plans", "What products cost and include, in versions."),
    "customers": ("subscriptions", "customers", "Who pays."),
    "subscriptions": ("subscriptions", "subscriptions", "Who subscribed to what, and since when."),
    "alerts": ("alerts", "alerts", "What rules found: listed, acknowledged, shelved, watched live."),
    "maintenance": ("alerts", "maintenance", "Times in which nobody is told of alerts."),
    "commands": ("commands", "commands", "What is asked of units, and what becomes of it."),
    "entitlements": ("entitlements", "entitlements", "What units may use, and who was given what."),
    "invoices": ("invoices", "invoices", "What customers owe: documents, credit notes."),
    "billing": ("billing", "billing", "From what was used to what is owed: runs, previews, documents as files."),
    "payments": ("payments", "payments", "Money that comes and goes."),
    "ledger": ("payments", "ledger", "What was booked; balances; the audit of the books."),
    "partners": ("partners", "partners", "Who gets a part of what is sold."),
    "jobs": ("jobs", "jobs", "What is done to many units at once."),
    "webhooks": ("webhooks", "webhooks", "Receivers of what happens."),
    "receivers": ("notifications", "receivers", "Who is told of alerts."),
    "routes": ("notifications", "routes", "Of which alerts whom, and whom next when nobody acknowledges."),
    "notifications": ("notifications", "notifications", "What was and is to be told of alerts."),
    "audit": ("audit", "audit", "Who did what, when; and whether anybody has tampered with it."),
    "openapi": ("openapi", "openapi", "Print the HTTP API's description (OpenAPI 3.1)."),
}


def main() -> None:
    """The entry point of `koto`."""
    arguments = sys.argv[1:]
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help"}:
        show_help()
    elif name in {"-V", "--version"}:
        typer.echo(f"koto {__version__}")
    elif name in COMMANDS:
        command_of(name)(arguments[1:], prog_name=f"koto {name}")
    else:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        typer.echo(
            f"There is no command {name!r}{f'; did you mean {close[0]!r}?' if close else '.'} See `koto --help`.",
            err=True,
        )
        sys.exit(2)


def command_of(name: str) -> typer.Typer:
    """The command as an application of its own, imported now."""
    module, attribute, _ = COMMANDS[name]
    found = getattr(importlib.import_module(f"monokoto.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return found
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name)(found)
    return single


def show_help() -> None:
    """What there is."""
    typer.echo("Monokoto turns a physical product into a service business.\n\nUsage: koto COMMAND [--help] ...\n")
    for name, (_, _, what) in COMMANDS.items():
        typer.echo(f"  {name:14} {what}")
