"""Saved views as rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.views.view import Listed, View
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, ViewId
from monokoto.kernel.limits import VIEW_NAME_LENGTH_MAX

saved_views = sa.Table(
    "saved_views",
    metadata,
    sa.Column("view_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("listed", sa.String(32), nullable=False),
    sa.Column("name", sa.String(VIEW_NAME_LENGTH_MAX), nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("uq_saved_views_name", "organisation_id", "actor_id", "listed", "name", unique=True),
)


def view_to_row(view: View) -> dict[str, Any]:
    """The row of a view."""
    return {
        "view_id": view.id,
        "organisation_id": view.organisation_id,
        "actor_id": view.actor_id,
        "listed": view.listed.value,
        "name": view.name,
        "query": view.query,
        "shared": view.shared,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    }


def view_from_row(row: sa.Row[Any]) -> View:
    """The value in a row of `saved_views`."""
    return View(
        id=ViewId(row.view_id),
        organisation_id=OrganisationId(row.organisation_id),
        actor_id=row.actor_id,
        listed=Listed(row.listed),
        name=row.name,
        query=row.query,
        shared=bool(row.shared),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def visible(organisation_id: int, actor_id: int) -> sa.ColumnElement[bool]:
    """The wall: what one of an organisation saved, and what others there share."""
    return sa.and_(
        saved_views.c.organisation_id == organisation_id,
        sa.or_(saved_views.c.actor_id == actor_id, saved_views.c.shared),
    )
