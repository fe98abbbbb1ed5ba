"""The API's document without an installation: the routes there are, no service behind them."""

from __future__ import annotations

from typing import Any

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
