"""The caller's organisation and its keys over HTTP."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations, TenancyController
from monokoto.kernel.ids import format_id
from monokoto.web import authentication, exception_handlers, provide_caller


@pytest.fixture
def client(organisations: Organisations, api_keys: ApiKeys) -> Iterator[TestClient]:
    application = Litestar(
        [TenancyController],
        middleware=[authentication(api_keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "organisations": Provide(lambda: organisations, sync_to_thread=False),
            "api_keys": Provide(lambda: api_keys, sync_to_thread=False),
        },
    )
    with TestClient(application) as opened:
        yield opened


@pytest.fixture
def admin(api_keys: ApiKeys, acme: Organisation) -> dict[str, str]:
    return bearer(api_keys.create(acme.id, name="admin", scopes=["admin"])[1])


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_any_key_may_ask_whose_it_is(client: TestClient, api_keys: ApiKeys, acme: Organisation) -> None:
    _, secret = api_keys.create(acme.id, name="reader", scopes=["units:read"])
    answer = client.get("/api/v1/organisation", headers=bearer(secret))
    assert answer.status_code == 200
    assert answer.json()["slug"] == "acme"
    assert answer.json()["created_at"] == "2026-01-01T00:00:00Z"


def test_nobody_is_told_nothing(client: TestClient) -> None:
    for headers in ({}, bearer("koto_nothing"), {"Authorization": "Basic Zm9vOmJhcg=="}):
        answer = client.get("/api/v1/organisation", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "unauthenticated"


def test_a_key_made_over_http_works_until_it_is_revoked(client: TestClient, admin: dict[str, str]) -> None:
    made = client.post("/api/v1/keys", headers=admin, json={"name": "ci", "scopes": ["products:write"]})
    assert made.status_code == 201
    secret, key = made.json()["secret"], made.json()["key"]
    assert client.get("/api/v1/organisation", headers=bearer(secret)).status_code == 200
    listed = client.get("/api/v1/keys", headers=admin)
    assert [one["name"] for one in listed.json()["items"]] == ["admin", "ci"]
    assert secret not in listed.text
    revoked = client.delete(f"/api/v1/keys/{key['id']}", headers=admin)
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"]
    assert client.get("/api/v1/organisation", headers=bearer(secret)).status_code == 401


def test_keys_need_the_admin_scope(client: TestClient, api_keys: ApiKeys, acme: Organisation) -> None:
    _, secret = api_keys.create(acme.id, name="reader", scopes=["units:write", "products:write"])
    for answer in (
        client.get("/api/v1/keys", headers=bearer(secret)),
        client.post("/api/v1/keys", headers=bearer(secret), json={"name": "x", "scopes": ["admin"]}),
        client.delete("/api/v1/keys/0000000000000", headers=bearer(secret)),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"


def test_the_keys_come_in_pages(
    client: TestClient, admin: dict[str, str], api_keys: ApiKeys, acme: Organisation
) -> None:
    for number in range(4):
        api_keys.create(acme.id, name=f"key {number}", scopes=["admin"])
    names: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/api/v1/keys?limit=2{cursor and '&cursor=' + cursor}", headers=admin).json()
        names += [key["name"] for key in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert names == ["admin", "key 0", "key 1", "key 2", "key 3"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": []},
        {"name": "", "scopes": ["admin"]},
        {"name": "x", "scopes": ["admin"], "expires_at": "tomorrow"},
        {"name": "x", "scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["admin"], "owner": "me"},
    ],
)
def test_what_is_not_a_key_is_refused(client: TestClient, admin: dict[str, str], body: dict) -> None:
    answer = client.post("/api/v1/keys", headers=admin, json=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["title"]


def test_a_foreign_or_impossible_key_is_not_revoked(
    client: TestClient, admin: dict[str, str], api_keys: ApiKeys, other: Organisation
) -> None:
    foreign, secret = api_keys.create(other.id, name="theirs", scopes=["admin"])
    assert client.delete(f"/api/v1/keys/{format_id(foreign.id)}", headers=admin).status_code == 404
    assert client.delete("/api/v1/keys/not-an-id", headers=admin).status_code == 422
    assert api_keys.authenticate(secret).organisation_id == other.id


def test_a_cursor_of_another_list_is_refused(client: TestClient, admin: dict[str, str]) -> None:
    assert client.get("/api/v1/keys?cursor=nonsense", headers=admin).status_code == 422
