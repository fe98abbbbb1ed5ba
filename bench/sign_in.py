"""Signing in, by password and by passkey: how many a second, alone and beside 5,000 messages/s, and what it does to the messages.

Each of many people signs in again and again, 32 at a time, from a process of its own (`bench/sign_in_load.py`). A password
costs what it is meant to cost (Argon2id, `connect/people/password.py`): the figure "one hash" says how much CPU that is on this
machine. A passkey costs a signature, and two requests.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.generator import start
from bench.product import prepare, usage
from bench.report import Report
from bench.sign_in_load import Authenticator, text
from monokoto.connect.passkeys import Passkeys
from monokoto.connect.people import Invitations, Letters, Newcomer, Passwords, People, Sessions
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.testing import Installation

PEOPLE = 200
RATE = 5_000
PASSWORD = "correct horse battery"
UNLIMITED = {
    "MONOKOTO_API_ANONYMOUS_REQUESTS_PER_SECOND": "100000",
    "MONOKOTO_API_ANONYMOUS_BURST": "100000",
}


WAYS = ("password", "passkey")


def run(report: Report, *, quick: bool) -> None:
    """Sign-ins alone, then messages alone, then both; each way in by itself."""
    seconds = 10 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder), UNLIMITED)
        with here:
            _, tokens, _ = prepare(here, 500)
            people = Path(folder) / "people.json"
            report.row("one hash", _people(here, people) * 1000, "ms of CPU")
            for way in WAYS:
                _report(report, f"{way}, alone", here, _sign_ins(here, people, way, seconds), None)
            begun_ms = int(time.time() * 1000) - 7_200_000
            for turn, way in enumerate(("", *WAYS)):
                generator = start(
                    here.mqtt_port, tokens=tokens, clients=500, rate=RATE, seconds=seconds + 4, window=200,
                    start=begun_ms + turn * 1_000_000,
                )  # fmt: skip
                time.sleep(2)
                signed = _sign_ins(here, people, way, seconds) if way else None
                messages = json.loads(generator.communicate(timeout=seconds + 120)[0])
                name = f"{way}, beside {RATE:,} messages/s" if way else "nobody signs in"
                _report(report, name, here, signed, messages)


def _people(here: Installation, file: Path) -> float:
    """Make them, all with one password and each with a passkey; the CPU seconds one hash takes."""

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
        invitations, people = Invitations(records, clock), People(records, clock)
        letters = Letters(lambda _message: None, lambda: here.api_url)
        passkeys = Passkeys(
            records,
            clock,
            people=people,
            sessions=Sessions(records, clock),
            letters=letters,
            address=lambda: here.api_url,
        )
        emails, devices = [f"person-{number}@example.com" for number in range(PEOPLE)], []
        for email in emails:
            _, secret = invitations.invite_first(organisation, email)
            person_id = invitations.accept(secret, Newcomer(email, kept)).person_id
            devices.append(_device(passkeys, person_id))
        origin = passkeys.relying_party().origin
    finally:
        records.close()
    file.write_text(json.dumps({"emails": emails, "password": PASSWORD, "origin": origin, "devices": devices}))
    return cost


def _device(passkeys: Passkeys, person_id: int) -> dict[str, str]:
    """Register a passkey; what the load generator needs to use it."""
    device = Authenticator(passkeys.relying_party().origin)
    options = passkeys.begin_registration(person_id)
    passkeys.register(person_id, device.create({"public_key": options}))
    assert device.key is not None
    pem = device.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"key": pem.decode(), "credential": text(device.credential), "handle": text(device.handle)}


def _sign_ins(here: Installation, people: Path, way: str, seconds: float) -> dict[str, float]:
    before, began = usage(here), time.monotonic()
    command = [sys.executable, "-m", "bench.sign_in_load", here.api_url, str(seconds), str(people), way]
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
        report.row(f"{name}: load generator's CPU", signed["generator_cpu"], "% of a core")
        report.row(f"{name}: refused or failed", signed["failed"], "", goal="0")
    if messages is not None:
        report.row(f"{name}: messages/s acked", messages["per_second"], "/s", goal=f"{RATE:,}")
        report.row(f"{name}: PUBACK p50", messages["p50_ms"], "ms")
        report.row(f"{name}: PUBACK p99", messages["p99_ms"], "ms")
