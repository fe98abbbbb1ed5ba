"""The first run: while nobody runs the platform, whoever started it gets a link by which they become the one who does.

There is never a default password. A link is printed where the platform was started and kept here only as a digest; several
may be open at once (each start prints one), all are void once somebody has used one, and none is made after that. Blocking.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.connect.people.person import faults_of
from monokoto.connect.people.roles import ADMIN_OF
from monokoto.connect.people.service import insert_member, insert_person, platform_admin_exists
from monokoto.connect.people.store import first_run_links
from monokoto.connect.tenancy import (
    Organisation,
    OrganisationKind,
    digest,
    free_slug,
    insert_organisation,
    name_faults,
    organisation_from_row,
    slug_of,
)
from monokoto.connect.tenancy import organisations_table as organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, PersonId
from monokoto.kernel.limits import FIRST_RUN_LINK_SECONDS, FIRST_RUN_LINKS_MAX

PLATFORM_SLUG = "platform"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Founded:
    """What the first run made."""

    person_id: PersonId
    organisation_id: OrganisationId


class FirstRun:
    """The way in while nobody is there."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def offer(self) -> str | None:
        """The secret of a new link; None when somebody runs the platform already."""
        now = self._clock.now()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with self._records.write() as connection:
            if platform_admin_exists(connection):
                return None
            connection.execute(first_run_links.delete().where(first_run_links.c.expires_at <= now))
            kept = sa.select(first_run_links.c.digest).order_by(first_run_links.c.created_at.desc())
            for row in connection.execute(kept.offset(FIRST_RUN_LINKS_MAX - 1)).all():
                connection.execute(first_run_links.delete().where(first_run_links.c.digest == row.digest))
            connection.execute(
                first_run_links.insert().values(
                    digest=digest(secret),
                    created_at=now,
                    expires_at=now + FIRST_RUN_LINK_SECONDS * MICROSECONDS_PER_SECOND,
                )
            )
        return secret

    def check(self, secret: str) -> None:
        """Raises NotFound when this opens nothing (any more)."""
        with self._records.read() as connection:
            self._check(connection, secret)

    def found(
        self, secret: str, *, organisation: str, name: str, email: str, hashed: str, locale: str | None = None,
        time_zone: str | None = None, seen_with: str | None = None,
    ) -> Founded:  # fmt: skip
        """Make the platform's organisation, the maker organisation, and the person who is admin of both.

        Both, because the two are different walls: who sees all organisations of the platform does not thereby see what is in
        them. A maker organisation of that name which is there already (made on the command line) is joined.

        Raises:
            NotFound: the link opens nothing.
            Invalid: name, e-mail address, organisation: every fault at once.
            Conflict: the e-mail address has somebody.
        """
        faults = [
            *faults_of(email=email, name=name, locale=locale, time_zone=time_zone),
            *name_faults(organisation, place="organisation"),
        ]
        if faults:
            raise Invalid("Nobody can begin with this.", faults=faults)
        now = self._clock.now()
        with self._records.write() as connection:
            self._check(connection, secret, lock=True)
            connection.execute(first_run_links.delete())
            platform, maker = _platform(connection, now), _maker(connection, organisation.strip(), now)
            person_id = insert_person(
                connection, email=email, name=name, locale=locale, time_zone=time_zone, hashed=hashed,
                organisation_id=maker.id, now=now, seen_with=seen_with,
            )  # fmt: skip
            for one in (platform, maker):
                insert_member(connection, one.id, person_id, ADMIN_OF[one.kind], now=now)
        return Founded(person_id, maker.id)

    def _check(self, connection: sa.Connection, secret: str, *, lock: bool = False) -> None:
        # All links are locked, so that of two who use two of them at once the second finds none.
        query = sa.select(first_run_links).order_by(first_run_links.c.digest)
        rows = connection.execute(query.with_for_update() if lock else query).all()
        now, asked = self._clock.now(), digest(secret)
        is_open = any(row.expires_at > now and hmac.compare_digest(row.digest, asked) for row in rows)
        if not is_open or platform_admin_exists(connection):
            raise NotFound(
                "This link opens nothing, or no longer.",
                remedy="`koto first-run` prints a new one while nobody is there.",
            )


def _platform(connection: sa.Connection, now: int) -> Organisation:
    """The organisation that runs the platform, made if there is none."""
    row = connection.execute(
        sa.select(organisations).where(organisations.c.kind == OrganisationKind.PLATFORM.value).limit(1)
    ).one_or_none()
    if row is not None:
        return organisation_from_row(row)
    slug = free_slug(connection, PLATFORM_SLUG)
    return insert_organisation(connection, name="Platform", slug=slug, kind=OrganisationKind.PLATFORM, now=now)


def _maker(connection: sa.Connection, name: str, now: int) -> Organisation:
    """The maker organisation of this name, made if it is not there."""
    slug = slug_of(name)
    row = connection.execute(sa.select(organisations).where(organisations.c.slug == slug)).one_or_none()
    if row is not None and row.kind == OrganisationKind.MAKER:
        return organisation_from_row(row)
    slug = free_slug(connection, slug)
    return insert_organisation(connection, name=name, slug=slug, kind=OrganisationKind.MAKER, now=now)
