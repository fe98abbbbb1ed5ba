"""The world of people, with passkeys in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from monokoto.api import Health, Metrics, create_app
from monokoto.connect.passkeys import PasskeyController, Passkeys
from monokoto.connect.people import CONTROLLERS
from monokoto.connect.tenancy import TenancyController
from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "people"))

import people_making
from people_making import ADDRESS

records_kind, browsers, ann = people_making.records_kind, people_making.browsers, people_making.ann


class World(people_making.World):
    """People who have devices."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.address = ADDRESS
        self.recorded: list[Any] = []
        self.passkeys = Passkeys(
            records, self.clock, people=self.people, sessions=self.sessions, letters=self.letters,
            address=lambda: self.address,
        )  # fmt: skip

    async def record(self, request: Any) -> None:
        self.recorded.append(request)

    def app(self) -> Litestar:
        names = (
            *("organisations", "api_keys", "people", "sessions", "entrance", "invitations", "letters", "facts"),
            *("clock", "passkeys"),
        )
        return create_app(
            routes=[TenancyController, *CONTROLLERS, PasskeyController],
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
