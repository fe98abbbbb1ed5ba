"""Products over HTTP."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.connect.products import Products, ProductsController
from monokoto.connect.tenancy import ApiKeys, Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.facts import Fact
from monokoto.web import authentication, exception_handlers, provide_caller

FILE = "product: cooker\nmodel:\n  version: {model: 1.0.0}\n  properties:\n    lid: {type: boolean}\n"
Headers = dict[str, str]


class Heard:
    """Facts that only remember what was told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def tell(self, fact: Fact) -> None:
        self.facts.append(fact)

    async def listen(self, name: str, heard: object) -> None:
        raise NotImplementedError


@pytest.fixture
def api_keys(records: Records, clock: ManualClock) -> ApiKeys:
    return ApiKeys(records, clock)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def client(products: Products, api_keys: ApiKeys, heard: Heard) -> Iterator[TestClient]:
    application = Litestar(
        [ProductsController],
        middleware=[authentication(api_keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "products": Provide(lambda: products, sync_to_thread=False),
            "facts": Provide(lambda: heard, sync_to_thread=False),
        },
    )
    with TestClient(application) as opened:
        yield opened


def key_of(records: Records, clock: ManualClock, slug: str, *scopes: str) -> Headers:
    owner = Organisations(records, clock).create(slug, slug)
    _, secret = ApiKeys(records, clock).create(owner.id, name="test", scopes=scopes)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def writer(records: Records, clock: ManualClock) -> Headers:
    return key_of(records, clock, "acme", "products:write")


def body(text: str = FILE) -> dict:
    return {"files": {"product.yaml": text}}


def test_a_product_is_checked_compared_applied_and_shown(client: TestClient, writer: Headers, heard: Heard) -> None:
    checked = client.post("/api/v1/products/check", headers=writer, json=body())
    assert (checked.status_code, checked.json()["properties"]) == (200, 1)
    assert client.post("/api/v1/products/diff", headers=writer, json=body()).json()["outcome"] == "create"
    assert heard.facts == []
    applied = client.post("/api/v1/products/apply", headers=writer, json=body())
    assert applied.status_code == 200
    assert applied.json()["product"]["current_version"] == "1.0.0"
    assert [fact.data for fact in heard.facts] == [{"product": "cooker", "version": "1.0.0"}]
    again = client.post("/api/v1/products/apply", headers=writer, json=body())
    assert again.json()["plan"]["outcome"] == "unchanged"
    assert len(heard.facts) == 1
    assert [one["product"] for one in client.get("/api/v1/products", headers=writer).json()["items"]] == ["cooker"]
    assert client.get("/api/v1/products/cooker", headers=writer).json()["title"] == "cooker"
    versions = client.get("/api/v1/products/cooker/versions", headers=writer).json()["items"]
    assert [one["version"] for one in versions] == ["1.0.0"]
    version = client.get("/api/v1/products/cooker/versions/1.0.0", headers=writer).json()
    assert version["files"] == {"product.yaml": FILE}
    assert version["thing_model"]["properties"] == {"lid": {"type": "boolean"}}


def test_faults_come_with_file_line_place_and_reason(client: TestClient, writer: Headers) -> None:
    for route in ("check", "diff", "apply"):
        answer = client.post(f"/api/v1/products/{route}", headers=writer, json=body(FILE.replace("boolean", "bool")))
        assert answer.status_code == 422
        assert answer.json()["faults"] == [
            {
                "file": "product.yaml",
                "line": 5,
                "place": "/model/properties/lid/type",
                "reason": "must be one of number, integer, boolean, string, object, array, null, "
                "this is the text 'bool'; did you mean `boolean`?",
            }
        ]


def test_what_breaks_is_a_conflict_with_its_list(client: TestClient, writer: Headers) -> None:
    client.post("/api/v1/products/apply", headers=writer, json=body())
    broken = body(FILE.replace("1.0.0", "1.1.0").replace("boolean", "string"))
    plan = client.post("/api/v1/products/diff", headers=writer, json=broken).json()
    assert (plan["outcome"], plan["needs"], plan["suggested_version"]) == ("refused", "major", "2.0.0")
    assert plan["changes"] == [
        {
            "place": "/model/properties/lid/type",
            "kind": "changed",
            "needs": "major",
            "reason": "values of another type",
            "before": "boolean",
            "after": "string",
        }
    ]
    answer = client.post("/api/v1/products/apply", headers=writer, json=broken)
    assert answer.status_code == 409
    assert [fault["place"] for fault in answer.json()["faults"]] == ["/model/properties/lid/type"]
    assert "2.0.0" in answer.json()["remedy"]


def test_scopes_and_walls(client: TestClient, writer: Headers, records: Records, clock: ManualClock) -> None:
    client.post("/api/v1/products/apply", headers=writer, json=body())
    reader = key_of(records, clock, "readers", "products:read")
    assert client.post("/api/v1/products/apply", headers=reader, json=body()).status_code == 403
    assert client.post("/api/v1/products/diff", headers=reader, json=body()).json()["outcome"] == "create"
    assert client.get("/api/v1/products", headers=reader).json()["items"] == []
    for path in ("cooker", "cooker/versions", "cooker/versions/1.0.0"):
        assert client.get(f"/api/v1/products/{path}", headers=reader).status_code == 404
        assert client.get(f"/api/v1/products/{path}").status_code == 401
    outsider = key_of(records, clock, "outside", "units:write")
    assert client.get("/api/v1/products", headers=outsider).status_code == 403


def test_the_list_comes_in_pages(client: TestClient, writer: Headers) -> None:
    for name in ("a", "b", "c"):
        client.post("/api/v1/products/apply", headers=writer, json=body(FILE.replace("cooker", name)))
    first = client.get("/api/v1/products?limit=2", headers=writer).json()
    second = client.get(f"/api/v1/products?limit=2&cursor={first['next_cursor']}", headers=writer).json()
    assert [one["product"] for one in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None
    assert client.get("/api/v1/products?limit=0", headers=writer).status_code in {400, 422}
    assert client.get("/api/v1/products?cursor=x", headers=writer).status_code == 422


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({}, 422),
        ({"other.yaml": FILE}, 422),
        ({"product.yaml": "x" * (1024 * 1024 + 1)}, 413),
        ({f"{number}.md": "" for number in range(100)}, 413),
        ({"product.yaml": 5}, 422),
        ({"product.yaml": "\u0000"}, 422),
    ],
)
def test_what_is_no_folder_is_refused(client: TestClient, writer: Headers, files: dict, status: int) -> None:
    answer = client.post("/api/v1/products/apply", headers=writer, json={"files": files})
    assert answer.status_code in {status, 400 if status == 422 else status}
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_facts_need_be_there(products: Products, api_keys: ApiKeys, writer: Headers) -> None:
    application = Litestar(
        [ProductsController],
        middleware=[authentication(api_keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "products": Provide(lambda: products, sync_to_thread=False),
        },
    )
    with TestClient(application) as client:
        assert client.post("/api/v1/products/apply", headers=writer, json=body()).status_code == 200


def test_two_versions_are_compared_either_way(client: TestClient, writer: Headers) -> None:
    newer = FILE.replace("1.0.0", "1.1.0") + "    level: {type: integer}\n"
    for text in (FILE, newer):
        assert client.post("/api/v1/products/apply", headers=writer, json=body(text)).status_code == 200
    path = "/api/v1/products/cooker/versions/{}/changes"
    (added,) = client.get(path.format("1.1.0"), headers=writer, params={"since": "1.0.0"}).json()["items"]
    assert (added["kind"], added["needs"], added["after"]["type"]) == ("added", "minor", "integer")
    assert added["place"].endswith("/level")
    (removed,) = client.get(path.format("1.0.0"), headers=writer, params={"since": "1.1.0"}).json()["items"]
    assert (removed["kind"], removed["needs"]) == ("removed", "major")
    assert client.get(path.format("1.0.0"), headers=writer, params={"since": "1.0.0"}).json()["items"] == []
    assert client.get(path.format("1.0.0"), headers=writer, params={"since": "7.0.0"}).status_code == 404
