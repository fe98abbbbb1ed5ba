"""Planning and applying: versions that never change, one after the other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from monokoto.connect.products import VERSION_APPLIED, Bump, Folder, Outcome, Products
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid, MonokotoError, NotFound
from monokoto.kernel.limits import VERSIONS_PER_PRODUCT_MAX

US = 11
THEM = 22
NUMBER = {"type": "number"}


def test_a_new_product_is_created(products: Products, folder_of, clock: ManualClock) -> None:
    plan = products.plan(US, folder_of())
    assert (plan.outcome, plan.base, plan.changes) == (Outcome.CREATE, "", ())
    with pytest.raises(NotFound):
        products.get(US, "cooker")
    applied = products.apply(US, folder_of(title="The cooker"))
    assert products.get(US, "cooker") == applied.product
    assert (applied.product.title, applied.product.current_version) == ("The cooker", "1.0.0")
    (fact,) = applied.facts
    assert (fact.name, fact.organisation_id, fact.at) == (VERSION_APPLIED, US, clock.now())
    assert fact.data == {"product": "cooker", "version": "1.0.0"}


def test_applying_again_changes_nothing(products: Products, folder_of, clock: ManualClock) -> None:
    first = products.apply(US, folder_of())
    clock.advance(10)
    again = products.apply(US, folder_of())
    assert again.plan.outcome is Outcome.UNCHANGED
    assert again.product == first.product
    assert again.facts == ()


def test_comments_and_order_are_no_content(products: Products) -> None:
    products.apply(US, Folder({"product.yaml": "product: p\nmodel: {version: {model: 1.0.0}, title: P}\n"}))
    reworded = "# a comment\nmodel:\n  title: 'P'\n  version:\n    model: '1.0.0'\nproduct: p\n"
    assert products.apply(US, Folder({"product.yaml": reworded})).plan.outcome is Outcome.UNCHANGED


def test_a_version_that_says_something_else_is_refused_with_the_next_one_named(products: Products, folder_of) -> None:
    products.apply(US, folder_of())
    changed = folder_of(properties={"temperature": {"type": "number", "unit": "Cel", "readOnly": True}, "lid": NUMBER})
    plan = products.plan(US, changed)
    assert (plan.outcome, plan.needed, plan.suggested_version) == (Outcome.REFUSED, Bump.MINOR, "1.1.0")
    with pytest.raises(Conflict, match="never changes") as caught:
        products.apply(US, changed)
    assert [fault.place for fault in caught.value.faults] == ["/model/properties/lid"]
    assert "1.1.0" in caught.value.remedy


def test_what_breaks_is_listed_and_needs_a_major_version(products: Products, folder_of) -> None:
    products.apply(US, folder_of(properties={"a": NUMBER, "b": NUMBER}, events={"done": {}}))
    breaking = {"a": {"type": "string"}, "c": {"type": "boolean"}}
    with pytest.raises(Conflict) as caught:
        products.apply(US, folder_of("1.1.0", properties=breaking))
    assert [fault.place for fault in caught.value.faults] == [
        "/model/properties/a/type",
        "/model/properties/b",
        "/model/events/done",
    ]
    assert "2.0.0" in caught.value.remedy
    assert products.get(US, "cooker").current_version == "1.0.0"
    assert products.apply(US, folder_of("2.0.0", properties=breaking)).product.current_version == "2.0.0"


@pytest.mark.parametrize(
    ("version", "properties", "outcome", "suggested"),
    [
        ("1.0.1", {"a": {"type": "number", "title": "A"}}, Outcome.ADD_VERSION, ""),
        ("1.0.1", {"a": NUMBER, "b": NUMBER}, Outcome.REFUSED, "1.1.0"),
        ("1.1.0", {"a": NUMBER, "b": NUMBER}, Outcome.ADD_VERSION, ""),
        ("1.9.9", {}, Outcome.REFUSED, "2.0.0"),
        ("2.0.0", {}, Outcome.ADD_VERSION, ""),
        ("2.0.0-beta.1", {}, Outcome.ADD_VERSION, ""),
        ("1.1.0-beta.1", {}, Outcome.REFUSED, "2.0.0"),
        ("0.9.0", {"z": NUMBER}, Outcome.ADD_VERSION, ""),
    ],
)
def test_the_version_must_move_as_far_as_the_changes(
    products: Products, folder_of, version: str, properties: dict, outcome: Outcome, suggested: str
) -> None:
    products.apply(US, folder_of("1.0.0", properties={"a": NUMBER}))
    plan = products.plan(US, folder_of(version, properties=properties))
    assert (plan.outcome, plan.suggested_version) == (outcome, suggested)
    if suggested:
        assert products.apply(US, folder_of(suggested, properties=properties)).plan.outcome is Outcome.ADD_VERSION


def test_an_older_line_gets_its_own_versions_and_stays_behind(products: Products, folder_of) -> None:
    for version, properties in (
        ("1.0.0", {"a": NUMBER}),
        ("2.0.0", {"b": NUMBER}),
        ("1.1.0", {"a": NUMBER, "c": NUMBER}),
    ):
        products.apply(US, folder_of(version, properties=properties))
    assert products.get(US, "cooker").current_version == "2.0.0"
    assert [one.version for one in products.versions(US, "cooker")] == ["2.0.0", "1.1.0", "1.0.0"]


def test_a_version_between_two_must_suit_the_one_above(products: Products, folder_of) -> None:
    products.apply(US, folder_of("1.0.0", properties={"a": NUMBER}))
    products.apply(US, folder_of("1.2.0", properties={"a": NUMBER, "b": NUMBER}))
    with pytest.raises(Conflict, match="which is there already"):
        products.apply(US, folder_of("1.1.0", properties={"a": NUMBER, "c": NUMBER}))
    products.apply(US, folder_of("1.1.0", properties={"a": {"type": "number", "title": "A"}}))


def test_pre_releases_promise_nothing_until_the_release(products: Products, folder_of) -> None:
    products.apply(US, folder_of("1.0.0-a", properties={"a": NUMBER}))
    products.apply(US, folder_of("1.0.0-b", properties={"b": NUMBER}))
    assert products.get(US, "cooker").current_version == "1.0.0-b"
    products.apply(US, folder_of("1.0.0", properties={"c": NUMBER}))
    products.apply(US, folder_of("2.0.0-rc.1", properties={}))
    assert products.get(US, "cooker").current_version == "1.0.0"
    with pytest.raises(Conflict, match="never changes") as caught:
        products.apply(US, folder_of("2.0.0-rc.1", properties={"c": NUMBER}))
    assert "2.0.0-rc.2" in caught.value.remedy


def test_other_sections_may_change_with_any_version(products: Products, folder_of) -> None:
    products.apply(US, folder_of(sections={"policies": {"hot": {"when": "temperature > 100"}}}))
    plan = products.plan(US, folder_of("1.0.1", sections={"policies": {"hot": {"when": "temperature > 90"}}}))
    assert (plan.outcome, [change.place for change in plan.changes]) == (Outcome.ADD_VERSION, ["/policies"])
    assert [note.place for note in plan.notes] == ["/policies"]


def test_a_model_is_compiled_once_and_the_current_one_follows(
    products: Products, folder_of, records: Records, clock
) -> None:
    products.apply(US, folder_of("1.0.0", properties={"a": NUMBER}))
    first = products.model(US, "cooker", "1.0.0")
    assert products.model(US, "cooker", "1.0.0") is first
    assert products.current(US, "cooker") is first
    products.apply(US, folder_of("1.1.0", properties={"a": NUMBER, "b": NUMBER}))
    assert list(products.current(US, "cooker").properties) == ["a", "b"]
    assert products.model(US, "cooker", "1.0.0") is first
    assert Products(records, clock).model(US, "cooker", "1.0.0") == first


def test_products_of_another_organisation_are_not_there(products: Products, folder_of) -> None:
    products.apply(US, folder_of())
    products.current(US, "cooker")
    for ask in (
        lambda: products.get(THEM, "cooker"),
        lambda: products.versions(THEM, "cooker"),
        lambda: products.content(THEM, "cooker", "1.0.0"),
        lambda: products.model(THEM, "cooker", "1.0.0"),
        lambda: products.current(THEM, "cooker"),
    ):
        with pytest.raises(NotFound):
            ask()
    assert products.list(THEM) == []
    assert products.plan(THEM, folder_of()).outcome is Outcome.CREATE
    products.apply(THEM, folder_of(properties={"other": NUMBER}))
    assert list(products.current(US, "cooker").properties) == ["temperature"]


def test_what_was_applied_comes_back_word_by_word(products: Products) -> None:
    text = "# ours\nproduct: p\nmodel: {version: {model: 1.0.0}, properties: {a: {type: number}}}\n"
    products.apply(US, Folder({"product.yaml": text}))
    content = products.content(US, "p", "1.0.0")
    assert content.files == {"product.yaml": text}
    assert content.document["product"] == "p"
    assert content.thing_model["@type"] == "tm:ThingModel"
    for product, version in (("p", "1.0.1"), ("q", "1.0.0"), ("", ""), ("p", "nonsense")):
        with pytest.raises(NotFound):
            products.content(US, product, version)


def test_products_are_listed_by_name_in_pages(products: Products, folder_of) -> None:
    for name in ("cooker", "scale", "engine"):
        products.apply(US, folder_of(product=name))
    page = products.list(US, limit=2)
    assert [one.product for one in page] == ["cooker", "engine"]
    assert [one.product for one in products.list(US, after="engine", limit=2)] == ["scale"]


def test_a_folder_with_faults_changes_nothing(products: Products, records: Records) -> None:
    with pytest.raises(Invalid):
        products.apply(US, Folder({"product.yaml": "product: p\nmodel: {}"}))
    with records.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM products")).scalar_one() == 0


def test_a_refused_first_apply_leaves_no_empty_product(products: Products, folder_of, monkeypatch) -> None:
    monkeypatch.setattr("monokoto.connect.products.service.PRODUCTS_PER_ORGANISATION_MAX", 1)
    products.apply(US, folder_of(product="first"))
    with pytest.raises(Conflict):
        products.apply(US, folder_of(product="second"))
    assert [one.product for one in products.list(US)] == ["first"]
    products.apply(THEM, folder_of(product="second"))


def test_a_product_has_a_bounded_number_of_versions(products: Products, folder_of, records: Records) -> None:
    products.apply(US, folder_of("1.0.0"))
    with records.write() as connection:
        copy = sa.text(
            "INSERT INTO product_versions SELECT organisation_id, product, :version, digest, thing_model, document, files, "
            "created_at FROM product_versions WHERE version = '1.0.0'"
        )
        connection.execute(copy, [{"version": f"1.0.{patch}"} for patch in range(1, VERSIONS_PER_PRODUCT_MAX)])
    with pytest.raises(Conflict, match="the most"):
        products.apply(US, folder_of("2.0.0"))
    assert len(products.versions(US, "cooker")) == VERSIONS_PER_PRODUCT_MAX


def test_many_apply_at_once_and_each_version_is_there_once(products: Products, folder_of) -> None:
    barrier = threading.Barrier(8)

    def apply(number: int) -> str:
        barrier.wait()
        # Pairs ask for the same version with different content: one of each pair must lose.
        folder = folder_of(f"1.{number // 2}.0", description=f"content {number % 2}")
        try:
            return products.apply(US, folder).plan.outcome.value
        except MonokotoError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(apply, range(8)))
    assert outcomes.count("create") == 1
    assert outcomes.count("add-version") == 3
    assert outcomes.count("conflict") == 4
    assert [one.version for one in products.versions(US, "cooker")] == ["1.3.0", "1.2.0", "1.1.0", "1.0.0"]
    assert products.get(US, "cooker").current_version == "1.3.0"


def test_the_same_folder_applied_at_once_by_many_is_there_once(products: Products, folder_of) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = [one.plan.outcome for one in pool.map(lambda _: products.apply(US, folder_of()), range(8))]
    assert sorted(outcomes) == [Outcome.CREATE, *[Outcome.UNCHANGED] * 7]
