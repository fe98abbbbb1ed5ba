"""Organisations and keys through the front door."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from monokoto.connect.tenancy import ApiKeys, Organisation, Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import API_KEYS_PER_ORGANISATION_MAX
from monokoto.web import Scope


def test_an_organisation_is_found_by_id_and_by_slug(organisations: Organisations, acme: Organisation) -> None:
    assert organisations.get(acme.id) == acme
    assert organisations.by_slug("acme") == acme
    assert acme.kind == "maker"


def test_organisations_are_listed_by_slug_in_pages(organisations: Organisations) -> None:
    for slug in ("delta", "acme", "cobalt"):
        organisations.create(slug.title(), slug)
    first = organisations.list(limit=2)
    assert [one.slug for one in first] == ["acme", "cobalt"]
    assert [one.slug for one in organisations.list(after=first[-1].slug, limit=2)] == ["delta"]


def test_a_slug_is_taken_once(organisations: Organisations, acme: Organisation) -> None:
    with pytest.raises(Conflict, match=acme.slug):
        organisations.create("Another", "acme")


def test_every_fault_of_an_organisation_is_told_at_once(organisations: Organisations) -> None:
    with pytest.raises(Invalid) as caught:
        organisations.create(" ", "Not A Slug", kind="emperor")
    assert {fault.place for fault in caught.value.faults} == {"slug", "name", "kind"}


@pytest.mark.parametrize("slug", ["", "-a", "a-", "a--b", "A", "a_b", "ä", "a" * 65, "a\n"])
def test_what_is_not_a_slug(organisations: Organisations, slug: str) -> None:
    with pytest.raises(Invalid):
        organisations.create("Name", slug)


def test_an_unknown_organisation_is_not_found(organisations: Organisations) -> None:
    with pytest.raises(NotFound):
        organisations.get(new_id())
    with pytest.raises(NotFound):
        organisations.by_slug("nobody")


def test_a_key_opens_its_organisation_with_its_scopes(api_keys: ApiKeys, acme: Organisation) -> None:
    key, secret = api_keys.create(acme.id, name="ci", scopes=["units:write", Scope.PRODUCTS_READ])
    caller = api_keys.authenticate(secret)
    assert (caller.organisation_id, caller.key_id) == (acme.id, key.id)
    assert caller.may(Scope.UNITS_READ)
    assert not caller.may(Scope.PRODUCTS_WRITE)
    assert secret.startswith(f"koto_{format_id(key.id)}_")


def test_the_secret_is_nowhere_in_the_records(api_keys: ApiKeys, acme: Organisation, records: Records) -> None:
    _, secret = api_keys.create(acme.id, name="ci", scopes=["admin"])
    with records.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM api_keys")).all()
    # What comes after the key's id may itself hold the separator.
    assert secret.split("_", 2)[2] not in repr(rows)
    assert secret not in repr(api_keys.list(acme.id))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: secret[:-1],
        lambda secret: secret + "A",
        lambda secret: secret.replace("koto_", "Koto_"),
        lambda secret: f"koto_{format_id(new_id())}_{secret.split('_', 2)[2]}",
        lambda secret: "koto",
        lambda secret: "koto__",
        lambda secret: "koto_!!!!!!!!!!!!!_x",
        lambda secret: "\udcff" + secret,
        lambda secret: secret + "x" * 10_000,
        lambda secret: "",
    ],
)
def test_anything_but_the_secret_opens_nothing(api_keys: ApiKeys, acme: Organisation, spoil) -> None:
    _, secret = api_keys.create(acme.id, name="ci", scopes=["admin"])
    with pytest.raises(Unauthenticated):
        api_keys.authenticate(spoil(secret))


def test_a_key_ends_when_it_expires_even_when_it_is_remembered(
    api_keys: ApiKeys, acme: Organisation, clock: ManualClock
) -> None:
    _, secret = api_keys.create(acme.id, name="short", scopes=["admin"], expires_at=clock.now() + 1_000_000)
    api_keys.authenticate(secret)
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        api_keys.authenticate(secret)


def test_a_revoked_key_ends_at_once_here_and_within_two_seconds_elsewhere(
    api_keys: ApiKeys, acme: Organisation, records: Records, clock: ManualClock
) -> None:
    key, secret = api_keys.create(acme.id, name="leaked", scopes=["admin"])
    elsewhere = ApiKeys(records, clock)
    api_keys.authenticate(secret)
    elsewhere.authenticate(secret)
    revoked = api_keys.revoke(acme.id, key.id)
    assert revoked.revoked_at == clock.now()
    with pytest.raises(Unauthenticated):
        api_keys.authenticate(secret)
    clock.advance(2)
    with pytest.raises(Unauthenticated):
        elsewhere.authenticate(secret)


def test_revoking_again_keeps_the_first_instant(api_keys: ApiKeys, acme: Organisation, clock: ManualClock) -> None:
    key, _ = api_keys.create(acme.id, name="leaked", scopes=["admin"])
    first = api_keys.revoke(acme.id, key.id)
    clock.advance(60)
    assert api_keys.revoke(acme.id, key.id) == first


def test_keys_of_another_organisation_are_not_there(api_keys: ApiKeys, acme: Organisation, other: Organisation) -> None:
    key, secret = api_keys.create(acme.id, name="ours", scopes=["admin"])
    with pytest.raises(NotFound):
        api_keys.revoke(other.id, key.id)
    assert api_keys.list(other.id) == []
    assert api_keys.authenticate(secret).organisation_id == acme.id


def test_last_use_is_written_at_most_once_a_minute(api_keys: ApiKeys, acme: Organisation, clock: ManualClock) -> None:
    _, secret = api_keys.create(acme.id, name="busy", scopes=["admin"])
    first = clock.now()
    for _ in range(50):
        api_keys.authenticate(secret)
        clock.advance(1)
    assert api_keys.list(acme.id)[0].last_used_at == first
    clock.advance(10)
    api_keys.authenticate(secret)
    assert api_keys.list(acme.id)[0].last_used_at == clock.now()


def test_every_fault_of_a_key_is_told_at_once(api_keys: ApiKeys, acme: Organisation, clock: ManualClock) -> None:
    with pytest.raises(Invalid) as caught:
        api_keys.create(acme.id, name="", scopes=["everything"], expires_at=clock.now())
    assert {fault.place for fault in caught.value.faults} == {"name", "scopes", "expires_at"}
    with pytest.raises(Invalid, match="at least one"):
        api_keys.create(acme.id, name="none", scopes=[])


def test_a_key_needs_an_organisation(api_keys: ApiKeys) -> None:
    with pytest.raises(NotFound):
        api_keys.create(new_id(), name="nobody", scopes=["admin"])


def test_an_organisation_has_a_bounded_number_of_live_keys(
    api_keys: ApiKeys, acme: Organisation, records: Records
) -> None:
    first, _ = api_keys.create(acme.id, name="first", scopes=["admin"])
    with records.write() as connection:
        copy = sa.text(
            "INSERT INTO api_keys SELECT key_id + :number, organisation_id, name, digest, scopes, created_at, expires_at, "
            "revoked_at, last_used_at FROM api_keys WHERE key_id = :first"
        )
        more = range(1, API_KEYS_PER_ORGANISATION_MAX)
        connection.execute(copy, [{"number": number, "first": first.id} for number in more])
    with pytest.raises(Conflict):
        api_keys.create(acme.id, name="one too many", scopes=["admin"])
    api_keys.revoke(acme.id, first.id)
    api_keys.create(acme.id, name="in its place", scopes=["admin"])


def test_keys_are_listed_in_pages_from_the_oldest(api_keys: ApiKeys, acme: Organisation) -> None:
    made = [api_keys.create(acme.id, name=f"key {n}", scopes=["admin"])[0] for n in range(5)]
    page = api_keys.list(acme.id, limit=3)
    assert [key.id for key in page + api_keys.list(acme.id, after=page[-1].id)] == [key.id for key in made]


def test_many_threads_authenticate_while_a_key_is_revoked(api_keys: ApiKeys, acme: Organisation) -> None:
    key, secret = api_keys.create(acme.id, name="shared", scopes=["admin"])
    revoked = threading.Event()
    late: list[int] = []

    def ask() -> None:
        for _ in range(200):
            was_revoked = revoked.is_set()
            try:
                api_keys.authenticate(secret)
            except Unauthenticated:
                continue
            if was_revoked:
                late.append(1)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        api_keys.revoke(acme.id, key.id)
        revoked.set()
        for one in asked:
            one.result()
    assert late == []
