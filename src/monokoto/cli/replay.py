"""`koto replay`: a recorded table sent through MQTT as if units lived it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from monokoto.cli.client import EXIT_CODES, JsonOption, print_json, told
from monokoto.device import DeviceOptions, read_credentials
from monokoto.device import replay as replaying
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.mqtt import Version

INTERRUPTED = 130
VERSIONS = {"5": Version.V5, "3.1.1": Version.V3_1_1}
Result = TypeVar("Result")

MqttUrlOption = Annotated[str, typer.Option("--url", help="Where units connect: mqtt://host:1883 or mqtts://host.")]
QosOption = Annotated[int, typer.Option("--qos", min=0, max=2, help="MQTT quality of service.")]
VersionOption = Annotated[str, typer.Option("--mqtt", help="MQTT version: 5 or 3.1.1.")]
CredentialsOption = Annotated[
    Path | None, typer.Option("--credentials", help="Serials and tokens, as `koto units import` answers them.")
]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on uvloop; Ctrl-C cancels the work, which then returns what it has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def version_of(text: str) -> Version:
    """Raises Invalid: not a version we speak."""
    if text not in VERSIONS:
        raise Invalid(f"There is no MQTT {text} here.", remedy=f"Use one of {', '.join(VERSIONS)}.")
    return VERSIONS[text]


@told
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, NDJSON or Parquet; .gz of the first two.")],
    time: Annotated[str, typer.Option("--time", help="Column with the time of a row.")] = "time",
    unit: Annotated[str, typer.Option("--unit", help="Column that tells units apart; without it all rows are one unit's.")] = "",
    serial: Annotated[str, typer.Option("--serial", help="The unit's serial; {} stands for the cell of --unit.")] = "{}",
    credentials: CredentialsOption = None,
    token: Annotated[str, typer.Option("--token", envvar="MONOKOTO_UNIT_TOKEN", help="Token, when it is one unit's table.")] = "",
    url: MqttUrlOption = "mqtt://127.0.0.1:1883",
    names: Annotated[list[str] | None, typer.Option("--map", help="column=property, where they differ.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Send these properties alone.")] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="Properties that are texts, whatever they look like.")] = None,
    assume_utc: Annotated[bool, typer.Option("--assume-utc", help="Take times without a zone as UTC.")] = False,
    cycle_seconds: Annotated[float, typer.Option("--cycle-seconds", min=0, help="The time column counts cycles so long.")] = 0,
    start: Annotated[str, typer.Option("--start", help="When cycle 0 was.")] = "2026-01-01T00:00:00Z",
    speed: Annotated[str, typer.Option("--speed", help="Recorded time against ours: 60x, 1x, max.")] = "max",
    batch: Annotated[int, typer.Option("--batch", min=1, max=10_000, help="Rows of one unit in one message.")] = 1,
    qos: QosOption = 1,
    mqtt: VersionOption = "5",
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first wrong row.")] = False,
    state: Annotated[Path | None, typer.Option("--state", help="Keep in this file how far we came, and go on from there.")] = None,
    checksum: Annotated[bool, typer.Option("--checksum", help="Sum up a hash of every reading (docs/replay.md).")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Send a recorded table through real MQTT as if units lived it.

    Ends with 0 when all is acknowledged, 3 when rows were wrong or messages refused, 6 when a unit was not let in, 7 when
    the platform is not there, 130 after Ctrl-C.
    """
    plan = replaying.Replay(
        path=file,
        mapping=replaying.ColumnMapping(
            time=_time(time, assume_utc, cycle_seconds, start),
            unit_column=unit,
            serial=serial,
            names=replaying.parse_columns(names or ()),
            only=_listed(only),
            text=_listed(text),
        ),
        url=url,
        speed=replaying.parse_speed(speed),
        qos=qos,
        batch=batch,
        strict=strict,
        checksum=checksum,
        options=DeviceOptions(version=version_of(mqtt), window=500),
    )
    tokens = _tokens(plan.mapping, credentials, token)
    kept = None if state is None else replaying.ReplayState(state, file, by_time=not plan.speed.unlimited)
    report = _with_progress(plan, tokens, kept, quiet=as_json)
    _show(report, file, as_json)


def _time(
    column: str, assume_utc: bool, cycle_seconds: float, start: str
) -> replaying.TimeColumn | replaying.CycleTime:
    if not cycle_seconds:
        return replaying.TimeColumn(column=column, assume_utc=assume_utc)
    try:
        return replaying.CycleTime(column=column, seconds=cycle_seconds, start=parse_instant(start))
    except ValueError as error:
        raise Invalid(f"The start is wrong: {error}.") from error


def _listed(texts: list[str] | None) -> frozenset[str]:
    return frozenset(part.strip() for text in texts or () for part in text.split(",") if part.strip())


def _tokens(mapping: replaying.ColumnMapping, credentials: Path | None, token: str) -> Mapping[str, str]:
    if credentials is not None:
        return read_credentials(credentials)
    if not token:
        raise Invalid("No unit can connect without a token.", remedy="Give --credentials FILE or --token TOKEN.")
    if mapping.unit_column:
        raise Invalid("One token is not enough for many units.", remedy="Give --credentials FILE.")
    return {mapping.serial: token}


def _with_progress(
    plan: replaying.Replay, tokens: Mapping[str, str], state: replaying.ReplayState | None, *, quiet: bool
) -> replaying.ReplayReport:
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows  {task.fields[pace]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=replaying.count_rows(plan.path), pace="")

        def show(report: replaying.ReplayReport) -> None:
            pace = f"{report.readings / max(report.seconds, 1e-3):,.0f} readings/s" if report.seconds else ""
            progress.update(task, completed=report.rows + report.skipped, pace=pace)

        return run(replaying.replay(plan, tokens, state=state, told=show))


def _show(report: replaying.ReplayReport, file: Path, as_json: bool) -> None:
    if as_json:
        print_json(_to_json(report, file))
    else:
        _tell(report, file)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if report.wrong_rows or report.refused:
        raise typer.Exit(EXIT_CODES[Invalid])


def _to_json(report: replaying.ReplayReport, file: Path) -> dict[str, Any]:
    return {
        "file": str(file),
        "rows": report.rows,
        "readings": report.readings,
        "messages": report.messages,
        "units": report.units,
        "acked": report.messages,
        "refused": report.refused,
        "skipped": report.skipped,
        "empty": report.empty,
        "wrong_rows": report.wrong_rows,
        "wrong": [{"line": row.line, "reason": row.reason} for row in report.wrong],
        "seconds": round(report.seconds, 3),
        "checksum": None if report.checksum is None else f"{report.checksum:016x}",
        "interrupted": report.interrupted,
    }


def _tell(report: replaying.ReplayReport, file: Path) -> None:
    errors = Console(stderr=True)
    for row in report.wrong:
        errors.print(Text(str(Fault(file=str(file), line=row.line, reason=row.reason)), style="yellow"), soft_wrap=True)
    counts: list[tuple[int, Callable[[int], str]]] = [
        (report.wrong_rows, lambda count: f"{count:,} wrong rows left out"),
        (report.refused, lambda count: f"{count:,} messages refused by the platform"),
        (report.skipped, lambda count: f"{count:,} rows were sent before"),
        (report.empty, lambda count: f"{count:,} rows without values"),
    ]
    parts = [
        f"{report.rows:,} rows, {report.readings:,} readings of {report.units:,} units in {report.messages:,} messages",
        f"all acknowledged in {report.seconds:.1f} s",
        *(say(count) for count, say in counts if count),
    ]
    if report.checksum is not None:
        parts.append(f"checksum {report.checksum:016x}")
    if report.interrupted:
        parts[1] = f"acknowledged in {report.seconds:.1f} s, then interrupted"
    Console().print(Text("; ".join(parts) + "."), soft_wrap=True)
