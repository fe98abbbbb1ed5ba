"""The world of people, with an identity provider beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from monokoto.api import Health, Metrics, create_app
from monokoto.connect.people import CONTROLLERS
from monokoto.connect.providers import Provider, ProviderAccounts, ProviderController, Providers
from monokoto.connect.tenancy import TenancyController
from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "people"))

import people_making
from people_making import ADDRESS
from provider_server import CLIENT, SECRET, Elsewhere

records_kind, browsers, ann = people_making.records_kind, people_making.browsers, people_making.ann


class World(people_making.World):
    """People who have accounts elsewhere: at `sso`, which takes whom we invited, and at `open`, whose people all may come."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.recorded: list[Any] = []
        self.sso = Elsewhere(self.clock.now)
        self.open = Elsewhere(self.clock.now, issuer="https://open.example")
        accounts = ProviderAccounts(
            records, self.clock, people=self.people, organisations=self.organisations, invitations=self.invitations,
            letters=self.letters,
        )  # fmt: skip
        told = [
            Provider(name="sso", title="Acme ID", issuer=self.sso.issuer, client_id=CLIENT, client_secret=SECRET),
            Provider(
                name="open", title="Open ID", issuer=self.open.issuer, client_id=CLIENT, client_secret=SECRET,
                email_domains=frozenset({"acme.example"}), newcomer_role="viewer", newcomer_organisation="acme",
            ),
        ]  # fmt: skip
        self.providers = Providers(
            told, accounts, sessions=self.sessions, clock=self.clock, address=lambda: ADDRESS,
            transport=httpx.MockTransport(self.net),
        )  # fmt: skip

    def net(self, request: httpx.Request) -> httpx.Response:
        """Whoever is asked answers."""
        return next(one for one in (self.sso, self.open) if one.issuer.endswith(request.url.host)).answer(request)

    async def record(self, request: Any) -> None:
        self.recorded.append(request)

    def app(self) -> Litestar:
        names = (
            *("organisations", "api_keys", "people", "sessions", "entrance", "invitations", "letters", "facts"),
            *("clock", "providers"),
        )
        return create_app(
            routes=[TenancyController, *CONTROLLERS, ProviderController],
            dependencies={name: getattr(self, name) for name in names} | {"health": Health({}), "metrics": Metrics()},
            authenticator=self.api_keys,
            sessions=self.sessions,
            recorder=self,
        )


@pytest.fixture
def world(records: Records) -> Iterator[World]:
    made = World(records)
    yield made
    made.passwords.close()
