"""The log and the platform: which nats-server, how full its streams are, how far behind the line is, what it says itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from monokoto.cli.doctor.finding import Finding, Patient, fault, from_error, ok, warning
from monokoto.engines.log import Log, describe_binary, open_log, running_url
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import MonokotoError, Unavailable

STREAM = "LINE"
FILL_WARNING, FILL_FAULT = 0.6, 0.9
LAG_SECONDS_WARNING, LAG_SECONDS_FAULT = 10.0, 300.0
ASK_SECONDS = 10.0
_AWAY = "Look at the log of `koto up`, or name the API's address with --url."


def server(patient: Patient) -> Iterator[Finding]:
    """The nats-server that runs, or would run."""
    if patient.settings.log.url:
        return
    try:
        yield ok("nats-server", asyncio.run(describe_binary()))
    except MonokotoError as error:
        yield from from_error("nats-server", error)


def log(patient: Patient) -> Iterator[Finding]:
    """Whether it can be reached, how full it is, and how far behind the line is."""
    given = patient.settings.log
    url = given.url or (running_url(patient.data_dir / "log") if patient.running else "")
    if not url:
        if patient.running:
            yield fault("log", "nats-server does not run", "Look at the log of `koto up`; it starts it again.")
        return
    try:
        positions = _positions(patient) if patient.running else {}
        yield from asyncio.run(_log(patient, url, positions))
    except MonokotoError as error:
        yield from from_error("log", error)


async def _log(patient: Patient, url: str, positions: dict[int, int]) -> list[Finding]:
    given = patient.settings.log
    opened = await open_log(url, credentials_file=given.credentials_file, replicas=given.replicas)
    try:
        state = await opened.state(STREAM)
        fill = state.bytes / given.bytes_max
        what = f"stream {STREAM} holds {state.messages} entries, {state.bytes >> 20} MB, {fill:.0%} of log.bytes_max"
        if fill >= FILL_FAULT:
            found = [fault("log", what, "It refuses when it is full: see to the line, or raise log.bytes_max.")]
        elif fill >= FILL_WARNING:
            found = [warning("log", what, "See whether the line keeps up; or raise log.bytes_max.")]
        else:
            found = [ok("log", what)]
        return found + [await _lag(opened, partition, position) for partition, position in sorted(positions.items())]
    finally:
        await opened.close()


async def _lag(opened: Log, partition: int, position: int) -> Finding:
    """By the age of the first entry that was not taken in."""
    check, subject = "line", f"line.{partition}"
    waiting = await opened.next_after(STREAM, subject, position)
    if waiting is None:
        return ok(check, f"partition {partition} has taken in everything")
    seconds = max(0.0, time.time() - waiting.stored_at / MICROSECONDS_PER_SECOND)
    what = f"partition {partition} is {seconds:.1f} s behind"
    remedy = "See what it waits for (above), or whether this machine is overloaded."
    if seconds > LAG_SECONDS_FAULT:
        return fault(check, what, remedy)
    return warning(check, what, remedy) if seconds > LAG_SECONDS_WARNING else ok(check, what)


def _positions(patient: Patient) -> dict[int, int]:
    """How far the line of each partition is, by the platform's own metrics."""
    return {
        int(sample.labels["partition"]): int(sample.value)
        for family in text_string_to_metric_families(_get(patient, "/metrics").text)
        if family.name == "monokoto_line_position"
        for sample in family.samples
    }


class _Problem(msgspec.Struct):
    part: str
    what: str
    remedy: str = ""


class _Readiness(msgspec.Struct):
    problems: list[_Problem] = []
    damage: list[_Problem] = []


def platform(patient: Patient) -> Iterator[Finding]:
    """What the running platform says of itself."""
    if not patient.running:
        yield ok("platform", "does not run; `koto up` starts it")
        return
    try:
        told = msgspec.json.decode(_get(patient, "/readyz").content, type=_Readiness)
    except MonokotoError as error:
        yield from from_error("platform", error)
        return
    except msgspec.MsgspecError:
        yield fault("platform", f"what answers at {patient.url} is not Monokoto", "Name the API's address with --url.")
        return
    for problem in (*told.problems, *told.damage):
        yield fault(problem.part, problem.what, problem.remedy or _AWAY)
    if not told.problems:
        yield ok("platform", f"ready at {patient.url}")


def _get(patient: Patient, path: str) -> httpx.Response:
    if not patient.url:
        raise Unavailable("The API listens on a port of its own choice (api.port is 0).", remedy="Give --url.")
    try:
        return httpx.get(patient.url + path, timeout=ASK_SECONDS)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unavailable(f"Nobody answers at {patient.url}: {error or type(error).__name__}.", remedy=_AWAY) from None
