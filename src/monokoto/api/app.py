"""One application out of the slices' routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Litestar, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.types import ControllerRouterHandler

from monokoto import __version__
from monokoto.api.health import healthz, readyz
from monokoto.api.metrics import metrics_route
from monokoto.kernel.limits import API_BODY_BYTES_MAX
from monokoto.web import Authenticator, authentication, exception_handlers, provide_caller

DESCRIPTION = """\
Monokoto turns a physical product into a service business. Everything the console does goes through these routes.

Send `Authorization: Bearer KEY`; a key belongs to one organisation and carries scopes. Ids are 13 characters of Crockford base 32,
instants RFC 3339 in UTC, errors problem documents (RFC 9457), lists pages with a cursor.
"""


@get("/", opt={"exclude_from_auth": True}, operation_id="getIndex", summary="Where things are", tags=["Health"])
async def index() -> dict[str, str]:
    """The way to everything else."""
    return {
        "name": "Monokoto",
        "version": __version__,
        "openapi": "/openapi/openapi.json",
        "health": "/healthz",
        "readiness": "/readyz",
        "metrics": "/metrics",
    }


def create_app(
    *,
    routes: Sequence[ControllerRouterHandler],
    dependencies: Mapping[str, object],
    authenticator: Authenticator,
    on_shutdown: Sequence[Any] = (),
) -> Litestar:
    """The application; `dependencies` are handed to handlers by parameter name."""

    def provide(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    return Litestar(
        route_handlers=[index, healthz, readyz, metrics_route, *routes],
        dependencies={
            "caller": Provide(provide_caller),
            **{name: provide(value) for name, value in dependencies.items()},
        },
        middleware=[authentication(authenticator)],
        exception_handlers=exception_handlers,
        request_max_body_size=API_BODY_BYTES_MAX,
        on_shutdown=list(on_shutdown),
        openapi_config=OpenAPIConfig(
            title="Monokoto",
            version=__version__,
            description=DESCRIPTION,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            path="/openapi",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"key": []}],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
