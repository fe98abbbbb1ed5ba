"""Scripts, styles and pictures of the pages, served from memory under a folder that is named by their digest.

Their address changes with their content, so browsers keep them for ever, and a module that imports its neighbour by a
relative path gets the one of the same build.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from litestar import Request, Response, get

FOLDER = Path(__file__).resolve().parent / "static"
BASE = "/console/static"
VENDOR = "vendor/"
"""Files from npm; without them (a clone that was never built) the pages work, and nothing moves on them."""
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_COMPRESSED_FROM_BYTES = 1024
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them, and the digest that names their folder."""

    files: Mapping[str, Asset]
    digest: str

    def url(self, name: str) -> str:
        """Where a file lies: `url("console.css")`."""
        if name not in self.files and not name.startswith(VENDOR):
            raise LookupError(f"There is no {name} in console/static")
        return f"{BASE}/{self.digest}/{name}"


def load(folder: Path) -> Assets:
    """Read them all; half a megabyte."""
    files: dict[str, Asset] = {}
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _TYPES or not path.is_file():
            continue
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        digest.update(name.encode() + b"\0" + content)
        small = len(content) < _COMPRESSED_FROM_BYTES or path.suffix == ".png"
        files[name] = Asset(content, b"" if small else gzip.compress(content, 6, mtime=0), _TYPES[path.suffix])
    return Assets(files, digest.hexdigest()[:12])


@cache
def assets() -> Assets:
    """Those of this package, read at the first page."""
    found = load(FOLDER)
    if "vendor/htmx.js" not in found.files:
        _log.warning("console_without_scripts", remedy="python hatch_build.py fetches them from npm")
    return found


@get(
    "/static/{digest:str}/{name:path}",
    include_in_schema=False,
    operation_id="getConsoleAsset",
)
async def asset(request: Request[Any, Any, Any], digest: str, name: str) -> Response[bytes]:
    """A file; one of another build is answered too, but not kept: the page that asked is old."""
    found = assets().files.get(str(name).lstrip("/"))
    if found is None:
        return Response(b"", status_code=404, media_type="text/plain")
    compressed = bool(found.compressed) and "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Cache-Control": _FOR_EVER if digest == assets().digest else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **({"Content-Encoding": "gzip"} if compressed else {}),
    }
    return Response(found.compressed if compressed else found.content, media_type=found.media_type, headers=headers)
