"""What all lists share: `fields` cuts an answer, in every route that gives things, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar, Response, get
from litestar.testing import TestClient

from monokoto.api import Health, Metrics, create_app
from monokoto.assembly import describe_api
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.web import Caller, Page, Scope


class Keys:
    def authenticate(self, _secret: str) -> Caller:
        return Caller(organisation_id=OrganisationId(1), key_id=ApiKeyId(2), scopes=frozenset({Scope.ADMIN}))


class ThingJson(msgspec.Struct):
    """A thing."""

    id: str
    size: float
    inner: dict[str, Any]


THING = ThingJson("a", 1e-7, {"id": [1, 2**60], "ü": None})


@get("/things", operation_id="listThings", summary="Things", tags=["Units"])
async def things(limit: int = 2) -> Page[ThingJson]:
    return Page(items=[THING] * limit, next_cursor="more")


@get("/thing", operation_id="getThing", summary="Thing", tags=["Units"])
async def thing(which: str = "") -> Response[ThingJson]:
    if which:
        raise NotFound("There is none.")
    return Response(THING, headers={"ETag": '"7"'})


@get("/map", operation_id="getMap", summary="Any", tags=["Units"])
async def anything() -> dict[str, int]:
    return {"id": 1}


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    app = create_app(
        routes=[things, thing, anything],
        dependencies={"health": Health({}), "metrics": Metrics()},
        authenticator=Keys(),
    )
    with TestClient(app) as found:
        found.headers["Authorization"] = "Bearer key"
        yield found


def test_a_thing_and_each_thing_on_a_page_are_cut(client: TestClient[Litestar]) -> None:
    whole = client.get("/thing").json()
    assert client.get("/thing?fields=size,id").json() == {"id": "a", "size": 1e-7}
    assert client.get("/thing?fields=inner").json() == {"inner": whole["inner"]}  # what is left is not touched
    assert client.get("/things?fields=id&limit=3").json() == {"items": [{"id": "a"}] * 3, "next_cursor": "more"}
    assert client.get("/things?fields=id&fields=size").json()["items"][0] == {"id": "a", "size": 1e-7}


def test_the_head_fits_the_body(client: TestClient[Litestar]) -> None:
    cut = client.get("/thing?fields=id")
    assert (cut.headers["content-length"], cut.headers["etag"]) == (str(len(cut.content)), '"7"')
    head = client.head("/thing?fields=id")
    assert (head.status_code, head.headers["content-length"]) == (200, cut.headers["content-length"])


def test_a_field_there_is_not_is_refused_with_those_there_are(client: TestClient[Litestar]) -> None:
    for path in ("/thing?fields=sice,id", "/things?fields=sice"):
        refused = client.get(path)
        assert refused.status_code == 422
        assert refused.json()["faults"] == [{"reason": "there is no 'sice'; did you mean `size`?", "place": "fields"}]
        assert refused.json()["remedy"] == "It has id, size, inner."
    assert client.get("/thing?fields=").status_code == 200
    assert client.get("/thing?fields=,").status_code == 422


def test_refusals_come_whole_and_what_has_no_shape_takes_no_fields(client: TestClient[Litestar]) -> None:
    missing = client.get("/thing?fields=id&which=x")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    assert client.get("/map?fields=id").status_code == 422


def test_every_list_and_every_single_thing_takes_fields() -> None:
    """All whose answer is a described object. The history names what it gives in its question; sign-in pages
    and key sets are needed whole."""
    document = describe_api()
    lacking = []
    for path, item in document["paths"].items():
        operation = item.get("get", {})
        answer = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        kind = answer.get("schema", {}).get("$ref", "")
        has = any(one["name"] == "fields" for one in operation.get("parameters", ()))
        if kind and path.startswith("/api/") and not has:
            lacking.append((path, kind))
    assert {kind.rpartition("/")[2] for _, kind in lacking} <= {
        "History",
        "ProviderPage",
        "RelyingParty",
        "SigningKeys",
    }


def test_every_change_takes_an_idempotency_key() -> None:
    for path, item in describe_api()["paths"].items():
        for method in ("post", "put", "patch", "delete"):
            if path.startswith("/api/v1") and item.get(method, {}).get("security"):
                names = [one["name"] for one in item[method].get("parameters", ())]
                known = item[method]["security"] != [{"unit": []}]
                assert ("Idempotency-Key" in names) is known, f"{method} {path}"
