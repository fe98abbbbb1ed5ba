"""Passkeys and answered challenges as rows. Both are asked before anybody is known, so neither has an organisation: a passkey is
its person's, in whichever organisation they act."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.passkeys.passkey import Passkey
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import PasskeyId, PersonId

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("passkey_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.person_id"), nullable=False, index=True),
    sa.Column("credential", sa.LargeBinary(1023), nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary(4096), nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", sa.String(200), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("synced", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger),
    sa.Column("doubted_at", sa.BigInteger),
)

answered_challenges = sa.Table(
    "passkey_answered_challenges",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
)


def passkey_from_row(row: sa.Row[Any]) -> Passkey:
    """The value in a row of `passkeys`."""
    return Passkey(
        id=PasskeyId(row.passkey_id),
        person_id=PersonId(row.person_id),
        credential=row.credential,
        public_key=row.public_key,
        sign_count=row.sign_count,
        transports=tuple(one for one in row.transports.split(",") if one),
        name=row.name,
        synced=bool(row.synced),
        created_at=Instant(row.created_at),
        last_used_at=None if row.last_used_at is None else Instant(row.last_used_at),
        doubted_at=None if row.doubted_at is None else Instant(row.doubted_at),
    )


def passkey_to_row(passkey: Passkey) -> dict[str, Any]:
    """The row of a new passkey."""
    return {
        "passkey_id": passkey.id,
        "person_id": passkey.person_id,
        "credential": passkey.credential,
        "public_key": passkey.public_key,
        "sign_count": passkey.sign_count,
        "transports": ",".join(passkey.transports),
        "name": passkey.name,
        "synced": passkey.synced,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
        "doubted_at": passkey.doubted_at,
    }
