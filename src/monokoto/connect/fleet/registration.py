"""Registering units inside one transaction, a chunk at a time: what is taken, who is whose part, and the rows.

One unit and a hundred thousand go the same way. A part must come after the unit it is a part of, so that new units can
never close a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa

from monokoto.connect.fleet.bulk import insert_many
from monokoto.connect.fleet.credential import (
    Credential,
    certificate_credential,
    new_token,
    token_credential,
    token_faults,
)
from monokoto.connect.fleet.credentials import insert_credentials
from monokoto.connect.fleet.store import credentials, tags_to_rows, unit_tags, unit_to_row, units
from monokoto.connect.fleet.tree import check_place, path_of
from monokoto.connect.fleet.unit import NOWHERE, NewUnit, Status, Unit, new_unit_faults
from monokoto.connect.products import ProductModel
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import TEXT_LENGTH, OrganisationId, ProductName, UnitId, new_id, parse_id

_PARENTS_CACHED_MAX = 10_000


class Models(Protocol):
    """What the fleet asks of products."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        """One version; raises NotFound."""
        ...

    def current(self, organisation_id: int, product: str) -> ProductModel:
        """The newest version; raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Registered:
    """A unit that is registered now."""

    unit: Unit
    credentials: tuple[Credential, ...]
    token: str
    """The token to put on the unit, shown this once; empty when none was made."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A unit that cannot be registered, and everything that speaks against it."""

    new: NewUnit
    faults: tuple[Fault, ...]
    taken: bool = False
    """Whether what stands against it is another unit, and not the description itself."""


class Check:
    """What can be said of a description before the transaction, with the products' versions looked up once each."""

    def __init__(self, models: Models, organisation_id: int) -> None:
        self._models = models
        self._organisation_id = organisation_id
        self._versions: dict[tuple[str, str], str | Fault] = {}

    def completed(self, new: NewUnit) -> NewUnit | Refused:
        """The description with its version filled in."""
        faults = new_unit_faults(new)
        if new.token:
            faults += token_faults(new.token)
        version: str | Fault = new.version
        if not faults:
            version = self.version(new.product, new.version)
            if isinstance(version, Fault):
                faults.append(version)
        if faults or isinstance(version, Fault):
            return Refused(new, tuple(faults))
        return new if version == new.version else replace(new, version=version)

    def version(self, product: str, version: str) -> str | Fault:
        """The version meant (empty: the current one), or what is wrong with it."""
        known = self._versions.get((product, version))
        if known is None:
            known = self._versions[product, version] = self._look_up(product, version)
        return known

    def _look_up(self, product: str, version: str) -> str | Fault:
        try:
            if version:
                return self._models.model(self._organisation_id, product, version).version
            return self._models.current(self._organisation_id, product).version
        except NotFound as error:
            return Fault(place="version" if version else "product", reason=error.message)


@dataclass(frozen=True, slots=True)
class _Parent:
    id: int
    path: str
    status: str


class Registration:
    """One transaction's registrations. The caller has taken the change number and commits or rolls back."""

    def __init__(
        self, connection: sa.Connection, organisation_id: int, *, changed: int, now: int, make_tokens: bool
    ) -> None:
        self._connection = connection
        self._organisation_id = OrganisationId(organisation_id)
        self._changed = changed
        self._now = Instant(now)
        self._make_tokens = make_tokens
        self._parents: dict[str, list[_Parent]] = {}

    def take(self, drafts: Sequence[NewUnit]) -> list[Registered | Refused]:
        """Register these, in their order; what cannot be is left out and told."""
        serials = self._serials_taken(drafts)
        secrets = self._secrets_taken(drafts)
        self._find_parents(drafts)
        results = [self._one(new, serials, secrets) for new in drafts]
        self._insert([result for result in results if isinstance(result, Registered)])
        return results

    def _one(self, new: NewUnit, serials: set[tuple[str, str]], secrets: set[bytes]) -> Registered | Refused:
        faults: list[Fault] = []
        taken: list[Fault] = []
        if (new.product, new.serial) in serials:
            taken.append(Fault(place="serial", reason=f"{new.serial!r} is a unit of {new.product} already"))
        parent = self._parent_of(new, faults)
        unit_id = UnitId(new_id())
        made, token = self._credentials_of(new, unit_id, faults)
        for credential in made:
            if credential.fingerprint in secrets:
                reason = "is taken; every unit needs one of its own"
                taken.append(Fault(place=credential.kind.value, reason=reason))
        if faults or taken:
            return Refused(new, (*taken, *faults), taken=bool(taken))
        unit = self._unit_of(new, unit_id, parent)
        serials.add((new.product, new.serial))
        secrets.update(credential.fingerprint for credential in made)
        if unit.serial in self._parents:
            self._parents[unit.serial].append(_Parent(unit.id, unit.path, unit.status))
        return Registered(unit, made, token)

    def _unit_of(self, new: NewUnit, unit_id: UnitId, parent: _Parent | None) -> Unit:
        return Unit(
            id=unit_id,
            organisation_id=self._organisation_id,
            product=ProductName(new.product),
            version=new.version,
            serial=new.serial,
            name=new.name,
            tags=new.tags,
            location=new.location,
            parent_id=NOWHERE if parent is None else UnitId(parent.id),
            path=path_of("" if parent is None else parent.path, unit_id),
            created_at=self._now,
            updated_at=self._now,
        )

    def _parent_of(self, new: NewUnit, faults: list[Fault]) -> _Parent | None:
        if not new.parent:
            return None
        found = self._parents[new.parent]
        reason = ""
        if not found:
            reason = f"there is no unit {new.parent!r}, neither before nor above this row; put a unit before its parts"
        elif len(found) > 1:
            reason = f"{len(found)} units have the serial {new.parent!r}; name the one by its id"
        elif found[0].status == Status.RETIRED:
            reason = f"the unit {new.parent!r} is retired"
        else:
            try:
                check_place(found[0].path)
            except Conflict as error:
                reason = error.message
        if reason:
            faults.append(Fault(place="parent", reason=reason))
            return None
        return found[0]

    def _credentials_of(self, new: NewUnit, unit_id: int, faults: list[Fault]) -> tuple[tuple[Credential, ...], str]:
        made: list[Credential] = []
        token = new.token or (new_token() if self._make_tokens and not new.certificate else "")
        try:
            if token:
                made.append(token_credential(self._organisation_id, unit_id, token, self._now))
            if new.certificate:
                made.append(certificate_credential(self._organisation_id, unit_id, new.certificate, self._now))
        except Invalid as error:
            faults.extend(error.faults)
        return tuple(made), token

    def _serials_taken(self, drafts: Sequence[NewUnit]) -> set[tuple[str, str]]:
        query = sa.select(units.c.product, units.c.serial).where(
            units.c.organisation_id == self._organisation_id, units.c.serial.in_({new.serial for new in drafts})
        )
        return {(row.product, row.serial) for row in self._connection.execute(query)}

    def _secrets_taken(self, drafts: Sequence[NewUnit]) -> set[bytes]:
        # Of fresh tokens none is taken; those brought along may be. An ended one of our own may be given again.
        brought: set[bytes] = set()
        for new in drafts:
            brought.update(_fingerprints(new, self._now))
        if not brought:
            return set()
        query = sa.select(credentials.c.lookup).where(
            credentials.c.lookup.in_(brought),
            (credentials.c.ends_at > self._now) | (credentials.c.organisation_id != self._organisation_id),
        )
        return {bytes(lookup) for lookup in self._connection.execute(query).scalars()}

    def _find_parents(self, drafts: Sequence[NewUnit]) -> None:
        if len(self._parents) > _PARENTS_CACHED_MAX:
            self._parents.clear()
        names = {new.parent for new in drafts if new.parent} - self._parents.keys()
        if not names:
            return
        found: dict[str, dict[int, _Parent]] = {name: {} for name in names}
        by_id = _ids_in(names)
        query = sa.select(units.c.unit_id, units.c.serial, units.c.path, units.c.status).where(
            units.c.organisation_id == self._organisation_id,
            units.c.serial.in_(names) | units.c.unit_id.in_(by_id),
        )
        for row in self._connection.execute(query):
            for name in {row.serial, by_id.get(row.unit_id)} & names:
                found[str(name)][row.unit_id] = _Parent(row.unit_id, row.path, row.status)
        self._parents.update((name, list(parents.values())) for name, parents in found.items())

    def _insert(self, registered: Sequence[Registered]) -> None:
        if not registered:
            return
        insert_units(self._connection, [one.unit for one in registered], changed=self._changed)
        made = [credential for one in registered for credential in one.credentials]
        if made:
            insert_credentials(self._connection, made, now=self._now)


def insert_units(connection: sa.Connection, made: Iterable[Unit], *, changed: int) -> None:
    """Store new units and their tags."""
    made = list(made)
    insert_many(connection, units, [unit_to_row(unit, changed=changed) for unit in made])
    insert_many(connection, unit_tags, [row for unit in made for row in tags_to_rows(unit)])


def _ids_in(names: Iterable[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in names:
        if len(name) == TEXT_LENGTH:
            try:
                found[parse_id(name)] = name
            except Invalid:
                continue
    return found


def _fingerprints(new: NewUnit, now: int) -> list[bytes]:
    makers: list[tuple[str, Callable[[int, int, str, int], Credential]]] = [
        (new.token, token_credential),
        (new.certificate, certificate_credential),
    ]
    found: list[bytes] = []
    for text, make in makers:
        if text:
            try:
                found.append(make(0, 0, text, now).fingerprint)
            except Invalid:
                continue  # told when its row is looked at
    return found
