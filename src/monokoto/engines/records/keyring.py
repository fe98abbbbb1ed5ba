"""The keys of one installation, in a file beside nobody's backup: what is sealed with one of them is opened with it alone.

AES-256-GCM (NIST SP 800-38D) with a nonce drawn for each value; what the value is for (`webhooks.secret`) is authenticated with
it, so that a sealed value put into another column does not open. The first key in the file seals, all of them open. A key is
known by the beginning of its digest, which stands before each value it sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.engine import Dialect

from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.errors import BadSettings, Fault, Unavailable
from monokoto.kernel.limits import SEALING_KEYS_MAX

PREFIX: Final = "sealed1"
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME_LENGTH: Final = 12
_HEAD = """\
# The keys that seal the secrets in the records of this installation: the first seals, all of them open.
# Whoever has this file and the records can read them. Keep a copy apart from the backups of the records.
"""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key, and when it was made as far as the file says."""

    raw: bytes = field(repr=False)
    note: str = ""

    @property
    def name(self) -> str:
        """What it is known by; says nothing about the key."""
        return hashlib.sha256(b"monokoto sealing key" + self.raw).hexdigest()[:_NAME_LENGTH]


class Keyring:
    """The keys in `file`, read when they are first needed and again when the file has changed; made when there is none.

    Safe to use from several threads and processes: a key another process puts first seals here from then on.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._keys: tuple[SealingKey, ...] = ()
        self._seen: tuple[int, int] = (0, 0)

    def all(self) -> tuple[SealingKey, ...]:
        """All keys, the one that seals first; none while there is no file.

        Raises:
            BadSettings: the file is not one of keys.
            Unavailable: it cannot be read.
        """
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return self._keys
        except OSError as error:
            raise Unavailable(f"The keys in {self.file} cannot be read: {error.strerror}.") from error
        seen = (found.st_mtime_ns, found.st_ino)
        with self._lock:
            if seen != self._seen:
                self._keys, self._seen = _read(self.file), seen
            return self._keys

    def seal(self, text: str, purpose: str) -> str:
        """The text for nobody without the key. Raises as `all`; Unavailable when a key cannot be kept."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - the gateway seals nothing

        key = next(iter(self.all()), None) or self.made()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key.raw).encrypt(nonce, text.encode(), purpose.encode())
        return f"{PREFIX}.{key.name}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> str:
        """What was sealed for this purpose.

        Raises:
            Unavailable: it was sealed with a key that is not in the file, or was changed meanwhile.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        name = key_name(sealed)
        raw = next((key.raw for key in self.all() if key.name == name), None)
        if raw is None:
            raise self.lacking([name])
        try:
            body = base64.urlsafe_b64decode(sealed.rpartition(".")[2])
            return AESGCM(raw).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise Unavailable(f"A secret in the records ({purpose}) is damaged and cannot be opened.") from None

    def sign(self, data: bytes, purpose: str) -> bytes:
        """A proof (HMAC-SHA256) that we wrote these bytes for this purpose. Raises as `seal`."""
        return _mac(next(iter(self.all()), None) or self.made(), data, purpose)

    def is_signed(self, data: bytes, proof: bytes, purpose: str) -> bool:
        """Whether one of our keys made this proof. Raises as `all`."""
        return any(hmac.compare_digest(_mac(key, data, purpose), proof) for key in self.all())

    def lacking(self, names: Sequence[str]) -> Unavailable:
        """What to say of secrets whose key is not there."""
        listed = ", ".join(name or "none" for name in names)
        return Unavailable(
            f"Secrets in the records are sealed with a key that is not in {self.file}: {listed}.",
            remedy="Put the file of keys back that belongs to these records, or name it: records.keys_file.",
        )

    def made(self) -> SealingKey:
        """The key of a new file; of another process, where that made the file first."""
        key = SealingKey(secrets.token_bytes(KEY_BYTES))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = _written(self.file, [key])
            try:
                os.link(temporary, self.file)  # unlike a rename never over what is there
            finally:
                temporary.unlink()
            _sync_folder(self.file.parent)
        except FileExistsError:
            pass
        except OSError as error:
            raise Unavailable(f"The key of the records cannot be kept in {self.file}: {error.strerror}.") from error
        return self.all()[0]

    def rotated(self, now: Instant) -> SealingKey:
        """A new key, first in the file. The others stay: backups of the records are opened with them.

        Raises: Unavailable (the file cannot be written, or is full).
        """
        before = self.all()
        if len(before) >= SEALING_KEYS_MAX:
            raise Unavailable(
                f"{self.file} holds {len(before)} keys, the most it may.",
                remedy="Take out the last ones, which no backup you would restore needs any more.",
            )
        key = SealingKey(secrets.token_bytes(KEY_BYTES), format_instant(now))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _written(self.file, [key, *before]).replace(self.file)
            _sync_folder(self.file.parent)
        except OSError as error:
            raise Unavailable(f"{self.file} cannot be written: {error.strerror}.") from error
        return key


_LENT: weakref.WeakKeyDictionary[Dialect, Keyring] = weakref.WeakKeyDictionary()
"""The keys by the one thing of an opened database that SQLAlchemy hands to a column's type."""


def lend(dialect: Dialect, keyring: Keyring) -> None:
    """Seal and open with these keys what goes to and comes from this database."""
    _LENT[dialect] = keyring


def keyring_of(dialect: Dialect) -> Keyring:
    """The keys lent to this database."""
    return _LENT[dialect]


def key_name(sealed: str) -> str:
    """The name of the key a value was sealed with; empty: it is not sealed."""
    head, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if head == PREFIX else ""


def _mac(key: SealingKey, data: bytes, purpose: str) -> bytes:
    # A key of its own for each purpose, none of them the one that seals.
    derived = hmac.digest(key.raw, b"monokoto proof " + purpose.encode(), "sha256")
    return hmac.digest(derived, data, "sha256")


def _read(file: Path) -> tuple[SealingKey, ...]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"The keys in {file} cannot be read: {error}.") from error
    keys: list[SealingKey] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        text, _, note = line.strip().partition(" ")
        if not text or text.startswith("#"):
            continue
        try:
            raw = base64.urlsafe_b64decode(text)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != KEY_BYTES:
            faults.append(Fault(file=str(file), line=number, reason=f"no key: base64url of {KEY_BYTES} bytes"))
        keys.append(SealingKey(raw, note.strip()))
    if not keys and not faults:
        faults.append(Fault(file=str(file), reason="there is no key in it"))
    if len(keys) > SEALING_KEYS_MAX:
        faults.append(Fault(file=str(file), reason=f"more than {SEALING_KEYS_MAX} keys"))
    if faults:
        raise BadSettings("The keys of the records cannot be used", faults=faults)
    return tuple(keys)


def _written(file: Path, keys: Sequence[SealingKey]) -> Path:
    """A file beside it with these keys, whole, on disk and for its owner alone."""
    temporary = file.with_name(f".{secrets.token_hex(8)}.tmp")
    lines = [f"{base64.urlsafe_b64encode(key.raw).decode()} {key.note}".rstrip() for key in keys]
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(_HEAD + "\n".join(lines) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
