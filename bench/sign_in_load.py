"""Signs people in as fast as the platform lets it, in a process of its own: `python -m bench.sign_in_load` of `bench/sign_in.py`.

HTTP is written and read here by hand over keep-alive connections: a client library needs more of the processor than a sign-in
by passkey itself, and on two cores it is their time that is measured.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_private_key

sys.path.append(str(Path(__file__).parents[1] / "tests" / "connect" / "passkeys"))

from authenticator import ES256, Authenticator, Key, data, text  # as in the tests of passkeys

__all__ = ["Authenticator", "load", "text"]

AT_ONCE = 32


class Connection:
    """One keep-alive connection to the API."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        _, _, rest = answer.lower().partition(b"\r\ncontent-length:")
        length = int(rest.partition(b"\r\n")[0])
        return int(answer[9:12]), await self._reader.readexactly(length)


SignIn = Callable[[Connection, int], Awaitable[int]]


def by_password(people: dict[str, Any]) -> SignIn:
    """One request."""
    bodies = [json.dumps({"email": email, "password": people["password"]}).encode() for email in people["emails"]]

    async def sign_in(connection: Connection, turn: int) -> int:
        status, _ = await connection.post("/api/v1/session", bodies[turn % len(bodies)])
        return status

    return sign_in


def by_passkey(people: dict[str, Any]) -> SignIn:
    """Two requests: the challenge, and its signature."""
    devices = []
    for one in people["devices"]:
        key = Key(ES256)
        key.private = load_pem_private_key(one["key"].encode(), None)
        device = Authenticator(people["origin"], counts=False, credential=data(one["credential"]))
        device.key, device.handle = key, data(one["handle"])
        devices.append(device)

    async def sign_in(connection: Connection, turn: int) -> int:
        status, options = await connection.post("/api/v1/passkeys/authentication/options", b"")
        if status != 200:
            return status
        answer = devices[turn % len(devices)].get(json.loads(options))
        status, _ = await connection.post(
            "/api/v1/passkeys/authentication", json.dumps({"credential": answer}).encode()
        )
        return status

    return sign_in


async def load(url: str, seconds: float, sign_in: SignIn) -> dict[str, float]:
    """Sign in until the time is over, `AT_ONCE` at once."""
    delays: list[float] = []
    failed = 0
    place = urlsplit(url)
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal failed
        connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        turn = number
        while (began := time.monotonic()) < until:
            failed += await sign_in(connection, turn) != 201
            delays.append(time.monotonic() - began)
            turn += AT_ONCE

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(one(number) for number in range(AT_ONCE)))
    took = time.monotonic() - began
    ordered = sorted(delays)
    return {
        "per_second": len(ordered) / took,
        "p50_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000,
        "failed": failed,
        "generator_cpu": (time.process_time() - cpu) / took * 100,
    }


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[3]).read_text("utf-8"))
    way = by_passkey(told) if sys.argv[4] == "passkey" else by_password(told)
    print(json.dumps(asyncio.run(load(sys.argv[1], float(sys.argv[2]), way))))
