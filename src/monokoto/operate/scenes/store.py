"""Scenes as rows."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, SceneId, parse_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.operate.scenes.scene import Scene, SceneSpec

scenes = sa.Table(
    "scenes",
    metadata,
    sa.Column("scene_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("title", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("uq_scenes_name", "organisation_id", "name", unique=True),
)


def scene_from_row(row: sa.Row[Any]) -> Scene:
    """The value in a row."""
    return Scene(
        id=SceneId(row.scene_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        title=row.title,
        spec=msgspec.json.decode(row.document, type=SceneSpec),
        revision=row.revision,
        created_at=Instant(row.created_at),
        created_by=row.created_by,
        updated_at=Instant(row.updated_at),
    )


def scene_to_row(scene: Scene) -> dict[str, Any]:
    """The row of a scene."""
    return {
        "scene_id": scene.id,
        "organisation_id": scene.organisation_id,
        "name": scene.name,
        "title": scene.title,
        "document": msgspec.json.encode(scene.spec).decode(),
        "revision": scene.revision,
        "created_at": scene.created_at,
        "created_by": scene.created_by,
        "updated_at": scene.updated_at,
    }


def find(connection: sa.Connection, organisation_id: int, reference: str) -> Scene:
    """The scene of this name, or with this id; raises NotFound."""
    mine = scenes.c.organisation_id == organisation_id
    row = connection.execute(sa.select(scenes).where(mine, scenes.c.name == reference)).one_or_none()
    if row is None:
        try:
            scene_id = parse_id(reference, what="scene")
        except Invalid:
            raise NotFound(f"There is no scene {reference[:64]!r}.") from None
        row = connection.execute(sa.select(scenes).where(mine, scenes.c.scene_id == scene_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no scene {reference[:64]!r}.")
    return scene_from_row(row)


def find_all(connection: sa.Connection, organisation_id: int, *, after: str, limit: int) -> list[Scene]:
    """Scenes by name, past one."""
    mine = scenes.c.organisation_id == organisation_id
    query = sa.select(scenes).where(mine, scenes.c.name > after).order_by(scenes.c.name).limit(limit)
    return [scene_from_row(row) for row in connection.execute(query)]


def count(connection: sa.Connection, organisation_id: int) -> int:
    """How many scenes an organisation has."""
    query = sa.select(sa.func.count()).where(scenes.c.organisation_id == organisation_id)
    return int(connection.execute(query).scalar_one())


def insert(connection: sa.Connection, scene: Scene) -> None:
    """A new one; IntegrityError when its name is taken."""
    connection.execute(scenes.insert().values(scene_to_row(scene)))


def update(connection: sa.Connection, scene: Scene, *, before: int) -> bool:
    """Put it in the place of its former self; False when that is at another revision meanwhile."""
    mine = (scenes.c.organisation_id == scene.organisation_id) & (scenes.c.scene_id == scene.id)
    changed = scenes.update().where(mine, scenes.c.revision == before).values(scene_to_row(scene))
    return connection.execute(changed).rowcount == 1


def delete(connection: sa.Connection, organisation_id: int, scene_id: int) -> None:
    """Forget it; its runs stay."""
    connection.execute(
        scenes.delete().where(scenes.c.organisation_id == organisation_id, scenes.c.scene_id == scene_id)
    )
