"""A double of Stripe's API on this machine, and what Stripe posts by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Double:
    """Answers as Stripe documents it, and remembers what it was asked."""

    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    address: str = ""

    def answer(self, path: str, sent: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        self.asked.append((path, sent, key))
        if not sent:
            return 200, self.kept[path.rpartition("/")[2]] | {"status": "succeeded"}
        if sent.get("payment_method") == "pm_declined":
            error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
            return 402, {"error": error}
        if sent.get("payment_method") == "pm_unknown":
            return 400, {"error": {"type": "invalid_request_error", "message": "No such payment method."}}
        if sent.get("payment_method") == "pm_broken":
            return 500, {"error": {"type": "api_error", "message": "Something is broken."}}
        kind = "refund" if "refunds" in path else "payment_intent"
        status = "processing" if sent.get("payment_method") == "pm_slow" else "succeeded"
        name = f"{'re' if kind == 'refund' else 'pi'}_{key}"
        return 200, self.kept.setdefault(name, {"id": name, "object": kind, "status": status})


@contextmanager
def stripe_double() -> Iterator[Double]:
    """It listens as long as this lasts."""
    found = Double()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            status, told = found.answer(self.path, sent, self.headers.get("idempotency-key", ""))
            answer = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            if status >= 500:
                self.send_header("stripe-should-retry", "false")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
