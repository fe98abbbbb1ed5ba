"""What is done with passkeys. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
import structlog
import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from monokoto.connect.passkeys.challenges import Challenges
from monokoto.connect.passkeys.passkey import NAME, Passkey
from monokoto.connect.passkeys.relying_party import RelyingParty, relying_party
from monokoto.connect.passkeys.store import passkey_from_row, passkey_to_row, passkeys
from monokoto.connect.people import Letters, People, Session, Sessions, Visitor, tell_way_in_added
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unauthenticated, Unavailable
from monokoto.kernel.ids import PasskeyId, PersonId, format_id, new_id
from monokoto.kernel.limits import PASSKEY_CHALLENGE_SECONDS, PASSKEY_NAME_LENGTH_MAX, PASSKEYS_PER_PERSON_MAX

PLATFORM_NAME = "Monokoto"
METHOD = "passkey"
_HANDLE_BYTES = 8
_TIMEOUT_MS = PASSKEY_CHALLENGE_SECONDS * 1000
_TRANSPORTS = frozenset(one.value for one in AuthenticatorTransport)
_log = structlog.get_logger(__name__)


class Passkeys:
    """The passkeys of people; `address` says where people reach us."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        people: People,
        sessions: Sessions,
        letters: Letters,
        address: Callable[[], str],
    ) -> None:
        self._records = records
        self._clock = clock
        self._people = people
        self._sessions = sessions
        self._letters = letters
        self._address = address
        self._challenges = Challenges(records, clock)

    def relying_party(self) -> RelyingParty:
        """Who we are to a browser; raises Conflict where there can be no passkeys."""
        return relying_party(self._address())

    def begin_registration(self, person_id: int) -> dict[str, Any]:
        """The options for `navigator.credentials.create`, as JSON has them.

        Raises:
            Conflict: there can be no passkeys here, or the person has the most they may have.
        """
        us, person = self.relying_party(), self._people.get(person_id)
        mine = self.list(person_id)
        _check_room(len(mine))
        options = webauthn.generate_registration_options(
            rp_id=us.id,
            rp_name=PLATFORM_NAME,
            user_id=_handle(person.id),
            user_name=person.email,
            user_display_name=person.name,
            challenge=self._challenges.make(person_id=person_id),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[_descriptor(one) for one in mine],
        )
        return options_to_json_dict(options)

    def register(self, person_id: int, credential: Mapping[str, Any], *, name: str = "") -> Passkey:
        """Keep the passkey a device has made.

        Raises:
            Invalid: the answer is not one to a challenge that waited for this person's, or not what we asked for.
            Conflict: it is known already, or the person has the most they may have.
        """
        us, person = self.relying_party(), self._people.get(person_id)
        wanted = _name(name or NAME)
        try:
            challenge = _challenge_in(credential)
            if not self._challenges.spend(challenge, person_id=person_id):
                raise ValueError("its challenge is not ours, too old, or was answered before")
            verified = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=us.id,
                expected_origin=us.origin,
                require_user_verification=True,
            )
        except Unavailable:
            raise
        except Exception as error:
            # Whatever somebody's bytes break in those who read them: it is no passkey.
            _log.warning("passkey_not_taken", person=format_id(person_id), reason=str(error))
            raise Invalid(
                "This is not a passkey we can keep.", remedy="Begin again.", faults=[Fault(reason=str(error)[:300])]
            ) from error
        made = Passkey(
            id=PasskeyId(new_id()),
            person_id=PersonId(person_id),
            credential=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=_transports_in(credential),
            name=wanted,
            synced=verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
            created_at=self._clock.now(),
            last_used_at=None,
            doubted_at=None,
        )
        self._insert(made)
        tell_way_in_added(self._letters, person, wanted, now=self._clock.now())
        return made

    def _insert(self, made: Passkey) -> None:
        mine = passkeys.c.person_id == made.person_id
        with self._records.write() as connection:
            count = sa.select(sa.func.count()).select_from(passkeys).where(mine)
            _check_room(connection.execute(count).scalar_one())
            known = sa.select(passkeys.c.passkey_id).where(passkeys.c.credential == made.credential)
            if connection.execute(known).first():
                raise Conflict("This passkey is known already.")
            connection.execute(passkeys.insert().values(passkey_to_row(made)))

    def begin_sign_in(self) -> dict[str, Any]:
        """The options for `navigator.credentials.get`: of anybody, so the device offers what it has. Raises Conflict."""
        options = webauthn.generate_authentication_options(
            rp_id=self.relying_party().id,
            challenge=self._challenges.make(),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def sign_in(self, credential: Mapping[str, Any], visitor: Visitor) -> tuple[Session, str]:
        """A session of whoever holds the passkey, and the text of its cookie.

        Raises:
            Unauthenticated: it opens nothing; why is not told.
            Conflict: there can be no passkeys here.
        """
        us = self.relying_party()
        try:
            challenge = _challenge_in(credential)
            passkey, count = self._proved(us, credential, challenge)
        except Unavailable:
            raise
        except Exception as error:
            _log.warning("passkey_refused", address=visitor.address, reason=str(error))
            self._spend_challenge_of(credential)
            raise _refused() from error
        begun = self._sessions.begin_if(
            lambda connection: self._used(connection, challenge, passkey, count), passkey.person_id, method=METHOD,
            address=visitor.address, agent=visitor.agent,
        )  # fmt: skip
        if begun is None:
            raise _refused()
        return begun

    def _proved(self, us: RelyingParty, credential: Mapping[str, Any], challenge: bytes) -> tuple[Passkey, int]:
        """The passkey that signed, and how often it says it has; raises anything when it did not."""
        query = sa.select(passkeys).where(passkeys.c.credential == base64url_to_bytes(credential["rawId"]))
        with self._records.read() as connection:
            passkey = passkey_from_row(connection.execute(query).one())
        if base64url_to_bytes(credential["response"]["userHandle"]) != _handle(passkey.person_id):
            raise ValueError("it says it is another person's")
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=us.id,
            expected_origin=us.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # looked at by `_used`, in one step with the new one
            require_user_verification=True,
        )
        return passkey, verified.new_sign_count

    def _spend_challenge_of(self, credential: Mapping[str, Any]) -> None:
        """A challenge answered wrongly does no more, where the answer says which it was."""
        try:
            challenge = _challenge_in(credential)
        except Exception:
            return
        self._challenges.spend(challenge)

    def _used(self, connection: sa.Connection, challenge: bytes, passkey: Passkey, count: int) -> bool:
        """Whether the challenge waited for an answer and the counter rose; it is spent, and the counter remembered."""
        if not self._challenges.spend_in(connection, challenge):
            _log.warning("passkey_refused", reason="its challenge is not ours, too old, or was answered before")
            return False
        now = self._clock.now()
        mine = (passkeys.c.passkey_id == passkey.id) & (passkeys.c.person_id == passkey.person_id)
        rises = (passkeys.c.sign_count < count) | ((passkeys.c.sign_count == 0) & (sa.literal(count) == 0))
        used = connection.execute(passkeys.update().where(mine, rises).values(sign_count=count, last_used_at=now))
        if used.rowcount != 1:
            connection.execute(passkeys.update().where(mine).values(doubted_at=now))
            _log.warning("passkey_counter_did_not_rise", passkey=format_id(passkey.id), told=count)
        return used.rowcount == 1

    def list(self, person_id: int) -> builtins.list[Passkey]:
        """The person's passkeys, from the oldest on."""
        query = sa.select(passkeys).where(passkeys.c.person_id == person_id).order_by(passkeys.c.passkey_id)
        with self._records.read() as connection:
            return [passkey_from_row(row) for row in connection.execute(query)]

    def rename(self, person_id: int, passkey_id: int, name: str) -> Passkey:
        """Call one of the person's passkeys something else. Raises NotFound, Invalid."""
        wanted = _name(name)
        mine = (passkeys.c.person_id == person_id) & (passkeys.c.passkey_id == passkey_id)
        with self._records.write() as connection:
            connection.execute(passkeys.update().where(mine).values(name=wanted))
            row = connection.execute(sa.select(passkeys).where(mine)).one_or_none()
        if row is None:
            raise _unknown(passkey_id)
        return replace(passkey_from_row(row), name=wanted)

    def remove(self, person_id: int, passkey_id: int) -> None:
        """It opens nothing any more; sessions it began go on. Raises NotFound."""
        mine = (passkeys.c.person_id == person_id) & (passkeys.c.passkey_id == passkey_id)
        with self._records.write() as connection:
            if connection.execute(passkeys.delete().where(mine)).rowcount != 1:
                raise _unknown(passkey_id)

    def prune(self) -> None:
        """Forget answered challenges that are too old to be answered again."""
        self._challenges.prune()


def _handle(person_id: int) -> bytes:
    return person_id.to_bytes(_HANDLE_BYTES, "big")


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(one) for one in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential, transports=transports or None)


def _challenge_in(credential: Mapping[str, Any]) -> bytes:
    return parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"])).challenge


def _transports_in(credential: Mapping[str, Any]) -> tuple[str, ...]:
    """Those the browser named and we know; a hint for it alone."""
    return tuple(sorted(_TRANSPORTS & set(credential["response"].get("transports") or ())))


def _name(name: str) -> str:
    shown = " ".join(name.split())
    if not 0 < len(shown) <= PASSKEY_NAME_LENGTH_MAX:
        fault = Fault(place="name", reason=f"1 to {PASSKEY_NAME_LENGTH_MAX} characters")
        raise Invalid("A passkey cannot be called this.", faults=[fault])
    return shown


def _check_room(count: int) -> None:
    if count >= PASSKEYS_PER_PERSON_MAX:
        raise Conflict(f"You have {PASSKEYS_PER_PERSON_MAX} passkeys, the most one may have.", remedy="Remove one.")


def _refused() -> Unauthenticated:
    return Unauthenticated("This passkey opens nothing here.", remedy="Try again, or sign in another way.")


def _unknown(passkey_id: int) -> NotFound:
    return NotFound(f"There is no passkey {format_id(passkey_id)!r} of yours.")
