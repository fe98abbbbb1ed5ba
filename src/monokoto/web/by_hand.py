"""Routes that read or write bodies themselves, and so must say by hand in the OpenAPI document what they take and give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)


def by_hand(
    takes: Sequence[str] = (),
    *,
    gives: Sequence[str] = (),
    query: Mapping[str, str] | None = None,
    body_required: bool = True,
) -> type[Operation]:
    """An `operation_class` for a route that takes and gives (200) these media types; `query`: what its parameters mean."""
    parameters = [
        Parameter(name=name, param_in="query", description=what, required=False, schema=Schema(type=OpenAPIType.STRING))
        for name, what in (query or {}).items()
    ]

    @dataclass
    class ByHand(Operation):
        def __post_init__(self) -> None:
            if takes:
                self.request_body = RequestBody(content=_content(takes), required=body_required)
            if gives and self.responses:
                self.responses["200"] = OpenAPIResponse(description="Done; this is the answer", content=_content(gives))
            self.parameters = [*(self.parameters or []), *parameters] or None

    return ByHand


def _content(media_types: Sequence[str]) -> dict[str, OpenAPIMediaType]:
    return {one: OpenAPIMediaType(schema=_schema(one)) for one in media_types}


def _schema(media_type: str) -> Schema:
    """JSON may be anything; whatever is not JSON is text or bytes, of which a schema says nothing more."""
    return Schema() if media_type == "application/json" else Schema(type=OpenAPIType.STRING)
