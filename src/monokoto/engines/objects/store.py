"""Objects through obstore: an S3-compatible store, memory, or a folder made durable.

obstore's folder writes beside the object and renames, but syncs neither the file nor the folder, so a power failure may
leave an empty object under the right name. A put into a folder is therefore ours: write in `.staging`, sync the file,
rename, sync every folder on the way. Everything else is the same code on every store.

obstore is called from threads of ours. Its own awaitables are completed by its threads, which still hold on to Python when
the answer is there: a process that ends right after one was aborted by a signal in one of four runs.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from monokoto.engines.objects.port import ObjectInfo, Objects
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import BadSettings, Fault, Invalid, Unavailable

PATH_BYTES_MAX = 900  # S3 keys have 1024, and a prefix may stand in front
CHUNK_BYTES = 1 << 20
_STAGING = ".staging"
_LEFTOVER_SECONDS = 3600
_SEGMENT = re.compile(r"[A-Za-z0-9_=@+,-][A-Za-z0-9_.=@+, -]*")


class StoreObjects:
    """As `Objects`, on any store obstore knows."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def put(self, path: str, body: bytes) -> None:
        """As `Objects.put`."""
        _check(path)
        try:
            await asyncio.to_thread(obstore.put, self._store, path, body)
        except (BaseError, OSError) as error:
            raise _unavailable("stored", path, error) from error

    async def get(self, path: str) -> bytes | None:
        """As `Objects.get`."""
        _check(path)
        try:
            return await asyncio.to_thread(lambda: bytes(obstore.get(self._store, path).bytes()))
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _unavailable("read", path, error) from error

    async def stream(self, path: str) -> AsyncIterator[bytes] | None:
        """As `Objects.stream`, in chunks of about 1 MB."""
        _check(path)
        try:
            answer = await obstore.get_async(self._store, path)
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _unavailable("read", path, error) from error
        return _chunks(path, answer)

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """As `Objects.list`, by path; `prefix` is a folder (`twins/0`), or empty for everything."""
        if prefix:
            _check(prefix.rstrip("/"))
        try:
            found = await asyncio.to_thread(_listed, self._store, prefix.rstrip("/") or None)
        except (BaseError, OSError) as error:
            raise _unavailable("listed", prefix, error) from error
        return sorted((one for one in found if not one.path.startswith(_STAGING)), key=lambda one: one.path)

    async def delete(self, path: str) -> None:
        """As `Objects.delete`."""
        _check(path)
        try:
            await asyncio.to_thread(obstore.delete, self._store, path)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _unavailable("deleted", path, error) from error


class FolderObjects(StoreObjects):
    """As `Objects`, in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(LocalStore(folder))
        self._folder = folder
        _clear_leftovers(folder / _STAGING)

    async def put(self, path: str, body: bytes) -> None:
        """As `Objects.put`: the file and the folders are synced before it returns."""
        _check(path)
        try:
            await asyncio.to_thread(_put_durably, self._folder, path, body)
        except OSError as error:
            raise _unavailable("stored", path, error) from error

    def _list(self, prefix: str | None) -> list[ObjectInfo]:
        return [
            ObjectInfo(one["path"], one["size"], round(one["last_modified"].timestamp() * MICROSECONDS_PER_SECOND))
            for page in obstore.list(self._store, prefix)
            for one in page
        ]

    async def delete(self, path: str) -> None:
        """As `Objects.delete`."""
        await super().delete(path)
        try:
            await asyncio.to_thread(_sync_folder, (self._folder / path).parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unavailable("deleted", path, error) from error


def open_objects(url: str, *, data_dir: Path) -> Objects:
    """The object store at `url`; empty: the folder `objects` in `data_dir`.

    `s3://bucket/prefix` (credentials and region from the usual AWS variables; `AWS_ENDPOINT_URL` for other makers' stores),
    `file:///folder`, or `memory:///` for tests.

    Raises:
        BadSettings: the address is not one of a store.
    """
    if not url:
        return FolderObjects(data_dir / "objects")
    if url.startswith("file://"):
        return FolderObjects(Path(url.removeprefix("file://")))
    if url.startswith("memory:"):
        return StoreObjects(MemoryStore())
    try:
        return StoreObjects(from_url(url))
    except (BaseError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise BadSettings(
            f"objects.url {url!r} does not name an object store: {reason}",
            remedy="Write s3://bucket/prefix, or leave it empty for a folder.",
        ) from error


def _check(path: str) -> None:
    segments = path.split("/")
    if len(path.encode()) <= PATH_BYTES_MAX and all(_SEGMENT.fullmatch(segment) for segment in segments):
        return
    reason = "segments between / have letters, digits, spaces and _ . = @ + , - and do not begin with a dot or a space"
    raise Invalid(f"{path[:120]!r} is not a path of an object", faults=[Fault(place="path", reason=reason)])


def _listed(store: Any, prefix: str | None) -> list[ObjectInfo]:
    return [
        ObjectInfo(one["path"], one["size"], round(one["last_modified"].timestamp() * MICROSECONDS_PER_SECOND))
        for page in obstore.list(store, prefix)
        for one in page
    ]


async def _chunks(path: str, answer: Any) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)
    except (BaseError, OSError) as error:
        raise _unavailable("read", path, error) from error


def _put_durably(folder: Path, path: str, body: bytes) -> None:
    target = folder / path
    staging = folder / _STAGING
    staging.mkdir(exist_ok=True)
    temporary = staging / secrets.token_hex(8)
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # A folder made just now is itself an entry of the one above it.
    for above in target.parents:
        _sync_folder(above)
        if above == folder:
            break


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_leftovers(staging: Path) -> None:
    """Forget what a put that was cut short left behind; another process may be putting right now, so only old ones."""
    if not staging.is_dir():
        return
    for leftover in staging.iterdir():
        if time.time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
            leftover.unlink(missing_ok=True)


def _unavailable(what: str, path: str, error: Exception) -> Unavailable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
    return Unavailable(f"the object {path!r} could not be {what}: {reason}")
