"""The pace of a run holds on a machine that is late with every turn."""

from __future__ import annotations

from monokoto.operate.scenes.pacing import Pacing


def begun(pace: int, *, late: float, takes: float, seconds: float, most: int = 50) -> list[tuple[float, int]]:
    """(instant, units) of the turns of a run, each of which begins so late and takes so long."""
    pacing, now, due, found = Pacing(), 0.0, 0.0, []
    while now < seconds:
        now = max(now, due + late)
        units = pacing.room(1, pace, now, most)
        found.append((now, units))
        due = pacing.next_turn(1, pace, now, units)
        now += takes
    return found


def test_turns_that_come_late_or_take_long_do_not_slow_a_run_down() -> None:
    for late, takes in ((0.0, 0.0), (0.1, 0.05), (0.2, 0.2), (0.0, 0.6)):
        turns = begun(40, late=late, takes=takes, seconds=30)
        assert 0.95 * 40 * 30 <= sum(units for _, units in turns) <= 1.02 * 40 * 30 + 30, (late, takes)


def test_a_run_that_stood_still_does_not_come_back_as_a_burst() -> None:
    pacing = Pacing()
    pacing.next_turn(1, 40, 0.0, pacing.room(1, 40, 0.0, 50))
    room = pacing.room(1, 40, 60.0, 50)
    assert room == 30
    # What was missed in a minute is gone: half a second is made up.
    assert pacing.next_turn(1, 40, 60.0, room) == 59.5 + 30 / 40


def test_no_second_and_a_half_sees_more_than_twice_the_pace() -> None:
    turns = begun(20, late=0.13, takes=0.31, seconds=20)
    for at, _ in turns:
        assert sum(units for then, units in turns if at <= then < at + 1.5) <= 2 * 20 * 1.5


def test_a_slow_pace_begins_one_at_a_time_and_rest_forgets() -> None:
    pacing = Pacing()
    assert [pacing.room(1, 1, 0.0, 50), pacing.next_turn(1, 1, 0.0, 1)] == [1, 1.0]
    pacing.rest(1)
    assert pacing.next_turn(1, 1, 5.0, 1) == 6.0
