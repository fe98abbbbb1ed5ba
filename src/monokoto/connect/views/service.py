"""Saved views: what is asked of them. Blocking; called in threads."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from monokoto.connect.views.store import saved_views, view_from_row, view_to_row, visible
from monokoto.connect.views.view import Listed, View, check
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Forbidden, NotFound
from monokoto.kernel.ids import ViewId, format_id, new_id
from monokoto.kernel.limits import VIEWS_PER_PERSON_MAX
from monokoto.web import Caller, Scope


class Views:
    """The saved views of all organisations."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def list(self, caller: Caller, *, listed: Listed | None, after: int, limit: int) -> list[View]:
        """The caller's own and those shared with them, from the oldest on."""
        query = sa.select(saved_views).where(
            visible(caller.organisation_id, caller.actor_id), saved_views.c.view_id > after
        )
        if listed is not None:
            query = query.where(saved_views.c.listed == listed.value)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(saved_views.c.view_id).limit(limit)).all()
        return [view_from_row(row) for row in rows]

    def get(self, caller: Caller, view_id: int) -> View:
        """One of those; raises NotFound."""
        with self._records.read() as connection:
            return _read(connection, caller, view_id)

    def create(self, caller: Caller, *, listed: Listed, name: str, query: str, shared: bool) -> View:
        """Save a view.

        Raises: Invalid, Conflict (the caller has one of this name, or as many as there may be).
        """
        name = name.strip()
        check(name, query)
        now = self._clock.now()
        view = View(
            id=ViewId(new_id()),
            organisation_id=caller.organisation_id,
            actor_id=caller.actor_id,
            listed=listed,
            name=name,
            query=query,
            shared=shared,
            created_at=now,
            updated_at=now,
        )
        with self._records.write() as connection:
            own = sa.select(sa.func.count()).where(
                saved_views.c.organisation_id == view.organisation_id, saved_views.c.actor_id == view.actor_id
            )
            if connection.execute(own).scalar_one() >= VIEWS_PER_PERSON_MAX:
                raise Conflict(f"You have {VIEWS_PER_PERSON_MAX} views already.", remedy="Delete one of them.")
            _must_be_free(connection, view)
            connection.execute(saved_views.insert().values(view_to_row(view)))
        return view

    def change(
        self, caller: Caller, view_id: int, *, name: str | None, query: str | None, shared: bool | None
    ) -> View:  # fmt: skip
        """Change what is given. Raises: NotFound, Forbidden (somebody else's), Invalid, Conflict."""
        with self._records.write() as connection:
            view = _read(connection, caller, view_id)
            _must_be_own(caller, view)
            changed = replace(
                view,
                name=view.name if name is None else name.strip(),
                query=view.query if query is None else query,
                shared=view.shared if shared is None else shared,
                updated_at=self._clock.now(),
            )
            check(changed.name, changed.query)
            _must_be_free(connection, changed)
            row = view_to_row(changed)
            connection.execute(saved_views.update().where(_is(view)).values(row))
        return changed

    def delete(self, caller: Caller, view_id: int) -> View:
        """Forget it. Raises: NotFound, Forbidden (somebody else's)."""
        with self._records.write() as connection:
            view = _read(connection, caller, view_id)
            _must_be_own(caller, view)
            connection.execute(saved_views.delete().where(_is(view)))
        return view


def may_change(caller: Caller, view: View) -> bool:
    """Whether a view is the caller's to change: their own, or a shared one of an organisation they administer."""
    return view.actor_id == caller.actor_id or caller.may(Scope.ADMIN)


def _must_be_own(caller: Caller, view: View) -> None:
    if not may_change(caller, view):
        raise Forbidden("Somebody else saved this view.", remedy="Save it under a name of your own.")


def _is(view: View) -> sa.ColumnElement[bool]:
    return sa.and_(saved_views.c.organisation_id == view.organisation_id, saved_views.c.view_id == view.id)


def _read(connection: sa.Connection, caller: Caller, view_id: int) -> View:
    query = sa.select(saved_views).where(
        visible(caller.organisation_id, caller.actor_id), saved_views.c.view_id == view_id
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no view {format_id(view_id)!r}.")
    return view_from_row(row)


def _must_be_free(connection: sa.Connection, view: View) -> None:
    taken = sa.select(saved_views.c.view_id).where(
        saved_views.c.organisation_id == view.organisation_id,
        saved_views.c.actor_id == view.actor_id,
        saved_views.c.listed == view.listed.value,
        saved_views.c.name == view.name,
        saved_views.c.view_id != view.id,
    )
    if connection.execute(taken).first() is not None:
        raise Conflict(
            f"There is a view called {view.name!r} already.", remedy="Change that one, or take another name."
        )
