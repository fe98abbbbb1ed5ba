"""Real HTTP receivers that behave as they are told, and keep what they took."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier

Behaviour = Callable[[int], tuple[int, dict[str, str], bytes]]
"""Given how many requests came before: status, headers, body."""


def answers(*statuses: int) -> Behaviour:
    """These statuses one after the other, the last one for ever."""
    return lambda count: (statuses[min(count, len(statuses) - 1)], {}, b"thanks")


class Receiver:
    """Listens on loopback; verifies signatures with the reference implementation once it knows a secret."""

    def __init__(self, behaviour: Behaviour, *, delay: float = 0.0) -> None:
        self.behaviour = behaviour
        self.delay = delay
        self.secret = ""
        self.taken: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.requests = 0
        self.unverified = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.handle(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?x=1"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            count = self.requests
            self.requests += 1
        time.sleep(self.delay)
        status, extra, answer = self.behaviour(count)
        if self.secret:
            try:
                Verifier(self.secret).verify(body, headers)
            except Exception:
                self.unverified += 1
                status = 401
        if status < 300:
            with self._lock:
                self.taken.append(json.loads(body))
                self.names.append(headers["webhook-id"])
                self.headers.append(headers)
                self.bodies.append(body)
        handler.send_response(status)
        for name, value in extra.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(answer)))
        handler.end_headers()
        with contextlib.suppress(OSError):  # who asked may have gone
            handler.wfile.write(answer)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def dead_url() -> str:
    """An address nobody listens on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    server.server_close()
    return url
