# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.credentials`: What units prove themselves with: tokens and certificates."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import Credential, CredentialPage, NewCredential
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncCredentialsApi:
    """What units prove themselves with: tokens and certificates."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list(self, unit: str) -> AsyncPages[CredentialPage, Credential]:
        """List a unit's credentials.

        From the oldest on, ended ones too. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/credentials", repeatable=True)
        return self._api.pages(call, CredentialPage, Credential)

    async def issue(
        self,
        unit: str,
        *,
        name: str | UnsetType = UNSET,
        token: str | UnsetType = UNSET,
        certificate: str | UnsetType = UNSET,
        expires_at: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> NewCredential:
        """Give a unit a credential.

        A fresh token, a token the unit already has, or an X.509 certificate. Needs `units:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            token: A token the unit already has; empty: a fresh one.
            certificate: X.509 certificate (PEM) instead of a token.
            expires_at: RFC 3339, for a token; null: it does not expire.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/credentials",
            body=given(name=name, token=token, certificate=certificate, expires_at=expires_at),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NewCredential)

    async def revoke(self, unit: str, credential: str, *, idempotency_key: str | None = None) -> Credential:
        """Revoke a credential.

        It ends at once, on live connections too. Needs `units:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            credential: Id of the credential.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}/credentials/{segment(credential)}",
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Credential)

    async def rotate(
        self,
        unit: str,
        credential: str,
        *,
        grace_seconds: int | UnsetType = UNSET,
        token: str | UnsetType = UNSET,
        certificate: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> NewCredential:
        """Rotate a credential.

        A successor; the old one ends now, on live connections too, or after the grace. Needs `units:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            credential: Id of the credential.
            grace_seconds: How long the old one goes on beside it (default: 0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/credentials/{segment(credential)}/rotate",
            body=given(grace_seconds=grace_seconds, token=token, certificate=certificate),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NewCredential)
