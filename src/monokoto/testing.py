"""A whole installation in a folder of its own, for tests and benchmarks: `koto up` as a child process, and the API.

    with Installation(tmp_path) as here:
        api = here.organisation("acme")
        api.post("/api/v1/products/apply", {"files": {"product.yaml": text}})

Ports are free ones. Everything dies with the process that made it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import ApiKeys, OrganisationKind, Organisations
from monokoto.engines.host import tethered
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import Unavailable
from monokoto.web import Scope

START_SECONDS = 90.0
STOP_SECONDS = 60.0
FREE_PORTS = {
    "MONOKOTO_API_PORT": "0",
    "MONOKOTO_GATEWAY_MQTT_PORT": "0",
    "MONOKOTO_GATEWAY_WEBSOCKET_PORT": "0",
    "MONOKOTO_GATEWAY_MQTTS_PORT": "0",
}


class Installation:
    """One installation; `settings` are variables such as `{"MONOKOTO_GATEWAY_PROCESSES": "2"}`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.error_log = folder / "koto.log"
        self._settings = {**FREE_PORTS, **(settings or {})}
        self._slugs: Counter[str] = Counter()
        self._process: subprocess.Popen[str] | None = None
        self.told: dict[str, Any] = {}
        """What `koto up --json` said: addresses and process ids of the first start."""

    def __enter__(self) -> Installation:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The variables its processes and `koto` commands for it get."""
        outer = {name: value for name, value in os.environ.items() if not name.startswith("MONOKOTO_")}
        return {**outer, **self._settings, "MONOKOTO_DATA_DIR": str(self.data_dir)}

    @property
    def api_url(self) -> str:
        """The API's address."""
        return str(self.told["api"])

    @property
    def mqtt_port(self) -> int:
        """Where MQTT is spoken, on 127.0.0.1."""
        return int(str(self.told["mqtt"]).rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            Unavailable: it did not start; the message has its last words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.error_log.open("a") as errors:
            self._process = subprocess.Popen(
                tethered([sys.executable, "-m", "monokoto.cli", "up", "--json"]),
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(START_SECONDS)
            raise Unavailable(f"The installation did not start: {self.error_log.read_text()[-2000:]}")
        self.told = msgspec.json.decode(line)
        # From now on the same ports, also after a kill.
        self._settings |= {
            "MONOKOTO_API_PORT": self.api_url.rpartition(":")[2],
            "MONOKOTO_GATEWAY_MQTT_PORT": str(self.mqtt_port),
            "MONOKOTO_GATEWAY_WEBSOCKET_PORT": str(self.told["websocket"]).rpartition(":")[2].partition("/")[0],
            "MONOKOTO_GATEWAY_MQTTS_PORT": str(self.told.get("mqtts", "")).rpartition(":")[2] or "0",
        }

    def stop(self) -> int:
        """Stop it in order; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def kill(self) -> None:
        """SIGKILL the supervisor; its children die with it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def koto(self, *arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `koto` command for this installation."""
        environment = {**self.environment, "MONOKOTO_URL": self.api_url, **({"MONOKOTO_KEY": key} if key else {})}
        command = [sys.executable, "-m", "monokoto.cli", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def organisation(self, slug: str, *, kind: OrganisationKind = OrganisationKind.MAKER) -> ApiClient:
        """Make an organisation and a client with an admin key of it; a slug asked for again gets a number behind it."""
        self._slugs[slug] += 1
        if self._slugs[slug] > 1:
            slug = f"{slug}-{self._slugs[slug]}"
        records = open_records(self._settings.get("MONOKOTO_RECORDS_URL", ""), data_dir=self.data_dir)
        try:
            clock = SystemClock()
            made = Organisations(records, clock).create(slug, slug, kind)
            _, secret = ApiKeys(records, clock).create(made.id, name="testing", scopes={Scope.ADMIN})
        finally:
            records.close()
        return ApiClient(self.api_url, secret)


def register(api: ApiClient, product: str, serials: Sequence[str]) -> list[dict[str, str]]:
    """Register units; for each its `id`, `serial` and `token`."""
    body = "".join(json.dumps({"product": product, "serial": serial}) + "\n" for serial in serials)
    with api.stream(
        "POST",
        "/api/v1/units/import",
        content=body.encode(),
        headers={"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"},
    ) as answer:
        rows = [msgspec.json.decode(line) for line in answer.iter_lines() if line.strip()]
    return [row for row in rows if "token" in row]


def wait_until(condition: Any, *, seconds: float = 30.0, every: float = 0.05) -> Any:
    """The condition's first true value.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {value!r} after {seconds:g} s")
        time.sleep(every)
