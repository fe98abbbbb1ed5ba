"""An operation as a method: its parameters, its answer, and how the call is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.client.annotations import annotation, with_unset
from tools.client.document import Document, Operation, Schema, reference
from tools.client.names import variable

READING = frozenset({"postHistory", "postLatest", "checkProduct", "diffProduct"})
"""Questions that are too long for an address: they change nothing and may be repeated without a key."""
ENDING = frozenset({"streamJob"})
"""Live streams that have an end of their own; all others are taken up again when they end."""
OMITTED = {
    "fields": "a thing without some of its members is not of its type; `client.get` answers plain values",
    "If-None-Match": "an answer without content is of no type",
    "access_token": "for browsers, which send no headers",
    "after": "of long polls; the client takes the events instead",
    "Idempotency-Key": "a parameter of every such method, added by itself",
}
"""Parameters that a typed method does not have, and why."""
OMITTED_OF = {("invokeAction", "answer"): "the output is a member of the command"}
RAISED = {
    404: "NotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "TooLarge",
}
"""Besides what every call may raise."""
_LONG_POLL = frozenset({"after", "timeout", "access_token"})
_EVENTS = "text/event-stream"
_DESCRIPTIONS = frozenset({"application/td+json", "application/tm+json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a method."""

    name: str
    """As the API has it."""
    place: str
    """path, query, header, member (of a body), body, content, content_type or key."""
    annotation: str
    default: str = ""
    """As source; empty: it must be given."""
    description: str = ""
    schema: Schema = field(default_factory=dict)
    called: str = ""
    """As Python has it, where another parameter has its name."""

    @property
    def variable(self) -> str:
        """As Python has it."""
        return self.called or variable(self.name)

    @property
    def positional(self) -> bool:
        """Whether it is given without its name."""
        return self.place in {"path", "body", "content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method."""

    name: str
    operation: Operation
    parameters: list[Parameter]
    answer: str
    """Its annotation."""
    carrier: str
    """The method of `Api` that carries it out."""
    carrier_arguments: list[str]
    options: list[str]
    """Further members of the call."""
    has_members: bool

    @property
    def raised(self) -> list[str]:
        """Exceptions of its own."""
        statuses = {int(status) for status in self.operation.document["responses"]}
        return [name for status, name in RAISED.items() if status in statuses]


def method_of(document: Document, operation: Operation, name: str) -> Method:
    """The method for an operation."""
    answer, carrier, arguments = _answer(document, operation)
    parameters = [
        *_declared(operation, "path"),
        *_body(document, operation),
        *_declared(operation, "query"),
        *_declared(operation, "header"),
    ]
    keyed = any(one["name"] == "Idempotency-Key" for one in operation.parameters("header"))
    keyed = keyed and operation.id not in READING
    if keyed:
        said = "Sent again with the same one, it is done once (default: a fresh one for each call)"
        parameters.append(
            Parameter(name="idempotency_key", place="key", annotation="str | None", default="None", description=said)
        )
    variables = [one.variable for one in parameters]
    if len(set(variables)) < len(variables):
        raise ValueError(f"{operation.id}: two parameters would have one name among {variables}")
    return Method(
        name=name,
        operation=operation,
        parameters=parameters,
        answer=answer,
        carrier=carrier,
        carrier_arguments=arguments,
        options=list(_options(operation, carrier, keyed=keyed)),
        has_members=any(reference(one) for kind, one in operation.bodies.items() if is_json(kind)),
    )


def _declared(operation: Operation, place: str) -> Iterator[Parameter]:
    streams = _EVENTS in operation.answers
    for one in operation.parameters(place):
        if one["name"] in OMITTED or (operation.id, one["name"]) in OMITTED_OF:
            continue
        if streams and one["name"] in _LONG_POLL:
            continue
        required = one.get("required", False)
        kind = annotation(one["schema"], taken=True)
        yield Parameter(
            name=one["name"],
            place=place,
            annotation=kind if required else f"{kind} | None",
            default="" if required else "None",
            description=one.get("description", ""),
            schema=_with_default(one["schema"]),
        )


def _with_default(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "description"}


def _body(document: Document, operation: Operation) -> Iterator[Parameter]:
    bodies = operation.bodies
    json = next((one for kind, one in bodies.items() if is_json(kind)), None)
    if json is not None:
        yield from _json_body(document, operation, json)
    elif bodies:
        yield Parameter(name="content", place="content", annotation="Content", description="What is sent, as it is")
        if len(bodies) > 1:
            kinds = ", ".join(f'"{kind}"' for kind in bodies)
            said = "How it is written"
            yield Parameter(name="content_type", place="content_type", annotation=f"Literal[{kinds}]", description=said)


def _json_body(document: Document, operation: Operation, schema: Schema) -> Iterator[Parameter]:
    name = reference(schema)
    if name is None:
        optional = not operation.document["requestBody"].get("required", True)
        kind = annotation(schema, taken=True)
        said = "A JSON value" if kind == "Any" else "Values by name"
        called = "value" if kind == "Any" else "values"
        yield Parameter(
            name=called, place="body", annotation=kind, default="UNSET" if optional else "", description=said
        )
        return
    body = document.schemas[name]
    in_path = {one["name"] for one in operation.parameters("path")}
    for member, inner in body["properties"].items():
        required = member in body.get("required", ())
        kind = annotation(inner, taken=True)
        yield Parameter(
            name=member,
            place="member",
            annotation=kind if required else with_unset(kind),
            default="" if required else "UNSET",
            description=inner.get("description", ""),
            schema=inner,
            # `PUT .../plans/{plan}` with a member `plan`: the one in the path names it, the other is what it becomes.
            called=f"new_{variable(member)}" if member in in_path else "",
        )


def _answer(document: Document, operation: Operation) -> tuple[str, str, list[str]]:
    """The annotation, the method of `Api`, and its arguments besides the call."""
    answers = operation.answers
    if _EVENTS in answers:
        return "Events", "events", [f"ends={operation.id in ENDING}"]
    schemas = [one for kind, found in answers.items() if is_json(kind) for one in found]
    if set(answers) <= _DESCRIPTIONS and answers:
        return "dict[str, Any]", "ask", ["dict[str, Any]"]
    if schemas:
        return _json_answer(document, [one for schema in schemas for one in schema.get("anyOf", [schema])])
    if not answers:
        return "None", "tell", []
    if set(answers) == {"text/plain"}:
        return "str", "ask_text", []
    return "Download", "download" if operation.method == "get" else "download_now", []


def _json_answer(document: Document, schemas: list[Schema]) -> tuple[str, str, list[str]]:
    kinds = {annotation(one): one for one in schemas}
    if len(kinds) == 2:
        first, second = kinds
        return f"{first} | {second}", "ask_one_of", [first, second]
    (schema,) = kinds.values()
    item = document.item_of_page(schema)
    if item is not None:
        both = [annotation(schema), annotation(item)]
        return f"Pages[{', '.join(both)}]", "pages", both
    kind = annotation(schema)
    if kind == "None":
        return "None", "tell", []
    if kind in {"Any", "str"}:
        return "Any", "ask_plain", []
    shown = f"Sequence{kind.removeprefix('list')}" if kind.startswith("list[") else kind
    return shown, "ask", [kind]


def answers_file(carrier: str) -> bool:
    """Whether the answer is a file: asked for when it is read, or at once where the call changes something."""
    return carrier in {"download", "download_now"}


def is_json(media_type: str) -> bool:
    """Whether it is JSON as a whole (NDJSON is not)."""
    return media_type == "application/json" or media_type.endswith("+json")


def _options(operation: Operation, carrier: str, *, keyed: bool) -> Iterator[str]:
    if keyed:
        yield "keyed=True"
    if operation.method == "get" or operation.id in READING:
        yield "repeatable=True"
    kinds = list(operation.bodies)
    json = next(filter(is_json, kinds), None)
    if json not in (None, "application/json"):
        yield f'content_type="{json}"'
    elif json is None and len(kinds) == 1:
        yield f'content_type="{kinds[0]}"'
    accepted = list(operation.answers)
    if answers_file(carrier) and len(accepted) > 1:
        yield "accept=content_type" if accepted == kinds else 'accept="*/*"'
    elif accepted and accepted != ["application/json"]:
        yield f'accept="{accepted[0]}"'
