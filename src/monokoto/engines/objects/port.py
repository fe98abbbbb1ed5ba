"""The object store: firmware, designs, exports, snapshots. A folder, or an S3-compatible store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored object. `modified_at` in microseconds since the epoch."""

    path: str
    size: int
    modified_at: int


class Objects(Protocol):
    """Whole objects by path; a put is seen whole or not at all, and is durable when it returns."""

    async def put(self, path: str, body: bytes) -> None: ...

    async def get(self, path: str) -> bytes | None: ...

    async def stream(self, path: str) -> AsyncIterator[bytes] | None: ...

    async def list(self, prefix: str) -> list[ObjectInfo]: ...

    async def delete(self, path: str) -> None:
        """Nothing happens when it is absent."""
        ...
