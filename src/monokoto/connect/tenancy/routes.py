"""The caller's organisation and its keys over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.connect.tenancy.key import ApiKey
from monokoto.connect.tenancy.organisation import TITLE_LENGTH_MAX, Organisation
from monokoto.connect.tenancy.service import ApiKeys, Organisations
from monokoto.kernel.clock import Instant, format_instant, parse_instant
from monokoto.kernel.errors import Fault, Forbidden, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires


class OrganisationJson(msgspec.Struct, frozen=True):
    """An organisation."""

    id: str
    slug: str
    name: str
    kind: str
    created_at: str


class ApiKeyJson(msgspec.Struct, frozen=True):
    """What is known of a key."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: Annotated[str | None, Meta(description="Coarse: written at most once a minute")]


class NewApiKeyJson(msgspec.Struct, frozen=True):
    """A key just made: `secret` is shown this once."""

    key: ApiKeyJson
    secret: Annotated[str, Meta(description="Send it as `Authorization: Bearer ...`; it is not kept here")]


class CreateKeyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the new key is for."""

    name: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX)]
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    expires_at: Annotated[str | None, Meta(description="RFC 3339; null: it does not expire")] = None


def organisation_to_json(organisation: Organisation) -> OrganisationJson:
    """As the API shows it."""
    return OrganisationJson(
        id=format_id(organisation.id),
        slug=organisation.slug,
        name=organisation.name,
        kind=organisation.kind.value,
        created_at=format_instant(organisation.created_at),
    )


def key_to_json(key: ApiKey) -> ApiKeyJson:
    """As the API shows it."""
    return ApiKeyJson(
        id=format_id(key.id),
        name=key.name,
        scopes=sorted(key.scopes),
        created_at=format_instant(key.created_at),
        expires_at=_optional(key.expires_at),
        revoked_at=_optional(key.revoked_at),
        last_used_at=_optional(key.last_used_at),
    )


def _optional(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _expiry(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is not a key.", faults=[Fault(place="expires_at", reason=str(error))]) from None


class TenancyController(Controller):
    """`/api/v1/organisation` and `/api/v1/keys`."""

    path = "/api/v1"
    tags = ("Organisation",)

    @get(
        "/organisation",
        responses=problem_responses(),
        summary="Say whose this key is",
        operation_id="getOrganisation",
    )
    async def organisation(
        self, caller: NamedDependency[Caller], organisations: NamedDependency[Organisations]
    ) -> OrganisationJson:
        """Any live key may ask whose it is."""
        return organisation_to_json(await asyncio.to_thread(organisations.get, caller.organisation_id))

    @get(
        "/keys",
        operation_id="listKeys",
        guards=[requires(Scope.ADMIN)],
        responses=problem_responses(),
        summary="List the organisation's keys",
    )
    async def keys(
        self,
        caller: NamedDependency[Caller],
        api_keys: NamedDependency[ApiKeys],
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ApiKeyJson]:
        """From the oldest on, revoked ones included."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(api_keys.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, key=lambda key: key.id, shown=key_to_json)

    @post(
        "/keys",
        operation_id="createKey",
        guards=[requires(Scope.ADMIN)],
        responses=problem_responses(409),
        summary="Make a key",
    )
    async def create_key(
        self, caller: NamedDependency[Caller], api_keys: NamedDependency[ApiKeys], data: JSONBody[CreateKeyRequest]
    ) -> NewApiKeyJson:
        """The secret is in this answer and nowhere else. Nobody makes a key that may do more than they may themselves."""
        lacking = [scope for scope in data.scopes if not caller.may(scope)]
        if lacking:
            raise Forbidden(
                "A key may do no more than whoever makes it.",
                faults=[Fault(place="scopes", reason=f"you do not hold {scope.value}") for scope in lacking],
            )
        key, secret = await asyncio.to_thread(
            api_keys.create,
            caller.organisation_id,
            name=data.name,
            scopes=data.scopes,
            expires_at=_expiry(data.expires_at),
        )
        return NewApiKeyJson(key=key_to_json(key), secret=secret)

    @delete(
        "/keys/{key:str}",
        operation_id="revokeKey",
        guards=[requires(Scope.ADMIN)],
        responses=problem_responses(404),
        status_code=200,
        summary="Revoke a key",
    )
    async def revoke_key(
        self, caller: NamedDependency[Caller], api_keys: NamedDependency[ApiKeys], key: FromPath[str]
    ) -> ApiKeyJson:
        """It ends at once in this process, within two seconds in others."""
        return key_to_json(
            await asyncio.to_thread(api_keys.revoke, caller.organisation_id, parse_id(key, what="key id"))
        )
