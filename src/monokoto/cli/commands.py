"""`koto commands ask|list|show|confirm|cancel|watch`: what is asked of units, and what becomes of it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound

commands = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What is asked of units, and what becomes of it.",
)
CommandArgument = Annotated[str, typer.Argument(metavar="COMMAND", help="Its id.")]
_OPEN = {"unconfirmed", "queued", "sent", "received", "running"}
_COLOURS = {"succeeded": "green", "failed": "red", "expired": "red", "cancelled": "yellow", "unconfirmed": "yellow"}
_PAUSE_SECONDS = 0.2


@commands.command("ask")
@told
def ask(
    unit: UnitArgument,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="The action's name.")],
    given: Annotated[
        str, typer.Argument(metavar="[INPUT]", help="Its input as JSON, such as '{\"minutes\": 5}'.")
    ] = "",
    timeout: Annotated[int, typer.Option(help="Seconds it has; 0: as the model says.")] = 0,
    request: Annotated[str, typer.Option(help="Your own name for it: asked again, it is the same command.")] = "",
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Yes to an action that wants that (API keys).")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end.")] = True,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask an action of a unit."""
    params = {"request": request, "confirmed": str(confirmed).lower(), **({"timeout": timeout} if timeout else {})}
    body = _json(given)
    with connect(url, key) as api:
        path = f"/api/v1/units/{unit_id_of(api, unit)}/actions/{action}"
        found = api.request("POST", path, params=params, **({} if body is None else {"json": body[0]}))
        if wait and found["status"] != "unconfirmed":
            found = _follow(api, found, quiet=as_json)
    _tell(found, as_json=as_json)
    if found["status"] == "unconfirmed" and not as_json:
        Console().print(Text(f"Say yes to it: koto commands confirm {unit} {found['id']}"), soft_wrap=True)


@commands.command("list")
@told
def list_commands(
    unit: Annotated[str, typer.Argument(metavar="[UNIT]", help="Only of this unit.")] = "",
    status: Annotated[str, typer.Option(help="Only in this stage.")] = "",
    action: Annotated[str, typer.Option(help="Only of this action.")] = "",
    batch: Annotated[str, typer.Option(help="Only of this job, run of a scene, or request for many.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
    cursor: Annotated[str, typer.Option(help="Go on where a list ended: what it said.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What was asked, the newest first."""
    with connect(url, key) as api:
        path = "/api/v1/commands"
        given = {"status": status, "limit": limit, "cursor": cursor}
        if unit:
            path = f"/api/v1/units/{unit_id_of(api, unit)}/actions" + (f"/{action}" if action else "")
        else:
            given |= {"action": action, "batch": batch}
        found = api.get(path, {name: value for name, value in given.items() if value})
    if as_json:
        print_json(found)
        return
    rows = [
        (one["id"], one["unit"], one["action"], Text(_stage(one), style=_COLOURS.get(one["status"], "")),
         one["created_at"], str(one["tries"]), _word(one))
        for one in found["items"]
    ]  # fmt: skip
    show_table(("id", "unit", "action", "status", "asked", "tries", ""), rows)
    if found.get("next_cursor"):
        Console().print(Text(f"There are more: --cursor {found['next_cursor']}"), soft_wrap=True)


@commands.command("show")
@told
def show(
    unit: UnitArgument, command: CommandArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One command, with its input and output."""
    with connect(url, key) as api:
        _tell(_find(api, unit, command), as_json=as_json)


@commands.command("watch")
@told
def watch(
    unit: UnitArgument, command: CommandArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Follow a command to its end."""
    with connect(url, key) as api:
        _tell(_follow(api, _find(api, unit, command), quiet=as_json), as_json=as_json)


@commands.command("confirm")
@told
def confirm(
    unit: UnitArgument, command: CommandArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Say yes to a command that wants that."""
    with connect(url, key) as api:
        _tell(api.post(f"{_path(_find(api, unit, command))}/confirm"), as_json=as_json)


@commands.command("cancel")
@told
def cancel(
    unit: UnitArgument, command: CommandArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Ask for it no more; a unit that has it is told to leave off."""
    with connect(url, key) as api:
        _tell(api.delete(_path(_find(api, unit, command))), as_json=as_json)


def _find(api: ApiClient, unit: str, command: str) -> dict[str, Any]:
    path = f"/api/v1/units/{unit_id_of(api, unit)}/actions"
    for one in api.pages(path):
        if one["id"] == command:
            return dict(one)
    raise NotFound(f"There is no command {command!r} of this unit.", remedy="`koto commands list UNIT` has them.")


def _path(command: dict[str, Any]) -> str:
    return f"/api/v1/units/{command['unit']}/actions/{command['action']}/{command['id']}"


def _follow(api: ApiClient, command: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Until nothing more comes of it; each stage is told once."""
    console, before = Console(stderr=True), ""
    while True:
        line = _stage(command) + (f"  {command['note']}" if command["note"] else "")
        if line != before and not quiet:
            console.print(Text(line))
        before = line
        if command["status"] not in _OPEN:
            return command
        if command["status"] == "unconfirmed":
            raise Conflict("Somebody has to say yes to it first.", remedy="`koto commands confirm UNIT COMMAND` does.")
        # A running command has news before its end: look often, else wait for the end.
        if command["status"] in {"queued", "sent"}:
            command = api.get(_path(command), {"wait": 1})
        else:
            time.sleep(_PAUSE_SECONDS)
            command = api.get(_path(command))


def _stage(command: dict[str, Any]) -> str:
    progress: float | None = command["progress"] if command["status"] == "running" else None
    leaving = ", asked to leave off" if command["cancelling_at"] and command["status"] in _OPEN else ""
    status: str = command["status"]
    return status + (f" {progress:.0%}" if progress is not None else "") + leaving


def _word(command: dict[str, Any]) -> Text:
    if command["error"]:
        return Text(command["error"])
    return Text(command["note"] if command["output"] is None else msgspec.json.encode(command["output"]).decode())


def _tell(command: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(command)
        return
    console = Console()
    console.print(Text(f"{command['id']}  {command['action']}  {_stage(command)}", style="bold"))
    shown = ("input", "output", "error", "note", "created_at", "confirmed_at", "sent_at", "answered_at", "expires_at")
    for name in shown:
        value = command[name]
        if value not in (None, ""):
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            console.print(Text(f"  {name.replace('_at', '')}: {text}"), soft_wrap=True)


def _json(text: str) -> list[Any] | None:
    """The value in a list, so that `null` is one; None: nothing was given."""
    if not text:
        return None
    try:
        return [msgspec.json.decode(text.encode())]
    except msgspec.DecodeError as error:
        raise Invalid("The input is not JSON.", faults=[Fault(place="INPUT", reason=str(error))]) from None
