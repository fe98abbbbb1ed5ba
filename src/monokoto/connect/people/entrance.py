"""The ways in: sign-in with a password, the first run, an invitation, a new password. Asynchronous, because hashing waits.

What an asker learns is the same for an unknown e-mail address, a person without a password, a wrong password and an account
that must wait, except for `Retry-After` on the last; and the work is the same for the first three.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from monokoto.connect.people.delays import Delays
from monokoto.connect.people.first_run import FirstRun
from monokoto.connect.people.invitations import Invitations, Joined, Newcomer
from monokoto.connect.people.letters import FORGOTTEN_PATH, NEWS_SECONDS, RESET_PATH, SIGN_IN_PATH, Letters
from monokoto.connect.people.password import Passwords, faults_of_password
from monokoto.connect.people.password_links import PasswordLinks
from monokoto.connect.people.person import LOCALES, Person, email_key
from monokoto.connect.people.service import People
from monokoto.connect.people.session import Session
from monokoto.connect.people.sessions import Sessions
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, MonokotoError, TooMany, Unauthenticated, Unavailable
from monokoto.kernel.limits import PASSWORD_LENGTH_MAX, SIGN_INS_PER_ACCOUNT_MAX

ERRANDS_MAX = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody comes from, as far as we can tell."""

    address: str
    agent: str
    language: str | None = None
    """That they ask for, if it is one of ours."""


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
        self,
        *,
        people: People,
        sessions: Sessions,
        passwords: Passwords,
        delays: Delays,
        first_run: FirstRun,
        invitations: Invitations,
        links: PasswordLinks,
        letters: Letters,
        clock: Clock,
        sign_up_open: bool = False,
    ) -> None:
        self._people = people
        self._invitations = invitations
        self._links = links
        self._letters = letters
        self.sign_up_open = sign_up_open
        self._errands: set[asyncio.Task[None]] = set()
        self._sessions = sessions
        self._passwords = passwords
        self._delays = delays
        self._first_run = first_run
        self._clock = clock
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
        await asyncio.to_thread(self._people.set_password, person_id, hashed, session_id=session_id)
        self._sessions.forget(person_id)
        await asyncio.to_thread(self._tell_changed, person)

    async def reset_password(self, secret: str, password: str) -> Person:
        """Set a new password with a mailed link; every session of the person ends. Raises NotFound, Invalid."""
        person = await asyncio.to_thread(self._links.person, secret)
        self._check_new(password, email=person.email)
        person = await asyncio.to_thread(self._links.redeem, secret, await self._passwords.hashed(password))
        self._sessions.forget(person.id)
        await asyncio.to_thread(self._delays.forget, person.email)
        await asyncio.to_thread(self._tell_changed, person)
        return person

    def forgot_password(self, email: str) -> None:
        """Mail a link for a new password to whoever has this address. Returns at once, whether there is such a person or not:
        how long it takes would tell. Raises TooMany."""
        self._run_errand(lambda: self._mail_link(email))

    def sign_up(self, email: str, language: str | None = None) -> None:
        """Mail an invitation to an owner organisation of one's own, in the language asked for.

        Returns at once, as `forgot_password`.

        Raises:
            Forbidden: this platform is not open to everybody.
            TooMany: too many ask at this moment.
        """
        if not self.sign_up_open:
            raise Forbidden("Nobody signs up here by themselves.", remedy="Ask for an invitation.")
        self._run_errand(lambda: self._mail_welcome(email, language or LOCALES[0]))

    async def join(
        self, secret: str, newcomer: Newcomer | None, password: str | None, *, person_id: int | None, visitor: Visitor
    ) -> tuple[Joined, tuple[Session, str] | None]:
        """Accept an invitation; a session begins for a person who was made just now.

        Raises:
            NotFound: the link opens nothing.
            Conflict: somebody else is signed in, or they are a member already.
            Invalid: what a new person says of themself, every fault at once.
        """
        offer = await asyncio.to_thread(self._invitations.look, secret)
        if person_id is not None and (offer.person is None or offer.person.id != person_id):
            raise Conflict("This invitation is somebody else's.", remedy="Sign out, then follow the link again.")
        if offer.person is None and newcomer is not None and password is not None:
            self._check_new(password, email=offer.invitation.email)
            newcomer = replace(newcomer, hashed=await self._passwords.hashed(password))
        joined = await asyncio.to_thread(self._invitations.accept, secret, newcomer)
        self._sessions.forget(joined.person_id)
        begun = None
        if joined.is_new:
            begun = await self._begin(joined.person_id, "invitation", visitor, joined.organisation_id)
        return joined, begun

    async def settle(self) -> None:
        """Wait for the errands that were begun."""
        await asyncio.gather(*self._errands, return_exceptions=True)

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
            locale=locale, time_zone=time_zone, seen_with=visitor.language,
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
        (waits, failed_before), found = await asyncio.to_thread(
            lambda: (self._delays.standing(email, address), self._people.with_password(email))
        )
        if waits:
            raise Refused(waits)
        kept = None if found is None or len(password) > PASSWORD_LENGTH_MAX else found[1]
        if not await self._passwords.matches(kept, password[:PASSWORD_LENGTH_MAX]) or found is None or kept is None:
            _log.warning("sign_in_refused", address=address)
            await asyncio.to_thread(self._delays.failed, email, address)
            raise Refused(await asyncio.to_thread(self._delays.seconds, email, address))
        if failed_before:
            await asyncio.to_thread(self._delays.forget, email)
        if self._passwords.stale(kept):
            hashed = await self._passwords.hashed(password)
            await asyncio.to_thread(self._people.rehash, found[0].id, kept, hashed)
        return found[0]

    def _run_errand(self, work: Callable[[], None]) -> None:
        if len(self._errands) >= ERRANDS_MAX:
            raise TooMany("Too many people ask at this moment.", remedy="Try again in a moment.")
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _mail_link(self, email: str) -> None:
        person = self._people.by_email(email)
        offered = None if person is None else self._links.offer(person.id)
        if person is not None and offered is not None:
            self._letters.to_person("new-password", person, path=RESET_PATH, secret=offered[0], until=offered[1])

    def _mail_welcome(self, email: str, language: str) -> None:
        person = self._people.by_email(email)
        if person is not None:
            self._letters.to_person("account-there", person, path=SIGN_IN_PATH, until=self._soon())
        elif (made := self._invitations.invite_owner(email)) is not None:
            self._letters.invitation(self._invitations.look(made[1]), made[1], inviter="", locale=language)

    def _tell_changed(self, person: Person) -> None:
        try:
            self._letters.to_person("password-changed", person, path=FORGOTTEN_PATH, until=self._soon())
        except Unavailable as error:
            _log.error("letter_not_kept", kind="password-changed", reason=error.message)

    def _soon(self) -> Instant:
        return Instant(self._clock.now() + NEWS_SECONDS * MICROSECONDS_PER_SECOND)

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


async def _quietly(work: Callable[[], None]) -> None:
    """Whoever asked has their answer already; what goes wrong is for the log."""
    try:
        await asyncio.to_thread(work)
    except MonokotoError as error:
        _log.error("errand_failed", reason=error.message)
    except Exception:
        _log.exception("errand_failed")
