"""Which account elsewhere is which person here. Blocking: called from threads."""

from __future__ import annotations

import builtins

import sqlalchemy as sa

from monokoto.connect.people import (
    LOCALES,
    Accepted,
    Invitations,
    Letters,
    Newcomer,
    People,
    Person,
    email_key,
    faults_of,
    insert_member,
    insert_person,
    lock_organisation,
    role_of,
    tell_way_in_added,
)
from monokoto.connect.providers.provider import Identity, Provider, ProviderAccount
from monokoto.connect.providers.store import account_from_row, provider_accounts
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Forbidden, NotFound
from monokoto.kernel.ids import OrganisationId, PersonId, ProviderAccountId, format_id, new_id
from monokoto.kernel.limits import PERSON_NAME_LENGTH_MAX, PROVIDER_ACCOUNTS_PER_PERSON_MAX


class ProviderAccounts:
    """The accounts elsewhere that are people here, and how they become so."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        people: People,
        organisations: Organisations,
        invitations: Invitations,
        letters: Letters,
    ) -> None:
        self._records = records
        self._clock = clock
        self._people = people
        self._organisations = organisations
        self._invitations = invitations
        self._letters = letters

    def enter(self, provider: Provider, identity: Identity) -> tuple[PersonId, Accepted | None]:
        """Whose account it is; somebody new becomes a person where the settings say so.

        Raises:
            Conflict: somebody here has this e-mail address, and never said that this account is theirs.
            Forbidden: nobody here, and nobody invited them.
        """
        known = self._used(identity)
        if known is not None:
            return known.person_id, None
        if identity.email and self._people.by_email(identity.email) is not None:
            raise Conflict(
                "Somebody with this e-mail address is here, and has not said that this account is theirs.",
                remedy=f"Sign in as always, then link {provider.title} in your account.",
            )
        if not provider.newcomer_role or not provider.email_domains or not identity.email_verified:
            raise Forbidden("You have no account here.", remedy="Ask for an invitation.")
        joined = self._welcome(provider, identity)
        return joined.person_id, joined

    def accept(self, provider: Provider, identity: Identity, secret: str) -> Accepted:
        """Accept an invitation as who one is elsewhere; the account is theirs from then on.

        Raises:
            NotFound: the invitation opens nothing.
            Conflict: it is for another e-mail address, or they are a member already, or the account is another person's.
        """
        offer = self._invitations.look(secret)
        if not identity.email_verified or email_key(identity.email) != email_key(offer.invitation.email):
            raise Conflict(
                f"The invitation is for another e-mail address than {provider.title} has verified as yours.",
                remedy="Accept it with a password, or ask for one to that address.",
            )
        known = self._find(identity)
        if known is not None and (offer.person is None or offer.person.id != known.person_id):
            raise Conflict("This account belongs to another person here.", remedy="Sign in with it instead.")
        newcomer = Newcomer(
            _name(identity),
            seen_with=_locale(identity),
            time_zone=_time_zone(identity),
            organisation=None if offer.invitation.new_organisation else _name(identity),
            by_provider=True,
        )
        joined = self._invitations.accept(secret, newcomer)
        if self._used(identity) is None:
            self._insert(provider, identity, self._people.get(joined.person_id), tell=not joined.is_new)
        return joined

    def link(self, provider: Provider, identity: Identity, person_id: int) -> ProviderAccount:
        """Say of an account that it is the signed-in person's.

        Raises:
            Conflict: it is another person's, its verified e-mail address is not theirs, or they have too many.
        """
        person, known = self._people.get(person_id), self._used(identity)
        if known is not None and known.person_id != person_id:
            raise Conflict("This account belongs to another person here.")
        if known is not None:
            return known
        if not identity.email_verified or email_key(identity.email) != email_key(person.email):
            raise Conflict(
                f"{provider.title} has not verified that your e-mail address here is yours there.",
                remedy="Link an account with the same e-mail address.",
            )
        return self._insert(provider, identity, person, tell=True)

    def list(self, person_id: int) -> builtins.list[ProviderAccount]:
        """The person's accounts, from the oldest on."""
        query = sa.select(provider_accounts).where(provider_accounts.c.person_id == person_id)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(provider_accounts.c.account_id)).all()
        return [account_from_row(row) for row in rows]

    def remove(self, person_id: int, account_id: int) -> None:
        """It is the person's no more; sessions it began go on. Raises NotFound."""
        mine = (provider_accounts.c.person_id == person_id) & (provider_accounts.c.account_id == account_id)
        with self._records.write() as connection:
            if connection.execute(provider_accounts.delete().where(mine)).rowcount != 1:
                raise NotFound(f"There is no linked account {format_id(account_id)!r} of yours.")

    def _find(self, identity: Identity) -> ProviderAccount | None:
        with self._records.read() as connection:
            row = connection.execute(sa.select(provider_accounts).where(_is(identity))).one_or_none()
        return None if row is None else account_from_row(row)

    def _used(self, identity: Identity) -> ProviderAccount | None:
        """The account, and that it was used now."""
        values: dict[str, object] = {"last_used_at": self._clock.now()}
        if identity.email:
            values["email"] = identity.email
        with self._records.write() as connection:
            connection.execute(provider_accounts.update().where(_is(identity)).values(values))
            row = connection.execute(sa.select(provider_accounts).where(_is(identity))).one_or_none()
        return None if row is None else account_from_row(row)

    def _welcome(self, provider: Provider, identity: Identity) -> Accepted:
        """Make somebody a person and a member who has an account at a provider whose people all may come."""
        organisation = self._organisations.by_slug(provider.newcomer_organisation)
        role, now = role_of(provider.newcomer_role, organisation.kind), self._clock.now()
        if faults_of(email=identity.email):
            raise Forbidden(f"{provider.title} names an e-mail address that cannot be one.")
        with self._records.write() as connection:
            lock_organisation(connection, organisation.id)
            person_id = insert_person(
                connection, email=identity.email, name=_name(identity), locale=None, seen_with=_locale(identity),
                time_zone=_time_zone(identity), hashed=None, organisation_id=organisation.id, now=now,
            )  # fmt: skip
            insert_member(connection, organisation.id, person_id, role.name, now=now)
            _insert(connection, identity, person_id, now)
        return Accepted(person_id, OrganisationId(organisation.id), role.name, True)

    def _insert(self, provider: Provider, identity: Identity, person: Person, *, tell: bool) -> ProviderAccount:
        now = self._clock.now()
        mine = sa.select(sa.func.count()).where(provider_accounts.c.person_id == person.id)
        with self._records.write() as connection:
            if connection.execute(mine).scalar_one() >= PROVIDER_ACCOUNTS_PER_PERSON_MAX:
                raise Conflict(f"You have {PROVIDER_ACCOUNTS_PER_PERSON_MAX} linked accounts, the most one may have.")
            _insert(connection, identity, person.id, now)
            row = connection.execute(sa.select(provider_accounts).where(_is(identity))).one()
        if tell:
            tell_way_in_added(self._letters, person, provider.title, now=now)
        return account_from_row(row)


def _insert(connection: sa.Connection, identity: Identity, person_id: int, now: int) -> None:
    connection.execute(
        provider_accounts.insert().values(
            account_id=ProviderAccountId(new_id()),
            person_id=person_id,
            issuer=identity.issuer,
            subject=identity.subject,
            email=identity.email,
            created_at=now,
            last_used_at=now,
        )
    )


def _is(identity: Identity) -> sa.ColumnElement[bool]:
    return (provider_accounts.c.issuer == identity.issuer) & (provider_accounts.c.subject == identity.subject)


def _name(identity: Identity) -> str:
    """What somebody is called who could not say it here."""
    return (identity.name or identity.email.partition("@")[0])[:PERSON_NAME_LENGTH_MAX]


def _locale(identity: Identity) -> str | None:
    language = (identity.locale or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LOCALES else None


def _time_zone(identity: Identity) -> str | None:
    return None if identity.time_zone is None or faults_of(time_zone=identity.time_zone) else identity.time_zone
