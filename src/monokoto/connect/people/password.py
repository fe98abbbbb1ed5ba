"""Passwords: what may be one, and their Argon2id hashes, computed where they disturb nobody.

The parameters are one of the equally strong sets of the OWASP Password Storage Cheat Sheet (7 MiB, 5 passes, 1 lane): of them
the one that took the least time here, and the least memory. A hash made with others is made anew at the next sign-in.

Hashing is meant to be slow, so it happens in threads of its own: as many as there are cores, of lower priority (so that
the event loops of the platform and the gateway go first), with a bound on how many wait. libsodium lets go of the interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from monokoto.kernel.errors import Fault, TooMany
from monokoto.kernel.limits import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, SIGN_INS_WAITING_MAX

MEMORY_KIB = 7168
PASSES = 5
_STEPS_BACK = 10
"""Of niceness: on a busy machine the event loops come first, and people still get in."""
_WORDS = """
    abc abcd abcdef abcdefgh admin administrator asdf asdfgh asdfghjkl autumn azerty baseball basketball batman
    change changeit changeme computer default demo dragon example facebook football freedom friday google guest
    hello helloworld iloveyou initial internet jordan korea koto letmein login loveyou manager master michael
    monday monkey monokoto passphrase passwd password passwort pokemon princess qwerty qwertyuiop qwertz
    qwertzuiop root sample samsung secret seoul shadow signin spring starwars summer sunshine superman superuser
    temp temporary test tester testing trustno trustnoone user welcome whatever winter zxcvbn zxcvbnm
"""
_STEMS = frozenset(_WORDS.split())
"""What is left of the most common passwords once digits and signs around them are taken away."""
_LEET = str.maketrans("013457@$!", "oleastasi")
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
Result = TypeVar("Result")


def faults_of_password(text: str, *, email: str = "", place: str = "password") -> list[Fault]:
    """What keeps a text from being somebody's password: every fault at once."""
    faults = []
    if len(text) < PASSWORD_LENGTH_MIN or len(text) > PASSWORD_LENGTH_MAX:
        reason = f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters"
        faults.append(Fault(place=place, reason=reason))
    elif _common(text.casefold()):
        faults.append(Fault(place=place, reason="this is among the first that anybody would try"))
    elif email and text.casefold() in {email.casefold(), email.casefold().partition("@")[0]}:
        faults.append(Fault(place=place, reason="a password is not the e-mail address"))
    return faults


def _common(text: str) -> bool:
    plain = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    stem = re.sub(r"[\W\d_]", "", plain.translate(_LEET))
    halves = {text[: len(text) // 2], text[len(text) // 2 :]}
    run = any(text in line * 2 or text in line[::-1] * 2 for line in _RUNS)
    return plain in _STEMS or stem in _STEMS or len(set(text)) < 4 or len(halves) == 1 or run


def normalised(text: str) -> bytes:
    """The bytes that are hashed: the same characters however a keyboard composed them (NIST SP 800-63B section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")


class Passwords:
    """Makes and checks hashes, off the event loop and in bounded number."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, workers: int | None = None) -> None:
        self._memory_kib = memory_kib
        self._passes = passes
        self._pool = ThreadPoolExecutor(workers or os.cpu_count() or 1, "password", initializer=_step_back)
        self._decoy: str | None = None
        self._lock = threading.Lock()
        self._waiting = 0
        self.computed = 0
        """How many hashes were computed: as many for an unknown person as for a wrong password."""

    async def hashed(self, text: str) -> str:
        """The hash to keep of a new password."""
        return await self._work(lambda: self._hash(text))

    async def matches(self, kept: str | None, text: str) -> bool:
        """Whether the text is the password with this hash; None (nobody, or no password) costs the same and is False."""
        return await self._work(lambda: self._verify(kept, text))

    def stale(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""
        return not kept.startswith(f"$argon2id$v=19$m={self._memory_kib},t={self._passes},p=1$")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= SIGN_INS_WAITING_MAX:
            raise TooMany("Too many people sign in at this moment.", remedy="Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def _hash(self, text: str) -> str:
        with self._lock:
            self.computed += 1
        return self._made(normalised(text))

    def _made(self, password: bytes) -> str:
        return argon2id.str(password, opslimit=self._passes, memlimit=self._memory_kib * 1024).decode()

    def _verify(self, kept: str | None, text: str) -> bool:
        if self._decoy is None:
            with self._lock:
                self._decoy = self._decoy or self._made(os.urandom(16))
        with self._lock:
            self.computed += 1
        try:
            found = argon2id.verify((kept or self._decoy).encode(), normalised(text))
        except (CryptoError, ValueError):
            return False
        return bool(found) and kept is not None


def _step_back() -> None:
    """This thread lets others go first. On Linux a thread has a priority of its own."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STEPS_BACK)
