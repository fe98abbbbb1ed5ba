"""A platform's people with cheap hashes, and a browser for each who comes: for these tests and those of passkeys and providers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
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
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.facts import Fact

ADDRESS = "https://koto.example"
PASSWORD = "correct horse battery"


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


@pytest.fixture(params=["sqlite"])
def records_kind(request: pytest.FixtureRequest) -> str:
    """Most of what people meet has nothing to do with the engine; where it has, the test asks for both."""
    kind: str = request.param
    return kind


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
