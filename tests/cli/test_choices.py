"""Commands offer the words the API knows, in its order."""

from __future__ import annotations

import pytest

from monokoto.cli import choices
from monokoto.client.types import UnitStatus
from monokoto.connect import fleet
from monokoto.operate import telemetry


@pytest.mark.parametrize(
    ("offered", "known"),
    [(UnitStatus, fleet.Status), (choices.Sort, fleet.Sort), (choices.Format, telemetry.Format)],
)
def test_choices_are_those_of_the_slices(offered, known) -> None:
    assert {one.name: one.value for one in offered} == {one.name: one.value for one in known}


def test_suffixes_are_the_names_of_formats() -> None:
    assert {facts.suffix for facts in telemetry.FORMATS.values()} == {f".{one}" for one in choices.Format}
