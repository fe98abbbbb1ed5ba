"""The stores the conformance suite runs on."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from monokoto.engines.objects import Objects, open_objects


class FakeS3(BaseHTTPRequestHandler):
    """As much of the S3 protocol as the store uses: one bucket, no signatures checked."""

    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"ETag": '"1"', "Last-Modified": "Sun, 01 Mar 2026 08:00:00 GMT", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def key(self) -> str:
        return urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).removeprefix("/bucket").lstrip("/")

    def do_PUT(self) -> None:
        self.objects[self.key] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self) -> None:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if "list-type" in query:
            self.list(query.get("prefix", ""))
        elif self.key in self.objects:
            self.answer(200, self.objects[self.key])
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def list(self, prefix: str) -> None:
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-03-01T08:00:00.000Z</LastModified>"
            f'<ETag>"1"</ETag><Size>{len(body)}</Size></Contents>'
            for key, body in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        self.answer(200, xml.encode(), Content_Type="application/xml")

    def do_DELETE(self) -> None:
        self.objects.pop(self.key, None)
        self.answer(204)

    def do_POST(self) -> None:
        """Several deleted at once."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.partition("</Key>")[0] for part in body.split("<Key>")[1:]]
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), Content_Type="application/xml")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a fake S3 bucket."""
    handler = type("Handler", (FakeS3,), {"objects": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    yield "s3://bucket"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["folder", "memory", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """An empty store of each kind."""
    url = {"folder": "", "memory": "memory:///"}.get(request.param)
    return open_objects(request.getfixturevalue("s3") if url is None else url, data_dir=tmp_path)
