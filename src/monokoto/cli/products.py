"""`koto check`, `koto diff`, `koto apply`: a product's folder, here and on the platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.connect.products import CheckedProduct, check, checked_to_json, read_folder
from monokoto.earn.sections import SECTIONS

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds the product.yaml.")]
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_NEEDS = {"major": "bold red", "minor": "cyan", "patch": "dim"}
_VALUE_LENGTH_MAX = 60


@told
def check_product(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Check a product folder: every fault with file, line and reason. Needs no platform."""
    checked = check(read_folder(folder), SECTIONS)
    if as_json:
        print_json(checked_to_json(checked))
        return
    console = Console()
    counts = ", ".join(f"{count} {noun}" for noun, count in _counts(checked).items() if count)
    console.print(
        Text(f"{checked.product} {checked.version} is in order: {counts or 'nothing described yet'}."), soft_wrap=True
    )
    for note in checked.notes:
        console.print(Text(f"  {note.file}:{note.line}: {note.text}", style="dim"), soft_wrap=True)


@told
def diff_product(folder: FolderArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Show what applying a product folder would change, and which version that needs."""
    request = _request(folder)
    with connect(url, key) as client:
        plan = client.post("/api/v1/products/diff", request)
    if as_json:
        print_json(plan)
    else:
        show_plan(Console(), plan)
    if plan["outcome"] == "refused":
        raise typer.Exit(5)


@told
def apply_product(
    folder: FolderArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Apply a product folder: its version becomes there, for good. The same folder again changes nothing."""
    request = _request(folder)
    with connect(url, key) as client:
        applied = client.post("/api/v1/products/apply", request)
    if as_json:
        print_json(applied)
    else:
        show_plan(Console(), applied["plan"], done=True)


def _request(folder: Path) -> dict[str, Any]:
    """The folder as the API takes it, checked here first: faults then name the file as it lies on this disk."""
    read = read_folder(folder)
    check(read, SECTIONS)
    return {"files": dict(read.files)}


def _counts(checked: CheckedProduct) -> dict[str, int]:
    return {group: len(checked.thing_model.get(group, {})) for group in ("properties", "actions", "events")}


def show_plan(console: Console, plan: dict[str, Any], *, done: bool = False) -> None:
    """A plan for people: a line for each change, what it needs, and what comes of it."""
    base = f"{plan['base']} → " if plan["base"] and plan["base"] != plan["version"] else ""
    console.print(Text(f"{plan['product']} {base}{plan['version']}", style="bold"), soft_wrap=True)
    width = max((len(change["place"]) for change in plan["changes"]), default=0)
    for change in plan["changes"]:
        console.print(_change_line(change, min(width, 60)), soft_wrap=True)
    for note in plan["notes"]:
        console.print(Text(f"  {note['text']}", style="dim"), soft_wrap=True)
    console.print(_outcome(plan, done=done), soft_wrap=True)


def _change_line(change: dict[str, Any], width: int) -> Text:
    sign, color = _SIGNS[change["kind"]]
    line = Text(f"{sign} {change['place']:<{width}}  ", style=color)
    line.append(f"{change['needs']:<5}", style=_NEEDS.get(change["needs"], ""))
    line.append(f"  {change['reason']}", style="")
    if change["kind"] == "changed":
        line.append(f"  {_short(change['before'])} → {_short(change['after'])}", style="dim")
    return line


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _VALUE_LENGTH_MAX else text[: _VALUE_LENGTH_MAX - 1] + "…"


def _outcome(plan: dict[str, Any], *, done: bool) -> Text:
    version = f"{plan['product']} {plan['version']}"
    match plan["outcome"]:
        case "refused":
            return Text(f"Refused: {plan['refusal']} {plan['suggested_version']} would do.", style="bold red")
        case "unchanged":
            return Text(f"{version} is applied already; nothing to do.")
        case "create":
            sentence = (
                f"{version} is there, a new product." if done else f"Applying creates the product with {version}."
            )
        case _:
            sentence = f"{version} is there." if done else f"Applying adds {version} (needs a {plan['needs']} version)."
    return Text(sentence, style="green")
