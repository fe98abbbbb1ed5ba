# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.people`: Who is a member of the organisation, with which role; invitations, and one's own account."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import Invitation, InvitationPage, Joined, Member, MemberPage, Offer, Person, Role
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncPeopleApi:
    """Who is a member of the organisation, with which role; invitations, and one's own account."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_invitations(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[InvitationPage, Invitation]:
        """List the organisation's invitations.

        From the oldest on, those accepted, taken back and expired too. Needs `people:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/invitations", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, InvitationPage, Invitation)

    async def invite_person(
        self,
        *,
        email: str,
        role: str,
        new_organisation: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Invitation:
        """Invite somebody.

        A link is mailed to them, good for a week; it is shown to nobody else. An open invitation of theirs is void
        then. Needs `people:write`. Raises Conflict, TooLarge.

        Args:
            email: At most 254 characters.
            role: Their role; `owner` with `new_organisation` (at most 32 characters).
            new_organisation: Set: they get an owner organisation of their own, of this name, or (empty) of the name
                they choose.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/invitations",
            body=given(email=email, role=role, new_organisation=new_organisation),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Invitation)

    async def accept_invitation(
        self,
        *,
        token: str,
        name: str | UnsetType | None = UNSET,
        password: str | UnsetType | None = UNSET,
        locale: str | UnsetType | None = UNSET,
        time_zone: str | UnsetType | None = UNSET,
        organisation: str | UnsetType | None = UNSET,
    ) -> Joined:
        """Accept an invitation.

        Whoever has the invited e-mail address becomes a member. Somebody new says who they are and is signed in at
        once. Raises NotFound, Conflict.

        Args:
            token: The secret in the link (at most 128 characters).
            name: At most 200 characters.
            password: At most 256 characters.
            organisation: The name of an organisation of one's own.
        """
        call = Call(
            method="POST",
            path="/api/v1/invitations/accept",
            body=given(token=token, name=name, password=password, locale=locale, time_zone=time_zone)
            | given(organisation=organisation),
        )
        return await self._api.ask(call, Joined)

    async def read_invitation(self, *, token: str) -> Offer:
        """Read the invitation behind a link.

        Who invites, to what, and whether a new person must say who they are. Raises NotFound.

        Args:
            token: The secret in the link (at most 128 characters).
        """
        call = Call(method="POST", path="/api/v1/invitations/offer", body=given(token=token))
        return await self._api.ask(call, Offer)

    async def revoke_invitation(self, invitation: str, *, idempotency_key: str | None = None) -> Invitation:
        """Take an invitation back.

        Its link opens nothing any more; one that was accepted stays as it is. Needs `people:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            invitation: Id of the invitation.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/invitations/{segment(invitation)}", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Invitation)

    async def get_me(self) -> Person:
        """Read one's own account.

        Of the person who is signed in; a key is nobody (403).
        """
        call = Call(method="GET", path="/api/v1/me", repeatable=True)
        return await self._api.ask(call, Person)

    async def change_me(
        self,
        *,
        name: str | UnsetType | None = UNSET,
        locale: str | UnsetType | None = UNSET,
        time_zone: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Person:
        """Change one's own account.

        Name, language and time zone. The e-mail address stays what it is. Raises Conflict, TooLarge.

        Args:
            name: At most 200 characters.
            locale: The language: `en` or `ko`; empty: again the one they are seen with.
            time_zone: An IANA name, such as `Asia/Seoul`.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path="/api/v1/me",
            body=given(name=name, locale=locale, time_zone=time_zone),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Person)

    def list_members(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[MemberPage, Member]:
        """List the organisation's members.

        From the person known the longest on. People become members by accepting an invitation. Needs `people:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/members", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MemberPage, Member)

    async def get_member(self, person: str) -> Member:
        """Read one member.

        Who they are, and what here. Needs `people:read`. Raises NotFound.

        Args:
            person: Id of the person.
        """
        call = Call(method="GET", path=f"/api/v1/members/{segment(person)}", repeatable=True)
        return await self._api.ask(call, Member)

    async def remove_member(self, person: str, *, idempotency_key: str | None = None) -> Member:
        """End a membership.

        Their sessions open nothing here any more: at once in this process, within two seconds in others. The person
        stays, with their other organisations, and so does what they did. API keys they made stay: revoke them. Needs
        `people:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            person: Id of the person.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/members/{segment(person)}", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Member)

    async def change_member(self, person: str, *, role: str, idempotency_key: str | None = None) -> Member:
        """Give a member another role.

        It holds at once in this process, within two seconds in others. The last who may do everything keeps that
        role. Needs `people:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            person: Id of the person.
            role: At most 32 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/members/{segment(person)}",
            body=given(role=role),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Member)

    async def list_roles(self) -> Sequence[Role]:
        """List the roles there are.

        What each opens, and in organisations of which kinds it may be held.
        """
        call = Call(method="GET", path="/api/v1/roles", repeatable=True)
        return await self._api.ask(call, list[Role])
