"""What is generated: up to date, whole, and sending what the document says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import UnionType
from typing import Any

import httpx
import msgspec
import pytest

from monokoto.assembly import describe_api
from monokoto.client import AsyncClient, BadArgument, Client, UnexpectedAnswer, types
from monokoto.client.wire import OpenObject

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete", "patch")
ID = "0000000000001"
NOT_TYPED = {"fields", "access_token", "after", "timeout", "answer"}
"""Parameters that typed methods do not have: tools/client/methods.py says why."""
READING = {"postHistory", "postLatest", "checkProduct", "diffProduct"}
"""Questions asked by POST: they change nothing and need no key."""


def test_it_is_what_would_be_written() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tools.client", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if checked.returncode:
        pytest.fail(
            f"The API changed. Run `uv run poe client` and commit what it writes.\n{checked.stdout[:3000]}"
            f"{checked.stderr[-2000:]}",
            pytrace=False,
        )


class Asked(Exception):
    """A request, instead of its answer."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request


def _catch(request: httpx.Request) -> httpx.Response:
    request.read()
    raise Asked(request)


def _given(parameter: inspect.Parameter) -> Any:
    """Something that this parameter takes."""
    said = str(parameter.annotation)
    known = {"str": ID, "int": 1, "float": 1.0, "bool": True, "Any": 1, "Content": b"x", "AsyncContent": b"x"}
    first = said.partition(" | ")[0]
    if first in known:
        return known[first]
    if first.startswith("Literal["):
        return re.split("['\"]", first)[1]
    if first.startswith("Sequence["):
        inner = first.removeprefix("Sequence[").removesuffix("]")
        return [re.split("['\"]", inner)[1] if inner.startswith("Literal[") else _value(inner)]
    if first.startswith("Mapping["):
        return {}
    return _value(first)


def _value(name: str) -> Any:
    if name in {"str", "Any"}:
        return ID
    kind = getattr(types, name)
    if issubclass(kind, msgspec.Struct):
        return _sample(kind)
    return next(iter(kind))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe_api()


def _groups(client: Client | AsyncClient) -> dict[str, Any]:
    return {name: value for name, value in vars(client).items() if name not in {"api", "url"}}


def _methods(group: Any) -> dict[str, Any]:
    return {name: method for name, method in inspect.getmembers(group, inspect.ismethod) if name != "__init__"}


def _request(method: Any) -> httpx.Request:
    """What a method sends when it is called with everything it takes."""
    parameters = inspect.signature(method).parameters.values()
    first = [_given(one) for one in parameters if one.kind is not one.KEYWORD_ONLY]
    named = {one.name: _given(one) for one in parameters if one.kind is one.KEYWORD_ONLY}
    try:
        answer = method(*first, **named)
        next(iter(answer.pieces() if hasattr(answer, "pieces") else answer))
    except Asked as asked:
        return asked.request
    raise AssertionError(f"{method} asked nothing")


def test_every_operation_has_a_method_that_sends_what_the_document_says(document: dict[str, Any]) -> None:
    with Client("http://koto.test", "k", transport=httpx.MockTransport(_catch)) as client:
        sent = [_request(method) for group in _groups(client).values() for method in _methods(group).values()]
    by_operation = {(one.method, one.url.raw_path.decode().split("?")[0]): one for one in sent}
    assert len(by_operation) == len(sent), "two methods ask the same"
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                _hold_against(document, item[method], (method.upper(), path), by_operation)
    assert by_operation == {}, "methods without an operation"


def _hold_against(
    document: dict[str, Any],
    operation: dict[str, Any],
    place: tuple[str, str],
    sent: dict[tuple[str, str], httpx.Request],
) -> None:
    parameters, name = operation.get("parameters", []), operation["operationId"]
    method, path = place
    for one in parameters:
        if one["in"] == "path":
            kind = one["schema"].get("$ref", "").rpartition("/")[2]
            value = next(iter(getattr(types, kind))) if kind else ID
            path = path.replace(f"{{{one['name']}}}", str(value))
    request = sent.pop((method, path), None)
    assert request is not None, f"{name} has no method"
    known = {one["name"] for one in parameters if one["in"] == "query"}
    asked = set(request.url.params.keys())
    assert asked <= known, name
    assert known - asked <= NOT_TYPED, name
    takes_key = any(one["name"] == "Idempotency-Key" for one in parameters)
    assert ("Idempotency-Key" in request.headers) == (takes_key and name not in READING), name
    bodies = operation.get("requestBody", {}).get("content", {})
    assert bool(request.content) == bool(bodies), name
    if bodies:
        assert request.headers["Content-Type"] in bodies
        reference = next(iter(bodies.values()))["schema"].get("$ref", "").rpartition("/")[2]
        if reference:
            members = document["components"]["schemas"][reference]["properties"]
            assert set(msgspec.json.decode(request.content)) == set(members), name


def test_both_clients_have_the_same_methods() -> None:
    with Client("http://koto.test") as client:
        blocking, awaiting = _groups(client), _groups(AsyncClient("http://koto.test"))
        assert set(blocking) == set(awaiting)
        for name, group in blocking.items():
            ours, theirs = _methods(group), _methods(awaiting[name])
            assert {one: list(inspect.signature(method).parameters) for one, method in ours.items()} == {
                one: list(inspect.signature(method).parameters) for one, method in theirs.items()
            }


def test_every_method_and_type_is_described() -> None:
    for name in types.__all__:
        assert getattr(types, name).__doc__, name
    with Client("http://koto.test") as client:
        for group in _groups(client).values():
            for name, method in _methods(group).items():
                assert inspect.getdoc(method), name


def _sample(kind: Any) -> Any:
    """A value of a type, with every member."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{one.name: _sample(one.type) for one in msgspec.structs.fields(kind)})
    if isinstance(kind, type) and issubclass(kind, OpenObject):
        return kind(property="p", at=["2026-01-01T00:00:00Z"], avg=[1.0])
    if isinstance(kind, UnionType):
        return _sample(kind.__args__[0])
    match msgspec.inspect.type_info(kind):
        case msgspec.inspect.EnumType(cls=cls):
            return next(iter(cls))
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.ListType():
            return [_sample(kind.__args__[0])]
        case msgspec.inspect.DictType():
            return {"key": _sample(kind.__args__[1])}
        case _:
            return {str: "text", int: 7, float: 0.5, bool: True}.get(kind, {"any": [1, None]})


def test_types_go_out_and_come_back() -> None:
    kinds = [kind for name in types.__all__ if issubclass(kind := getattr(types, name), msgspec.Struct)]
    assert len(kinds) > 100
    for kind in kinds:
        made = _sample(kind)
        text = msgspec.json.encode(made)
        again = msgspec.json.decode(text, type=kind, dec_hook=lambda hooked, value: hooked(value))
        assert again == made, kind.__name__
        assert msgspec.json.encode(again) == text, kind.__name__


def test_no_argument_leads_to_another_address() -> None:
    with Client("http://koto.test", transport=httpx.MockTransport(_catch)) as client:
        for name in ("", ".", ".."):
            with pytest.raises(BadArgument):
                client.units.get(name)
        with pytest.raises(Asked) as caught:
            client.units.get("a/../b?c=d#e")
        assert caught.value.request.url.raw_path == b"/api/v1/units/a%2F..%2Fb%3Fc%3Dd%23e"


def test_an_answer_of_another_kind_is_told() -> None:
    for content in (b"<html>", b"{}", b'{"items": 7}'):
        transport = httpx.MockTransport(lambda _, content=content: httpx.Response(200, content=content))
        with Client("http://koto.test", transport=transport) as client, pytest.raises(UnexpectedAnswer):
            client.units.list().first()
