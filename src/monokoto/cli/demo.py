"""`koto demo`: everything at once, with a small fleet that lives. An ordinary installation, in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from monokoto.cli.blueprints import blueprint
from monokoto.cli.client import ApiClient, told
from monokoto.cli.logging import configure_logging
from monokoto.cli.running import addresses, show_addresses
from monokoto.cli.supervisor import Supervisor
from monokoto.connect.people import INVITATION_PATH, Invitations
from monokoto.connect.products import check, read_folder
from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations
from monokoto.engines.host import tethered
from monokoto.engines.records import Records, open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import Conflict, MonokotoError, NotFound
from monokoto.settings import Settings, load_settings
from monokoto.web import Scope

DATA_DIR = "monokoto-demo"
SLUG = "demo"
EMAIL = "demo@example.org"
TELL_SECONDS, FIRST_SECONDS = 10.0, 0.2


@told
def demo(
    units: Annotated[int, typer.Option("--units", min=1, max=10_000, help="How many virtual units.")] = 20,
    product: Annotated[str, typer.Option("--blueprint", help="Which blueprint they are of.")] = "thermostat",
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Stop by itself after so long; 0: on Ctrl-C.")] = 0,
) -> None:
    """Start everything in ./monokoto-demo, simulate a small fleet through real MQTT, print the addresses."""
    quiet = {"MONOKOTO_DATA_DIR": DATA_DIR, "MONOKOTO_LOG_LEVEL": "warning", **os.environ}
    settings = _with_free_ports(load_settings(None, quiet))
    configure_logging(settings.log_level, process="koto")
    folder = blueprint(product)
    asyncio.run(_Demo(settings, folder, units, seconds).run())


class _Demo:
    def __init__(self, settings: Settings, folder: Path, units: int, seconds: float) -> None:
        self._settings = settings
        self._folder = folder
        self._units = units
        self._seconds = seconds
        self._supervisor = Supervisor(settings)
        self._console = Console()
        self._story: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._console.print("Starting log, platform and gateway ...")
        try:
            await self._supervisor.run(self._on_ready)
        finally:
            if self._story is not None:
                self._story.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._story

    def _on_ready(self, ready: Mapping[str, Any]) -> None:
        where = addresses(self._settings, ready)
        where.pop("first_run", None)  # the link into the demo's own organisation comes instead
        show_addresses(where)
        self._story = asyncio.create_task(self._tell_story(where))

    async def _tell_story(self, where: Mapping[str, str]) -> None:
        try:
            key, invitation = await asyncio.to_thread(self._prepare)
            with ApiClient(where["api"], key) as api:
                await self._live(api, where, key, invitation)
        except MonokotoError as error:
            self._console.print(f"[red]{error}[/red]")
        finally:
            if self._seconds:
                self._supervisor.on_signal(15)

    async def _live(self, api: ApiClient, where: Mapping[str, str], key: str, invitation: str) -> None:
        described = read_folder(self._folder)
        product = check(described).product
        await asyncio.to_thread(api.post, "/api/v1/products/apply", {"files": dict(described.files)})
        self._console.print(
            f"\nProduct [bold]{product}[/bold] from {self._folder}; {self._units} virtual units connect ..."
        )
        fleet = await asyncio.create_subprocess_exec(
            *tethered([sys.executable, "-m", "monokoto.cli", "simulate", str(self._folder), "--json"]),
            *("--units", str(self._units), "--url", where["mqtt"]),
            env={
                **os.environ,
                "MONOKOTO_URL": where["api"],
                "MONOKOTO_KEY": key,
                "MONOKOTO_DATA_DIR": self._settings.data_dir,
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        self._console.print(
            f"\nAn admin key of the organisation {SLUG!r}: [bold]{key}[/bold]\nTry:\n"
            f"  curl -H 'Authorization: Bearer {key}' '{where['api']}/api/v1/latest?product={product}'\n",
            soft_wrap=True,
        )
        try:
            await self._first_units(api, fleet)
            self._show_way_in(where["api"], invitation)
            await self._watch(api, product, fleet)
        finally:
            if fleet.returncode is None:
                fleet.terminate()
                await fleet.wait()

    async def _first_units(self, api: ApiClient, fleet: asyncio.subprocess.Process) -> None:
        """Until there is something to see in the console."""
        while fleet.returncode is None:
            presence = await asyncio.to_thread(api.get, "/api/v1/presence", {"limit": 1})
            if presence["online"]:
                return
            await asyncio.sleep(FIRST_SECONDS)

    async def _watch(self, api: ApiClient, product: str, fleet: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while fleet.returncode is None and not (self._seconds and loop.time() - begun >= self._seconds):
            left = self._seconds - (loop.time() - begun) if self._seconds else TELL_SECONDS
            await asyncio.sleep(min(TELL_SECONDS, max(left, 0.1)))
            presence = await asyncio.to_thread(api.get, "/api/v1/presence", {"limit": 1})
            counts = await asyncio.to_thread(_readings, api, product)
            self._console.print(
                f"{presence['online']} of {self._units} units online, {counts:,} readings stored in the last hour"
            )
        if fleet.returncode:
            self._console.print(f"[red]The simulation ended with {fleet.returncode}.[/red]")

    def _show_way_in(self, address: str, invitation: str) -> None:
        if invitation:
            self._console.print(
                f"\n[yellow]The console:[/yellow] this link makes you {EMAIL} there, with a password of yours:"
            )
        else:
            self._console.print(f"\n[yellow]The console[/yellow], where you are {EMAIL}:")
        path = f"{INVITATION_PATH}?token={invitation}" if invitation else "/console"
        self._console.print(address + path, soft_wrap=True, highlight=False, markup=False)

    def _prepare(self) -> tuple[str, str]:
        """A fresh key of the demo's organisation, which is made at the first start, and the secret of an invitation to it;
        the latter empty once somebody has accepted one.
        """
        clock = SystemClock()
        records = open_records(
            self._settings.records.url,
            data_dir=Path(self._settings.data_dir),
            keys_file=self._settings.records.keys_file,
        )
        try:
            organisations, keys = Organisations(records, clock), ApiKeys(records, clock)
            try:
                organisation = organisations.by_slug(SLUG)
            except NotFound:
                organisation = organisations.create("Monokoto demo", SLUG)
            # Keys are shown once: the ones of earlier starts are of no use to anybody now.
            for old in keys.list(organisation.id):
                keys.revoke(organisation.id, old.id)
            _, secret = keys.create(organisation.id, name="demo", scopes={Scope.ADMIN})
            return secret, _invitation(records, organisation)
        finally:
            records.close()


def _invitation(records: Records, organisation: Organisation) -> str:
    try:
        return Invitations(records, SystemClock()).invite_first(organisation, EMAIL)[1]
    except Conflict:
        return ""


def _readings(api: ApiClient, product: str) -> int:
    question = {"product": product, "from": "-1h", "width": "1d", "aggregates": ["count"], "group": "product"}
    answer = api.post("/api/v1/history", question)
    return sum(int(count or 0) for series in answer["series"] for count in series["count"])


def _with_free_ports(settings: Settings) -> Settings:
    """The settings' ports where they are free, any free ones elsewhere: a demo must not fail for a port."""
    gateway = settings.gateway
    return msgspec.structs.replace(
        settings,
        gateway=msgspec.structs.replace(
            gateway,
            mqtt_port=_free(gateway.host, gateway.mqtt_port),
            websocket_port=_free(gateway.host, gateway.websocket_port),
        ),
        api=msgspec.structs.replace(settings.api, port=_free(settings.api.host, settings.api.port)),
    )


def _free(host: str, port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return 0
    return port
