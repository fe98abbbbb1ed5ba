"""`koto alerts` and `koto maintenance`: what rules found, and times in which nobody is told of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.rules import rule_key_of
from monokoto.cli.tables import show_table
from monokoto.cli.unit_id import unit_id_of
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, SystemClock, format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid, Unavailable

alerts = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="What rules found.")
maintenance = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Times in which nobody is told of alerts."
)
AlertArgument = Annotated[str, typer.Argument(metavar="ALERT", help="Its id.")]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_AGAIN_SECONDS = 2.0
_STANDING = ("raised", "acknowledged")


def instant_of(text: str) -> str:
    """An instant as the API takes it: RFC 3339, or a span from now on such as `2 h`. Raises Invalid."""
    match = _SPAN.fullmatch(text.strip())
    if match is not None:
        ahead = round(float(match[1]) * _SECONDS[match[2]] * MICROSECONDS_PER_SECOND)
        return format_instant(SystemClock().now() + ahead)
    try:
        return format_instant(parse_instant(text))
    except ValueError as error:
        fault = Fault(place=text[:40], reason=str(error))
        raise Invalid("This is no time.", remedy="Write it as `2 h` or as RFC 3339.", faults=[fault]) from None


@alerts.command("list")
@told
def list_alerts(
    state: Annotated[
        list[str] | None, typer.Option(help="raised, acknowledged, cleared, closed; repeat for more.")
    ] = None,
    severity: Annotated[str, typer.Option(help="At least as severe: info, warning, minor, major, critical.")] = "",
    unit: Annotated[str, typer.Option(help="Of this unit: its id, or its serial.")] = "",
    product: Annotated[str, typer.Option(help="Of units of this product.")] = "",
    rule: Annotated[str, typer.Option(help="Of this rule: product/name, or an added rule's name or id.")] = "",
    group: Annotated[str, typer.Option(help="Of this group.")] = "",
    hidden: Annotated[bool, typer.Option("--hidden", help="Also those that are shelved or hidden by others.")] = False,
    groups: Annotated[bool, typer.Option("--groups", help="As groups: one rule, about the same time.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Alerts, the last to begin first."""
    asked: dict[str, Any] = {
        "state": state or None, "severity": severity or None, "unit": unit or None, "product": product or None,
        "rule": rule or None, "group": group or None, "limit": limit,
        "shelved": "yes" if hidden else None, "suppressed": "yes" if hidden else None,
    }  # fmt: skip
    if groups:
        asked = {name: value for name, value in asked.items() if name not in {"unit", "group"}}
    with connect(url, key) as api:
        if asked.get("unit"):
            asked["unit"] = unit_id_of(api, unit)
        if asked["rule"]:
            asked["rule"] = rule_key_of(api, rule)
        found = api.get("/api/v1/alerts/groups" if groups else "/api/v1/alerts", asked)
    if as_json:
        print_json(found)
    elif groups:
        _show_groups(found["items"])
    else:
        _show_alerts(found["items"])


@alerts.command("show")
@told
def show_alert(alert: AlertArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """One alert: what spoke for it, and all that happened to it."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/alerts/{alert}")
    if as_json:
        print_json(found)
        return
    _show_alerts([found])
    if lasting := _lasting(found):
        typer.echo(f"  {lasting}")
    for one in found["evidence"]:
        typer.echo(f"  {one['name']} = {one['value']} at {one['at']}")
    for one in found["timeline"]:
        by = one["by"] or {"side": "rule", "id": None}
        who = " ".join(part for part in (by["side"], by["id"]) if part)
        typer.echo(f"  {one['at']}  {one['what']}  {one['severity']}  {who}  {one['text']}".rstrip())


@alerts.command("ack")
@told
def acknowledge(
    alert: Annotated[list[str], typer.Argument(metavar="ALERT...", help="Their ids.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say that somebody took notice."""
    with connect(url, key) as api:
        done = [api.post(f"/api/v1/alerts/{one}/{'unacknowledge' if undo else 'acknowledge'}") for one in alert]
    _tell(done, as_json=as_json)


@alerts.command("comment")
@told
def comment(
    alert: AlertArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    shared: Annotated[bool, typer.Option("--shared", help="The other side (owner, maker) may read it.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a comment."""
    with connect(url, key) as api:
        done = api.post(f"/api/v1/alerts/{alert}/comment", {"text": text, "shared": shared})
    _tell([done], as_json=as_json)


@alerts.command("shelve")
@told
def shelve(
    alert: AlertArgument,
    until: Annotated[str, typer.Option("--until", "--for", help="`2 h`, or an instant (RFC 3339).")] = "8 h",
    rule: Annotated[bool, typer.Option("--rule", help="And what its rule raises on the unit meanwhile.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take it off the shelf.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell nobody of it for a time."""
    with connect(url, key) as api:
        if undo:
            done = api.post(f"/api/v1/alerts/{alert}/unshelve")
        else:
            done = api.post(f"/api/v1/alerts/{alert}/shelve", {"until": instant_of(until), "rule": rule})
    _tell([done], as_json=as_json)


@alerts.command("watch")
@told
def watch(
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0: go on.")] = 0,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Print every alert that changes, as it changes. Ctrl-C ends it."""
    with connect(url, key) as api:
        for number, one in enumerate(_live(api), 1):
            if as_json:
                typer.echo(msgspec.json.encode(one).decode())
            else:
                typer.echo(_line(one))
            if number == count:
                return


def _live(api: ApiClient) -> Iterator[dict[str, Any]]:
    """Alerts as they change; a stream that ends is opened again where it was."""
    last = ""
    while True:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        try:
            with api.stream("GET", "/api/v1/alerts/stream", headers=headers, timeout=60.0) as answer:
                name = ""
                for line in answer.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "id":
                        last = value
                    elif field == "data" and name == "alert":
                        yield msgspec.json.decode(value)
                    elif field == "data":
                        typer.echo(
                            "So much happened at once that it is not told one by one: see `koto alerts list`.", err=True
                        )
        except Unavailable as error:
            if not last:
                raise
            typer.echo(f"{error.message} Trying again.", err=True)
        time.sleep(_AGAIN_SECONDS)


def _lasting(one: dict[str, Any]) -> str:
    """How long it has stood, and how long it took until somebody took notice: what an agreement on service counts."""
    over = one["cleared_at"]
    noticed = one["acknowledged_at"]
    parts = []
    if over or one["state"] in _STANDING:  # the end may be hidden from whoever held the unit then
        until = parse_instant(over) if over else SystemClock().now()
        parts = [f"{'stood' if over else 'stands'} for {_span(until - parse_instant(one['began_at']))}"]
    parts += [f"noticed after {_span(parse_instant(noticed) - parse_instant(one['began_at']))}"] if noticed else []
    return ", ".join(parts)


def _span(microseconds: int) -> str:
    """As a clock shows it: hours, minutes, seconds."""
    minutes, seconds = divmod(max(0, microseconds) // MICROSECONDS_PER_SECOND, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _tell(done: list[Any], *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    for one in done:
        typer.echo(_line(one))


def _line(one: dict[str, Any]) -> str:
    quiet = f" ({one['quiet']})" if one["quiet"] else ""
    return f"{one['id']}  {one['severity']:8}  {one['state']}{quiet}  {_rule(one)}  {one['serial']}  {one['began_at']}"


def _rule(one: dict[str, Any]) -> str:
    """What people call the rule: an added one is kept by its id, and has a title in no language, or in some."""
    titles = one["title"]
    return str(one["rule"] if "/" in one["rule"] else titles.get("") or next(iter(titles.values()), one["rule"]))


def _show_alerts(items: list[dict[str, Any]]) -> None:
    rows = [
        (one["id"], one["severity"], one["state"], _rule(one), one["serial"], one["began_at"], one["cleared_at"] or "",
         one["quiet"] or ("flapping" if one["flapping"] else ""))
        for one in items
    ]  # fmt: skip
    show_table(("id", "severity", "state", "rule", "unit", "began", "ended", "quiet"), rows)


def _show_groups(items: list[dict[str, Any]]) -> None:
    rows = [
        (one["group"], one["severity"], _rule(one), str(one["alerts"]), str(one["standing"]), str(one["units"]),
         one["began_at"], one["last_at"])
        for one in items
    ]  # fmt: skip
    show_table(("group", "severity", "rule", "alerts", "standing", "units", "began", "last"), rows)


@maintenance.command("add")
@told
def add_window(
    reason: Annotated[str, typer.Option(help="Why.")],
    until: Annotated[str, typer.Option("--until", "--for", help="`2 h`, or an instant (RFC 3339).")],
    begin: Annotated[str, typer.Option("--from", help="When it begins; now.")] = "",
    unit: Annotated[
        list[str] | None, typer.Option(help="A unit, by id or serial, with its parts; repeat for more.")
    ] = None,
    product: Annotated[str, typer.Option(help="All units of this product.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Units with this tag; repeat for more.")] = None,
    below: Annotated[str, typer.Option(help="Parts of this unit: its id, or its serial.")] = "",
    group: Annotated[str, typer.Option(help="Units of this group.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """From when until when nobody is told of alerts of which units."""
    times = {"to": instant_of(until), **({"from": instant_of(begin)} if begin else {})}
    with connect(url, key) as api:
        units = [unit_id_of(api, one) for one in unit or ()]
        top = unit_id_of(api, below) if below else ""
        selection = {"units": units, "product": product, "tags": tag or [], "below": top, "group": group}
        made = api.post("/api/v1/maintenance-windows", {**times, "selection": selection, "reason": reason})
    _tell_window(made, as_json=as_json)


@maintenance.command("list")
@told
def list_windows(
    over: Annotated[bool, typer.Option("--over", help="Also those that are over.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The windows, the newest first."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/maintenance-windows", {"over": over}))
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["from"], one["to"], _meant(one["selection"]), one["reason"]) for one in found]
    show_table(("id", "from", "to", "units", "reason"), rows)


@maintenance.command("end")
@told
def end_window(
    window: Annotated[str, typer.Argument(metavar="WINDOW", help="Its id.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """End it now; what still stands of its alerts is told."""
    with connect(url, key) as api:
        _tell_window(api.delete(f"/api/v1/maintenance-windows/{window}"), as_json=as_json)


def _tell_window(window: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(window)
    else:
        typer.echo(
            f"{window['id']}  {window['from']} to {window['to']}  {_meant(window['selection'])}  {window['reason']}"
        )


def _meant(selection: dict[str, Any]) -> str:
    parts = [f"{len(selection['units'])} units"] if selection.get("units") else []
    parts += [f"{name} {selection[name]}" for name in ("product", "below", "group") if selection.get(name)]
    return ", ".join([*parts, *(f"tag {tag}" for tag in selection.get("tags", ()))])
