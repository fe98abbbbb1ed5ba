"""What is looked at of some units at a time is what is found of all of them at once."""

from __future__ import annotations

import random

import pytest
from engine_making import SECOND, Message, batch, engine_of, make_rule, number, shown

from monokoto.operate.rules.engine.compiled import Statistic, Window
from monokoto.operate.rules.engine.signals import extremes

UNITS = 20


@pytest.mark.parametrize("statistic", [Statistic.MINIMUM, Statistic.MAXIMUM, Statistic.PERCENTILE])
@pytest.mark.parametrize("at_once", [1, 5, UNITS])
def test_units_whose_parts_end_together_do_not_disturb_each_other(
    statistic: Statistic, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(statistic, number("temperature"), 9 * SECOND)
    rule = make_rule("w > 60.0", signals={"w": window}, clear="w < 40.0")
    chance = random.Random(5)
    pieces = []
    for at in range(0, 75, 3):
        # Every piece ends a part of most units, and several of those that were silent for a while.
        who = [unit for unit in range(1, UNITS + 1) if unit % 4 or at % 15 == 0]
        pieces.append(
            [Message(at + unit / 100, {"temperature": chance.choice([20.0, 50.0, 90.0])}, unit) for unit in who]
        )
    alone = {}
    for unit in range(1, UNITS + 1):
        engine = engine_of(rule)
        alone[unit] = [one for piece in pieces for one in engine.take(batch([m for m in piece if m.unit == unit]))]
    monkeypatch.setattr(extremes, "_UNITS_AT_ONCE", at_once)
    engine = engine_of(rule)
    together = [one for piece in pieces for one in engine.take(batch(piece))]
    assert not [running.failed for running in engine.running() if running.failed]
    assert sum(map(len, alone.values())) > UNITS
    for unit, changes in alone.items():
        assert shown([one for one in together if one.unit_id == unit]) == shown(changes)
