"""A bucket: a JetStream stream that keeps the last value of each key, laid out as NATS's own key-value stores are.

So `nats kv` can look into it. One difference: deleting removes the value instead of leaving a marker, since nobody watches
a bucket, and sessions and gateways that come and go would leave markers for ever.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from monokoto.engines.log.api import NO_MESSAGE, WRONG_LAST_SEQUENCE, Refused, call
from monokoto.engines.log.appends import Appends
from monokoto.engines.log.connection import Connection
from monokoto.kernel.errors import Conflict, Fault, Invalid

BUCKET_BYTES_MAX = 4 << 30
_KEY = re.compile(r"[A-Za-z0-9_=/-]+(\.[A-Za-z0-9_=/-]+)*")
_MARKER = b"KV-Operation:"


def bucket_config(name: str, replicas: int) -> dict[str, Any]:
    """The stream behind a bucket."""
    return {
        "name": f"KV_{name}",
        "subjects": [f"$KV.{name}.>"],
        "max_msgs_per_subject": 1,
        "max_bytes": BUCKET_BYTES_MAX,
        "discard": "new",
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "num_replicas": replicas,
    }


class NatsBucket:
    """The keys and values of one bucket."""

    def __init__(self, connection: Connection, appends: Appends, name: str) -> None:
        self._connection = connection
        self._appends = appends
        self._stream = f"KV_{name}"
        self._prefix = f"$KV.{name}."

    async def get(self, key: str) -> tuple[bytes, int] | None:
        """As `Bucket.get`."""
        try:
            answer = await call(
                self._connection, f"STREAM.MSG.GET.{self._stream}", {"last_by_subj": self._subject(key)}
            )
        except Refused as refused:
            if refused.number == NO_MESSAGE:
                return None
            raise
        message = answer["message"]
        if _MARKER in base64.b64decode(message.get("hdrs", "")):
            return None  # deleted by another client of the store
        return base64.b64decode(message.get("data", "")), int(message["seq"])

    async def put(self, key: str, value: bytes, *, revision: int | None = None) -> int:
        """As `Bucket.put`."""
        headers = None if revision is None else {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        try:
            return await self._appends.append(self._subject(key), value, headers=headers)
        except Refused as refused:
            if refused.number in WRONG_LAST_SEQUENCE:
                raise Conflict(f"{key} is no longer at revision {revision}") from None
            raise

    async def delete(self, key: str) -> None:
        """As `Bucket.delete`."""
        await call(self._connection, f"STREAM.PURGE.{self._stream}", {"filter": self._subject(key)})

    async def keys(self) -> list[str]:
        """As `Bucket.keys`."""
        keys: list[str] = []
        while True:
            request = {"subjects_filter": ">", "offset": len(keys)}
            answer = await call(self._connection, f"STREAM.INFO.{self._stream}", request)
            page = answer["state"].get("subjects") or {}
            keys += [subject.removeprefix(self._prefix) for subject in page]
            if not page or len(keys) >= int(answer.get("total", 0)):
                return sorted(keys)

    def _subject(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            reason = "a key has letters, digits and _ = / - with single dots between"
            raise Invalid(f"{key[:80]!r} is not a key", faults=[Fault(place="key", reason=reason)])
        return self._prefix + key
