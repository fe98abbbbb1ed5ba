"""`koto people`, `koto roles`, `koto first-run`: as an operator types them, on records of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monokoto.cli.app import command_of
from monokoto.cli.running import addresses
from monokoto.connect.people import FirstRun, Invitations, Newcomer
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.settings import ApiSettings, Settings


@pytest.fixture
def koto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MONOKOTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MONOKOTO_API_PUBLIC_URL", "https://koto.example/")

    def run(*arguments: str):
        return CliRunner().invoke(command_of(arguments[0]), list(arguments[1:]), prog_name=f"koto {arguments[0]}")

    return run


def accepted(tmp_path: Path, link: str, name: str) -> None:
    records = open_records("", data_dir=tmp_path / "data")
    Invitations(records, SystemClock()).accept(link.partition("token=")[2], Newcomer(name, "a hash"))
    records.close()


def test_a_person_is_invited_listed_and_removed(koto, tmp_path: Path) -> None:
    koto("organisations", "create", "acme")
    invited = koto("people", "invite", "Ann@acme.example", "--role", "maker-admin")
    assert invited.exit_code == 0, invited.output
    link = invited.stdout.strip()
    assert link.startswith("https://koto.example/console/invitation?token=")
    waiting = list((tmp_path / "data" / "mail" / "outbox").iterdir())
    assert len(waiting) == 1, "a running platform mails it"
    accepted(tmp_path, link, "Ann")
    listed = json.loads(koto("people", "list", "--json").stdout)
    assert [(one["email"], one["name"], one["role"]) for one in listed] == [("Ann@acme.example", "Ann", "maker-admin")]
    refused = koto("people", "remove", "ann@acme.example")
    assert refused.exit_code == 5, "the last who may do everything stays"
    accepted(tmp_path, koto("people", "invite", "bob@acme.example", "--role", "maker-admin").stdout.strip(), "Bob")
    assert koto("people", "remove", "ann@acme.example").exit_code == 0
    assert [one["name"] for one in json.loads(koto("people", "list", "--json").stdout)] == ["Bob"]
    assert koto("people", "remove", "nobody@acme.example").exit_code == 4


def test_a_role_that_is_not_there_is_refused_with_those_that_are(koto) -> None:
    koto("organisations", "create", "acme")
    refused = koto("people", "invite", "ann@acme.example", "--role", "owner")
    assert refused.exit_code == 3
    assert "product-engineer" in refused.output


def test_the_roles_are_listed(koto) -> None:
    rows = json.loads(koto("roles", "--json").stdout)
    assert {"platform-admin", "maker-admin", "accountant", "auditor"} <= {row["name"] for row in rows}
    assert {row["name"] for row in json.loads(koto("roles", "--kind", "owner", "--json").stdout)} == {
        "viewer", "owner", "household-member",
    }  # fmt: skip


def test_the_first_run_is_offered_while_nobody_is_there(koto, tmp_path: Path) -> None:
    link = koto("first-run").stdout.strip()
    assert link.startswith("https://koto.example/console/first-run?token=")
    records = open_records("", data_dir=tmp_path / "data")
    FirstRun(records, SystemClock()).found(
        link.partition("token=")[2], organisation="Acme", name="Ann", email="ann@acme.example", hashed="a hash"
    )
    records.close()
    over = koto("first-run")
    assert over.exit_code == 5
    assert "token=" not in over.output


def test_koto_up_shows_the_link_only_while_there_is_one() -> None:
    ports = {"api.port": 8080, "gateway.mqtt_port": 1883, "gateway.websocket_port": 8083}
    settings = Settings(api=ApiSettings(public_url="https://koto.example"))
    where = addresses(settings, {"platform": {**ports, "first_run": "s3cr3t"}})
    assert where["first_run"] == "https://koto.example/console/first-run?token=s3cr3t"
    assert "first_run" not in addresses(settings, {"platform": {**ports, "first_run": ""}})
