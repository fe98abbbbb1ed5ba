"""A server that speaks ClickHouse's HTTP interface, with chDB behind it: what the adapter's tests talk to.

It is no ClickHouse server: authentication, quotas, replication, compression and the server's own timeouts are not here.
Run it as a process of its own with a folder; it prints its port.

What it takes, as a server does: the statement in `query` or as the body; bound values in `param_*`, in the address or as
form fields; settings in the address; rows as the body of an INSERT; basic authentication (a password other than `secret`
is refused when one is given). A failure after the answer began breaks the connection off.
"""

from __future__ import annotations

import base64
import email
import email.policy
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from chdb.session import Session

_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_OURS = {"query", "database", "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms"}
_OURS |= {"query_id", "session_id", "client_protocol_version", "role", "cancel_http_readonly_queries_on_client_close"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    address = ""
    opening = threading.Lock()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._reply(200, b"Ok.\n")

    def do_POST(self) -> None:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            for part in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts():
                name = part.get_param("name", header="content-disposition")
                fields[str(name)] = part.get_payload(decode=True).decode()
            body = b""
        if not self._known():
            self._fail("Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)")
            return
        sql, data = fields.get("query", ""), body
        if not sql:
            # The statement is the body; the rows of an INSERT follow its line.
            head, data = body.split(b"\n", 1) if body.lstrip()[:6].upper() == b"INSERT" else (body, b"")
            sql = head.decode()
        with self.opening:
            session = Session(self.address)
        try:
            self._run(session, sql, data, fields)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:
            self._fail(str(error))
        finally:
            session.close()

    def _run(self, session: Session, sql: str, data: bytes, fields: dict[str, str]) -> None:
        for name, value in fields.items():
            if name not in _OURS and not name.startswith("param_"):
                session.query(f"SET {name} = '{value}'")
        parameters = {name[6:]: value for name, value in fields.items() if name.startswith("param_")}
        match = _FORMAT.search(sql)
        if re.match(r"\s*INSERT\b", sql, re.IGNORECASE) and match:
            writer = session.send_insert(sql[: match.start()], match.group(1))
            writer.append(data)
            writer.finish()
            self._reply(200, b"")
        elif match and match.group(1) == "ArrowStream" and fields.get("wait_end_of_query") != "1":
            self._stream(session, sql[: match.start()], parameters)
        else:
            answer = session.query(sql, "TabSeparated", params=parameters)
            self._reply(200, answer.bytes() or b"")

    def _stream(self, session: Session, sql: str, parameters: dict[str, str]) -> None:
        chunks = session.send_query(sql, "Arrow", params=parameters)
        first = chunks.fetch()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if first is None:
            schema = session.query(f"SELECT * FROM ({sql}) LIMIT 0", "ArrowStream", params=parameters).bytes()
            self._chunk(schema)
        try:
            writer = None
            while first is not None:
                table = pa.ipc.open_file(first.bytes()).read_all()
                if writer is None:
                    sink = Chunks(self._chunk)
                    writer = pa.ipc.new_stream(pa.PythonFile(sink, "w"), table.schema)
                writer.write_table(table)
                first = chunks.fetch()
            if writer is not None:
                writer.close()
            self._chunk(b"")
        except (BrokenPipeError, ConnectionResetError):
            chunks.close()
            self.close_connection = True
        except Exception as error:
            self._chunk(b"__exception__\r\n" + str(error).encode())
            self.wfile.flush()
            self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _known(self) -> bool:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return scheme != "Basic" or base64.b64decode(value).decode().partition(":")[2] in {"", "secret"}

    def _fail(self, text: str) -> None:
        code = _CODE.search(text)
        self._reply(500, text.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "1000"})

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Chunks:
    """A file to write to, each write a chunk of the answer."""

    closed = False

    def __init__(self, write: object) -> None:
        self._write = write

    def write(self, data: object) -> int:
        raw = bytes(data)
        if raw:
            self._write(raw)
        return len(raw)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


if __name__ == "__main__":
    Handler.address = sys.argv[1]
    anchor = Session(Handler.address)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
