"""Whatever happens to a unit, the gate opens to everybody just what the judge does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from ownership_making import make_house
from ownership_oracle import EVERYBODY, SECONDS, Life, expected


def judged(folder: Path, lives: int) -> int:
    """Live so many lives at once, ask everything each second; how much happened."""
    seed = random.SystemRandom().randrange(1 << 32)
    house = make_house(folder)
    others = house.another_process()
    several = [Life(house, seed + number) for number in range(lives)]
    for second in range(SECONDS):
        for life in several:
            life.live(second)
        others.ledger.refresh()
        others.directory.refresh()
        for life in several:
            for who in EVERYBODY:
                hint = f"seed {seed}, life {several.index(life)}, second {second}, {who}"
                wanted = expected(life.judge, who, second, range(SECONDS + 10))
                assert house.sees(who, life.unit, range(SECONDS + 10)) == wanted, hint
                assert others.sees(who, life.unit, range(SECONDS + 10)) == wanted, hint
                reach = house.reach(who, life.unit)
                assert (reach is not None and reach.now) == life.judge.sees(who, second, second), hint
                assert (reach is not None and reach.control) == life.judge.may_control(who, second), hint
                held = {one.unit_id for one in house.gate.held(house.caller(who))}
                assert (life.unit in held) == (reach is not None and who != "maker"), hint
    house.records.close()
    return sum(life.done for life in several)


def test_the_gate_opens_what_the_judge_does(tmp_path: Path) -> None:
    assert judged(tmp_path, 8) > 50


@pytest.mark.long
@pytest.mark.parametrize("_turn", range(10))
def test_the_gate_opens_what_the_judge_does_for_long(tmp_path: Path, _turn: int) -> None:
    assert judged(tmp_path, 40) > 400
