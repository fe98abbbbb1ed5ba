"""Writes `monokoto.client.blocking` and `.awaiting`: a module for each tag, with a method for each operation."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.client.annotations import limits_of
from tools.client.document import Document, Group
from tools.client.methods import Method, Parameter, method_of
from tools.client.text import HEADER, docstring, imports, sentence

_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Mode:
    """One of the two clients."""

    package: str
    prefix: str
    define: str
    answer: str
    title: str


BLOCKING = Mode("blocking", "", "def", "return ", "The groups of `monokoto.client.Client`, a module each.")
AWAITING = Mode("awaiting", "Async", "async def", "return await ", "The groups of `monokoto.client.AsyncClient`.")


def method_modules(document: Document, mode: Mode) -> dict[str, str]:
    """File name to text."""
    found = {f"{mode.package}/{group.attribute}.py": _module(document, group, mode) for group in document.groups}
    return found | {f"{mode.package}/__init__.py": _front_door(document.groups, mode)}


def _module(document: Document, group: Group, mode: Mode) -> str:
    methods = [method_of(document, one, group.names[one.id]) for one in group.operations]
    lines = [
        f"class {mode.prefix}{group.class_name}:",
        docstring(sentence(group.description or group.tag), "    "),
        f"\n    def __init__(self, api: {mode.prefix}Api) -> None:\n        self._api = api\n",
    ]
    lines += ["\n".join(_method(method, mode)) + "\n" for method in methods]
    body = "\n".join(lines)
    types = [name for name in document.homes if re.search(rf"(?<![\w.`]){name}\b", _code_of(body))]
    title = f"`client.{group.attribute}`: {group.description or group.tag}"
    head = [HEADER, docstring(sentence(title)), "from __future__ import annotations\n", imports(_code_of(body))]
    if types:
        head.append(f"from monokoto.client.types import {', '.join(types)}")
    return "\n".join(head) + "\n\n" + body


def _code_of(text: str) -> str:
    return re.sub(r'r?""".*?"""', "", text, flags=re.DOTALL)


def _front_door(groups: list[Group], mode: Mode) -> str:
    lines = [HEADER, docstring(mode.title), "from __future__ import annotations\n"]
    lines += [
        f"from monokoto.client.{mode.package}.{group.attribute} import {mode.prefix}{group.class_name}"
        for group in groups
    ]
    lines.append(f"from monokoto.client.wire import {mode.prefix}Api\n")
    lines += [
        f"class {mode.prefix}Groups:",
        docstring("The whole API, by what it is about.", "    "),
        f"\n    def __init__(self, api: {mode.prefix}Api) -> None:",
    ]
    lines += [f"        self.{group.attribute} = {mode.prefix}{group.class_name}(api)" for group in groups]
    return "\n".join(lines) + "\n"


def _method(method: Method, mode: Mode) -> Iterator[str]:
    lazy = method.carrier in {"pages", "download", "events"}
    own = lazy or method.answer == "Download"
    kind = f"{mode.prefix}{method.answer}" if own else method.answer
    yield f"    {'def' if lazy else mode.define} {method.name}(self{_signature(method, mode)}) -> {kind}:"
    yield docstring(_said(method), "        ")
    yield f"        call = Call({', '.join(_call(method))})"
    arguments = "".join(f", {one}" for one in method.carrier_arguments)
    before = "return " if lazy else mode.answer
    if method.carrier == "tell":
        before = before.removeprefix("return ")
    yield f"        {before}self._api.{method.carrier}(call{arguments})"


def _signature(method: Method, mode: Mode) -> str:
    first = [one for one in method.parameters if one.positional]
    named = [one for one in method.parameters if not one.positional]
    parts = [_declared(one, mode) for one in first]
    if named:
        parts += ["*", *(_declared(one, mode) for one in named)]
    return "".join(f", {part}" for part in parts)


def _declared(parameter: Parameter, mode: Mode) -> str:
    kind = f"{mode.prefix}Content" if parameter.annotation == "Content" else parameter.annotation
    default = f" = {parameter.default}" if parameter.default else ""
    return f"{parameter.variable}: {kind}{default}"


def _said(method: Method) -> str:
    document = method.operation.document
    parts = [sentence(document.get("summary", method.operation.id))]
    scopes = [scope for one in document.get("security", ()) for scope in one.get("key", ())]
    facts = [sentence(document.get("description", ""))]
    facts += [f"Needs {' and '.join(f'`{scope}`' for scope in scopes)}."] if scopes else []
    facts += [f"Raises {', '.join(method.raised)}."] if method.raised else []
    told = " ".join(fact for fact in facts if fact)
    if told:
        parts.append(f"\n{told}")
    about = [f"    {one.variable}: {said}" for one in method.parameters if (said := _about(one))]
    if about:
        parts += ["\nArgs:", *about]
    return "\n".join(parts)


def _about(parameter: Parameter) -> str:
    """What is said of it; empty where the name says all there is to say."""
    limits = limits_of(parameter.schema)
    said = " ".join(parameter.description.split()).rstrip(".")
    return sentence(f"{said} ({limits})" if said and limits else said or limits.capitalize())


def _call(method: Method) -> Iterator[str]:
    yield f'method="{method.operation.method.upper()}"'
    path = re.sub(r"{(\w+)}", r"{segment(\1)}", method.operation.path)
    yield f'path={"f" if "{" in path else ""}"{path}"'
    query = [one for one in method.parameters if one.place == "query"]
    if query:
        yield f"query={_given(query)}"
    headers = [one for one in method.parameters if one.place == "header"]
    if headers:
        yield "headers={" + ", ".join(f'"{one.name}": {one.variable}' for one in headers) + "}"
    members = [one for one in method.parameters if one.place == "member"]
    if method.has_members:
        yield f"body={_given(members)}"
    for one in method.parameters:
        if one.place in {"body", "content", "content_type", "key"}:
            yield f"{one.place}={one.variable}"
    yield from method.options


def _given(parameters: list[Parameter]) -> str:
    """`given(...)` in calls that fit on a line each: one name to a line would make functions too long."""
    rows: list[list[str]] = [[]]
    foreign = [one for one in parameters if not one.name.isidentifier()]
    for one in parameters:
        if one in foreign:
            continue
        # `given` takes an underscore off a name that is a word of the language.
        item = f"{one.name}_={one.variable}" if keyword.iskeyword(one.name) else f"{one.name}={one.variable}"
        if len(", ".join([*rows[-1], item])) > _WIDTH:
            rows.append([])
        rows[-1].append(item)
    if foreign:
        rows.append(["**{" + ", ".join(f'"{one.name}": {one.variable}' for one in foreign) + "}"])
    return " | ".join(f"given({', '.join(row)})" for row in rows if row) or "given()"
