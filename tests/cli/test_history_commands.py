"""`koto history|export|import`: as a person at a terminal meets them."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
import uvicorn
from litestar import Litestar, get
from litestar.di import Provide
from typer.testing import CliRunner

from monokoto.cli.history import export, history, import_
from monokoto.connect.fleet import Fleet, UnitIdentity
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.series import open_series
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import CONTROLLERS, Telemetry
from monokoto.web import Caller, Gate, Scope, authentication, exception_handlers, provide_caller

UNIT = format_id(5)
LINES = [
    "unit,at,level,mode",
    *(f"{UNIT},2026-01-01T00:{minute:02}:00Z,{minute},m{minute % 2}" for minute in range(60)),
]


class Everybody:
    """Every key is the maker's, every unit a cooker."""

    def authenticate(self, secret: str) -> Caller:
        return Caller(organisation_id=OrganisationId(7), key_id=ApiKeyId(1), scopes=frozenset({Scope.ADMIN}))

    def get(self, unit_id: int) -> UnitIdentity:
        return UnitIdentity(unit_id, 7, "cooker", "1.0.0", "A-1")

    find = get


@get("/api/v1/units")
async def units(serial: str) -> dict[str, Any]:
    """What the fleet would say."""
    return {"items": [{"id": UNIT, "product": "cooker"}] * {"A-1": 1, "twice": 2}.get(serial, 0)}


def provided(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_gate: Gate) -> Iterator[None]:
    """The API on a free port, with a store of its own."""
    for name in [name for name in os.environ if name.startswith("MONOKOTO_")]:
        monkeypatch.delenv(name)
    properties = {
        "level": PropertyModel(name="level", kind=Kind.NUMBER, schema={"type": "number"}, maximum=59.0),
        "mode": PropertyModel(name="mode", kind=Kind.STRING, schema={"type": "string"}),
    }
    model = ProductModel(organisation_id=7, product="cooker", version="1.0.0", properties=properties)  # type: ignore[arg-type]
    series = open_series(data_dir=tmp_path / "data")
    clock = ManualClock(1_767_225_600_000_000 + 3_600_000_000)
    telemetry = Telemetry(series, units=Everybody(), model_of=lambda *_: model, clock=clock)
    application = Litestar(
        [*CONTROLLERS, units],
        middleware=[authentication(Everybody())],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "telemetry": provided(telemetry),
            "gate": provided(own_gate),
            "fleet": provided(Fleet(None, None, clock)),  # type: ignore[arg-type]
        },
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    monkeypatch.setenv("MONOKOTO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MONOKOTO_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("MONOKOTO_KEY", "any")
    yield
    server.should_exit = True
    thread.join(10)
    listener.close()
    series.close()


def koto(*words: object, code: int = 0) -> SimpleNamespace:
    application = typer.Typer()
    for name, command in (("history", history), ("export", export), ("import", import_)):
        application.command(name)(command)
    result = CliRunner().invoke(application, [str(word) for word in words])
    assert result.exit_code == code, result.output + result.stderr
    assert "Traceback" not in result.output
    return SimpleNamespace(out=result.stdout, all=result.stdout + result.stderr)


def test_in_out_and_on_the_screen(platform: None, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("\n".join(LINES))
    assert "60 rows: 120 readings would be stored, 0 refused." in koto("import", file, "--check").out
    assert "No readings" in koto("history", UNIT).out
    assert "60 rows: 120 readings stored, 0 refused." in koto("import", file).out

    shown = koto("history", "A-1", "--property", "level", "--last", "1h", "--limit", 2).out
    assert f"{UNIT} level" in shown
    assert "2026-01-01T00:59:00Z" in shown
    assert "There are more" in shown
    buckets = json.loads(koto("history", "--product", "cooker", "--width", "1h", "--aggregate", "avg", "--json").out)
    assert buckets["series"][0]["avg"] == [29.5]

    for name, extra in (("all.parquet", ()), ("all.ndjson.gz", ("--wide",)), ("all.arrow", ("--unit", "A-1"))):
        written = tmp_path / name
        koto("export", written, "--product", "cooker", *extra)
        assert "120 readings stored, 0 refused" in koto("import", written).out
        assert not written.with_name(f"{name}.part").exists()
    assert koto("export", "-", "--product", "cooker", "--property", "mode").out.count("m1") == 30


def test_what_goes_wrong_is_told(platform: None, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("\n".join([*LINES, f"{UNIT},2026-01-01T01:00:00Z,60,x"]))
    told = koto("import", file, code=3).all
    assert "readings.csv:62: level: " in told
    assert "61 rows: 121 readings stored, 1 refused." in told
    assert "There is no file" in koto("import", tmp_path / "none.csv", code=4).all
    assert "does not say its format" in koto("export", tmp_path / "all.doc", "--product", "cooker", code=3).all
    assert "There is no unit with the serial 'B-2'" in koto("history", "B-2", code=4).all
    assert "Name the --product" in koto("history", "twice", code=5).all
    assert "is no width" in koto("history", UNIT, "--width", "often", code=3).all
