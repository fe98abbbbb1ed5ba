"""The API's document without an installation: the routes there are, no service behind them."""

from __future__ import annotations

from typing import Any

import msgspec

from monokoto.api import create_app, document_of
from monokoto.assembly import routes
from monokoto.kernel.errors import Unauthenticated
from monokoto.web import Caller


class _Nobody:
    def authenticate(self, secret: str) -> Caller:
        raise Unauthenticated("Nobody is known here.")


def describe_api() -> dict[str, Any]:
    """The OpenAPI 3.1 document, as a running platform serves it at `/openapi/openapi.json`."""
    services = dict.fromkeys(routes.SERVICES)
    return document_of(create_app(routes=routes.ALL, dependencies=services, authenticator=_Nobody()))


_LEVELS = {"paths": 2, "components": 2, "tags": 1}
"""How deep the parts of the document are broken into lines."""


def text_of_api(document: dict[str, Any]) -> str:
    """The document as JSON with one line for each operation and each schema: small, and a comparison names what changed."""
    parts = [f"{_json(name)}: {_broken(part, _LEVELS.get(name, 0))}" for name, part in document.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _broken(value: Any, levels: int, indent: str = " ") -> str:
    if not levels or not value:
        return _json(value)
    if isinstance(value, dict):
        lines = [f"{indent}{_json(name)}: {_broken(inner, levels - 1, indent + ' ')}" for name, inner in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent[1:]}}}"
    return "[\n" + ",\n".join(f"{indent}{_json(inner)}" for inner in value) + f"\n{indent[1:]}]"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
