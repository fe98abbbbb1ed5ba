"""The blueprints' stories, played as they are written; and the player itself, which must be able to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_story import Stage, StoryFailed, pattern_of, read_story, stage

from monokoto.testing import Installation

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[2]
STORIES = sorted(GOLDEN.glob("*.txt"))
LONG = {"cash-machine", "doorbell", "glucose-monitor"}
"""What they tell of takes half a minute, whoever tells it."""
each_story = pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.stem, marks=pytest.mark.long if path.stem in LONG else ()) for path in STORIES]
)


@pytest.mark.timeout(300)
@each_story
def test_a_story_goes_as_it_is_told(path: Path, here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with stage(here, path.stem) as made:
        made.play(read_story(path.read_text("utf-8")))


def test_every_story_is_of_a_blueprint_and_listed() -> None:
    listed = (ROOT / "docs" / "stories.md").read_text("utf-8")
    assert STORIES
    for path in STORIES:
        assert (ROOT / "blueprints" / path.stem / "product.yaml").exists()
        assert f"tests/stories/golden/{path.name}" in listed


def test_a_story_is_read_as_it_says() -> None:
    text = "Words.\n\n$ koto check x  (until) (exit 3)\none  two\nthree\n\n$ koto simulate x &\n\nMore words."
    first, second = read_story(text)
    assert (first.command, first.printed, first.until, first.exit_code) == (
        "koto check x",
        ("one  two", "three"),
        True,
        3,
    )
    assert (second.command, second.beside, second.printed) == ("koto simulate x", True, ())


@pytest.mark.parametrize(
    ("printed", "seen", "fits"),
    [
        (("a  b",), "a b\n", True),
        (("a b",), "a b\nc\n", False),
        (("[…]", "b"), "b\n", True),
        (("[…]", "b"), "x\ny\nb\n", True),
        (("a […] c",), "a c\n", False),
        (("a […] c",), "a b b c\n", True),
        (("a.c",), "abc\n", False),
        (("<x> <x>",), "1 1\n", True),
        (("<x> <x>",), "1 2\n", False),
        (("<known>",), "word\n", True),
        (("<known>",), "other\n", False),
        ((), "something\n", False),
    ],
)
def test_what_is_printed_must_look_like_it(printed: tuple[str, ...], seen: str, fits: bool) -> None:
    assert bool(pattern_of(printed, {"known": "word"}).fullmatch(seen)) is fits


@pytest.mark.parametrize(
    "text",
    ["$ koto roles\nnonsense", "$ koto check blueprints/none", "$ koto check blueprints/sensor  (exit 3)\n[…]"],
    ids=["another output", "another exit code", "no failure"],
)
def test_a_story_that_does_not_go_so_fails(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    nowhere = Installation(tmp_path)
    nowhere.told = {"api": "http://127.0.0.1:1", "mqtt": "127.0.0.1:1"}
    with pytest.raises(StoryFailed, match="koto"):
        Stage(nowhere, {}, "").play(read_story(text))
