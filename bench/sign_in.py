"""Signing in with a password: how many a second, alone and beside 5,000 messages/s, and what it does to the messages.

Each of many people signs in again and again, 32 at a time, from a process of its own. A password costs what it is meant to
cost (Argon2id, `connect/people/password.py`): the figure "one hash" says how much CPU that is on this machine.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.generator import start
from bench.product import prepare, usage
from bench.report import Report
from monokoto.connect.people import Invitations, Newcomer, Passwords
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.testing import Installation

PEOPLE = 200
AT_ONCE = 32
RATE = 5_000
PASSWORD = "correct horse battery"
UNLIMITED = {
    "MONOKOTO_API_ANONYMOUS_REQUESTS_PER_SECOND": "100000",
    "MONOKOTO_API_ANONYMOUS_BURST": "100000",
}


def run(report: Report, *, quick: bool) -> None:
    """Sign-ins alone, then messages alone, then both."""
    seconds = 10 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder), UNLIMITED)
        with here:
            _, tokens, _ = prepare(here, 500)
            report.row("one hash", _people(here) * 1000, "ms of CPU")
            _report(report, "alone", here, _sign_ins(here, seconds), None)
            begun_ms = int(time.time() * 1000) - 7_200_000
            for turn, beside in enumerate((False, True)):
                generator = start(
                    here.mqtt_port, tokens=tokens, clients=500, rate=RATE, seconds=seconds + 4, window=200,
                    start=begun_ms + turn * 1_000_000,
                )  # fmt: skip
                time.sleep(2)
                signed = _sign_ins(here, seconds) if beside else None
                messages = json.loads(generator.communicate(timeout=seconds + 120)[0])
                _report(report, f"beside {RATE:,} messages/s" if beside else "nobody signs in", here, signed, messages)


def _people(here: Installation) -> float:
    """Make them, all with one password; the CPU seconds one hash takes."""

    async def hashed() -> tuple[str, float]:
        passwords = Passwords()
        made, before = await passwords.hashed(PASSWORD), time.process_time()
        for _ in range(10):
            await passwords.matches(made, PASSWORD)
        return made, (time.process_time() - before) / 11  # one more for the decoy

    kept, cost = asyncio.run(hashed())
    records = open_records("", data_dir=here.data_dir)
    try:
        clock = SystemClock()
        organisation = Organisations(records, clock).create("People", "people")
        invitations = Invitations(records, clock)
        for number in range(PEOPLE):
            _, secret = invitations.invite_first(organisation, f"person-{number}@example.com")
            invitations.accept(secret, Newcomer(f"Person {number}", kept))
    finally:
        records.close()
    return cost


def _sign_ins(here: Installation, seconds: float) -> dict[str, float]:
    before, began = usage(here), time.monotonic()
    command = [sys.executable, "-m", "bench.sign_in", here.api_url, str(seconds)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=seconds + 120)
    found: dict[str, float] = json.loads(answer.stdout)
    found["cpu"] = (usage(here)["platform"]["cpu"] - before["platform"]["cpu"]) / (time.monotonic() - began) * 100
    return found


def _report(
    report: Report, name: str, here: Installation, signed: dict[str, float] | None, messages: dict[str, float] | None
) -> None:
    if signed is not None:
        report.row(f"{name}: sign-ins", signed["per_second"], "/s", goal="200")
        report.row(f"{name}: sign-in p50", signed["p50_ms"], "ms")
        report.row(f"{name}: sign-in p95", signed["p95_ms"], "ms")
        report.row(f"{name}: platform CPU", signed["cpu"], "% of a core")
        report.row(f"{name}: refused or failed", signed["failed"], "", goal="0")
    if messages is not None:
        report.row(f"{name}: messages/s acked", messages["per_second"], "/s", goal=f"{RATE:,}")
        report.row(f"{name}: PUBACK p50", messages["p50_ms"], "ms")
        report.row(f"{name}: PUBACK p99", messages["p99_ms"], "ms")


async def _load(url: str, seconds: float) -> dict[str, float]:
    delays: list[float] = []
    failed = 0
    until = time.monotonic() + seconds

    async def one(number: int, client: httpx.AsyncClient) -> None:
        nonlocal failed
        turn = number
        while time.monotonic() < until:
            body = {"email": f"person-{turn % PEOPLE}@example.com", "password": PASSWORD}
            began = time.monotonic()
            answer = await client.post("/api/v1/session", json=body)
            failed += answer.status_code != 201
            delays.append(time.monotonic() - began)
            client.cookies.clear()
            turn += AT_ONCE

    began = time.monotonic()
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await asyncio.gather(*(one(number, client) for number in range(AT_ONCE)))
    ordered = sorted(delays)
    return {
        "per_second": len(ordered) / (time.monotonic() - began),
        "p50_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000,
        "failed": failed,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_load(sys.argv[1], float(sys.argv[2])))))
