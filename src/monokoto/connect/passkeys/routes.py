"""Passkeys over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from monokoto.connect.passkeys.json import (
    OptionsJson,
    PasskeyJson,
    PasskeySignInRequest,
    RegisterRequest,
    RelyingPartyJson,
    RenameRequest,
    passkey_to_json,
)
from monokoto.connect.passkeys.service import Passkeys
from monokoto.connect.people import OPEN, People, SignedInJson, person_behind, signed_in, visitor_of
from monokoto.kernel.ids import parse_id
from monokoto.web import Caller, Page, problem_responses, require_same_site


class PasskeyController(Controller):
    """`/api/v1/passkeys`."""

    path = "/api/v1/passkeys"
    tags = ("Sessions",)

    @get(
        "/relying-party",
        opt=OPEN,
        operation_id="getRelyingParty",
        responses=problem_responses(409),
        summary="Say where passkeys work",
    )
    async def relying_party(self, passkeys: NamedDependency[Passkeys]) -> RelyingPartyJson:
        """409 where they cannot: at an IP address, or without TLS beyond this machine."""
        us = passkeys.relying_party()
        return RelyingPartyJson(id=us.id, origin=us.origin)

    @post(
        "/registration/options",
        status_code=200,
        operation_id="beginPasskeyRegistration",
        responses=problem_responses(409),
        summary="Begin to add a passkey",
    )
    async def begin_registration(
        self, caller: NamedDependency[Caller], passkeys: NamedDependency[Passkeys]
    ) -> OptionsJson:
        """The options for `navigator.credentials.create`; their challenge is good once, for five minutes."""
        person_id, _ = person_behind(caller)
        return OptionsJson(await asyncio.to_thread(passkeys.begin_registration, person_id))

    @post(
        "/registration",
        operation_id="registerPasskey",
        responses=problem_responses(409),
        summary="Add a passkey",
    )
    async def register(
        self, caller: NamedDependency[Caller], passkeys: NamedDependency[Passkeys], data: JSONBody[RegisterRequest]
    ) -> PasskeyJson:
        """With what the device answered. Its person is told by mail."""
        person_id, _ = person_behind(caller)
        credential = msgspec.to_builtins(data.credential)
        return passkey_to_json(await asyncio.to_thread(passkeys.register, person_id, credential, name=data.name))

    @post(
        "/authentication/options",
        opt=OPEN,
        guards=[require_same_site],
        status_code=200,
        operation_id="beginPasskeySignIn",
        responses=problem_responses(409),
        summary="Begin to sign in with a passkey",
    )
    async def begin_sign_in(self, passkeys: NamedDependency[Passkeys]) -> OptionsJson:
        """The options for `navigator.credentials.get`. Nobody says who they are: the device offers the passkeys it has."""
        return OptionsJson(passkeys.begin_sign_in())  # no record is read: a thread would cost more

    @post(
        "/authentication",
        opt=OPEN,
        guards=[require_same_site],
        operation_id="signInWithPasskey",
        responses=problem_responses(409),
        summary="Sign in with a passkey",
    )
    async def sign_in(
        self,
        request: Request[Any, Any, Any],
        passkeys: NamedDependency[Passkeys],
        people: NamedDependency[People],
        data: JSONBody[PasskeySignInRequest],
    ) -> Response[SignedInJson]:
        """Sets the session's cookie, as signing in with a password does. Whatever is wrong is answered alike (401)."""
        credential = msgspec.to_builtins(data.credential)
        begun = await asyncio.to_thread(passkeys.sign_in, credential, visitor_of(request))
        return await signed_in(request, people, begun)

    @get(operation_id="listPasskeys", responses=problem_responses(), summary="List one's own passkeys")
    async def passkeys(
        self, caller: NamedDependency[Caller], passkeys: NamedDependency[Passkeys]
    ) -> Page[PasskeyJson]:  # fmt: skip
        """From the oldest on; there are never more than one page of them."""
        person_id, _ = person_behind(caller)
        return Page(items=[passkey_to_json(one) for one in await asyncio.to_thread(passkeys.list, person_id)])

    @patch(
        "/{passkey:str}",
        operation_id="changePasskey",
        responses=problem_responses(404),
        summary="Rename one of one's own passkeys",
    )
    async def rename(
        self,
        caller: NamedDependency[Caller],
        passkeys: NamedDependency[Passkeys],
        passkey: FromPath[str],
        data: JSONBody[RenameRequest],
    ) -> PasskeyJson:
        """For whoever has several."""
        person_id, _ = person_behind(caller)
        passkey_id = parse_id(passkey, what="passkey id")
        return passkey_to_json(await asyncio.to_thread(passkeys.rename, person_id, passkey_id, data.name))

    @delete(
        "/{passkey:str}",
        status_code=204,
        operation_id="removePasskey",
        responses=problem_responses(404),
        summary="Remove one of one's own passkeys",
    )
    async def remove(
        self, caller: NamedDependency[Caller], passkeys: NamedDependency[Passkeys], passkey: FromPath[str]
    ) -> None:
        """It opens nothing any more. Sessions it began go on: end them in `/api/v1/sessions`."""
        person_id, _ = person_behind(caller)
        await asyncio.to_thread(passkeys.remove, person_id, parse_id(passkey, what="passkey id"))
