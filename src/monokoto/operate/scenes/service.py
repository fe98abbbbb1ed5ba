"""Scenes: made, changed, looked at. Plain methods block: call them from a thread."""

from __future__ import annotations

import builtins
from dataclasses import replace

import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, NotFound, PreconditionFailed, TooLarge
from monokoto.kernel.ids import SceneId, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, SCENES_PER_ORGANISATION_MAX
from monokoto.operate.groups import check_named, named_faults
from monokoto.operate.scenes import store
from monokoto.operate.scenes.looking import Looker
from monokoto.operate.scenes.scene import Notice, Scene, SceneSpec
from monokoto.web import Caller, if_match


class Scenes:
    """The scenes of all organisations. A scene is named by its name or by its id's text."""

    def __init__(self, records: Records, clock: Clock, *, looker: Looker) -> None:
        self._records = records
        self._clock = clock
        self.looker = looker

    def get(self, organisation_id: int, reference: str) -> Scene:
        """One scene; raises NotFound."""
        with self._records.read() as connection:
            return store.find(connection, organisation_id, reference)

    def list(self, organisation_id: int, *, after: str = "", limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Scene]:
        """Scenes by name, past one."""
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, after=after, limit=limit)

    def create(self, caller: Caller, name: str, title: str, spec: SceneSpec) -> Scene:
        """A new scene. Raises Invalid, Conflict (its name is taken, or there are too many)."""
        check_named("scene", [*named_faults(name, title), *spec.faults()])
        now = self._clock.now()
        scene = Scene(
            id=SceneId(new_id()),
            organisation_id=caller.organisation_id,
            name=name,
            title=title,
            spec=spec,
            revision=1,
            created_at=now,
            created_by=caller.actor_id,
            updated_at=now,
        )
        try:
            with self._records.write() as connection:
                if store.count(connection, caller.organisation_id) >= SCENES_PER_ORGANISATION_MAX:
                    raise Conflict(f"There are {SCENES_PER_ORGANISATION_MAX} scenes already.", remedy="Delete some.")
                store.insert(connection, scene)
        except sa.exc.IntegrityError:
            raise Conflict(f"There is a scene {name!r} already.", remedy="Change that one.") from None
        return scene

    def put(
        self, caller: Caller, name: str, title: str, spec: SceneSpec, *, match: str | None = None
    ) -> tuple[Scene, bool]:
        """Make the scene of this name be so, and whether it is new. Raises as `create`, PreconditionFailed."""
        try:
            before = self.get(caller.organisation_id, name)
        except NotFound:
            if match is not None:
                raise PreconditionFailed(f"There is no scene {name!r}.") from None
            return self.create(caller, name, title, spec), True
        check_named("scene", [*named_faults(before.name, title), *spec.faults()])
        if_match(match, before.revision)
        if (title, spec) == (before.title, before.spec):
            return before, False
        after = replace(before, title=title, spec=spec, revision=before.revision + 1, updated_at=self._clock.now())
        with self._records.write() as connection:
            if not store.update(connection, after, before=before.revision):
                raise Conflict("Somebody else changed the scene at the same time.", remedy="Try again.")
        return after, False

    def delete(self, organisation_id: int, reference: str) -> Scene:
        """Forget it; its runs stay, and go on. Raises NotFound."""
        with self._records.write() as connection:
            found = store.find(connection, organisation_id, reference)
            store.delete(connection, organisation_id, found.id)
        return found

    async def warnings(self, caller: Caller, spec: SceneSpec) -> builtins.list[Notice]:
        """What would be refused if it were run now; a scene may be saved before its units are there."""
        try:
            looked = await self.looker.look(caller, spec)
        except (NotFound, TooLarge) as error:
            return [Notice(0, 0, reason=error.message)]
        return builtins.list(looked.notices)
