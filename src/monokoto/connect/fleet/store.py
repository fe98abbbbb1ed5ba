"""Units and credentials as rows, and the change number that puts an organisation's changes in one order."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.fleet.credential import Credential, CredentialKind
from monokoto.connect.fleet.tree import PATH_LENGTH_MAX
from monokoto.connect.fleet.unit import Location, Status, Unit
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import CredentialId, OrganisationId, ProductName, UnitId, format_id
from monokoto.kernel.limits import (
    NAME_LENGTH_MAX,
    PLACE_LENGTH_MAX,
    SERIAL_LENGTH_MAX,
    TAG_LENGTH_MAX,
    UNIT_NAME_LENGTH_MAX,
)


def _bytewise(length: int) -> sa.types.TypeEngine[str]:
    # Prefix ranges and cursors need the order of bytes in both engines; SQLite has it by default.
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


units = sa.Table(
    "units",
    metadata,
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("version", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("serial", _bytewise(SERIAL_LENGTH_MAX), nullable=False),
    sa.Column("name", sa.String(UNIT_NAME_LENGTH_MAX), nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("latitude", sa.Double),
    sa.Column("longitude", sa.Double),
    sa.Column("altitude", sa.Double),
    sa.Column("place", sa.String(PLACE_LENGTH_MAX), nullable=False),
    # Serial, name and place in one, case folded: what a search looks through.
    sa.Column("searched", sa.Text, nullable=False),
    sa.Column("parent_id", sa.BigInteger, nullable=False),
    sa.Column("path", _bytewise(PATH_LENGTH_MAX), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    # When it stopped being active; what the gateway asks for to close its sessions.
    sa.Column("stopped_at", sa.BigInteger),
    sa.Column("revision", sa.BigInteger, nullable=False),
    # The organisation's change number at the last change.
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("uq_units_serial", "organisation_id", "product", "serial", unique=True),
    sa.Index("ix_units_id", "organisation_id", "unit_id"),
    sa.Index("ix_units_serial", "organisation_id", "serial", "unit_id"),
    sa.Index("ix_units_parent", "organisation_id", "parent_id", "unit_id"),
    sa.Index("ix_units_path", "organisation_id", "path"),
    sa.Index("ix_units_changed", "organisation_id", "changed", "unit_id"),
    sa.Index("ix_units_stopped", "stopped_at"),
)

unit_tags = sa.Table(
    "unit_tags",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("tag", _bytewise(TAG_LENGTH_MAX), primary_key=True),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_unit_tags_unit", "unit_id"),
)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("credential_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("hint", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    # What is looked up; NULL once the credential ended and its secret was given to another one.
    sa.Column("lookup", sa.LargeBinary(32)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("starts_at", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Index("uq_credentials_lookup", "lookup", unique=True),
    sa.Index("ix_credentials_unit", "organisation_id", "unit_id"),
    sa.Index("ix_credentials_ends", "ends_at"),
)

fleet_changes = sa.Table(
    "fleet_changes",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)

# `member.value` is a call; here it would be two calls a unit.
_STATUS_TEXTS = {status: status.value for status in Status}
_KIND_TEXTS = {kind: kind.value for kind in CredentialKind}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def next_change(connection: sa.Connection, organisation_id: int) -> int:
    """The number of a change that is about to be made, taken first in its transaction.

    Its row stays locked until the commit, so that an organisation's changes to its fleet happen one after another and
    become visible in the order of their numbers. Three promises rest on it: a reader who has seen number n has missed
    nothing below it, two moves at once cannot close a circle, and a serial looked for and not found is still free.
    """
    insert = _INSERTS[connection.dialect.name](fleet_changes).values(organisation_id=organisation_id, number=1)
    counted = insert.on_conflict_do_update(
        index_elements=[fleet_changes.c.organisation_id], set_={"number": fleet_changes.c.number + 1}
    )
    number: int = connection.execute(counted.returning(fleet_changes.c.number)).scalar_one()
    return number


def searched(*texts: str) -> str:
    """The text a search looks through; a line feed, which no field may hold, keeps a match within one field."""
    return "\n".join(texts).casefold()


def unit_to_row(unit: Unit, *, changed: int) -> dict[str, Any]:
    """The row of a unit."""
    return {
        "unit_id": unit.id,
        "organisation_id": unit.organisation_id,
        "product": unit.product,
        "version": unit.version,
        "serial": unit.serial,
        "name": unit.name,
        "tags": list(unit.tags),
        "latitude": unit.location.latitude,
        "longitude": unit.location.longitude,
        "altitude": unit.location.altitude,
        "place": unit.location.place,
        "searched": searched(unit.serial, unit.name, unit.location.place),
        "parent_id": unit.parent_id,
        "path": unit.path,
        "status": _STATUS_TEXTS[unit.status],
        "stopped_at": None if unit.status is Status.ACTIVE else unit.updated_at,
        "revision": unit.revision,
        "changed": changed,
        "created_at": unit.created_at,
        "updated_at": unit.updated_at,
    }


def unit_from_row(row: sa.Row[Any]) -> Unit:
    """The value in a row of `units`."""
    return Unit(
        id=UnitId(row.unit_id),
        organisation_id=OrganisationId(row.organisation_id),
        product=ProductName(row.product),
        version=row.version,
        serial=row.serial,
        name=row.name,
        tags=tuple(row.tags),
        location=Location(latitude=row.latitude, longitude=row.longitude, altitude=row.altitude, place=row.place),
        parent_id=UnitId(row.parent_id),
        path=row.path,
        status=Status(row.status),
        revision=row.revision,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def tags_to_rows(unit: Unit) -> list[dict[str, Any]]:
    """The rows of a unit's tags."""
    return [{"organisation_id": unit.organisation_id, "tag": tag, "unit_id": unit.id} for tag in unit.tags]


def credential_to_row(credential: Credential) -> dict[str, Any]:
    """The row of a credential."""
    return {
        "credential_id": credential.id,
        "organisation_id": credential.organisation_id,
        "unit_id": credential.unit_id,
        "kind": _KIND_TEXTS[credential.kind],
        "name": credential.name,
        "hint": credential.hint,
        "fingerprint": credential.fingerprint,
        "lookup": credential.fingerprint,
        "created_at": credential.created_at,
        "starts_at": credential.starts_at,
        "ends_at": credential.ends_at,
        "revoked_at": credential.revoked_at,
    }


def credential_from_row(row: sa.Row[Any]) -> Credential:
    """The value in a row of `credentials`."""
    return Credential(
        id=CredentialId(row.credential_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        kind=CredentialKind(row.kind),
        name=row.name,
        hint=row.hint,
        fingerprint=bytes(row.fingerprint),
        created_at=Instant(row.created_at),
        starts_at=Instant(row.starts_at),
        ends_at=Instant(row.ends_at),
        revoked_at=None if row.revoked_at is None else Instant(row.revoked_at),
    )


def load_unit(connection: sa.Connection, organisation_id: int, unit_id: int) -> Unit:
    """One unit of this organisation; raises NotFound, also for a unit of another one."""
    mine = (units.c.organisation_id == organisation_id) & (units.c.unit_id == unit_id)
    row = connection.execute(sa.select(units).where(mine)).one_or_none()
    if row is None:
        raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
    return unit_from_row(row)
