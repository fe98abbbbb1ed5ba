"""People, memberships, invitations, sessions and what guards the way in, as rows.

A person belongs to several organisations: `persons.organisation_id` is the one they acted in last, the membership is what
opens an organisation. Three tables are asked before anybody is known and have no organisation: mailed links for a new
password, the delays after failed sign-ins, and the links of the first run.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.people.invitation import Invitation
from monokoto.connect.people.person import Person
from monokoto.connect.people.session import Session
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import InvitationId, OrganisationId, PersonId, SessionId

persons = sa.Table(
    "persons",
    metadata,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("email_key", sa.String(254), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("locale", sa.String(16), nullable=False),
    sa.Column("locale_chosen", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("password", sa.String(200)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, sa.ForeignKey("organisations.organisation_id"), primary_key=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.person_id"), primary_key=True, index=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("invitation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "organisation_id", sa.BigInteger, sa.ForeignKey("organisations.organisation_id"), nullable=False, index=True
    ),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("email_key", sa.String(254), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("new_organisation", sa.String(200)),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("accepted_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
)

sessions = sa.Table(
    "person_sessions",
    metadata,
    sa.Column("session_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.person_id"), nullable=False, index=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_seen_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)

password_links = sa.Table(
    "password_links",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.person_id"), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

delays = sa.Table(
    "sign_in_delays",
    metadata,
    sa.Column("subject", sa.LargeBinary(32), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failed_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("until", sa.BigInteger, nullable=False),
)

first_run_links = sa.Table(
    "first_run_links",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)


def person_from_row(row: sa.Row[Any]) -> Person:
    """The value in a row of `persons`."""
    return Person(
        id=PersonId(row.person_id),
        organisation_id=OrganisationId(row.organisation_id),
        email=row.email,
        name=row.name,
        locale=row.locale,
        locale_chosen=row.locale_chosen,
        time_zone=row.time_zone,
        has_password=row.password is not None,
        created_at=Instant(row.created_at),
    )


def invitation_from_row(row: sa.Row[Any]) -> Invitation:
    """The value in a row of `invitations`."""
    return Invitation(
        id=InvitationId(row.invitation_id),
        organisation_id=OrganisationId(row.organisation_id),
        email=row.email,
        role=row.role,
        new_organisation=row.new_organisation,
        created_at=Instant(row.created_at),
        expires_at=Instant(row.expires_at),
        accepted_at=None if row.accepted_at is None else Instant(row.accepted_at),
        revoked_at=None if row.revoked_at is None else Instant(row.revoked_at),
    )


def session_from_row(row: sa.Row[Any]) -> Session:
    """The value in a row of `person_sessions`."""
    return Session(
        id=SessionId(row.session_id),
        organisation_id=OrganisationId(row.organisation_id),
        person_id=PersonId(row.person_id),
        method=row.method,
        address=row.address,
        agent=row.agent,
        created_at=Instant(row.created_at),
        last_seen_at=Instant(row.last_seen_at),
        expires_at=Instant(row.expires_at),
    )


def session_to_row(session: Session, digest: bytes) -> dict[str, Any]:
    """The row of a new session."""
    return {
        "session_id": session.id,
        "organisation_id": session.organisation_id,
        "person_id": session.person_id,
        "digest": digest,
        "method": session.method,
        "address": session.address,
        "agent": session.agent,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
    }
