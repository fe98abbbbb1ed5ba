"""The slice of people, joined: who signs in, and the letters that go to them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from monokoto.assembly.engines import Engines
from monokoto.assembly.providers import providers_of
from monokoto.connect.passkeys import Passkeys
from monokoto.connect.people import (
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
from monokoto.connect.providers import ProviderAccounts, Providers
from monokoto.connect.tenancy import Organisations
from monokoto.engines.mail import open_outbox
from monokoto.kernel.facts import Fact
from monokoto.settings import Settings


class Doors:
    """Everything by which people come in. `start`, `stop`; `prune` now and then."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        records, clock = engines.records, engines.clock
        self._settings = settings
        self.people = People(records, clock)
        self.sessions = Sessions(records, clock)
        self.first_run = FirstRun(records, clock)
        self.invitations = Invitations(records, clock)
        self.outbox = open_outbox(
            settings.mail.url, sender=settings.mail.sender, data_dir=Path(settings.data_dir), clock=clock
        )
        self.letters = Letters(self.outbox.post, self.address)
        self.port = settings.api.port
        """The port people reach us at; told when it is known, because the setting may leave it to the machine."""
        self.first_run_secret: str | None = None
        """The secret of the link this start offers; None when somebody runs the platform already."""
        self._passwords = Passwords()
        self._delays = Delays(records, clock)
        self._links = PasswordLinks(records, clock)
        self.entrance = Entrance(
            people=self.people,
            sessions=self.sessions,
            passwords=self._passwords,
            delays=self._delays,
            first_run=self.first_run,
            invitations=self.invitations,
            links=self._links,
            letters=self.letters,
            clock=clock,
            sign_up_open=settings.people.sign_up,
        )
        self.passkeys = Passkeys(
            records, clock, people=self.people, sessions=self.sessions, letters=self.letters, address=self.address
        )
        accounts = ProviderAccounts(
            records, clock, people=self.people, organisations=Organisations(records, clock),
            invitations=self.invitations, letters=self.letters,
        )  # fmt: skip
        self.providers = Providers(
            providers_of(settings.identity), accounts, sessions=self.sessions, clock=clock, address=self.address
        )

    def address(self) -> str:
        """Where people reach us, as a base address."""
        return self._settings.api.address(self.port)

    @property
    def served(self) -> tuple[People, Sessions, Entrance, Invitations, Letters]:
        """What routes ask for."""
        return self.people, self.sessions, self.entrance, self.invitations, self.letters

    async def start(self) -> None:
        """Offer the first run while nobody is there; begin to send mail."""
        self.first_run_secret = await asyncio.to_thread(self.first_run.offer)
        self.outbox.start()

    async def stop(self) -> None:
        """End what is under way."""
        await self.entrance.settle()
        await asyncio.to_thread(self.outbox.stop)
        self._passwords.close()

    def prune(self) -> None:
        """Delete what opens nothing any more."""
        self.sessions.prune()
        self._delays.prune()
        self._links.prune()
        self.passkeys.prune()

    async def member_changed(self, fact: Fact) -> None:
        """Another process changed a membership: look the person's sessions up anew."""
        person_id = fact.data.get("person_id")
        if isinstance(person_id, int):
            self.sessions.forget(person_id)
