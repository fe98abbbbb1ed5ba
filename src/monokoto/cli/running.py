"""`koto up` and `koto settings`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from monokoto.cli.client import JsonOption, print_json, told
from monokoto.cli.logging import configure_logging
from monokoto.cli.supervisor import Supervisor
from monokoto.settings import Settings, describe, load_settings, read_settings

_PIPE_WIDTH = 200
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", envvar="MONOKOTO_SETTINGS", help="Settings file (TOML).", show_default=False),
]


@told
def up(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """Start everything: log, gateway, platform. Ctrl-C stops it in order; a second one kills."""
    loaded = load_settings(settings, os.environ)
    configure_logging(loaded.log_level, process="koto")
    asyncio.run(_up(loaded, as_json=as_json))


async def _up(settings: Settings, *, as_json: bool) -> None:
    supervisor = Supervisor(settings)

    def on_ready(ready: Mapping[str, Any]) -> None:
        where = addresses(settings, ready)
        if as_json:
            typer.echo(msgspec.json.encode({**where, "pids": supervisor.pids}).decode())
        else:
            show_addresses(where)

    await supervisor.run(on_ready)


def addresses(settings: Settings, ready: Mapping[str, Any]) -> dict[str, str]:
    """Where everything can be reached, by the ports the children told."""
    ports: dict[str, Any] = {}
    for told_ready in ready.values():
        ports |= told_ready
    host = _reachable(settings.gateway.host)
    where = {
        "api": msgspec.structs.replace(settings.api, public_url="").address(ports["api.port"]),
        "mqtt": f"mqtt://{host}:{ports['gateway.mqtt_port']}",
        "websocket": f"ws://{host}:{ports['gateway.websocket_port']}/mqtt",
    }
    if "gateway.mqtts_port" in ports:
        where["mqtts"] = f"mqtts://{host}:{ports['gateway.mqtts_port']}"
    if ports.get("first_run"):
        where["first_run"] = first_run_link(settings.api.address(ports["api.port"]), ports["first_run"])
    return where


def first_run_link(address: str, secret: str) -> str:
    """The page on which somebody becomes the one who runs this platform."""
    return f"{address}/console/first-run?token={secret}"


def _reachable(host: str) -> str:
    """An address somebody on this machine can use, where the one listened on means all of them."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104


def show_addresses(where: Mapping[str, str]) -> None:
    """For a person."""
    console = Console()
    table = Table.grid(padding=(0, 2))
    names = {"api": "HTTP API", "mqtt": "MQTT", "mqtts": "MQTT over TLS", "websocket": "MQTT over WebSocket"}
    for name, address in where.items():
        if name in names:
            table.add_row(names[name], f"[bold]{address}[/bold]")
    table.add_row("OpenAPI", f"{where['api']}/openapi/openapi.json")
    console.print("[green]Monokoto is up.[/green] Ctrl-C stops it.")
    console.print(table)
    if "first_run" in where:
        # On a line of its own and never wrapped: it is there to be clicked or copied.
        console.print(
            "\n[yellow]Nobody runs this platform yet.[/yellow] This link makes you the one who does; it works once:"
        )
        console.print(where["first_run"], soft_wrap=True, highlight=False, markup=False)


@told
def show_settings(
    settings: SettingsOption = None,
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The defaults, as docs/settings.md has them.")] = False,
) -> None:
    """List every setting, its value and where it came from. Secrets are masked."""
    if markdown:
        typer.echo(settings_table(), nl=False)
        return
    loaded = read_settings(settings, os.environ)
    found = describe(loaded.settings, loaded.sources)
    if as_json:
        print_json(
            [{"name": one.name, "value": one.value, "source": one.source, "what": one.description} for one in found]
        )
        return
    table = Table("setting", "value", "from", "what it does", box=None)
    for one in found:
        table.add_row(one.name, one.value, one.source, one.description)
    console = Console()
    # A pipe has no width: what is cut there is lost.
    (console if console.is_terminal else Console(width=_PIPE_WIDTH)).print(table)


def settings_table() -> str:
    """The settings and their defaults as a Markdown table."""
    rows = [
        f"| `{one.name}` | `{one.value}` | {one.description} |"
        if one.value
        else f"| `{one.name}` | | {one.description} |"
        for one in describe(Settings())
    ]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows]) + "\n"
