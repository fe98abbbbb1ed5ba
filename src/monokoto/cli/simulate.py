"""`koto simulate`: the virtual units of a product, as ordinary MQTT clients."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from monokoto.cli.client import (
    DEFAULT_URL,
    EXIT_CODES,
    ApiClient,
    JsonOption,
    KeyOption,
    connect,
    data_dir,
    print_json,
    read_profile,
    told,
)
from monokoto.cli.pressing import absences, line_of, pressings
from monokoto.cli.replay import INTERRUPTED, CredentialsOption, MqttUrlOption, QosOption, VersionOption, run, version_of
from monokoto.connect.products import CheckedProduct, check, compile_model, read_folder
from monokoto.device import DeviceOptions, read_credentials
from monokoto.device.entitlement import keys_of
from monokoto.device.replay import parse_speed
from monokoto.device.simulate import FleetSimulation, Note, Promising, SimulationReport
from monokoto.device.simulate import simulate as simulate_fleet
from monokoto.earn.features import features_of
from monokoto.kernel.clock import Instant, SystemClock, parse_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid

_FAULTS_MAX = 5
KEYS_SECONDS = 10.0


@told
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the product.")],
    units: Annotated[int, typer.Option("--units", min=1, max=100_000, help="How many units.")] = 10,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0, help="How long they live; without it, until Ctrl-C.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same lives.")] = 1,
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="When their lives begin (RFC 3339); else as the section says."),
    ] = "",
    press: Annotated[
        list[str] | None,
        typer.Option(
            "--press",
            metavar="ACTION[=INPUT]@AFTER",
            help="Somebody at each unit wants this, so long after the beginning: start@10m; repeat.",
        ),
    ] = None,
    away: Annotated[
        list[str] | None,
        typer.Option("--away", metavar="FROM-TO", help="No unit has a network then: 1h-2d; repeat."),
    ] = None,
    speed: Annotated[str, typer.Option("--speed", help="Their time against ours: 1x, 60x, max.")] = "1x",
    url: MqttUrlOption = "mqtt://127.0.0.1:1883",
    credentials: CredentialsOption = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Serials of units that are registered for you.")] = "sim-",
    api: Annotated[
        str, typer.Option("--api", envvar="MONOKOTO_URL", help="Address of the API, to register units.")
    ] = "",
    key: KeyOption = "",
    qos: QosOption = 1,
    mqtt: VersionOption = "5",
    as_json: JsonOption = False,
) -> None:
    """Run the virtual units of a product through real MQTT.

    Where the product has features, each unit verifies its entitlement token by itself: an action that is wanted at the unit
    (--press) is done, or refused with the reason, with a network or without (--away).

    Without --credentials the units are registered through the API, and their tokens kept in the data folder for the next
    time. Ends with 0, or 3 when messages were refused or lost, 6 when a unit was not let in, 7 when the platform is not
    there, 130 after Ctrl-C.
    """
    planned = _Planned(speed=speed, minutes=minutes, seed=seed, since=since, presses=press or [], away=away or [])
    checked, plan = _plan(folder, planned, url=url, api=api, qos=qos, mqtt=mqtt)
    if credentials is not None:
        chosen = _chosen(read_credentials(credentials), units, credentials)
    else:
        chosen = _registered(checked.product, [f"{prefix}{number:04}" for number in range(1, units + 1)], api, key)
    report = _with_progress(plan, chosen, quiet=as_json)
    _show(report, as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """How the units are to live, as it was typed."""

    speed: str
    minutes: float | None
    seed: int
    since: str
    presses: Sequence[str]
    away: Sequence[str]


def _plan(
    folder: Path, planned: _Planned, *, url: str, api: str, qos: int, mqtt: str
) -> tuple[CheckedProduct, FleetSimulation]:
    """The product and the plan; refuses what cannot be, before units are registered."""
    checked = check(read_folder(folder))
    if checked.simulation is None:
        raise Invalid(
            f"{checked.product} does not say how its virtual units behave.",
            remedy="Add a section `simulation:` to product.yaml (docs/simulation.md).",
        )
    model = compile_model(0, checked.product, checked.thing_model)
    plan = FleetSimulation(
        simulation=checked.simulation,
        url=url,
        seed=planned.seed,
        speed=parse_speed(planned.speed),
        minutes=planned.minutes,
        qos=qos,
        options=DeviceOptions(version=version_of(mqtt)),
        actions=model.actions,
        promising=Promising(features=features_of(checked.document, model), keys=partial(_keys, api)),
        presses=pressings(planned.presses, model),
        away=absences(planned.away),
        since=_instant(planned.since),
    )
    plan.start(SystemClock().now())
    return checked, plan


def _instant(text: str) -> Instant | None:
    try:
        return parse_instant(text) if text else None
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place="--since", reason=str(error))]) from None


def _keys(api: str) -> Mapping[str, bytes]:
    """The keys that sign entitlement tokens; nobody needs a key of ours for them. Units without them take no token."""
    address = (api or read_profile(data_dir()).url or DEFAULT_URL).rstrip("/")
    try:
        answer = httpx.get(f"{address}/api/v1/entitlement-keys", timeout=KEYS_SECONDS).raise_for_status()
        return keys_of(answer.json())
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        Console(stderr=True).print(Text(f"The keys of entitlement tokens cannot be had from {address}: {error}"))
        return {}


def _chosen(tokens: Mapping[str, str], units: int, path: Path) -> list[tuple[str, str]]:
    if len(tokens) < units:
        raise Invalid(f"{path} has {len(tokens)} units, and {units} are to live.", remedy="Ask for fewer --units.")
    return list(tokens.items())[:units]


def _registered(product: str, serials: Sequence[str], api: str, key: str) -> list[tuple[str, str]]:
    """Tokens of units that were registered for us, now or before."""
    path = data_dir() / "simulated" / f"{product}.csv"
    tokens = read_credentials(path) if path.exists() else {}
    lacking = [serial for serial in serials if serial not in tokens]
    if lacking:
        with connect(api, key) as client:
            results = _register(client, product, lacking)
        tokens |= {result.serial: result.token for result in results if result.token}
        if tokens:
            _keep(path, tokens)  # also when others were refused: a token is told once
        _check([result for result in results if not result.token])
    return [(serial, tokens[serial]) for serial in serials]


class _Result(msgspec.Struct):
    serial: str = ""
    token: str = ""
    faults: list[Any] = []
    reason: str = ""


def _register(client: ApiClient, product: str, serials: Sequence[str]) -> list[_Result]:
    body = b"".join(msgspec.json.encode({"serial": serial, "tags": ["simulated"]}) + b"\n" for serial in serials)
    kind = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
    params = {"product": product, "mode": "skip-faulty"}
    with client.stream("POST", "/api/v1/units/import", params=params, content=body, headers=kind) as answer:
        return list(_results(answer.iter_lines()))


def _check(refused: Sequence[_Result]) -> None:
    if refused:
        faults = [Fault(place=result.serial, reason=_reason(result)) for result in refused[:_FAULTS_MAX]]
        raise Conflict(
            f"{len(refused):,} units could not be registered.",
            remedy="Apply the product first (`koto apply`); for serials taken, give --credentials or another --prefix.",
            faults=faults,
        )


def _results(lines: Iterator[str]) -> Iterator[_Result]:
    for line in lines:
        if line.strip():
            yield msgspec.json.decode(line, type=_Result)


def _reason(result: _Result) -> str:
    reasons = [str(fault.get("reason", fault)) if isinstance(fault, Mapping) else str(fault) for fault in result.faults]
    return result.reason or "; ".join(reasons) or "was refused"


def _keep(path: Path, tokens: Mapping[str, str]) -> None:
    """Keep the tokens for their owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("serial", "token"))
        writer.writerows(tokens.items())
    fresh.replace(path)


def _with_progress(plan: FleetSimulation, chosen: list[tuple[str, str]], *, quiet: bool) -> SimulationReport:
    console = Console(stderr=True)
    now = SystemClock().now()
    if quiet:
        return run(simulate_fleet(plan, chosen, now=now))
    if not console.is_terminal:
        return run(simulate_fleet(plan, chosen, now=now, noted=lambda note: typer.echo(line_of(note))))
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def show(report: SimulationReport) -> None:
            live.update(
                Text(
                    f"{report.online:,} of {len(chosen):,} units online, {_passed(report.simulated_seconds)} lived, "
                    f"{report.readings:,} readings acknowledged"
                ),
                refresh=True,
            )

        def tell(note: Note) -> None:
            live.console.print(Text(line_of(note)))

        return run(simulate_fleet(plan, chosen, now=now, told=show, noted=tell))


def _passed(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _show(report: SimulationReport, as_json: bool) -> None:
    if as_json:
        print_json({name: getattr(report, name) for name in SimulationReport.__slots__})
    else:
        problems = "".join(
            f", {count:,} {what}" for count, what in ((report.refused, "refused"), (report.lost, "lost")) if count
        )
        Console().print(
            Text(
                f"{report.units:,} units lived {_passed(report.simulated_seconds)}: {report.messages:,} messages with "
                f"{report.readings:,} readings and {report.events:,} events acknowledged in {report.seconds:.1f} s"
                f"{problems}{', then interrupted' if report.interrupted else ''}."
            ),
            soft_wrap=True,
        )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if report.refused or report.lost:
        raise typer.Exit(EXIT_CODES[Invalid])
