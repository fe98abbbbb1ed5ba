"""Browsers that people subscribed, and the key that messages to them are signed with. Blocking."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monokoto.connect.webhooks import parse_url
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, PersonId, PushSubscriptionId, format_id, new_id
from monokoto.kernel.limits import PUSH_SUBSCRIPTIONS_PER_PERSON_MAX, PUSH_SUBSCRIPTIONS_TOLD_MAX
from monokoto.operate.notifications.store import EVERYBODY, INSERTS
from monokoto.operate.notifications.tables import push_keys, push_subscriptions

_AGENT_LENGTH_MAX = 200
_POINT_BYTES = 65
_AUTH_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """A browser of somebody, as the Push API (W3C) describes it."""

    id: PushSubscriptionId
    organisation_id: OrganisationId
    person_id: PersonId
    endpoint: str
    """At the browser maker's push service; with it anybody could post, so it is never shown."""
    p256dh: bytes
    """The browser's public key: an uncompressed point of P-256."""
    auth: bytes
    agent: str
    created_at: Instant


class PushSubscriptions:
    """The subscribed browsers of all people."""

    def __init__(self, records: Records, clock: Clock, *, allow_private: bool = False) -> None:
        self._records = records
        self._clock = clock
        self._allow_private = allow_private
        self._key: ec.EllipticCurvePrivateKey | None = None

    # The key

    def key(self) -> ec.EllipticCurvePrivateKey:
        """The platform's key for VAPID (RFC 8292), made when it is first asked for and kept for ever: browsers remember it."""
        if self._key is None:
            with self._records.write() as connection:
                made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                insert = INSERTS[connection.dialect.name](push_keys).on_conflict_do_nothing()
                row = {"organisation_id": EVERYBODY, "private_key": made.decode(), "created_at": self._clock.now()}
                connection.execute(insert, [row])
                kept = sa.select(push_keys.c.private_key).where(push_keys.c.organisation_id == EVERYBODY)
                pem = connection.execute(kept).scalar_one()
            found = serialization.load_pem_private_key(pem.encode(), None)
            assert isinstance(found, ec.EllipticCurvePrivateKey)
            self._key = found
        return self._key

    def public_key(self) -> str:
        """What a page gives the browser as `applicationServerKey`: base64url."""
        return encoded(point_of(self.key()))

    # Subscriptions

    def subscribe(
        self, organisation_id: int, person_id: int, *, endpoint: str, p256dh: str, auth: str, agent: str = ""
    ) -> PushSubscription:
        """Tell this browser too. Somebody else's subscription of the same browser ends: who sits before it has changed.

        Raises Invalid.
        """
        made = PushSubscription(
            id=PushSubscriptionId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            person_id=PersonId(person_id),
            endpoint=endpoint,
            p256dh=_decoded(p256dh, _POINT_BYTES, "keys.p256dh"),
            auth=_decoded(auth, _AUTH_BYTES, "keys.auth"),
            agent="".join(one for one in agent if one.isprintable())[:_AGENT_LENGTH_MAX],
            created_at=self._clock.now(),
        )
        self._check(made)
        table, digest = push_subscriptions.c, hashlib.sha256(endpoint.encode()).digest()
        with self._records.write() as connection:
            before = (table.organisation_id == organisation_id) | (table.person_id != person_id)
            connection.execute(push_subscriptions.delete().where(table.endpoint_digest == digest, before))
            connection.execute(push_subscriptions.insert().values(**_to_row(made), endpoint_digest=digest))
            self._make_room(connection, organisation_id, person_id)
        return made

    def _check(self, made: PushSubscription) -> None:
        try:
            parse_url(made.endpoint, allow_private=self._allow_private)
        except Invalid as error:
            faults = [Fault(place="endpoint", reason=one.reason) for one in error.faults]
            raise Invalid("This is not a push subscription.", faults=faults) from None
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), made.p256dh)
        except (ValueError, UnsupportedAlgorithm):
            fault = Fault(place="keys.p256dh", reason="it is no point of P-256")
            raise Invalid("This is not a push subscription.", faults=[fault]) from None

    def _make_room(self, connection: sa.Connection, organisation_id: int, person_id: int) -> None:
        table = push_subscriptions.c
        mine = (table.organisation_id == organisation_id, table.person_id == person_id)
        ids = sa.select(table.subscription_id).where(*mine).order_by(table.subscription_id.desc())
        over = list(connection.execute(ids.offset(PUSH_SUBSCRIPTIONS_PER_PERSON_MAX)).scalars())
        if over:
            connection.execute(push_subscriptions.delete().where(*mine, table.subscription_id.in_(over)))

    def list(self, organisation_id: int, person_id: int | None = None) -> list[PushSubscription]:
        """Somebody's browsers, the newest first; without a person those of all members."""
        table = push_subscriptions.c
        query = sa.select(push_subscriptions).where(table.organisation_id == organisation_id)
        if person_id is not None:
            query = query.where(table.person_id == person_id)
        query = query.order_by(table.subscription_id.desc()).limit(PUSH_SUBSCRIPTIONS_TOLD_MAX)
        with self._records.read() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def unsubscribe(self, organisation_id: int, person_id: int, subscription_id: int) -> None:
        """Tell this browser no more. Raises NotFound."""
        table = push_subscriptions.c
        mine = (table.organisation_id == organisation_id, table.person_id == person_id)
        with self._records.write() as connection:
            found = push_subscriptions.delete().where(*mine, table.subscription_id == subscription_id)
            if connection.execute(found).rowcount == 0:
                raise NotFound(f"You have no push subscription {format_id(subscription_id)!r} here.")

    def forget(self, gone: PushSubscription) -> None:
        """Its push service says it is gone."""
        table = push_subscriptions.c
        mine = (table.organisation_id == gone.organisation_id, table.subscription_id == gone.id)
        with self._records.write() as connection:
            connection.execute(push_subscriptions.delete().where(*mine))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as an uncompressed point."""
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str, length: int, place: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != length:
        fault = Fault(place=place, reason=f"base64url of {length} bytes")
        raise Invalid("This is not a push subscription.", faults=[fault])
    return raw


def _from_row(row: sa.Row[tuple[object, ...]]) -> PushSubscription:
    return PushSubscription(
        id=PushSubscriptionId(row.subscription_id),
        organisation_id=OrganisationId(row.organisation_id),
        person_id=PersonId(row.person_id),
        endpoint=row.endpoint,
        p256dh=_decoded(row.p256dh, _POINT_BYTES, "keys.p256dh"),
        auth=_decoded(row.auth, _AUTH_BYTES, "keys.auth"),
        agent=row.agent,
        created_at=Instant(row.created_at),
    )


def _to_row(made: PushSubscription) -> dict[str, object]:
    return {
        "subscription_id": made.id,
        "organisation_id": made.organisation_id,
        "person_id": made.person_id,
        "endpoint": made.endpoint,
        "p256dh": encoded(made.p256dh),
        "auth": encoded(made.auth),
        "agent": made.agent,
        "created_at": made.created_at,
    }
