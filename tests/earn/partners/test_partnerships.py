"""A partner as an organisation: it sees what its maker said is its own, and nothing of the others."""

from __future__ import annotations

import pytest
from sharing_making import YEAR, billed, shuttles
from till import Till

from monokoto.connect.tenancy import Organisations
from monokoto.earn.partners import Partnerships
from monokoto.engines.records import Records
from monokoto.kernel import limits
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id, parse_id


class Known:
    """As `Organisations` of partnerships."""

    def __init__(self, organisations: Organisations) -> None:
        self._organisations = organisations

    def find(self, reference: str) -> int:
        try:
            return self._organisations.get(parse_id(reference)).id
        except Invalid:
            return self._organisations.by_slug(reference).id

    def called(self, organisation_id: int) -> str:
        return self._organisations.get(organisation_id).name


@pytest.fixture
def till(records: Records) -> Till:
    return shuttles(records)


@pytest.fixture
def known(till: Till) -> Organisations:
    organisations = Organisations(till.records, till.clock)
    for slug in ("town", "driver", "plug"):
        organisations.create(slug.title(), slug, "provider")
    return organisations


@pytest.fixture
def partnerships(till: Till, known: Organisations) -> Partnerships:
    return Partnerships(till.records, till.clock, Known(known), till.statements)


def test_a_partner_sees_its_own_part_and_no_other(till: Till, known: Organisations, partnerships: Partnerships) -> None:
    invoice = billed(till, 7)
    town, driver = (known.by_slug(slug).id for slug in ("town", "driver"))
    assert partnerships.of_partner(town, limit=10) == []
    partnerships.say(till.maker, "city", "town")
    partnerships.say(till.maker, "operator", format_id(driver))
    ((one, owed),) = partnerships.of_partner(town, limit=10)
    assert (one.organisation_id, one.partner) == (till.maker, "city")
    assert [(it.partner, it.currency, f"{it.owed}") for it in owed] == [("city", "EUR", "7.53")]
    (row,) = partnerships.statement(town, till.maker, "city", "EUR", YEAR, limit=10).rows
    assert (row.document, f"{row.amount}") == (invoice.label, "7.53")
    for organisation_id, partner in ((town, "operator"), (driver, "city"), (town, "charging")):
        with pytest.raises(NotFound):
            partnerships.statement(organisation_id, till.maker, partner, "EUR", YEAR, limit=10)
    with pytest.raises(NotFound):
        partnerships.statement(town, driver, "city", "EUR", YEAR, limit=10)


def test_whoever_is_no_longer_a_partner_sees_no_more(
    till: Till, known: Organisations, partnerships: Partnerships
) -> None:
    town, plug = (known.by_slug(slug).id for slug in ("town", "plug"))
    partnerships.say(till.maker, "city", "town")
    partnerships.say(till.maker, "city", "plug")
    assert [len(partnerships.of_partner(one, limit=10)) for one in (town, plug)] == [0, 1]
    empty = partnerships.statement(plug, till.maker, "city", "EUR", YEAR, limit=10)
    assert (f"{empty.opening}", f"{empty.closing}", empty.rows) == ("0.00", "0.00", ()), "nothing was shared yet"
    partnerships.forget(till.maker, "city")
    assert partnerships.of_partner(plug, limit=10) == []
    with pytest.raises(NotFound):
        partnerships.statement(plug, till.maker, "city", "EUR", YEAR, limit=10)
    with pytest.raises(NotFound):
        partnerships.forget(till.maker, "city")


def test_what_is_no_partnership(till: Till, partnerships: Partnerships, monkeypatch: pytest.MonkeyPatch) -> None:
    for partner, organisation, place in (
        ("city", "nobody", "organisation"),
        ("city", format_id(till.maker), "organisation"),
        ("A b", "town", "partner"),
        ("c" * 65, "town", "partner"),
    ):
        with pytest.raises(Invalid) as told:
            partnerships.say(till.maker, partner, organisation)
        assert [fault.place for fault in told.value.faults] == [place]
    monkeypatch.setattr("monokoto.earn.partners.service.PARTNERSHIPS_PER_ORGANISATION_MAX", 1)
    partnerships.say(till.maker, "city", "town")
    partnerships.say(till.maker, "city", "driver")
    with pytest.raises(Conflict):
        partnerships.say(till.maker, "operator", "town")
    assert limits.PARTNERSHIPS_PER_ORGANISATION_MAX == 1_000


def test_pages_of_partnerships(till: Till, known: Organisations, partnerships: Partnerships) -> None:
    town = known.by_slug("town").id
    for partner in ("charging", "city", "operator"):
        partnerships.say(till.maker, partner, "town")
    first = partnerships.of_partner(town, limit=2)
    last = first[-1][0]
    rest = partnerships.of_partner(town, after=(last.organisation_id, last.partner), limit=2)
    assert [one.partner for one, _ in [*first, *rest]] == ["charging", "city", "operator"]
