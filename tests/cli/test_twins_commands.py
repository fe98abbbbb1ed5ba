"""`koto twin` and `koto rebuild` against the real routes on a free port."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import uvicorn
from litestar import Litestar, get
from litestar.di import Provide
from typer.testing import CliRunner

from monokoto.cli.twins import parse_values, rebuild, twin
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id
from monokoto.operate.twins import CONTROLLERS
from monokoto.web import Caller, Scope, authentication, exception_handlers, provide_caller

sys.path.append(str(Path(__file__).parents[1] / "operate" / "twins"))
from twins_making import MAKER, House, Message, batch, make_house

AT = 1_767_225_600_000_000
ONE = format_id(1)


class Keys:
    def authenticate(self, secret: str) -> Caller:
        return Caller(organisation_id=OrganisationId(MAKER), key_id=ApiKeyId(1), scopes=frozenset({Scope.ADMIN}))


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = make_house(tmp_path)
    said = Message(1, AT, AT, {"count": 3.0, "mode": "slow", "place": '{"lat":1.5}'})
    asyncio.run(made.twins.observe(batch([said])))
    return made


@get("/api/v1/units")
async def units(serial: str) -> dict[str, list[dict[str, str]]]:
    """The fleet's list, as far as a serial needs it."""
    return {"items": [{"id": ONE}] if serial == "SN-1" else []}


@pytest.fixture
def koto(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[typer.Typer]:
    for name in [name for name in os.environ if name.startswith("MONOKOTO_")]:
        monkeypatch.delenv(name)
    app = Litestar(
        [*CONTROLLERS, units],
        dependencies={
            "caller": Provide(provide_caller),
            "twins": Provide(lambda: house.twins, sync_to_thread=False),
            "gate": Provide(lambda: house.gate, sync_to_thread=False),
        },
        middleware=[authentication(Keys())],
        exception_handlers=exception_handlers,
        openapi_config=None,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    monkeypatch.setenv("MONOKOTO_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MONOKOTO_KEY", "any")
    monkeypatch.setenv("MONOKOTO_DATA_DIR", str(tmp_path))
    application = typer.Typer()
    application.add_typer(twin, name="twin")
    application.add_typer(rebuild, name="rebuild")
    yield application
    server.should_exit = True
    thread.join(10)


def run(application: typer.Typer, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(application, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def test_show_and_desire(koto: typer.Typer, house: House) -> None:
    assert json.loads(run(koto, "twin", "desire", ONE, "mode=fast", "count=3", 'place={"note":"x"}')) == {
        "mode": "fast",
        "count": 3,
        "place": {"note": "x"},
    }
    shown = run(koto, "twin", "show", ONE)
    assert "slow" in shown
    assert "2026-01-01T00:00:00Z" in shown
    assert "Not reported yet: mode, place" in shown
    assert json.loads(run(koto, "twin", "show", ONE, "--json"))["drift"] == {"mode": "fast", "place": {"note": "x"}}
    assert json.loads(run(koto, "twin", "desire", ONE, "mode=", "--revision", "1")) == {
        "count": 3,
        "place": {"note": "x"},
    }
    assert "revision 2" in run(koto, "twin", "desire", ONE, "mode=slow", "--revision", "1", code=5)
    assert json.loads(run(koto, "twin", "desire", ONE, "count=9", "--replace")) == {"count": 9}
    assert house.twins.desired.get(MAKER, 1).revision == 3


def test_a_patch_from_a_file(koto: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "patch.json"
    file.write_text('{"count": 5}')
    assert json.loads(run(koto, "twin", "desire", ONE, "--file", str(file))) == {"count": 5}
    file.write_text("[1]")
    assert "not a merge patch" in run(koto, "twin", "desire", ONE, "--file", str(file), code=3)


def test_faults_are_told_and_have_their_exit_codes(koto: typer.Typer) -> None:
    assert "/count" in run(koto, "twin", "desire", ONE, "count=many", code=3)
    assert "NAME=VALUE" in run(koto, "twin", "desire", ONE, "count", code=3)
    run(koto, "twin", "show", format_id(444), code=4)


def test_a_unit_may_be_named_by_its_serial(koto: typer.Typer) -> None:
    assert ONE in run(koto, "twin", "show", "SN-1")
    run(koto, "twin", "show", "../../latest", code=4)


def test_a_unit_that_said_nothing(koto: typer.Typer) -> None:
    assert "not reported anything" in run(koto, "twin", "show", format_id(2))


def test_rebuild(koto: typer.Typer) -> None:
    # The store of this test has no readings table to speak of: what is told is that nothing was there.
    assert "rebuilt: 0 values" in run(koto, "rebuild", "twins")


def test_values_are_json_or_text() -> None:
    assert parse_values(["a=1", "b=true", "c=two words", 'd="1"', "e=", "f=x=y", "g=[1]"]) == {
        "a": 1,
        "b": True,
        "c": "two words",
        "d": "1",
        "e": None,
        "f": "x=y",
        "g": [1],
    }
    with pytest.raises(Invalid):
        parse_values([])
