"""`koto schedules`: scenes by the clock and by the sun."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.named import FileArgument, put_named
from monokoto.cli.tables import show_table

schedules = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Scenes by the clock and by the sun."
)
ScheduleArgument = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its name, or its id.")]


@schedules.command("list")
@told
def list_schedules(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All schedules."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/schedules"))
    if as_json:
        print_json(found)
        return
    rows = [(one["name"], "" if one["enabled"] else "off", one["scene"], _when(one), one["timezone"]) for one in found]
    show_table(("schedule", "", "scene", "when", "clock of"), rows)


@schedules.command("show")
@told
def show_schedule(
    schedule: ScheduleArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One schedule, and its last runs."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/schedules/{schedule}")
        runs = api.get("/api/v1/scene-runs", {"schedule": found["id"], "limit": 10})["items"]
    if as_json:
        print_json({**found, "runs": runs})
        return
    typer.echo(_line(found))
    rows = [(run["id"], run["planned_at"] or "", run["state"], run["reason"]) for run in runs]
    show_table(("run", "planned for", "state", ""), rows)


@schedules.command("apply")
@told
def apply_schedules(file: FileArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Make the schedules of a YAML file be so, each under its `schedule:`."""
    with connect(url, key) as api:
        found = put_named(api, "schedules", file, "schedule")
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(_line(one))


@schedules.command("next")
@told
def show_next(
    schedule: ScheduleArgument,
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many.")] = 10,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """When it comes next."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/schedules/{schedule}/next", {"count": count})
    if as_json:
        print_json(found)
        return
    if not found["enabled"]:
        typer.echo("It is not enabled; it would come:", err=True)
    rows = [
        (one["local"], one["timezone"], "" if one["units"] is None else f"{one['units']} units", one["at"])
        for one in found["times"]
    ]
    show_table(("by the clock there", "", "", "UTC"), rows)


@schedules.command("enable")
@told
def enable_schedule(
    schedule: ScheduleArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Let it run from now on."""
    _switch(schedule, True, url, key, as_json=as_json)


@schedules.command("disable")
@told
def disable_schedule(
    schedule: ScheduleArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Let it run no more; runs under way go on."""
    _switch(schedule, False, url, key, as_json=as_json)


@schedules.command("delete")
@told
def delete_schedule(
    schedule: ScheduleArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Forget it; its runs stay."""
    with connect(url, key) as api:
        found = api.delete(f"/api/v1/schedules/{schedule}")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']} is gone.")


def _switch(schedule: str, enabled: bool, url: str, key: str, *, as_json: bool) -> None:
    with connect(url, key) as api:
        found = api.request("PATCH", f"/api/v1/schedules/{schedule}", json={"enabled": enabled})
    if as_json:
        print_json(found)
    else:
        typer.echo(_line(found))


def _line(schedule: Any) -> str:
    what = schedule["scene"] or "its own steps"
    off = "" if schedule["enabled"] else "  off"
    return f"{schedule['name']}  runs {what} {_when(schedule)}, {schedule['timezone']}{off}"


def _when(schedule: Any) -> str:
    when = schedule["when"]
    parts = ["at " + ", ".join(when["at"])] if when.get("at") else []
    if sun := when.get("sun"):
        minutes = sun.get("offset_minutes", 0)
        side = "before" if minutes < 0 else "after"
        parts.append(f"{abs(minutes)} min {side} {sun['event']}" if minutes else f"at {sun['event']}")
    parts += [" ".join(when["days"])] if when.get("days") else []
    parts += [when["rule"]] if when.get("rule") else []
    parts += [f"on {len(when['dates'])} dates"] if when.get("dates") else []
    return ", ".join(parts)
