"""The outbox on disk: what was put into it and not acknowledged is there again after a crash of the process.

One file, written at the end only: a record is its length, its CRC-32, and msgpack: `[number, topic, payload, qos]` for a message,
`[number]` when it is done. A record that was cut short by a crash, and whatever follows it, is given up when the file is
opened: it was never acknowledged to anybody. When all is done the file becomes empty; when most of it is, it is written anew.

The writes are small and synchronous. They survive the process; with `fsync` also the machine, at the price of a disk flush for
each message.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from monokoto.kernel.errors import TooMany

_HEAD = struct.Struct("<II")
_ENCODE = msgspec.msgpack.Encoder().encode
_SMALL_BYTES = 64 * 1024


class _Record(msgspec.Struct, frozen=True, array_like=True):
    number: int
    topic: bytes = b""
    payload: bytes = b""
    qos: int = 0


_DECODE = msgspec.msgpack.Decoder(_Record).decode


@dataclass(frozen=True, slots=True)
class Journaled:
    """A message that is not done."""

    number: int
    topic: bytes
    payload: bytes
    qos: int


class Journal:
    """A journal file; one process at a time."""

    def __init__(self, path: Path, *, bytes_max: int = 64 << 20, fsync: bool = False) -> None:
        """Opens or creates the file. `bytes_max`: messages that would make it larger are refused."""
        self._path = path
        self._bytes_max = bytes_max
        self._fsync = fsync
        self._live: dict[int, bytes] = {}
        self._live_bytes = 0
        self._number = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._size = self._load(path.read_bytes())
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)

    def _load(self, data: bytes) -> int:
        """Read the records; returns where the last whole one ends."""
        offset = 0
        while offset + _HEAD.size <= len(data):
            length, checksum = _HEAD.unpack_from(data, offset)
            body = data[offset + _HEAD.size : offset + _HEAD.size + length]
            if len(body) < length or zlib.crc32(body) != checksum:
                break
            record = _DECODE(body)
            self._number = max(self._number, record.number)
            if record.topic:
                self._keep(record.number, body)
            else:
                self._forget(record.number)
            offset += _HEAD.size + length
        return offset

    def _keep(self, number: int, body: bytes) -> None:
        self._live[number] = body
        self._live_bytes += _HEAD.size + len(body)

    def _forget(self, number: int) -> None:
        body = self._live.pop(number, None)
        if body is not None:
            self._live_bytes -= _HEAD.size + len(body)

    def __len__(self) -> int:
        return len(self._live)

    def pending(self) -> list[Journaled]:
        """What is not done, in the order in which it was put."""
        records = map(_DECODE, self._live.values())
        return [Journaled(record.number, record.topic, record.payload, record.qos) for record in records]

    def put(self, topic: bytes, payload: bytes, qos: int) -> int:
        """Write a message down; returns its number.

        Raises:
            TooMany: the journal is full.
            OSError: the disk does not take it.
        """
        body = _ENCODE(_Record(self._number + 1, topic, payload, qos))
        if self._live_bytes + _HEAD.size + len(body) > self._bytes_max:
            raise TooMany(f"The journal {self._path} is full ({self._bytes_max:,} bytes).")
        self._write(body, flush=self._fsync)
        self._number += 1
        self._keep(self._number, body)
        return self._number

    def done(self, number: int) -> None:
        """The message is acknowledged. Losing this in a crash only means that it is sent once more."""
        self._forget(number)
        if not self._live:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            self._size = 0
            return
        self._write(_ENCODE([number]), flush=False)
        if self._size > _SMALL_BYTES and self._live_bytes < self._size // 4:
            self._rewrite()

    def _write(self, body: bytes, *, flush: bool) -> None:
        record = _HEAD.pack(len(body), zlib.crc32(body)) + body
        written = 0
        try:
            while written < len(record):
                written += os.write(self._file, record[written:])
        except OSError:
            # A disk that is full took a part of it: what follows must not be lost behind a broken record.
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += written
        if flush:
            os.fsync(self._file)

    def _rewrite(self) -> None:
        """Write what lives to a new file, and put it in the place of the old one."""
        fresh = self._path.with_name(self._path.name + ".new")
        file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.close(self._file)
        self._file, self._size = file, 0
        for body in self._live.values():
            self._write(body, flush=False)
        os.fsync(file)
        fresh.replace(self._path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
