"""Our own terms on an action: what they compile to, what is refused, and how far the version must move."""

from __future__ import annotations

from typing import Any

import pytest

from monokoto.connect.products import ActionModel, Forbidding, compile_model
from monokoto.connect.products.changes.compatibility import compare_models
from monokoto.connect.products.semver import Bump
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import FORBIDDINGS_PER_ACTION_MAX


def model(**terms: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/2022/wot/td/v1.1"],
        "@type": "tm:ThingModel",
        "title": "Oven",
        "version": {"model": "1.0.0"},
        "actions": {"clean": {name.replace("_", ":"): value for name, value in terms.items()}},
    }


def action(**terms: Any) -> ActionModel:
    return compile_model(1, "oven", model(**terms)).actions["clean"]


def test_they_are_what_the_platform_works_with() -> None:
    found = action(
        synchronous=True,
        monokoto_deadline="10 m",
        monokoto_forbiddenWhen=["x > 1", {"when": 'door == "open"', "reason": "The door is open"}],
        monokoto_confirm="It gets hot.",
    )
    assert found.synchronous
    assert found.deadline_seconds == 600
    assert found.forbidden_when == (Forbidding("x > 1"), Forbidding('door == "open"', "The door is open"))
    assert (found.confirm, found.confirm_text, found.two_person) == (True, "It gets hot.", False)
    plain = action()
    assert (plain.confirm, plain.deadline_seconds, plain.forbidden_when) == (False, None, ())
    assert action(monokoto_twoPerson=True).confirm  # a second person is somebody who says yes


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("deadline", "soon"), ("deadline", 0), ("deadline", "8d"), ("confirm", 1), ("twoPerson", "yes"),
        ("forbiddenWhen", []), ("forbiddenWhen", 7), ("forbiddenWhen", " "), ("forbiddenWhen", {"reason": "no"}),
        ("forbiddenWhen", [{"when": "x", "why": "y"}]), ("forbiddenWhen", ["x"] * (FORBIDDINGS_PER_ACTION_MAX + 1)),
        ("forbidden", "x"),
    ],
)  # fmt: skip
def test_what_they_cannot_say_is_a_fault(term: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        action(**{f"monokoto_{term}": value})
    assert all(fault.place.startswith(f"/actions/clean/monokoto:{term}") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("before", "after", "bump"),
    [
        ({}, {"deadline": "5m"}, Bump.MINOR),
        ({}, {"forbiddenWhen": "x"}, Bump.MINOR),
        ({"forbiddenWhen": "x"}, {"forbiddenWhen": ["x"]}, Bump.PATCH),
        ({}, {"confirm": True}, Bump.MAJOR),
        ({"confirm": True}, {"confirm": "Sure?"}, Bump.PATCH),
        ({"confirm": True}, {}, Bump.MINOR),
        ({"confirm": True}, {"confirm": True, "twoPerson": True}, Bump.MAJOR),
    ],
)
def test_a_change_needs_so_much_of_a_version(before: dict[str, Any], after: dict[str, Any], bump: Bump) -> None:
    old, new = (model(**{f"monokoto_{name}": value for name, value in one.items()}) for one in (before, after))
    assert [change.bump for change in compare_models(old, new)] == [bump]
