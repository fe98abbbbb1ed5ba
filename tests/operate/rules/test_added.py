"""Rules organisations add: kept with their versions, within what is theirs, and worked into the book."""

from collections.abc import Callable
from typing import Any

import pytest
from rules_making import SomeReach, text_of

from monokoto.connect.products import Folder, Products
from monokoto.engines.records import Records
from monokoto.kernel import limits
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid, MonokotoError, NotFound, PreconditionFailed, TooLarge
from monokoto.kernel.ids import format_id
from monokoto.operate.rules import NewRule, RuleBook, RuleChange, Rules, RulesSection

MAKER, OWNER, STRANGER = 1, 2, 3
HOT = {"when": "temperature > 80"}


class House:
    def __init__(self, records: Records) -> None:
        self.clock = ManualClock()
        self.products = Products(records, self.clock, [RulesSection()])
        self.reach = SomeReach()
        self.rules = Rules(records, self.clock, products=self.products, reach=self.reach)
        self.book = RuleBook(self.products, self.rules, self.reach)

    def apply(self, rules: str = "", version: str = "1.0.0", maker: int = MAKER) -> None:
        self.products.apply(maker, Folder({"product.yaml": text_of(rules, version)}))
        self.reach.all_kinds.add((maker, "press", version))

    def keys(self) -> list[tuple[int, str, str]]:
        return [(rule.organisation_id, rule.key, rule.version) for rule in self.book.refresh().rules]


@pytest.fixture
def house(records: Records) -> House:
    made = House(records)
    made.apply()
    made.reach.held = {(MAKER, MAKER, "press"): [11, 12, 13], (OWNER, MAKER, "press"): [12]}
    return made


def hot(**more: Any) -> NewRule:
    return NewRule(**{"name": "hot", "product": "press", "document": HOT, **more})


def faults_of(work: Callable[[], object]) -> list[str]:
    with pytest.raises(MonokotoError) as caught:
        work()
    return [str(fault) for fault in caught.value.faults]


def test_a_rule_is_kept_with_its_versions(house: House) -> None:
    made = house.rules.create(MAKER, hot(), actor_id=7)
    assert (made.version, made.revision, made.watched.maker_id, made.enabled) == (1, 1, MAKER, True)
    assert house.rules.get(MAKER, made.id) == made
    house.clock.advance(5)
    renamed = house.rules.change(MAKER, made.id, RuleChange(name="very-hot", enabled=False), expected='"1"')
    assert (renamed.version, renamed.revision) == (1, 2), "what it says is the same"
    changed = house.rules.change(
        MAKER, made.id, RuleChange(document={"when": "temperature > 90"}, units=(format_id(11),))
    )
    assert (changed.version, changed.revision, changed.watched.units) == (2, 3, (11,))
    assert house.rules.change(MAKER, made.id, RuleChange(name="very-hot")) == changed, "nothing changed"
    versions = house.rules.versions(MAKER, made.id)
    assert [(one.version, one.document["when"]) for one in versions] == [(2, "temperature > 90"), (1, HOT["when"])]
    with pytest.raises(PreconditionFailed):
        house.rules.change(MAKER, made.id, RuleChange(enabled=True), expected='"1"')
    with pytest.raises(PreconditionFailed):
        house.rules.delete(MAKER, made.id, expected='"1"')
    house.rules.delete(MAKER, made.id, expected='"3"')
    with pytest.raises(NotFound):
        house.rules.get(MAKER, made.id)
    assert house.rules.list(MAKER) == []
    assert len(house.rules.versions(MAKER, made.id)) == 2, "the alerts name them"
    assert house.rules.create(MAKER, hot(name="very-hot")).version == 1, "its name is free again"


def test_another_organisation_has_nothing_of_it(house: House) -> None:
    made = house.rules.create(MAKER, hot())
    assert house.rules.list(OWNER) == []
    for work in (
        lambda: house.rules.get(OWNER, made.id),
        lambda: house.rules.change(OWNER, made.id, RuleChange(enabled=False)),
        lambda: house.rules.delete(OWNER, made.id),
        lambda: house.rules.versions(OWNER, made.id),
    ):
        with pytest.raises(NotFound):
            work()


def test_pages_go_from_the_oldest_on(house: House) -> None:
    made = [house.rules.create(MAKER, hot(name=f"hot-{number}")) for number in range(5)]
    assert house.rules.list(MAKER, limit=2) == made[:2]
    assert house.rules.list(MAKER, after=made[1].id, limit=9) == made[2:]


def test_what_cannot_be_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    create = house.rules.create
    assert "there is no `temprature`" in faults_of(lambda: create(MAKER, hot(document={"when": "temprature > 8"})))[0]
    assert faults_of(lambda: create(MAKER, hot(document={"when": "temprature > 8"})))[0].startswith("/rule/when: ")
    assert "cannot name a rule" in faults_of(lambda: create(MAKER, hot(name="Hot")))[0]
    assert "no unit of a product 'oven'" in faults_of(lambda: create(MAKER, hot(product="oven")))[0]
    assert "no unit of a product" in faults_of(lambda: create(STRANGER, hot()))[0]
    assert "is no unit of press that is yours" in faults_of(lambda: create(OWNER, hot(units=(format_id(11),))))[0]
    assert "tags are the maker's" in faults_of(lambda: create(OWNER, hot(tags=("a",))))[0]
    with pytest.raises(TooLarge):
        create(MAKER, hot(document={**HOT, "help": "x" * limits.RULE_BYTES_MAX}))
    create(MAKER, hot())
    with pytest.raises(Conflict, match="already"):
        create(MAKER, hot())
    monkeypatch.setattr("monokoto.operate.rules.added.service.RULES_PER_ORGANISATION_MAX", 1)
    with pytest.raises(Conflict, match="most it may have"):
        create(MAKER, hot(name="other"))
    assert create(OWNER, hot()).watched.maker_id == MAKER, "whose unit it is says whose product"


def test_two_makers_of_one_name_are_told_apart(house: House) -> None:
    house.apply(maker=STRANGER)
    house.reach.held[OWNER, STRANGER, "press"] = [31]
    assert "say `maker`" in faults_of(lambda: house.rules.create(OWNER, hot()))[0]
    assert house.rules.create(OWNER, hot(maker=format_id(STRANGER))).watched.maker_id == STRANGER


def test_the_book_has_the_rules_of_versions_in_use(house: House) -> None:
    hot_rule, cold = "  hot: {when: temperature > 80}\n", "  cold: {when: temperature < 3}\n"
    house.apply(hot_rule, "1.1.0")
    house.apply(hot_rule.replace("80", "90") + cold, "1.2.0")
    house.apply(hot_rule.replace("80", "90"), "2.0.0")
    house.products.apply(MAKER, Folder({"product.yaml": text_of(cold, "3.0.0")}))  # no unit has it
    page = house.book.refresh()
    found = {(rule.key, rule.versions): rule.version for rule in page.rules}
    assert found == {
        ("press/hot", frozenset({"1.1.0"})): "1.1.0",
        ("press/hot", frozenset({"1.2.0", "2.0.0"})): "2.0.0",
        ("press/cold", frozenset({"1.2.0"})): "1.2.0",
    }
    assert house.book.refresh() is page, "nothing changed"


def test_an_added_rule_is_in_the_book_while_it_is_on(house: House) -> None:
    made = house.rules.create(OWNER, hot())
    assert house.keys() == [(OWNER, made.key, "1")]
    assert (house.book.called(made.key), house.book.called("press/hot")) == (made.name, "press/hot")
    number = house.book.page.number
    house.rules.change(OWNER, made.id, RuleChange(enabled=False))
    assert house.keys() == []
    assert house.book.page.number == number + 1
    house.rules.change(OWNER, made.id, RuleChange(enabled=True, document={"when": "temperature > 81"}))
    assert house.keys() == [(OWNER, made.key, "2")]
    house.rules.delete(OWNER, made.id)
    assert house.keys() == []


def test_a_rule_is_for_units_only_while_they_are_held(house: House) -> None:
    house.rules.create(OWNER, hot())
    (rule,) = house.book.refresh().rules
    assert rule.units is not None
    assert (rule.units.units().tolist(), before := rule.units.version()) == ([12], before)
    page = house.book.page
    house.reach.held[OWNER, MAKER, "press"] = []
    house.book.refresh()
    assert rule.units.units().tolist() == []
    assert rule.units.version() != before
    assert house.book.page is page, "the rules are the same, their units are others"


def test_a_rule_that_forbids_is_only_for_units_one_may_control(house: House) -> None:
    house.reach.uncontrolled = {12}
    house.rules.create(MAKER, hot(document={**HOT, "forbids": ["clean"]}))
    house.rules.create(MAKER, hot(name="tells"))
    found = [rule.units.units().tolist() for rule in house.book.refresh().rules if rule.units]
    assert found == [[11, 13], [11, 12, 13]]


def test_a_group_chooses_units_as_it_is_now(house: House) -> None:
    house.reach.groups = {"5": [13, 99]}
    house.rules.create(MAKER, hot(group=format_id(5)))
    (rule,) = house.book.refresh().rules
    assert rule.units is not None
    assert rule.units.units().tolist() == [13]
    house.reach.groups["5"] = [11, 12]
    house.book.refresh()
    assert rule.units.units().tolist() == [11, 12]


def test_a_version_it_does_not_suit_is_said(house: House) -> None:
    made = house.rules.create(MAKER, hot())
    text = text_of("", "2.0.0").replace("temperature: {type: number}", "temperature: {type: string}")
    house.products.apply(MAKER, Folder({"product.yaml": text}))
    house.reach.all_kinds.add((MAKER, "press", "2.0.0"))
    page = house.book.refresh()
    (one,) = page.unwatched[made.id]
    assert (one.version, "does not take (string, int)" in one.reason) == ("2.0.0", True)
    assert [rule.versions for rule in page.rules] == [frozenset({"1.0.0"})]


def test_a_version_with_faults_of_old_is_not_watched_and_stops_nobody(records: Records, house: House) -> None:
    """Applied before the section meant anything."""
    before = Products(records, house.clock)
    before.apply(MAKER, Folder({"product.yaml": text_of("  hot: {when: nonsense}\n", "1.1.0")}))
    house.reach.all_kinds.add((MAKER, "press", "1.1.0"))
    house.rules.create(MAKER, hot())
    assert len(house.book.refresh().rules) == 1
    with pytest.raises(Invalid):
        house.book.rules_of_version(MAKER, "press", "1.1.0")
