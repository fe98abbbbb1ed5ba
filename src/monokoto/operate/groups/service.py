"""Groups: made, changed, asked for their units. Blocking; called in threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from monokoto.connect.fleet import UnitFilter
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, MonokotoError, NotFound, PreconditionFailed, TooLarge
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import GroupId, OrganisationId, format_id, new_id, parse_id
from monokoto.kernel.limits import (
    GROUP_MEMBERS_MAX,
    GROUP_UNITS_MAX,
    GROUPS_PER_ORGANISATION_MAX,
    PAGE_SIZE_DEFAULT,
)
from monokoto.operate.groups import store
from monokoto.operate.groups.facts import GROUP_CHANGED
from monokoto.operate.groups.finding import Chosen, UnitFinder
from monokoto.operate.groups.group import Group, GroupDraft, GroupFilter, check_named, named_faults
from monokoto.web import Caller, if_match

_FAULTS_MAX = 100


class Groups:
    """The groups of all organisations. A group is named by its name or by its id's text."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        finder: UnitFinder,
        moved: Callable[[int, str], int] = lambda _organisation_id, _kind: 0,
        facts: Facts | None = None,
    ) -> None:
        """`moved` is a number that rises whenever units of an organisation of a kind may have come, changed or gone."""
        self._records = records
        self._clock = clock
        self.finder = finder
        self._moved = moved
        self._facts = facts

    async def tell(self, organisation_id: int, group_id: int, version: int) -> None:
        """Tell that a group changed; version 0: it is no more."""
        if self._facts is not None:
            data = {"group_id": group_id, "version": version}
            at = self._clock.now()
            fact = Fact(name=GROUP_CHANGED, organisation_id=OrganisationId(organisation_id), at=at, data=data)
            await self._facts.tell(fact)

    # Looking

    def get(self, organisation_id: int, reference: str) -> Group:
        """One group; raises NotFound."""
        with self._records.read() as connection:
            return store.find(connection, organisation_id, reference)

    def list(self, organisation_id: int, *, after: str = "", limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Group]:
        """Groups by name, past one."""
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, after=after, limit=limit)

    def members(self, organisation_id: int, group: int | str) -> Sequence[int]:
        """The ids of its units within the organisation's reach now, sorted. Raises NotFound, TooLarge."""
        return [one.unit_id for one in self.chosen(organisation_id, group)]

    def chosen(self, organisation_id: int, group: int | str) -> builtins.list[Chosen]:
        """Its units with their makers, by unit. Raises NotFound, TooLarge."""
        found = self._find(organisation_id, group)
        caller = _as_group(found)
        with self._records.read() as connection:
            named = store.member_ids(connection, organisation_id, found.id)
        units = {one.unit_id: one for one in self.finder.named(caller, named)}
        units |= {one.unit_id: one for one in self.filtered(caller, found.filter)}
        if len(units) > GROUP_UNITS_MAX:
            raise TooLarge(f"The group {found.name!r} has more than {GROUP_UNITS_MAX} units.", remedy="Split it.")
        return [units[unit_id] for unit_id in sorted(units)]

    def filtered(self, caller: Caller, wanted: GroupFilter | None) -> builtins.list[Chosen]:
        """The units a filter finds for somebody, at most one more than GROUP_UNITS_MAX."""
        if wanted is None or not wanted.says:
            return []
        below = parse_id(wanted.below, what="below") if wanted.below else None
        condition = UnitFilter(product=wanted.product, tags=tuple(wanted.tags), below=below)
        found = self.finder.found(caller, condition, limit=GROUP_UNITS_MAX + 1)
        return [Chosen(unit.id, unit.organisation_id) for unit in found]

    def version(self, organisation_id: int, group: int | str) -> int:
        """A number that rises whenever the group's units may be others. What ends by time alone (a rental) does not move
        it: whoever keeps the members also asks by period. Raises NotFound."""
        found = self._find(organisation_id, group)
        return found.version + self._moved(organisation_id, found.organisation_kind)

    def _find(self, organisation_id: int, group: int | str) -> Group:
        return self.get(organisation_id, group if isinstance(group, str) else format_id(group))

    # Changing

    def create(self, caller: Caller, name: str, draft: GroupDraft) -> Group:
        """A new group. Raises Invalid, NotFound (a unit), Conflict (its name is taken, or there are too many)."""
        self._check(caller, name, draft)
        now = self._clock.now()
        group = Group(
            id=GroupId(new_id()),
            organisation_id=caller.organisation_id,
            organisation_kind=caller.organisation_kind,
            name=name,
            title=draft.title,
            filter=draft.filter,
            place=draft.place,
            version=1,
            named=len(draft.units or ()),
            created_at=now,
            created_by=caller.actor_id,
            updated_at=now,
        )
        try:
            with self._records.write() as connection:
                if store.count(connection, caller.organisation_id) >= GROUPS_PER_ORGANISATION_MAX:
                    raise Conflict(f"There are {GROUPS_PER_ORGANISATION_MAX} groups already.", remedy="Delete some.")
                store.insert(connection, group)
                store.add_members(connection, caller.organisation_id, group.id, draft.units or ())
        except sa.exc.IntegrityError:
            raise Conflict(f"There is a group {name!r} already.", remedy="Change that one.") from None
        return group

    def put(self, caller: Caller, name: str, draft: GroupDraft, *, match: str | None = None) -> tuple[Group, bool]:
        """Make the group of this name be so, and whether it is new. Raises as `create`, PreconditionFailed."""
        try:
            before = self.get(caller.organisation_id, name)
        except NotFound:
            if match is not None:
                raise PreconditionFailed(f"There is no group {name!r}.") from None
            return self.create(caller, name, draft), True
        self._check(caller, before.name, draft)
        if_match(match, before.version)
        after = replace(before, title=draft.title, filter=draft.filter, place=draft.place)
        with self._records.write() as connection:
            had = store.member_ids(connection, caller.organisation_id, before.id)
            wanted = had if draft.units is None else sorted(draft.units)
            if after == before and wanted == had:
                return before, False
            self._store(connection, after, before, named=len(wanted))
            store.remove_members(connection, caller.organisation_id, before.id, sorted({*had} - {*wanted}))
            store.add_members(connection, caller.organisation_id, before.id, sorted({*wanted} - {*had}))
        return self.get(caller.organisation_id, format_id(before.id)), False

    def change_members(self, caller: Caller, group: str, *, add: Sequence[int], remove: Sequence[int]) -> Group:
        """Name units as members, or no more. What is so already stays. Raises NotFound, Invalid (too many)."""
        self._check_reach(caller, add)
        with self._records.write() as connection:
            before = store.find(connection, caller.organisation_id, group)
            had = {*store.member_ids(connection, caller.organisation_id, before.id)}
            wanted = (had | {*add}) - {*remove}
            if wanted == had:
                return before
            _check_count(len(wanted))
            self._store(connection, before, before, named=len(wanted))
            store.remove_members(connection, caller.organisation_id, before.id, sorted(had - wanted))
            store.add_members(connection, caller.organisation_id, before.id, sorted(wanted - had))
            return store.find(connection, caller.organisation_id, format_id(before.id))

    def delete(self, organisation_id: int, group: str) -> Group:
        """Forget it; its units stay what they are. Raises NotFound."""
        with self._records.write() as connection:
            found = store.find(connection, organisation_id, group)
            store.delete(connection, organisation_id, found.id)
        return found

    def _store(self, connection: sa.Connection, after: Group, before: Group, *, named: int) -> None:
        changed = replace(after, version=before.version + 1, named=named, updated_at=self._clock.now())
        if not store.update(connection, changed, before=before.version):
            raise Conflict("Somebody else changed the group at the same time.", remedy="Try again.")

    def _check(self, caller: Caller, name: str, draft: GroupDraft) -> None:
        faults = [*named_faults(name, draft.title), *draft.place.faults("place/")]
        if draft.filter is not None and not draft.filter.says:
            faults.append(Fault(place="filter", reason="name a product, tags, or a unit above them; or leave it out"))
        if draft.filter is not None and draft.filter.below:
            try:
                below = parse_id(draft.filter.below, what="filter/below")
            except MonokotoError as error:
                faults += error.faults
            else:
                if self.finder.reach(caller, below) is None:
                    faults.append(Fault(place="filter/below", reason="no such unit"))
        check_named("group", faults)
        _check_count(len(draft.units or ()))
        self._check_reach(caller, draft.units or ())

    def _check_reach(self, caller: Caller, unit_ids: Iterable[int]) -> None:
        missing = [unit_id for unit_id in unit_ids if self.finder.reach(caller, unit_id) is None]
        if missing:
            faults = [Fault(place=format_id(unit_id), reason="no such unit") for unit_id in missing[:_FAULTS_MAX]]
            raise NotFound(f"{len(missing)} of these units are not there.", faults=faults)


def _check_count(count: int) -> None:
    if count > GROUP_MEMBERS_MAX:
        fault = Fault(place="units", reason=f"at most {GROUP_MEMBERS_MAX} are named one by one; use a filter")
        raise Invalid("Too many members.", faults=[fault])


def _as_group(group: Group) -> Caller:
    """In whose name a group's units are looked up: its organisation's."""
    return Caller(organisation_id=group.organisation_id, scopes=frozenset(), organisation_kind=group.organisation_kind)
