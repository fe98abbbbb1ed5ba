"""`koto units …` as a person at a terminal meets it: a real server, real records."""

import csv
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from litestar import Litestar
from litestar.di import Provide
from typer.testing import CliRunner

from monokoto.cli.units import units
from monokoto.connect.fleet import Credentials, CredentialsController, Directory, Fleet, UnitsController, import_units
from monokoto.connect.presence import Presence, PresenceController
from monokoto.connect.products import ProductModel
from monokoto.engines.records import metadata, open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.ids import ApiKeyId, OrganisationId, ProductName
from monokoto.web import Caller, Scope, authentication, exception_handlers, provide_caller

Koto = Callable[..., str]


class FixedProducts:
    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        return ProductModel(
            organisation_id=OrganisationId(organisation_id), product=ProductName(product), version=version
        )

    def current(self, organisation_id: int, product: str) -> ProductModel:
        return self.model(organisation_id, product, "1.0.0")


class FixedKeys:
    def authenticate(self, _secret: str) -> Caller:
        return Caller(organisation_id=OrganisationId(7), key_id=ApiKeyId(1), scopes=frozenset({Scope.ADMIN}))


@pytest.fixture
def credentials(tmp_path: Path) -> Iterator[Credentials]:
    records = open_records("", data_dir=tmp_path / "data")
    metadata.create_all(records.engine)
    yield Credentials(records, SystemClock())
    records.close()


@pytest.fixture
def koto(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch, own_gate: object, unit_sets: object
) -> Iterator[Koto]:
    """Runs `koto units` with these words against a server of its own; `code` is the exit code expected."""
    records, clock = credentials._records, SystemClock()
    directory = Directory(records)
    presence = Presence(log=None, objects=None, directory=directory, clock=clock)
    fleet = Fleet(records, FixedProducts(), clock)
    application = Litestar(
        [UnitsController, CredentialsController, PresenceController, import_units],
        middleware=[authentication(FixedKeys())],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "fleet": Provide(lambda: fleet, sync_to_thread=False),
            "credentials": Provide(lambda: credentials, sync_to_thread=False),
            "presence": Provide(lambda: presence, sync_to_thread=False),
            "gate": Provide(lambda: own_gate, sync_to_thread=False),
            "unit_sets": Provide(lambda: unit_sets, sync_to_thread=False),
        },
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    for name in [name for name in os.environ if name.startswith("MONOKOTO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MONOKOTO_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("MONOKOTO_KEY", "any")

    def run(*words: object, code: int = 0) -> str:
        result = CliRunner().invoke(units, [str(word) for word in words])
        assert result.exit_code == code, result.output + result.stderr
        assert "Traceback" not in result.output
        return result.output

    yield run
    server.should_exit = True
    thread.join(10)
    listener.close()


def test_a_unit_is_registered_shown_changed_and_retired(koto: Koto, credentials: Credentials) -> None:
    told = koto("register", "R-1", "--product", "robot", "--tag", "a", "--place", "Hall 3")
    assert "R-1 is registered: unit " in told
    token = told.split("Token (shown this once):")[1].strip()
    unit = credentials.authenticate_token(token)
    shown = koto("show", "R-1")
    assert "robot 1.0.0" in shown
    assert "Hall 3" in shown
    assert "offline since ever" in shown
    koto("register", "P-1", "--product", "robot", "--parent", "R-1")
    assert "R-1  robot 1.0.0" in koto("tree", "R-1")
    assert "P-1" in koto("list", "--below", "R-1")
    assert "revision 2" in koto("change", "R-1", "--name", "Robbie", "--status", "suspended")
    assert json.loads(koto("show", "R-1", "--json"))["name"] == "Robbie"
    assert "revision 2" in koto("change", "P-1", "--parent", "none")
    assert "1 units have version 1.5.0 now." in koto("upgrade", "--product", "robot", "--to", "1.5.0", "--tag", "a")
    assert "R-1 is retired." in koto("retire", "R-1")
    assert [one["serial"] for one in json.loads(koto("list", "--json"))] == ["P-1"]
    assert unit.serial == "R-1"


def test_what_is_refused_is_told_with_its_exit_code(koto: Koto) -> None:
    koto("register", "R-1", "--product", "robot")
    assert "'R-1' is a unit of robot already" in koto("register", "R-1", "--product", "robot", code=5)
    assert "There is no unit 'R-9'" in koto("show", "R-9", code=4)
    koto("register", "R-1", "--product", "arm")
    assert "Several units have the serial" in koto("show", "R-1", code=5)
    assert "latitude" in koto("register", "x", "--product", "robot", "--latitude", "99", "--longitude", "1", code=3)


def test_credentials_are_issued_rotated_and_revoked(koto: Koto, credentials: Credentials) -> None:
    koto("register", "R-1", "--product", "robot")
    issued = json.loads(koto("credentials", "issue", "R-1", "--name", "spare", "--json"))
    rotated = koto("credentials", "rotate", "R-1", issued["credential"]["id"])
    token = rotated.split("Token (shown this once):")[1].strip()
    assert credentials.authenticate_token(token).serial == "R-1"
    listed = json.loads(koto("credentials", "list", "R-1", "--json"))
    assert [one["name"] for one in listed] == ["", "spare", "spare"]
    assert "is revoked" in koto("credentials", "revoke", "R-1", listed[0]["id"])
    assert "revoked 20" in koto("credentials", "list", "R-1")


def test_a_file_is_imported_and_its_tokens_are_the_owners_alone(
    koto: Koto, credentials: Credentials, tmp_path: Path
) -> None:
    file, out = tmp_path / "fleet.csv", tmp_path / "tokens.csv"
    file.write_text("serial\nS-1\nS-2\n\nS-1\n")
    assert "1 of 3 rows are faulty; nothing was registered." in (
        told := koto("import", file, "--product", "robot", "--out", out, code=3)
    )
    assert "5: serial: 'S-1' is a unit of robot already" in told
    assert not out.exists()
    assert "2 registered, 1 refused." in koto(
        "import", file, "--product", "robot", "--out", out, "--skip-faulty", code=3
    )
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.DictReader(out.open()))
    assert [(row["line"], row["result"]) for row in rows] == [
        ("2", "registered"),
        ("3", "registered"),
        ("5", "refused"),
    ]
    assert credentials.authenticate_token(rows[1]["token"]).serial == "S-2"
    assert "cannot be written there" in koto("import", file, "--out", out, code=3)
    assert "its name ends in none of" in koto("import", tmp_path / "fleet.xls", code=3)
    file.write_text("serial\nS-3\n")
    assert "S-3,robot,1.0.0" in koto("import", file, "--product", "robot")
