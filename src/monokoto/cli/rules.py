"""`koto rules`: what is watched for, and what would have been found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.named import read_named
from monokoto.cli.unit_id import unit_id_of
from monokoto.connect.products import Folder, check, read_folder
from monokoto.earn.sections import SECTIONS
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, MonokotoError, NotFound
from monokoto.kernel.ids import parse_id

rules = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="What is watched for.")
_DAY_US = 86_400_000_000
_TRIAL_SECONDS = 900.0
_SHOWN = 20


@rules.command("list")
@told
def list_rules(
    product: Annotated[
        str, typer.Option("--product", help="The rules of this product, as its current version has them.")
    ] = "",
    unit: Annotated[
        str, typer.Option("--unit", help="A unit's id or serial: all that watches it, and what is raised.")
    ] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the rules added here; of a product; or those that watch a unit."""
    with connect(url, key) as api:
        if unit:
            found = list(api.pages(f"/api/v1/units/{unit_id_of(api, unit)}/rules"))
        elif product:
            version = api.get(f"/api/v1/products/{product}")["current_version"]
            found = list(api.pages(f"/api/v1/products/{product}/versions/{version}/rules"))
        else:
            found = list(api.pages("/api/v1/rules"))
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("There are none.")
        return
    (_show_of_unit if unit else _show_of_product if product else _show_added)(found)


def _show_added(found: list[Any]) -> None:
    table = Table("id", "name", "for", "version", "when", box=None)
    for one in found:
        chosen = ", ".join(part for part in (one["watched"]["product"], *one["watched"]["tags"]) if part)
        name = one["name"] if one["enabled"] else f"{one['name']} (off)"
        table.add_row(one["id"], Text(name), Text(chosen), str(one["version"]), Text(str(one["rule"].get("when", ""))))
        for unsuited in one["unwatched"]:
            table.add_row("", "", Text(f"not {unsuited['version']}: {unsuited['reason']}", style="yellow"), "", "")
    Console().print(table)


def _show_of_product(found: list[Any]) -> None:
    table = Table("name", "severity", "told to", "when", box=None)
    for one in found:
        table.add_row(one["name"], one["severity"], one["audience"], Text(one["when"]))
    Console().print(table)


def _show_of_unit(found: list[Any]) -> None:
    table = Table("rule", "version", "raised since", "severity", "when", box=None)
    for one in found:
        raised = one["raised"] or {"since": "", "severity": one["rule"]["severity"]}
        table.add_row(one["key"], one["version"], raised["since"], raised["severity"], Text(one["rule"]["when"]))
    Console().print(table)


_NEW = ("product", "maker", "units", "tags", "group", "enabled")
"""What of an added rule is not the rule itself."""


@rules.command("add")
@told
def add_rules(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="YAML, `-` for the input; several may stand in it, with --- between.")
    ],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add rules for your units, or say anew what those of the same name say: `rule:` names each, `product:` says of what."""
    with connect(url, key) as api:
        there = {(one["name"], one["watched"]["product"]): one["id"] for one in api.pages("/api/v1/rules")}
        found = []
        for name, written in read_named(file, "rule"):
            body: dict[str, Any] = {"name": name, **{word: written[word] for word in _NEW if word in written}}
            body["rule"] = {word: value for word, value in written.items() if word not in _NEW}
            if isinstance(body.get("units"), list):
                body["units"] = [unit_id_of(api, str(unit)) for unit in body["units"]]
            rule_id = there.get((name, body.get("product")))
            if rule_id is None:
                found.append(api.post("/api/v1/rules", body))
            else:
                patch = {word: value for word, value in body.items() if word not in ("product", "maker")}
                found.append(api.request("PATCH", f"/api/v1/rules/{rule_id}", json=patch))
    if as_json:
        print_json(found)
    else:
        _show_added(found)


@rules.command("remove")
@told
def remove_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, or its name where only one has it.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Remove a rule that was added; what stands of it is cleared."""
    with connect(url, key) as api:
        found = _added(api, rule)
        api.delete(f"/api/v1/rules/{found['id']}")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"Removed {found['name']}.")


def _added(api: ApiClient, rule: str) -> dict[str, Any]:
    """The added rule a person named by id or name.

    Raises:
        NotFound: there is no such rule.
        Conflict: several have this name.
    """
    found: list[dict[str, Any]] = [one for one in api.pages("/api/v1/rules") if rule in (one["id"], one["name"])]
    if not found:
        raise NotFound(f"There is no rule {rule!r}.", remedy="`koto rules list` shows those that were added.")
    if len(found) > 1:
        raise Conflict(f"Several rules are called {rule!r}.", remedy="Name the one by its id.")
    return found[0]


def rule_key_of(api: ApiClient, rule: str) -> str:
    """What alerts call a rule: `product/name` as it is (also with no such rule any more), an added one by its id."""
    if "/" in rule:
        return rule
    try:
        parse_id(rule)
    except Invalid:
        return str(_added(api, rule)["id"])
    return rule


@rules.command("try")
@told
def try_rules(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder whose rules are tried, applied or not.")],
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Its name; may be repeated; default: all.")] = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="A unit, by id or serial; may be repeated; default: all.")
    ] = None,
    days: Annotated[float, typer.Option("--days", min=0.01, max=400, help="How far back.")] = 30,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Try on this table (time, property...) and no platform.")
    ] = None,
    column: Annotated[list[str] | None, typer.Option("--column", help="Of the table: COLUMN=PROPERTY.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say which alerts the rules of a folder would have raised, on what was measured or on a table."""
    read = read_folder(folder)
    checked = check(read, SECTIONS)
    written: Mapping[str, Any] = checked.document.get("rules") or {}
    chosen = _chosen(written, rule or [])
    if table is not None:
        found = _on_table(read, table, chosen, dict(_pair(one) for one in column or []))
    else:
        with connect(url, key) as api:
            units = [unit_id_of(api, one) for one in unit or ()]
            found = _on_platform(api, checked.product, read, {name: written[name] for name in chosen}, units, days)
    if as_json:
        print_json(found)
    else:
        _show_trials(found)


def _chosen(written: Mapping[str, Any], names: list[str]) -> list[str]:
    if strange := [name for name in names if name not in written]:
        raise NotFound(
            f"There is no rule {strange[0]!r} in the folder.", remedy=f"There are {', '.join(written) or 'none'}."
        )
    if not written:
        raise NotFound("The folder has no rules.", remedy="docs/rules.md says how they are written.")
    return names or list(written)


def _pair(text: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not (left and sign and right):
        fault = Fault(place="--column", reason=f"{text!r}: write COLUMN=PROPERTY")
        raise Invalid("This names no column.", faults=[fault])
    return left, right


def _on_table(read: Folder, path: Path, chosen: list[str], columns: Mapping[str, str]) -> dict[str, Any]:
    from monokoto.operate.rules import rules_of, trial_to_json, try_on_table  # noqa: PLC0415 - only here needed

    checked = check(read, SECTIONS)
    model = checked.compile(0)
    found = {}
    for one in rules_of(checked.document, model, checked.files):
        if one.name in chosen:
            tally = try_on_table(path, model, [one], columns)
            found[one.name] = msgspec.to_builtins(trial_to_json(tally, (), 1))
    return {name: found[name] for name in chosen}


def _on_platform(
    api: ApiClient, product: str, read: Folder, written: Mapping[str, Any], units: list[str], days: float
) -> dict[str, Any]:
    now = time.time_ns() // 1_000
    span = {"from": format_instant(now - round(days * _DAY_US)), "to": format_instant(now)}
    return {
        name: _ask(api, {"product": product, "rule": _with_areas(rule, read), "units": units, **span}, name)
        for name, rule in written.items()
    }


def _with_areas(value: Any, read: Folder) -> Any:
    """The rule with the areas of its files written out: a rule on its own has no files."""
    if isinstance(value, dict):
        inside = {name: _with_areas(one, read) for name, one in value.items()}
        if isinstance(area := value.get("area"), str) and area in read.files:
            inside["area"] = msgspec.json.decode(read.files[area])
        return inside
    return [_with_areas(one, read) for one in value] if isinstance(value, list) else value


def _ask(api: ApiClient, body: dict[str, Any], name: str) -> Any:
    console = Console(stderr=True)
    with (
        console.status(f"trying {name}") as status,
        api.stream("POST", "/api/v1/rules/try", json=body, timeout=_TRIAL_SECONDS) as answer,
    ):
        for line in answer.iter_lines():
            told_so_far = msgspec.json.decode(line) if line.strip() else {"type": ""}
            if told_so_far["type"] == "progress":
                status.update(f"trying {name}: {told_so_far['share']:.0%}, {told_so_far['alerts']} alerts")
            elif told_so_far["type"] == "failed":
                raise MonokotoError(told_so_far["reason"])
            elif told_so_far["type"] == "result":
                return told_so_far
    raise MonokotoError(f"The trial of {name} ended without a result.", remedy="Try it again.")


def _show_trials(found: dict[str, Any]) -> None:
    console = Console()
    for name, result in found.items():
        count = "1 alert" if result["alerts"] == 1 else f"{result['alerts']} alerts"
        units = len(result["by_unit"])
        where = f" on {units} of {result['units']} units" if result["units"] > 1 else ""
        console.print(Text(f"{name}: {count}{where}, {result['readings']} readings"), soft_wrap=True)
        for one in result["shown"][:_SHOWN]:
            values = ", ".join(f"{part['name']} {_short(part['value'])}" for part in one["evidence"])
            until = one["cleared"] or "stands"
            unit = f"{one['unit']}  " if result["units"] > 1 else ""
            console.print(Text(f"  {unit}{one['raised']} … {until}  {one['severity']}  {values}"), soft_wrap=True)
        if result["alerts"] > _SHOWN:
            console.print(Text(f"  and {result['alerts'] - _SHOWN} more; --json has them", style="dim"), soft_wrap=True)
        if not result["complete"]:
            console.print(Text(f"  It ended early: {result['reason']}.", style="yellow"), soft_wrap=True)
        for note in result["notes"]:
            console.print(Text(f"  {note}", style="dim"), soft_wrap=True)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
