# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.sessions`: Signing in and out: people in a browser. A change made with a session's cookie needs the header
`X-Koto-CSRF`.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Arrived,
    Left,
    Linked,
    NewPasskeyCredential,
    Options,
    Passkey,
    PasskeyCredential,
    PasskeyPage,
    Provider,
    ProviderAccount,
    ProviderAccountPage,
    ProviderPage,
    RelyingParty,
    Session,
    SessionPage,
    SignedIn,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class SessionsApi:
    """Signing in and out: people in a browser. A change made with a session's cookie needs the header `X-Koto-CSRF`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def begin_platform(
        self,
        *,
        token: str,
        organisation: str,
        name: str,
        email: str,
        password: str,
        locale: str | UnsetType | None = UNSET,
        time_zone: str | UnsetType | None = UNSET,
    ) -> SignedIn:
        """Become the one who runs this platform.

        With the link that `koto up` or `koto first-run` printed, while nobody is there. Makes the platform's
        organisation and a maker organisation, the person who is admin of both, and a session in the latter. Raises
        NotFound, Conflict.

        Args:
            token: The secret in the link (at most 128 characters).
            organisation: Its name for people (at most 200 characters).
            name: At most 200 characters.
            email: At most 254 characters.
            password: At most 256 characters.
        """
        call = Call(
            method="POST",
            path="/api/v1/first-run",
            body=given(token=token, organisation=organisation, name=name, email=email, password=password, locale=locale)
            | given(time_zone=time_zone),
        )
        return self._api.ask(call, SignedIn)

    def list_passkeys(self) -> Pages[PasskeyPage, Passkey]:
        """List one's own passkeys.

        From the oldest on; there are never more than one page of them.
        """
        call = Call(method="GET", path="/api/v1/passkeys", repeatable=True)
        return self._api.pages(call, PasskeyPage, Passkey)

    def sign_in_with_passkey(self, *, credential: PasskeyCredential) -> SignedIn:
        """Sign in with a passkey.

        Sets the session's cookie, as signing in with a password does. Whatever is wrong is answered alike (401).
        Raises Conflict.
        """
        call = Call(method="POST", path="/api/v1/passkeys/authentication", body=given(credential=credential))
        return self._api.ask(call, SignedIn)

    def begin_passkey_sign_in(self) -> Options:
        """Begin to sign in with a passkey.

        The options for `navigator.credentials.get`. Nobody says who they are: the device offers the passkeys it has.
        Raises Conflict.
        """
        call = Call(method="POST", path="/api/v1/passkeys/authentication/options")
        return self._api.ask(call, Options)

    def register_passkey(
        self, *, credential: NewPasskeyCredential, name: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Passkey:
        """Add a passkey.

        With what the device answered. Its person is told by mail. Raises Conflict, TooLarge.

        Args:
            name: For its person (at most 100 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/passkeys/registration",
            body=given(credential=credential, name=name),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Passkey)

    def begin_passkey_registration(self, *, idempotency_key: str | None = None) -> Options:
        """Begin to add a passkey.

        The options for `navigator.credentials.create`; their challenge is good once, for five minutes. Raises
        Conflict, TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/passkeys/registration/options", key=idempotency_key, keyed=True)
        return self._api.ask(call, Options)

    def get_relying_party(self) -> RelyingParty:
        """Say where passkeys work.

        409 where they cannot: at an IP address, or without TLS beyond this machine. Raises Conflict.
        """
        call = Call(method="GET", path="/api/v1/passkeys/relying-party", repeatable=True)
        return self._api.ask(call, RelyingParty)

    def remove_passkey(self, passkey: str, *, idempotency_key: str | None = None) -> None:
        """Remove one of one's own passkeys.

        It opens nothing any more. Sessions it began go on: end them in `/api/v1/sessions`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            passkey: Id of the passkey.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/passkeys/{segment(passkey)}", key=idempotency_key, keyed=True)
        self._api.tell(call)

    def change_passkey(self, passkey: str, *, name: str, idempotency_key: str | None = None) -> Passkey:
        """Rename one of one's own passkeys.

        For whoever has several. Raises NotFound, Conflict, TooLarge.

        Args:
            passkey: Id of the passkey.
            name: For its person (at most 100 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/passkeys/{segment(passkey)}",
            body=given(name=name),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Passkey)

    def change_password(self, *, old: str, new: str, idempotency_key: str | None = None) -> None:
        """Change one's own password.

        All other sessions of the person end. A wrong `old` is answered, and counted, as at sign-in. Raises Conflict,
        TooLarge.

        Args:
            old: At most 256 characters.
            new: At most 256 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/password/change", body=given(old=old, new=new), key=idempotency_key, keyed=True
        )
        self._api.tell(call)

    def forget_password(self, *, email: str) -> None:
        """Ask for a link to set a new password.

        The answer is the same whether there is such a person or not; the mail says the rest.

        Args:
            email: At most 254 characters.
        """
        call = Call(method="POST", path="/api/v1/password/forgotten", body=given(email=email))
        self._api.tell(call)

    def reset_password(self, *, token: str, password: str) -> None:
        """Set a new password with a mailed link.

        The link is good once. Every session of the person ends: they sign in with the new password. Raises NotFound.

        Args:
            token: The secret in the link (at most 128 characters).
            password: At most 256 characters.
        """
        call = Call(method="POST", path="/api/v1/password/reset", body=given(token=token, password=password))
        self._api.tell(call)

    def list_provider_accounts(self) -> Pages[ProviderAccountPage, ProviderAccount]:
        """List one's own accounts elsewhere.

        Those one may sign in with.
        """
        call = Call(method="GET", path="/api/v1/provider-accounts", repeatable=True)
        return self._api.pages(call, ProviderAccountPage, ProviderAccount)

    def remove_provider_account(self, account: str, *, idempotency_key: str | None = None) -> None:
        """Unlink one of one's own accounts elsewhere.

        It signs nobody in any more. Sessions it began go on: end them in `/api/v1/sessions`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            account: Id of the account.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/provider-accounts/{segment(account)}", key=idempotency_key, keyed=True
        )
        self._api.tell(call)

    def list_providers(self) -> Pages[ProviderPage, Provider]:
        """List the identity providers.

        Those one may sign in with, beside password and passkey.
        """
        call = Call(method="GET", path="/api/v1/providers", repeatable=True)
        return self._api.pages(call, ProviderPage, Provider)

    def begin_provider_link(
        self, provider: str, *, onward: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Left:
        """Begin to link one's own account elsewhere.

        As for signing in; the answer counts in this session alone. Raises NotFound, Conflict, TooLarge.

        Args:
            provider: Name of the identity provider.
            onward: Given back at the end; where it leads is yours to check (at most 1,000 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/providers/{segment(provider)}/link",
            body=given(onward=onward),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Left)

    def create_provider_account(
        self,
        provider: str,
        *,
        state: str,
        code: str | UnsetType = UNSET,
        iss: str | UnsetType = UNSET,
        error: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Linked:
        """Link one's own account elsewhere.

        Only one with one's own e-mail address, which the provider has verified (409). The person is told by mail.
        Raises NotFound, Conflict, TooLarge.

        Args:
            provider: Name of the identity provider.
            state: At most 4,096 characters.
            code: At most 4,096 characters.
            iss: At most 4,096 characters.
            error: At most 4,096 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/providers/{segment(provider)}/link/answer",
            body=given(state=state, code=code, iss=iss, error=error),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Linked)

    def begin_provider_sign_in(
        self, provider: str, *, onward: str | UnsetType = UNSET, invitation: str | UnsetType | None = UNSET
    ) -> Left:
        """Begin to sign in with an identity provider.

        Sets a cookie that must come back with the provider's answer, within ten minutes. 503: the provider is away.
        Raises NotFound.

        Args:
            provider: Name of the identity provider.
            onward: Given back at the end; where it leads is yours to check (at most 1,000 characters).
            invitation: The secret in an invitation's link.
        """
        call = Call(
            method="POST",
            path=f"/api/v1/providers/{segment(provider)}/sign-in",
            body=given(onward=onward, invitation=invitation),
        )
        return self._api.ask(call, Left)

    def sign_in_with_provider(
        self,
        provider: str,
        *,
        state: str,
        code: str | UnsetType = UNSET,
        iss: str | UnsetType = UNSET,
        error: str | UnsetType = UNSET,
    ) -> Arrived:
        """Sign in with what an identity provider answered.

        Sets the session's cookie. 409: somebody here has this e-mail address and has not linked this account; nobody
        is taken for them. 403: nobody invited them, or the answer does not hold. Raises NotFound, Conflict.

        Args:
            provider: Name of the identity provider.
            state: At most 4,096 characters.
            code: At most 4,096 characters.
            iss: At most 4,096 characters.
            error: At most 4,096 characters.
        """
        call = Call(
            method="POST",
            path=f"/api/v1/providers/{segment(provider)}/sign-in/answer",
            body=given(state=state, code=code, iss=iss, error=error),
        )
        return self._api.ask(call, Arrived)

    def get(self) -> SignedIn:
        """Say who is signed in.

        Also the token to send with every change.
        """
        call = Call(method="GET", path="/api/v1/session", repeatable=True)
        return self._api.ask(call, SignedIn)

    def sign_in(self, *, email: str, password: str) -> SignedIn:
        """Sign in with a password.

        Sets the session's cookie. An unknown e-mail address, a wrong password and too many tries are answered alike
        (401); after too many tries `Retry-After` says how long to wait.

        Args:
            email: At most 254 characters.
            password: At most 256 characters.
        """
        call = Call(method="POST", path="/api/v1/session", body=given(email=email, password=password))
        return self._api.ask(call, SignedIn)

    def sign_out(self, *, idempotency_key: str | None = None) -> None:
        """Sign out.

        The session ends here and the cookie is taken back. Raises Conflict, TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path="/api/v1/session", key=idempotency_key, keyed=True)
        self._api.tell(call)

    def act_in(self, *, organisation: str, idempotency_key: str | None = None) -> SignedIn:
        """Act in another organisation.

        A session acts in one organisation at a time; the next one begins where this one was. Raises NotFound,
        Conflict, TooLarge.

        Args:
            organisation: Id of one of the person's organisations.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/session/organisation",
            body=given(organisation=organisation),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, SignedIn)

    def list(self) -> Pages[SessionPage, Session]:
        """List one's own sessions.

        The newest first; there are never more than one page of them.
        """
        call = Call(method="GET", path="/api/v1/sessions", repeatable=True)
        return self._api.pages(call, SessionPage, Session)

    def end(self, session: str, *, idempotency_key: str | None = None) -> None:
        """End one of one's own sessions.

        At once in this process, within two seconds in others. Raises NotFound, Conflict, TooLarge.

        Args:
            session: Id of the session.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/sessions/{segment(session)}", key=idempotency_key, keyed=True)
        self._api.tell(call)

    def sign_up(self, *, email: str) -> None:
        """Ask for an owner organisation of one's own.

        Mails an invitation to begin with (403 unless the setting `people.sign_up` opens this platform to everybody).
        The answer is the same for an address that has a person already.

        Args:
            email: At most 254 characters.
        """
        call = Call(method="POST", path="/api/v1/sign-up", body=given(email=email))
        self._api.tell(call)
