"""The OpenAPI document: what the framework derives from the types, in the shape readers and generators want.

The framework knows the types; it does not know that `UnitJson` is called a unit outside, what a class's docstring says, which
routes need no key and which scope the others ask for. That is put in here, in passes over the finished document, so that the
slices need say nothing twice. Refused: a hand-written document (it drifts), and plugins into the framework's generator (it
offers none for operations, and its own ones are private).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import SecurityScheme
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json

from monokoto.kernel.limits import IDEMPOTENCY_KEY_LENGTH_MAX
from monokoto.web import IDEMPOTENCY_HEADER, Problem, is_open, scopes_of, shape_of

Document = dict[str, Any]
"""The document as plain JSON values."""

SECURITY_SCHEMES = {
    "key": SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API key of an organisation; an operation names the scope the key must carry. `admin` carries all.",
    ),
    "session": SecurityScheme(
        type="apiKey",
        name="koto_session",
        security_scheme_in="cookie",
        description="A person who signed in; over TLS the cookie is `__Host-koto_session`. What changes something also needs "
        "the header `X-Koto-CSRF`. What a person may do follows from the role in the organisation.",
    ),
    "unit": SecurityScheme(type="http", scheme="bearer", description="A unit's own token, also as `Token` or `Basic`."),
}
PARAMETERS = {
    "unit": "Id of the unit: 13 characters",
    "product": "Name of the product",
    "version": "A version of the product, such as `1.4.0`",
    "account": "Id of the account",
    "alert": "Id of the alert",
    "group": "Id or name of the group",
    "window": "Id of the maintenance window",
    "route": "Id of the notification route",
    "receiver": "Id of the receiver of notifications",
    "notification": "Id of the notification",
    "subscription": "Id of the subscription",
    "seller": "Id of the organisation that sells",
    "maker": "Id of the maker's organisation",
    "plan": "Name of the plan",
    "customer": "Id of the customer",
    "invoice": "Id of the invoice",
    "payment": "Id of the payment",
    "report": "Which report: recurring, revenue, cohorts",
    "partner": "Name of the partner, as plans say it",
    "file": "Id of the file",
    "entry": "Id of the entry of a bank's statement",
    "gift": "Id of the present",
    "method": "How it is paid: manual, sandbox, sepa, stripe",
    "rule": "Its rule: `<product>/<name>`, or the id of one that was added",
    "rule_id": "Id of the added rule",
    "scene": "Id or name of the scene",
    "run": "Id of the run",
    "schedule": "Id or name of the schedule",
    "count": "At most so many",
    "Last-Event-ID": "The last event's id, to go on from there",
    "action": "Name of the action in the product's model",
    "command": "Id of the command",
    "credential": "Id of the credential",
    "delivery": "Id of the delivery",
    "job": "Id of the job",
    "kind": "Which kind",
    "name": "Its name in the product's model",
    "online": "Connected now, or not",
    "outcome": "What came of it",
    "passkey": "Id of the passkey",
    "feature": "Name of the feature",
    "entitlement": "Id of the entitlement",
    "provider": "Name of the identity provider",
    "rental": "Id of the rental",
    "share": "Id of the share",
    "thing": "Id of the thing: of its unit, or `urn:`...",
    "view": "Id of the saved view",
    "webhook": "Id of the receiver",
    "key": "Id of the key",
    "person": "Id of the person",
    "session": "Id of the session",
    "invitation": "Id of the invitation",
    "event": "Name of the event in the product's model",
    "serial": "Exactly this serial",
    "serial_prefix": "Serials that begin so",
    "limit": "At most so many on this page",
    "cursor": "`next_cursor` of the page before",
    "order": "Which come first",
}
"""Said once for the parameters that mean the same everywhere; a route's own description wins."""
_STATUS = {
    "200": "Done; this is the answer",
    "201": "Made; this is what is there now",
    "202": "Begun; this is how far it is",
    "204": "Taken: it is on disk",
}
_NAMES = {"FaultJson": "ImportFault", "Status": "UnitStatus"}
"""Where a class's name, clear inside its slice, says too little beside those of all others."""
_NAMES_IN = {
    ("fleet", "Credential"): "Credential",
    ("fleet", "NewCredential"): "NewCredential",
    ("fleet", "RegisterRequest"): "RegisterRequest",
    ("fleet", "Status"): "UnitStatus",
    ("commands", "Status"): "CommandStatus",
    ("ownership", "AcceptRequest"): "AcceptTransferRequest",
    ("passkeys", "Credential"): "PasskeyCredential",
    ("passkeys", "NewCredential"): "NewPasskeyCredential",
    ("passkeys", "RegisterRequest"): "RegisterPasskeyRequest",
    ("people", "AcceptRequest"): "AcceptInvitationRequest",
    ("people", "Session"): "Session",
    ("presence", "Session"): "UnitConnection",
}
"""Where classes of several slices share a name, by slice; any other is called by slice and name."""
_AREAS = frozenset({"monokoto", "connect", "operate", "earn"})
_JSON_SUFFIX = re.compile(r"Json$")
_PAGE = re.compile(r"^Page_(?:.*\.)?(\w+?)(?:Json)?_$")
_METHODS = ("get", "put", "post", "delete", "patch")


class _Json(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _written_once(request.app, "json", lambda: encode_json(document_of(request.app)))


class _Yaml(YamlRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _written_once(request.app, "yaml", lambda: super(_Yaml, self).render(request, document_of(request.app)))


def _written_once(app: Litestar, form: str, write: Callable[[], bytes]) -> bytes:
    """The document's text, kept: anybody may ask for it, and writing it as YAML takes seconds of a processor."""
    name = f"openapi_{form}"
    found: bytes | None = app.state.get(name)
    if found is None:
        found = app.state[name] = write()
    return found


def render_plugins() -> list[JsonRenderPlugin | YamlRenderPlugin]:
    """`/openapi/openapi.json` and `.yaml`; no page that loads scripts from elsewhere."""
    return [_Json(), _Yaml()]


def router() -> Router:
    """Where the document lies; the framework's page for what is not there is HTML, ours a problem document."""

    def tell(response: Response[Any]) -> Response[Any]:
        if response.status_code != 404:
            return response
        problem = Problem(title="Not found", status=404, code="not-found", detail="There is no such document.")
        return Response(problem, status_code=404, media_type="application/problem+json")

    return Router(
        "/openapi", route_handlers=[], include_in_schema=False, opt={"exclude_from_auth": True}, after_request=tell
    )


def document_of(app: Litestar) -> Document:
    """The application's document; made at the first question and kept."""
    found: Document | None = app.state.get("openapi_document")
    if found is None:
        found = msgspec.json.decode(encode_json(app.openapi_schema.to_schema()))
        for improve in _PASSES:
            improve(found, app)
        app.state["openapi_document"] = found
    return found


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Path, method and handler of every operation in the document."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    for method in handler.http_methods:
                        if method.lower() in _METHODS:
                            yield route.path_format or "/", method.lower(), handler


def _operations(document: Document) -> Iterator[Document]:
    for item in document["paths"].values():
        yield from (item[method] for method in _METHODS if method in item)


def _say_who_may(document: Document, app: Litestar) -> None:
    """Which key an operation needs: an API key with a scope, a unit's token, or none (an empty list)."""
    for path, method, handler in _handlers(app):
        own = [dict(one) for one in handler.resolve_security() or ()]
        scopes = [scope.value for scope in scopes_of(handler)]
        needed = own if is_open(handler) else [{"key": scopes}, {"session": scopes}]
        document["paths"][path][method]["security"] = needed


def _add_common_parameters(document: Document, app: Litestar) -> None:
    """What every route of a kind takes without saying so: `fields` where things are read, a key where they are changed."""
    for path, method, handler in _handlers(app):
        operation = document["paths"][path][method]
        shape = shape_of(handler) if method == "get" else None
        added: list[Document] = []
        if shape is not None:
            whose = "of each item" if shape.paged else "of the answer"
            what = f"Only these members {whose}, comma-separated: any of {', '.join(shape.names)}"
            added.append({"name": "fields", "in": "query", "description": what, "schema": {"type": "string"}})
        if method != "get" and not is_open(handler):
            schema = {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX}
            added.append({"name": IDEMPOTENCY_HEADER, "in": "header", "description": _IDEMPOTENCY, "schema": schema})
            for status, said in (("409", "Conflict"), ("413", "Too large")):
                operation["responses"].setdefault(status, _problem(said))
        if added:
            operation["parameters"] = [*operation.get("parameters", ()), *added]


_IDEMPOTENCY = "Sent again with the same key, the request is answered again and not carried out again; kept for a day"


def _problem(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _describe_parameters(document: Document, _app: Litestar) -> None:
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"] = _without_null(parameter["schema"])
            described = parameter.get("description") or schema.get("description")
            parameter["description"] = described or PARAMETERS.get(parameter["name"], "")
            schema.pop("description", None)
            for word in ("deprecated", "allowEmptyValue", "allowReserved"):
                parameter.pop(word, None)
        operation.pop("deprecated", None)


def _without_null(schema: Document) -> Document:
    """A parameter that is left out is no null: `oneOf [X, null]` is X."""
    choices = [one for one in schema.get("oneOf", ()) if one != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "oneOf" and value is not None}
    return {**choices[0], **rest} if len(choices) == 1 else schema


def _describe_responses(document: Document, _app: Litestar) -> None:
    for operation in _operations(document):
        responses = operation["responses"]
        conditional = any(one["name"] == "If-None-Match" for one in operation.get("parameters", ()))
        if conditional:
            responses["304"] = {"description": "Unchanged since that entity tag"}
        for status, answer in responses.items():
            if answer.get("description", "").startswith("Request fulfilled") or not answer.get("description"):
                answer["description"] = _STATUS.get(status, "Done")
            if not answer.get("headers"):
                answer.pop("headers", None)
            for header in answer.get("headers", {}).values():
                header.setdefault("schema", {"type": "string"})
                header.pop("deprecated", None)
            _describe_waiting(status, answer)
        operation["responses"] = dict(sorted(responses.items()))


def _describe_waiting(status: str, answer: Document) -> None:
    if status in {"429", "503"}:
        seconds = {"schema": {"type": "integer"}, "description": "Seconds to wait before the next try"}
        answer["headers"] = {"Retry-After": seconds}


def _describe_schemas(document: Document, app: Litestar) -> None:
    """The classes' docstrings, where the framework gave no description."""
    types = _types_of(app)
    for name, schema in document["components"]["schemas"].items():
        kind = _type_called("Page" if _PAGE.match(name) else name, types)
        if kind is not None:
            schema["description"] = inspect.getdoc(kind) or ""


def _type_called(name: str, types: Mapping[str, type]) -> type | None:
    """The type the framework calls so: by its name, or where several have one, by the end of its whole path."""
    return next((kind for path, kind in types.items() if f"_{path}".endswith(f"_{name}")), None)


def _types_of(app: Litestar) -> dict[str, type]:
    """Every struct and enumeration the handlers take or give, by its whole path, with `_` for dots."""
    found: dict[str, type] = {}
    for _, _, handler in _handlers(app):
        signature = handler.parsed_fn_signature
        fields = [*signature.parameters.values(), signature.return_type]
        for dependency in handler.resolve_dependencies().values():
            fields += [*dependency.parsed_fn_signature.parameters.values(), dependency.parsed_fn_signature.return_type]
        for field in fields:
            _gather(field.annotation, found)
        for response in (handler.responses or {}).values():
            _gather(response.data_container, found)
    return found


def _gather(annotation: Any, found: dict[str, type]) -> None:
    for part in get_args(annotation):
        _gather(part, found)
    kind = get_origin(annotation) or annotation
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct | Enum):
        return
    path = f"{kind.__module__}_{kind.__name__}".replace(".", "_")
    if found.get(path) is kind:
        return
    found[path] = kind
    if issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            _gather(field.type, found)


def _name_schemas(document: Document, _app: Litestar) -> None:
    """`UnitJson` is a `Unit` outside, a page of them a `UnitPage`."""
    schemas: Document = document["components"]["schemas"]
    names = {name: _public_name(name) for name in schemas}
    if len(set(names.values())) < len(names):
        twice = sorted(name for name, public in names.items() if list(names.values()).count(public) > 1)
        raise ValueError(f"two schemas would have one name outside: {twice}")
    document["components"]["schemas"] = {
        names[name]: {**schema, "title": names[name]}
        for name, schema in sorted(schemas.items(), key=lambda pair: names[pair[0]])
    }
    _point_anew(document, {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()})


def _public_name(name: str) -> str:
    page = _PAGE.match(name)
    if page:
        return f"{page[1]}Page"
    *path, last = name.split("_")
    plain = _JSON_SUFFIX.sub("", last)
    home = next((word for word in path if word not in _AREAS), "")
    return _NAMES_IN.get((home, plain)) or _NAMES.get(name) or home.capitalize() + plain


def _say_any_of(document: Document, _app: Litestar) -> None:
    """A union of types is `anyOf`: a value may be of several (an empty list of rows is an empty list of columns)."""
    _rename_key(document, "oneOf", "anyOf")


def _rename_key(value: Any, old: str, new: str) -> None:
    if isinstance(value, dict):
        if isinstance(value.get(old), list):
            value[new] = value.pop(old)
        for inner in value.values():
            _rename_key(inner, old, new)
    elif isinstance(value, list):
        for inner in value:
            _rename_key(inner, old, new)


def _point_anew(value: Any, names: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            value["$ref"] = names.get(value["$ref"], value["$ref"])
        for inner in value.values():
            _point_anew(inner, names)
    elif isinstance(value, list):
        for inner in value:
            _point_anew(inner, names)


def _sort(document: Document, _app: Litestar) -> None:
    """Paths in the order of the alphabet, so that the document changes only where the API does."""
    document["paths"] = dict(sorted(document["paths"].items()))


_PASSES: tuple[Callable[[Document, Litestar], None], ...] = (
    _say_who_may,
    _add_common_parameters,
    _describe_parameters,
    _describe_responses,
    _describe_schemas,
    _name_schemas,
    _say_any_of,
    _sort,
)
