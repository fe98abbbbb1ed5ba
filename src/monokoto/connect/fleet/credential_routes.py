"""A unit's credentials over HTTP."""

from __future__ import annotations

import asyncio

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency

from monokoto.connect.fleet.credential import Credential
from monokoto.connect.fleet.credentials import Credentials
from monokoto.connect.fleet.json import (
    CredentialJson,
    IssueRequest,
    NewCredentialJson,
    RotateRequest,
    credential_to_json,
)
from monokoto.connect.fleet.service import Fleet
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import parse_id
from monokoto.web import Caller, Gate, Page, Scope, problem_responses, requires

_WRITE = [requires(Scope.UNITS_WRITE)]


class CredentialsController(Controller):
    """`/api/v1/units/{unit}/credentials`."""

    path = "/api/v1/units/{unit:str}/credentials"
    tags = ("Credentials",)

    @get(
        operation_id="listCredentials",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(404),
        summary="List a unit's credentials",
    )
    async def credentials_of(
        self, caller: Caller, gate: NamedDependency[Gate], credentials: Credentials, unit: str
    ) -> Page[CredentialJson]:
        """From the oldest on, ended ones too."""
        found = await asyncio.to_thread(credentials.list, caller.organisation_id, _made_unit(gate, caller, unit))
        return Page(items=[credential_to_json(one) for one in found])

    @post(
        operation_id="issueCredential",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Give a unit a credential",
    )
    async def issue(
        self, caller: Caller, gate: NamedDependency[Gate], credentials: Credentials, unit: str, data: IssueRequest
    ) -> NewCredentialJson:
        """A fresh token, a token the unit already has, or an X.509 certificate."""
        if data.certificate:
            made = await asyncio.to_thread(
                credentials.add_certificate,
                caller.organisation_id,
                _made_unit(gate, caller, unit),
                data.certificate,
                name=data.name,
            )
            return _made(made, "")
        made, token = await asyncio.to_thread(
            credentials.issue_token,
            caller.organisation_id,
            _made_unit(gate, caller, unit),
            name=data.name,
            token=data.token,
            expires_at=_expiry(data.expires_at),
        )
        return _made(made, token)

    @post(
        "/{credential:str}/rotate",
        operation_id="rotateCredential",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Rotate a credential",
    )
    async def rotate(
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        credentials: Credentials,
        fleet: Fleet,
        unit: str,
        credential: str,
        data: RotateRequest,
    ) -> NewCredentialJson:
        """A successor; the old one ends now, on live connections too, or after the grace."""
        unit_id, credential_id = _made_unit(gate, caller, unit), parse_id(credential, what="credential id")
        made, token = await asyncio.to_thread(
            credentials.rotate,
            caller.organisation_id,
            unit_id,
            credential_id,
            grace_seconds=data.grace_seconds,
            token=data.token,
            certificate=data.certificate,
        )
        if not data.grace_seconds:
            await fleet.tell([fleet.credential_ended(caller.organisation_id, credential_id, unit_id)])
        return _made(made, token)

    @delete(
        "/{credential:str}",
        operation_id="revokeCredential",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Revoke a credential",
    )
    async def revoke(
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        credentials: Credentials,
        fleet: Fleet,
        unit: str,
        credential: str,
    ) -> CredentialJson:
        """It ends at once, on live connections too."""
        unit_id, credential_id = _made_unit(gate, caller, unit), parse_id(credential, what="credential id")
        ended = await asyncio.to_thread(credentials.revoke, caller.organisation_id, unit_id, credential_id)
        await fleet.tell([fleet.credential_ended(caller.organisation_id, credential_id, unit_id)])
        return credential_to_json(ended)


def _made_unit(gate: Gate, caller: Caller, text: str) -> int:
    """The unit meant: one the caller's organisation made, for what a unit proves itself with is its maker's alone."""
    return gate.unit(caller, parse_id(text, what="unit id")).must_be_maker().unit_id


def _made(credential: Credential, token: str) -> NewCredentialJson:
    return NewCredentialJson(credential=credential_to_json(credential), token=token or None)


def _expiry(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is not a credential.", faults=[Fault(place="expires_at", reason=str(error))]) from None
