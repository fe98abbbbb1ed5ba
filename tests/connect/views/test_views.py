"""Saved views: whose they are, who sees them, what their routes take and refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from monokoto.api import create_app
from monokoto.connect.views import Listed, Views, ViewsController
from monokoto.engines.records import Records, metadata
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId
from monokoto.web import Caller, Scope

ACME, OTHER = OrganisationId(11), OrganisationId(22)


def person(number: int, organisation: OrganisationId = ACME, scope: Scope = Scope.UNITS_READ) -> Caller:
    return Caller(organisation_id=organisation, person_id=PersonId(number), scopes=frozenset({scope}))


MINA, JUN, CHIEF, STRANGER = person(1), person(2), person(3, scope=Scope.ADMIN), person(4, OTHER)


def save(views: Views, caller: Caller, name: str = "Line 4", *, query: str = "tag=line-4", shared: bool = False) -> int:
    return views.create(caller, listed=Listed.UNITS, name=name, query=query, shared=shared).id


def names(views: Views, caller: Caller) -> list[str]:
    return [one.name for one in views.list(caller, listed=Listed.UNITS, after=0, limit=100)]


def test_the_migrated_table_is_the_stores(records: Records) -> None:
    def shape() -> object:
        inspector = sa.inspect(records.engine)
        return (
            {one["name"]: (str(one["type"]), one["nullable"]) for one in inspector.get_columns("saved_views")},
            sorted((one["name"], tuple(one["column_names"])) for one in inspector.get_indexes("saved_views")),
        )

    migrated = shape()
    with records.write() as connection:
        connection.execute(sa.text("DROP TABLE saved_views"))
    metadata.create_all(records.engine, tables=[metadata.tables["saved_views"]])
    assert shape() == migrated


def test_a_view_is_its_makers_until_it_is_shared(views: Views) -> None:
    own = save(views, MINA)
    assert (names(views, MINA), names(views, JUN), names(views, CHIEF)) == (["Line 4"], [], [])
    for other in (JUN, CHIEF, STRANGER):
        with pytest.raises(NotFound):
            views.change(other, own, name="Mine", query=None, shared=None)
    views.change(MINA, own, name=None, query=None, shared=True)
    assert names(views, JUN) == names(views, CHIEF) == ["Line 4"]
    assert names(views, STRANGER) == []
    with pytest.raises(Forbidden):
        views.delete(JUN, own)
    with pytest.raises(NotFound):
        views.delete(STRANGER, own)
    assert views.change(CHIEF, own, name="Line four", query="tag=four", shared=None).query == "tag=four"
    views.delete(CHIEF, own)
    assert names(views, MINA) == []


def test_a_name_is_free_once_for_each_person(views: Views) -> None:
    first = save(views, MINA)
    save(views, JUN)
    with pytest.raises(Conflict):
        save(views, MINA, " Line 4 ")
    second = save(views, MINA, "Line 5")
    with pytest.raises(Conflict):
        views.change(MINA, second, name="Line 4", query=None, shared=None)
    assert views.change(MINA, first, name="Line 4", query="tag=x", shared=None).query == "tag=x"


@pytest.mark.parametrize(
    ("name", "query", "place"),
    [("", "a=1", "name"), ("x" * 101, "a=1", "name"), ("a\nb", "", "name"), ("a", "?a=1", "query"), ("a", "ü=1", "query"),
     ("a", "a" * 4001, "query")],
)  # fmt: skip
def test_what_is_no_view_is_refused_with_its_place(views: Views, name: str, query: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        save(views, MINA, name, query=query)
    assert [fault.place for fault in refused.value.faults] == [place]


class Keys:
    def authenticate(self, secret: str) -> Caller:
        scope = Scope.PEOPLE_READ if secret == "blind" else Scope.UNITS_READ
        return Caller(organisation_id=ACME, key_id=ApiKeyId(9), scopes=frozenset({scope}))


@pytest.fixture
def client(views: Views) -> Iterator[TestClient[Litestar]]:
    app = create_app(routes=[ViewsController], dependencies={"views": views}, authenticator=Keys())
    with TestClient(app) as found:
        found.headers["Authorization"] = "Bearer reader"
        yield found


def test_over_http(client: TestClient[Litestar], views: Views) -> None:
    made = client.post("/api/v1/views", json={"name": "Offline", "query": "online=false&sort=-updated_at"})
    assert made.status_code == 201
    path = made.headers["Location"]
    assert client.get(path).json() == made.json()
    shared = save(views, MINA, "Hers", shared=True)
    listed = client.get("/api/v1/views?list=units&limit=1").json()
    assert [one["name"] for one in listed["items"]] == ["Offline"]
    rest = client.get("/api/v1/views", params={"cursor": listed["next_cursor"]}).json()["items"]
    assert [(one["name"], one["own"], one["changeable"]) for one in rest] == [("Hers", False, False)]
    assert client.patch(path, json={"shared": True}).json()["shared"] is True
    assert client.post("/api/v1/views", json={"name": "Offline", "query": ""}).status_code == 409
    assert client.post("/api/v1/views", json={"name": "", "query": ""}).status_code == 422
    assert client.delete(f"/api/v1/views/{rest[0]['id']}").status_code == 403
    assert client.delete(path).status_code == 200
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/views/rubbish").status_code == 422
    assert client.get("/api/v1/views", headers={"Authorization": "Bearer blind"}).status_code == 403
    assert views.get(MINA, shared).name == "Hers"
