"""What is done with people and their memberships. Blocking: called from threads."""

from __future__ import annotations

import builtins

import sqlalchemy as sa

from monokoto.connect.people.member import Member, Membership
from monokoto.connect.people.person import LOCALES, TIME_ZONE, Person, email_key, faults_of
from monokoto.connect.people.roles import ROLES, Role, may_give, role_of
from monokoto.connect.people.store import memberships, password_links, person_from_row, persons, sessions
from monokoto.connect.tenancy import organisation_from_row
from monokoto.connect.tenancy import organisations_table as organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from monokoto.kernel.ids import PersonId, format_id, new_id
from monokoto.kernel.limits import MEMBERS_PER_ORGANISATION_MAX, PAGE_SIZE_DEFAULT
from monokoto.web import Caller

ADMINISTERING = sorted(role.name for role in ROLES.values() if role.administers)


# Put together once: they are part of every sign-in.
_PERSON = sa.select(persons).where(persons.c.person_id == sa.bindparam("person"))
_BY_EMAIL = sa.select(persons).where(persons.c.email_key == sa.bindparam("email"))
_MEMBERSHIPS = (
    sa.select(organisations, memberships.c.role)
    .join(memberships, memberships.c.organisation_id == organisations.c.organisation_id)
    .where(memberships.c.person_id == sa.bindparam("person"))
    .order_by(organisations.c.name, organisations.c.organisation_id)
)


class People:
    """The people of this platform, and what they are in each organisation."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def get(self, person_id: int) -> Person:
        """The person with this id; raises NotFound."""
        with self._records.read() as connection:
            row = connection.execute(sa.select(persons).where(persons.c.person_id == person_id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no person {format_id(person_id)!r}.")
        return person_from_row(row)

    def by_email(self, email: str) -> Person | None:
        """The person with this e-mail address; None when nobody has it."""
        found = self.with_password(email)
        return None if found is None else found[0]

    def with_password(self, email: str) -> tuple[Person, str | None] | None:
        """The person with this e-mail address and the hash of their password, if they have one."""
        with self._records.read() as connection:
            row = connection.execute(_BY_EMAIL, {"email": email_key(email)}).one_or_none()
        return None if row is None else (person_from_row(row), row.password)

    def set_password(self, person_id: int, hashed: str, *, session_id: int) -> None:
        """Keep the hash of a new password, and end all sessions of the person but this one, in one step."""
        others = (sessions.c.person_id == person_id) & (sessions.c.session_id != session_id)
        with self._records.write() as connection:
            connection.execute(persons.update().where(persons.c.person_id == person_id).values(password=hashed))
            connection.execute(sessions.delete().where(others))
            connection.execute(password_links.delete().where(password_links.c.person_id == person_id))

    def rehash(self, person_id: int, kept: str, hashed: str) -> None:
        """Put another hash of the same password in the place of `kept`, unless the password has changed meanwhile."""
        mine = (persons.c.person_id == person_id) & (persons.c.password == kept)
        with self._records.write() as connection:
            connection.execute(persons.update().where(mine).values(password=hashed))

    def change(
        self, person_id: int, *, name: str | None = None, locale: str | None = None, time_zone: str | None = None
    ) -> Person:
        """Change what a person says of themself; None leaves it, and a language of no letters is a choice taken back: from then
        on it follows what they are seen with. Raises Invalid, NotFound."""
        faults = faults_of(name=name, locale=locale or None, time_zone=time_zone)
        if faults:
            raise Invalid("This cannot be said of a person.", faults=faults)
        given = {"name": name and name.strip(), "locale": locale or None, "time_zone": time_zone}
        values: dict[str, str | bool] = {field: value for field, value in given.items() if value is not None}
        if locale is not None:
            values["locale_chosen"] = bool(locale)
        if values:
            with self._records.write() as connection:
                connection.execute(persons.update().where(persons.c.person_id == person_id).values(values))
        return self.get(person_id)

    def seen_with(self, person_id: int, language: str) -> None:
        """Keep the language somebody was seen with, unless they chose one."""
        theirs = (persons.c.person_id == person_id) & persons.c.locale_chosen.is_(False)
        with self._records.write() as connection:
            connection.execute(persons.update().where(theirs).values(locale=language))

    def memberships(self, person_id: int) -> builtins.list[Membership]:
        """The person's organisations, by name."""
        with self._records.read() as connection:
            return _memberships_of(connection, person_id)

    def with_memberships(self, person_id: int) -> tuple[Person, builtins.list[Membership]]:
        """The person and their organisations, by name; raises NotFound."""
        with self._records.read() as connection:
            row = connection.execute(_PERSON, {"person": person_id}).one_or_none()
            if row is None:
                raise NotFound(f"There is no person {format_id(person_id)!r}.")
            return person_from_row(row), _memberships_of(connection, person_id)

    def members(self, organisation_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Member]:
        """The organisation's members from the one known the longest on, those past the person `after`."""
        query = _members_of(organisation_id).where(persons.c.person_id > after).limit(limit)
        with self._records.read() as connection:
            return [_member(row) for row in connection.execute(query)]

    def member(self, organisation_id: int, person_id: int) -> Member:
        """One member; raises NotFound."""
        with self._records.read() as connection:
            return _one_member(connection, organisation_id, person_id)

    def change_role(self, caller: Caller, person_id: int, role: str) -> Member:
        """Give a member another role in the caller's organisation.

        Raises:
            NotFound: they are no member.
            Invalid: there is no such role in an organisation of this kind.
            Forbidden: the old or the new role opens what the caller may not.
            Conflict: they are the last who may do everything.
        """
        with self._records.write() as connection:
            kind = lock_organisation(connection, caller.organisation_id)
            wanted = role_of(role, kind)
            found = _one_member(connection, caller.organisation_id, person_id)
            _may_change(caller, found, wanted)
            if not wanted.administers:
                _keep_one_admin(connection, caller.organisation_id, found)
            mine = (memberships.c.organisation_id == caller.organisation_id) & (memberships.c.person_id == person_id)
            connection.execute(memberships.update().where(mine).values(role=wanted.name))
        return Member(found.person, wanted.name, found.since)

    def remove(self, caller: Caller, person_id: int) -> Member:
        """End a membership in the caller's organisation; the person stays, and what they did. Raises as `change_role`."""
        with self._records.write() as connection:
            lock_organisation(connection, caller.organisation_id)
            found = _one_member(connection, caller.organisation_id, person_id)
            _may_change(caller, found)
            _keep_one_admin(connection, caller.organisation_id, found)
            mine = (memberships.c.organisation_id == caller.organisation_id) & (memberships.c.person_id == person_id)
            connection.execute(memberships.delete().where(mine))
        return found

    def platform_admin_exists(self) -> bool:
        """Whether anybody runs this platform."""
        with self._records.read() as connection:
            return platform_admin_exists(connection)


def platform_admin_exists(connection: sa.Connection) -> bool:
    """Whether anybody runs this platform."""
    query = sa.select(memberships.c.person_id).where(memberships.c.role == "platform-admin").limit(1)
    return connection.execute(query).first() is not None


def lock_organisation(connection: sa.Connection, organisation_id: int) -> str:
    """The organisation's kind; its row is the lock for changes of its members. Raises NotFound."""
    query = sa.select(organisations.c.kind).where(organisations.c.organisation_id == organisation_id)
    kind = connection.execute(query.with_for_update()).scalar_one_or_none()
    if kind is None:
        raise NotFound(f"There is no organisation {format_id(organisation_id)!r}.")
    return str(kind)


def insert_person(
    connection: sa.Connection,
    *,
    email: str,
    name: str,
    locale: str | None,
    time_zone: str | None,
    hashed: str | None,
    organisation_id: int,
    now: int,
    seen_with: str | None = None,
) -> PersonId:
    """A new person; the input was checked with `faults_of`. Raises Conflict when the e-mail address has somebody.

    `locale` is the language they chose; of whoever chose none, `seen_with` is the one to begin with.
    """
    if connection.execute(sa.select(persons.c.person_id).where(persons.c.email_key == email_key(email))).first():
        raise Conflict("There is already a person with this e-mail address.", remedy="Sign in instead.")
    person_id = PersonId(new_id())
    connection.execute(
        persons.insert().values(
            person_id=person_id,
            organisation_id=organisation_id,
            email=email.strip(),
            email_key=email_key(email),
            name=name.strip(),
            locale=locale or seen_with or LOCALES[0],
            locale_chosen=locale is not None,
            time_zone=time_zone or TIME_ZONE,
            password=hashed,
            created_at=now,
        )
    )
    return person_id


def insert_member(connection: sa.Connection, organisation_id: int, person_id: int, role: str, *, now: int) -> None:
    """A new membership. Raises Conflict when they are a member already, or when there are too many."""
    mine = memberships.c.organisation_id == organisation_id
    if connection.execute(sa.select(memberships.c.role).where(mine, memberships.c.person_id == person_id)).first():
        raise Conflict("They are already a member of this organisation.", remedy="Change their role instead.")
    count = connection.execute(sa.select(sa.func.count()).select_from(memberships).where(mine)).scalar_one()
    if count >= MEMBERS_PER_ORGANISATION_MAX:
        raise Conflict(f"The organisation has {MEMBERS_PER_ORGANISATION_MAX} members, the most it may.")
    connection.execute(
        memberships.insert().values(organisation_id=organisation_id, person_id=person_id, role=role, created_at=now)
    )


def _memberships_of(connection: sa.Connection, person_id: int) -> builtins.list[Membership]:
    rows = connection.execute(_MEMBERSHIPS, {"person": person_id})
    return [Membership(organisation_from_row(row), row.role) for row in rows]


def _members_of(organisation_id: int) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(persons, memberships.c.role, memberships.c.created_at.label("since"))
        .join(memberships, memberships.c.person_id == persons.c.person_id)
        .where(memberships.c.organisation_id == organisation_id)
        .order_by(persons.c.person_id)
    )


def _member(row: sa.Row[tuple[object, ...]]) -> Member:
    return Member(person_from_row(row), row.role, row.since)


def _one_member(connection: sa.Connection, organisation_id: int, person_id: int) -> Member:
    row = connection.execute(_members_of(organisation_id).where(persons.c.person_id == person_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no member {format_id(person_id)!r}.")
    return _member(row)


def _may_change(caller: Caller, found: Member, wanted: Role | None = None) -> None:
    held = ROLES.get(found.role)
    if not all(may_give(caller, role) for role in (held, wanted) if role is not None):
        raise Forbidden("Nobody gives or takes a role that opens more than they may themselves.")


def _keep_one_admin(connection: sa.Connection, organisation_id: int, leaving: Member) -> None:
    if leaving.role not in ADMINISTERING:
        return
    others = sa.select(memberships.c.person_id).where(
        memberships.c.organisation_id == organisation_id,
        memberships.c.role.in_(ADMINISTERING),
        memberships.c.person_id != leaving.person.id,
    )
    if connection.execute(others.limit(1)).first() is None:
        raise Conflict(
            "They are the last in this organisation who may do everything.",
            remedy="Give somebody else that role first.",
        )
