"""What is done with credentials: issued, rotated, revoked, and asked for at every connection. Blocking."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import sqlalchemy as sa

from monokoto.connect.fleet.bulk import insert_many
from monokoto.connect.fleet.credential import (
    Credential,
    CredentialKind,
    certificate_credential,
    certificate_fingerprint,
    new_token,
    token_credential,
    token_fingerprint,
)
from monokoto.connect.fleet.store import (
    credential_from_row,
    credential_to_row,
    credentials,
    load_unit,
    units,
)
from monokoto.connect.fleet.unit import Status, UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unauthenticated
from monokoto.kernel.ids import CredentialId, UnitId, format_id
from monokoto.kernel.limits import CREDENTIALS_PER_UNIT_MAX, GRACE_SECONDS_MAX

OVERLAP_MICROSECONDS = 60 * MICROSECONDS_PER_SECOND
"""How far `ended_since` looks back: an end is written at its transaction's start and seen after its commit."""

UnitIds = Sequence[int] | sa.Select[tuple[int]]
"""A few ids, or the query that finds many."""

# One statement for every outcome: what fails takes as long as what succeeds. Built once, compiled once.
_AUTHENTICATE = (
    sa.select(
        credentials.c.credential_id,
        credentials.c.kind,
        credentials.c.starts_at,
        credentials.c.ends_at,
        units.c.unit_id,
        units.c.organisation_id,
        units.c.product,
        units.c.version,
        units.c.serial,
        units.c.parent_id,
        units.c.status,
    )
    .join(units, units.c.unit_id == credentials.c.unit_id)
    .where(credentials.c.lookup == sa.bindparam("fingerprint", type_=sa.LargeBinary))
)
_ENDED = sa.union(
    sa.select(credentials.c.credential_id).where(
        credentials.c.ends_at > sa.bindparam("after", type_=sa.BigInteger),
        credentials.c.ends_at <= sa.bindparam("until", type_=sa.BigInteger),
    ),
    sa.select(credentials.c.credential_id)
    .join(
        units,
        (units.c.unit_id == credentials.c.unit_id) & (units.c.organisation_id == credentials.c.organisation_id),
    )
    .where(units.c.stopped_at > sa.bindparam("after", type_=sa.BigInteger)),
)


class Credentials:
    """The credentials of all units."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def issue_token(
        self, organisation_id: int, unit_id: int, *, name: str = "", token: str = "", expires_at: int | None = None
    ) -> tuple[Credential, str]:
        """A new token for a unit, and its text, which is not kept and cannot be shown again.

        `token` is one the unit's firmware already has; empty makes a fresh one.

        Raises:
            NotFound: the organisation has no such unit.
            Invalid: the name, the token or the expiry is not one.
            Conflict: the token is taken, the unit is retired, or it has as many live credentials as it may.
        """
        now = self._clock.now()
        text = token or new_token()
        made = token_credential(organisation_id, unit_id, text, now, name=name, expires_at=expires_at)
        with self._records.write() as connection:
            self._add(connection, made, now)
        return made, text

    def add_certificate(self, organisation_id: int, unit_id: int, pem: str, *, name: str = "") -> Credential:
        """Let a unit come with this X.509 certificate, within the certificate's own dates.

        Raises:
            NotFound: the organisation has no such unit.
            Invalid: it is not one certificate, or it has expired.
            Conflict: the certificate is taken, the unit is retired, or it has as many live credentials as it may.
        """
        now = self._clock.now()
        made = certificate_credential(organisation_id, unit_id, pem, now, name=name)
        with self._records.write() as connection:
            self._add(connection, made, now)
        return made

    def rotate(
        self,
        organisation_id: int,
        unit_id: int,
        credential_id: int,
        *,
        grace_seconds: int = 0,
        token: str = "",
        certificate: str = "",
    ) -> tuple[Credential, str]:
        """A successor for a live credential, which ends now or after the grace. The text is empty for a certificate.

        Raises: as `issue_token` and `add_certificate`; Conflict when the credential has ended already.
        """
        if not 0 <= grace_seconds <= GRACE_SECONDS_MAX:
            reason = f"lies between 0 and {GRACE_SECONDS_MAX}"
            raise Invalid("This is not a grace period.", faults=[Fault(place="grace_seconds", reason=reason)])
        now = self._clock.now()
        ends_at = now + grace_seconds * MICROSECONDS_PER_SECOND
        with self._records.write() as connection:
            old = _load(connection, organisation_id, unit_id, credential_id)
            if now >= old.ends_at:
                raise Conflict("This credential has ended.", remedy="Issue a new one.")
            text = ""
            if certificate:
                made = certificate_credential(organisation_id, unit_id, certificate, now, name=old.name)
            elif old.kind is CredentialKind.CERTIFICATE and not token:
                raise Invalid(
                    "A certificate is rotated by sending its successor.",
                    faults=[Fault(place="certificate", reason="missing")],
                )
            else:
                text = token or new_token()
                made = token_credential(organisation_id, unit_id, text, now, name=old.name)
            connection.execute(
                credentials.update()
                .where(credentials.c.credential_id == credential_id, credentials.c.organisation_id == organisation_id)
                .values(ends_at=min(old.ends_at, ends_at))
            )
            self._add(connection, made, now)
        return made, text

    def revoke(self, organisation_id: int, unit_id: int, credential_id: int) -> Credential:
        """End a credential now. Repeating it changes nothing. Raises NotFound."""
        now = self._clock.now()
        with self._records.write() as connection:
            old = _load(connection, organisation_id, unit_id, credential_id)
            if old.revoked_at is not None:
                return old
            connection.execute(
                credentials.update()
                .where(credentials.c.credential_id == credential_id, credentials.c.organisation_id == organisation_id)
                .values(revoked_at=now, ends_at=min(old.ends_at, now))
            )
            return _load(connection, organisation_id, unit_id, credential_id)

    def list(self, organisation_id: int, unit_id: int) -> builtins.list[Credential]:
        """A unit's credentials from the oldest on, ended ones too. Raises NotFound."""
        with self._records.read() as connection:
            load_unit(connection, organisation_id, unit_id)
            query = sa.select(credentials).where(_of_unit(organisation_id, unit_id))
            return [credential_from_row(row) for row in connection.execute(query.order_by(credentials.c.credential_id))]

    def authenticate_token(self, token: str) -> UnitIdentity:
        """The unit that presents this token.

        Raises:
            Unauthenticated: no live credential of an active unit has it; which of them is not told.
        """
        return self._authenticate(token_fingerprint(token), CredentialKind.TOKEN)

    def authenticate_certificate(self, der: bytes) -> UnitIdentity:
        """The unit whose certificate (DER) this is; that the peer holds its key was the TLS handshake's business.

        Raises:
            Unauthenticated: no live credential of an active unit has it; which of them is not told.
        """
        return self._authenticate(certificate_fingerprint(der), CredentialKind.CERTIFICATE)

    def ended_since(self, cursor: int) -> tuple[builtins.list[int], int]:
        """Credentials that ended after `cursor`, by whatever cause (revoked, rotated, expired, unit suspended or
        retired), and the next cursor. May name one again. 0 starts now: what ended before never had a session.
        """
        now = self._clock.now()
        after = (cursor or now) - OVERLAP_MICROSECONDS
        with self._records.read() as connection:
            ended = connection.execute(_ENDED, {"after": after, "until": now}).scalars().all()
        return list(ended), now

    def _authenticate(self, fingerprint: bytes, kind: CredentialKind) -> UnitIdentity:
        with self._records.read() as connection:
            row = connection.execute(_AUTHENTICATE, {"fingerprint": fingerprint}).first()
        if (
            row is None
            or row.kind != kind
            or row.status != Status.ACTIVE
            or not row.starts_at <= self._clock.now() < row.ends_at
        ):
            raise Unauthenticated(
                "No live credential of an active unit is like this.",
                remedy="Give the unit a new one: POST /api/v1/units/{unit}/credentials.",
            )
        return UnitIdentity(
            row.unit_id,
            row.organisation_id,
            row.product,
            row.version,
            row.serial,
            row.parent_id,
            row.credential_id,
        )

    def _add(self, connection: sa.Connection, made: Credential, now: int) -> None:
        # The unit's row is the lock: two credentials made at once are counted one after the other.
        connection.execute(
            sa.select(units.c.unit_id)
            .where(units.c.unit_id == made.unit_id, units.c.organisation_id == made.organisation_id)
            .with_for_update()
        )
        if load_unit(connection, made.organisation_id, made.unit_id).status is Status.RETIRED:
            raise Conflict("This unit is retired.", remedy="Make it active again first.")
        live = sa.select(sa.func.count()).where(
            _of_unit(made.organisation_id, made.unit_id), credentials.c.ends_at > now
        )
        if connection.execute(live).scalar_one() >= CREDENTIALS_PER_UNIT_MAX:
            raise Conflict(
                f"The unit has {CREDENTIALS_PER_UNIT_MAX} live credentials, the most it may.",
                remedy="Revoke those that are no longer used.",
            )
        insert_credentials(connection, [made], now=now)


def insert_credentials(connection: sa.Connection, made: builtins.list[Credential], *, now: int) -> None:
    """Store new credentials. A secret whose credential has ended in the same organisation may be given again.

    Raises:
        Conflict: a token or certificate is taken.
    """
    brought = {credential.fingerprint for credential in made}
    organisation_id = made[0].organisation_id
    connection.execute(
        credentials.update()
        .where(
            credentials.c.lookup.in_(brought),
            credentials.c.organisation_id == organisation_id,
            credentials.c.ends_at <= now,
        )
        .values(lookup=None)
    )
    try:
        insert_many(connection, credentials, [credential_to_row(credential) for credential in made])
    except sa.exc.IntegrityError:
        raise Conflict(
            f"This {made[0].kind} is taken.", remedy="Every unit needs one of its own; leave it out to get a fresh one."
        ) from None


def end_credentials(connection: sa.Connection, organisation_id: int, of_units: UnitIds, now: int) -> None:
    """Revoke all live credentials of some units, as they retire."""
    connection.execute(
        credentials.update().where(_live(organisation_id, of_units, now)).values(revoked_at=now, ends_at=now)
    )


def live_credentials(
    connection: sa.Connection, organisation_id: int, of_units: UnitIds, now: int, *, limit: int
) -> builtins.list[tuple[CredentialId, UnitId]]:
    """Live credentials of some units, each with its unit."""
    query = sa.select(credentials.c.credential_id, credentials.c.unit_id).where(_live(organisation_id, of_units, now))
    return [(CredentialId(row.credential_id), UnitId(row.unit_id)) for row in connection.execute(query.limit(limit))]


def _live(organisation_id: int, of_units: UnitIds, now: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        credentials.c.organisation_id == organisation_id,
        credentials.c.unit_id.in_(of_units),
        credentials.c.ends_at > now,
    )


def _of_unit(organisation_id: int, unit_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(credentials.c.organisation_id == organisation_id, credentials.c.unit_id == unit_id)


def _load(connection: sa.Connection, organisation_id: int, unit_id: int, credential_id: int) -> Credential:
    query = sa.select(credentials).where(
        _of_unit(organisation_id, unit_id), credentials.c.credential_id == credential_id
    )
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"The unit has no credential {format_id(credential_id)!r}.")
    return credential_from_row(row)
