"""The page about the walls says what the tests ask."""

from walls_report import PAGE, written


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text() == written(), "the rules of tests/walls have changed: `poe walls` writes docs/walls.md anew"
