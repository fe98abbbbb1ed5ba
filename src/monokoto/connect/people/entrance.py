"""The ways in: sign-in with a password, the first run, an invitation, a new password. Asynchronous, because hashing waits.

What an asker learns is the same for an unknown e-mail address, a person without a password, a wrong password and an account
that must wait, except for `Retry-After` on the last; and the work is the same for the first three.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from monokoto.connect.people.delays import Delays
from monokoto.connect.people.first_run import FirstRun
from monokoto.connect.people.password import Passwords, faults_of_password
from monokoto.connect.people.person import Person, email_key
from monokoto.connect.people.service import People
from monokoto.connect.people.session import Session
from monokoto.connect.people.sessions import Sessions
from monokoto.kernel.errors import Invalid, Unauthenticated
from monokoto.kernel.limits import PASSWORD_LENGTH_MAX, SIGN_INS_PER_ACCOUNT_MAX


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody comes from, as far as we can tell."""

    address: str
    agent: str


class Refused(Unauthenticated):
    """No such person, no such password, or too many tries; which of them is not told."""

    def __init__(self, retry_after_seconds: int = 0) -> None:
        super().__init__(
            "This e-mail address and this password do not belong together.",
            remedy="Try again, or ask for a link to set a new password.",
        )
        self.retry_after_seconds = retry_after_seconds


class Entrance:
    """Lets people in."""

    def __init__(
        self, *, people: People, sessions: Sessions, passwords: Passwords, delays: Delays, first_run: FirstRun
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._passwords = passwords
        self._delays = delays
        self._first_run = first_run
        self._trying: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    async def sign_in(self, email: str, password: str, visitor: Visitor) -> tuple[Session, str]:
        """A session of whoever has this e-mail address and this password, and the text of its cookie.

        Raises:
            Refused: they do not belong together, or there were too many tries.
            TooMany: too many people sign in at this moment.
        """
        async with self._one_at_a_time(email_key(email)):
            person = await self._proved(email, password, visitor.address)
        return await self._begin(person.id, "password", visitor)

    async def change_password(self, person_id: int, session_id: int, old: str, new: str, visitor: Visitor) -> None:
        """Set a new password and end the person's other sessions. Raises Refused, Invalid."""
        person = await asyncio.to_thread(self._people.get, person_id)
        self._check_new(new, email=person.email, place="new")
        async with self._one_at_a_time(email_key(person.email)):
            await self._proved(person.email, old, visitor.address)
        hashed = await self._passwords.hashed(new)
        await asyncio.to_thread(self._people.set_password, person_id, hashed)
        await asyncio.to_thread(self._sessions.end_all, person_id, but=session_id)

    async def begin_platform(
        self, secret: str, *, organisation: str, name: str, email: str, password: str, locale: str | None,
        time_zone: str | None, visitor: Visitor,
    ) -> tuple[Session, str]:  # fmt: skip
        """The first run, as `FirstRun.found`, and a session of who is there now."""
        await asyncio.to_thread(self._first_run.check, secret)
        self._check_new(password, email=email)
        hashed = await self._passwords.hashed(password)
        founded = await asyncio.to_thread(
            self._first_run.found, secret, organisation=organisation, name=name, email=email, hashed=hashed,
            locale=locale, time_zone=time_zone,
        )  # fmt: skip
        return await self._begin(founded.person_id, "first-run", visitor, founded.organisation_id)

    async def _begin(
        self, person_id: int, method: str, visitor: Visitor, organisation_id: int | None = None
    ) -> tuple[Session, str]:
        return await asyncio.to_thread(
            self._sessions.begin, person_id, method=method, address=visitor.address, agent=visitor.agent,
            organisation_id=organisation_id,
        )  # fmt: skip

    async def _proved(self, email: str, password: str, address: str) -> Person:
        """The person, if the password is theirs; raises Refused and counts the failure."""
        if waits := await asyncio.to_thread(self._delays.seconds, email, address):
            raise Refused(waits)
        found = await asyncio.to_thread(self._people.with_password, email)
        kept = None if found is None or len(password) > PASSWORD_LENGTH_MAX else found[1]
        if not await self._passwords.matches(kept, password[:PASSWORD_LENGTH_MAX]) or found is None or kept is None:
            await asyncio.to_thread(self._delays.failed, email, address)
            raise Refused(await asyncio.to_thread(self._delays.seconds, email, address))
        await asyncio.to_thread(self._delays.forget, email)
        if self._passwords.stale(kept):
            await asyncio.to_thread(self._people.set_password, found[0].id, await self._passwords.hashed(password))
        return found[0]

    def _check_new(self, password: str, *, email: str, place: str = "password") -> None:
        faults = faults_of_password(password, email=email, place=place)
        if faults:
            raise Invalid("This cannot be a password.", faults=faults)

    @asynccontextmanager
    async def _one_at_a_time(self, account: str) -> AsyncIterator[None]:
        """Tries of one account one after the other: many at once would all be let through before the first has failed."""
        if self._trying[account] >= SIGN_INS_PER_ACCOUNT_MAX:
            raise Refused(1)
        self._trying[account] += 1
        lock = self._locks.setdefault(account, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            self._trying[account] -= 1
            if not self._trying[account]:
                del self._trying[account]
                self._locks.pop(account, None)
