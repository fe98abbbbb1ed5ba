"""A credential: how a unit proves to be itself. A token (kept as its SHA-256) or an X.509 certificate (its fingerprint).

SHA-256 and not a slow password hash: our tokens have 192 random bits and there is nothing to guess. A token brought along
by existing firmware has at least 16 characters; it is as strong as its maker made it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import CredentialId, OrganisationId, UnitId, new_id
from monokoto.kernel.limits import CERTIFICATE_BYTES_MAX, NAME_LENGTH_MAX, TOKEN_LENGTH_MAX, TOKEN_LENGTH_MIN

TOKEN_BYTES = 24
ALWAYS = Instant(0)
NEVER = Instant((1 << 63) - 1)
"""The end of a credential that has none."""
_HINT_LENGTH = 4
_VISIBLE = re.compile(r"[!-~]*")


class CredentialKind(StrEnum):
    """What is presented."""

    TOKEN = "token"  # noqa: S105 - the kind's name
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What is known of a credential; a token's text is not."""

    id: CredentialId
    organisation_id: OrganisationId
    unit_id: UnitId
    kind: CredentialKind
    name: str = ""
    hint: str
    """The first characters of a token, or a certificate's subject: enough to recognise it."""
    fingerprint: bytes
    """SHA-256 of the token, or of the certificate's DER form."""
    created_at: Instant
    starts_at: Instant = ALWAYS
    ends_at: Instant = NEVER
    """The first instant at which it opens nothing: by its own expiry, by rotation, or revoked."""
    revoked_at: Instant | None = None

    def live(self, now: int) -> bool:
        """Whether it opens anything at this instant."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a certificate says, as far as we use it."""

    fingerprint: bytes
    subject: str
    starts_at: Instant
    ends_at: Instant


def new_token() -> str:
    """192 random bits in 32 characters that every client can send."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_fingerprint(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def token_credential(
    organisation_id: int, unit_id: int, token: str, now: int, *, name: str = "", expires_at: int | None = None
) -> Credential:
    """The credential of this token.

    Raises:
        Invalid: the token, the name or the expiry is not one.
    """
    faults = [*token_faults(token), *_name_faults(name)]
    if expires_at is not None and expires_at <= now:
        faults.append(Fault(place="expires_at", reason="lies in the past"))
    if faults:
        raise Invalid("This is not a credential.", faults=faults)
    return Credential(
        id=CredentialId(new_id()),
        organisation_id=OrganisationId(organisation_id),
        unit_id=UnitId(unit_id),
        kind=CredentialKind.TOKEN,
        name=name,
        hint=token[:_HINT_LENGTH],
        fingerprint=token_fingerprint(token),
        created_at=Instant(now),
        ends_at=NEVER if expires_at is None else Instant(expires_at),
    )


def certificate_credential(organisation_id: int, unit_id: int, pem: str, now: int, *, name: str = "") -> Credential:
    """The credential of this X.509 certificate (PEM), live within the certificate's own dates.

    Raises:
        Invalid: it is not one certificate, it has expired, or the name is not one.
    """
    certificate = read_certificate(pem)
    faults = _name_faults(name)
    if certificate.ends_at <= now:
        faults.append(Fault(place="certificate", reason="has expired"))
    if faults:
        raise Invalid("This is not a credential.", faults=faults)
    return Credential(
        id=CredentialId(new_id()),
        organisation_id=OrganisationId(organisation_id),
        unit_id=UnitId(unit_id),
        kind=CredentialKind.CERTIFICATE,
        name=name,
        hint=certificate.subject,
        fingerprint=certificate.fingerprint,
        created_at=Instant(now),
        starts_at=certificate.starts_at,
        ends_at=certificate.ends_at,
    )


def token_faults(token: str) -> list[Fault]:
    """What is wrong with a token brought along."""
    if not TOKEN_LENGTH_MIN <= len(token) <= TOKEN_LENGTH_MAX:
        reason = f"has {len(token)} characters; a token has {TOKEN_LENGTH_MIN} to {TOKEN_LENGTH_MAX}"
        return [Fault(place="token", reason=reason)]
    if _VISIBLE.fullmatch(token) is None:
        return [Fault(place="token", reason="holds characters other than visible ASCII")]
    return []


def _name_faults(name: str) -> list[Fault]:
    if len(name) > NAME_LENGTH_MAX or (name and not name.isprintable()):
        return [Fault(place="name", reason=f"a name has at most {NAME_LENGTH_MAX} printable characters")]
    return []


def certificate_fingerprint(der: bytes) -> bytes:
    """What is kept of a certificate."""
    return hashlib.sha256(der).digest()


def read_certificate(pem: str) -> Certificate:
    """The one certificate in a PEM text.

    Raises:
        Invalid: it is none, or several, or there is a private key beside it.
    """
    reason = ""
    if len(pem) > CERTIFICATE_BYTES_MAX:
        reason = f"is over {CERTIFICATE_BYTES_MAX} characters"
    elif "PRIVATE KEY" in pem:
        reason = "holds a private key, which must never leave the unit; send the certificate alone"
    elif pem.count("-----BEGIN CERTIFICATE-----") != 1:
        reason = "must hold exactly one PEM certificate (the unit's own, without its chain)"
    if not reason:
        try:
            return _from_x509(x509.load_pem_x509_certificate(pem.encode()))
        except (ValueError, UnicodeEncodeError) as error:
            reason = f"cannot be read: {error}"
    raise Invalid("This is not a certificate we can take.", faults=[Fault(place="certificate", reason=reason)])


def _from_x509(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        fingerprint=certificate_fingerprint(certificate.public_bytes(Encoding.DER)),
        subject=certificate.subject.rfc4514_string()[:NAME_LENGTH_MAX],
        starts_at=_instant(certificate.not_valid_before_utc),
        # RFC 5280 section 4.1.2.5: valid through notAfter, which counts whole seconds.
        ends_at=Instant(_instant(certificate.not_valid_after_utc) + MICROSECONDS_PER_SECOND),
    )


def _instant(moment: datetime) -> Instant:
    return Instant(int(moment.timestamp()) * MICROSECONDS_PER_SECOND)
