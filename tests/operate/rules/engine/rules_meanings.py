"""Rules of every kind that looks at readings, each as the engine has it and as the plain reference has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import rules_reference as plain
from engine_making import SECOND, cel, make_rule, number
from rules_reference import Meaning

from monokoto.operate.rules.engine.compiled import (
    Changed,
    CompiledRule,
    Held,
    Past,
    Previous,
    Rate,
    Sequence,
    Silent,
    Statistic,
    Window,
)

OVER = 60 * SECOND


def _above(name: str, limit: float) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool | None]:
    """A signal above a limit; not known while the signal is not."""
    return lambda _, signals: None if signals[name] is None else signals[name] > limit


def _is(name: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool | None]:
    return lambda _, signals: signals[name]


def _temperature(limit: float) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool | None]:
    return lambda state, _: state["temperature"] > limit if "temperature" in state else None


def _window(statistic: Statistic, every: int = 0, over: int = OVER) -> Mapping[str, Window]:
    return {"w": Window(statistic, number("temperature"), over, every)}


SLIDING = ((SECOND, 60),)
PLAIN: dict[str, tuple[CompiledRule, Meaning]] = {
    "threshold": (make_rule("temperature > 80"), Meaning(_temperature(80))),
    "hysteresis": (
        make_rule("temperature > 80", clear="temperature < 60"),
        Meaning(_temperature(80), clear=lambda state, _: "temperature" in state and state["temperature"] < 60),
    ),
    "for": (make_rule("temperature > 80", hold_us=7 * SECOND), Meaning(_temperature(80), hold=7 * SECOND)),
    "both holds": (
        make_rule("temperature > 60", clear="temperature < 60", hold_us=4 * SECOND, clear_hold_us=9 * SECOND),
        Meaning(
            _temperature(60),
            clear=lambda state, _: "temperature" in state and state["temperature"] < 60,
            hold=4 * SECOND,
            clear_hold=9 * SECOND,
        ),
    ),
    "held": (
        make_rule("h", signals={"h": Held(cel("open"), 6 * SECOND)}),
        Meaning(_is("h"), {"h": plain.held(lambda state: state.get("open"), 6 * SECOND)}, lengths=[6 * SECOND]),
    ),
    "held, for": (
        make_rule("h && temperature > 50", signals={"h": Held(cel("open"), 6 * SECOND)}, hold_us=3 * SECOND),
        Meaning(
            lambda state, signals: (
                False if not signals["h"] else None if "temperature" not in state else state["temperature"] > 50
            ),
            {"h": plain.held(lambda state: state.get("open"), 6 * SECOND)},
            hold=3 * SECOND,
            lengths=[6 * SECOND],
        ),
    ),
    "silent": (
        make_rule("s", signals={"s": Silent(("temperature",), 8 * SECOND)}),
        Meaning(_is("s"), {"s": plain.silent(["temperature"], 8 * SECOND)}, lengths=[8 * SECOND]),
    ),
    "silent at all": (
        make_rule("s", signals={"s": Silent((), 8 * SECOND)}),
        Meaning(_is("s"), {"s": plain.silent([], 8 * SECOND)}, lengths=[8 * SECOND]),
    ),
    "count": (
        make_rule("w >= 3", signals={"w": Window(Statistic.COUNT, cel("open"), OVER)}),
        Meaning(_above("w", 2), {"w": plain.count("open", bool, OVER)}, parts=SLIDING),
    ),
    "sum": (
        make_rule("w > 200.0", signals=_window(Statistic.SUM)),
        Meaning(_above("w", 200), {"w": plain.total("temperature", OVER)}, parts=SLIDING),
    ),
    "average": (
        make_rule("w > 70", signals=_window(Statistic.AVERAGE)),
        Meaning(_above("w", 70), {"w": plain.average("temperature", OVER)}, parts=SLIDING),
    ),
    "average, for": (
        make_rule("w > 70", signals=_window(Statistic.AVERAGE), hold_us=5 * SECOND),
        Meaning(_above("w", 70), {"w": plain.average("temperature", OVER)}, hold=5 * SECOND, parts=SLIDING),
    ),
    "deviation": (
        make_rule("w > 10.3", signals=_window(Statistic.DEVIATION)),
        Meaning(_above("w", 10.3), {"w": plain.deviation("temperature", OVER)}, parts=SLIDING),
    ),
    "minimum": (
        make_rule("w > 70", signals=_window(Statistic.MINIMUM)),
        Meaning(_above("w", 70), {"w": plain.least("temperature", OVER)}, parts=SLIDING),
    ),
    "maximum": (
        make_rule("w > 90", signals=_window(Statistic.MAXIMUM)),
        Meaning(_above("w", 90), {"w": plain.greatest("temperature", OVER)}, parts=SLIDING),
    ),
    "tumbling": (
        make_rule("w > 70", signals=_window(Statistic.AVERAGE, every=20 * SECOND, over=20 * SECOND)),
        Meaning(
            _above("w", 70),
            {"w": plain.tumbling("temperature", 20 * SECOND, 1, plain.mean)},
            parts=[(20 * SECOND, -1)],
        ),
    ),
    "hopping": (
        make_rule("w > 70", signals=_window(Statistic.AVERAGE, every=10 * SECOND, over=30 * SECOND)),
        Meaning(
            _above("w", 70),
            {"w": plain.tumbling("temperature", 10 * SECOND, 3, plain.mean)},
            parts=[(10 * SECOND, -3)],
        ),
    ),
    "hopping maximum": (
        make_rule("w > 90", signals=_window(Statistic.MAXIMUM, every=10 * SECOND, over=30 * SECOND)),
        Meaning(
            _above("w", 90),
            {"w": plain.tumbling("temperature", 10 * SECOND, 3, plain.top)},
            parts=[(10 * SECOND, -3)],
        ),
    ),
    "past": (
        make_rule("w > 70", signals={"w": Past(number("temperature"), 40 * SECOND, 10 * SECOND)}),
        Meaning(_above("w", 70), {"w": plain.past("temperature", 40 * SECOND, 10 * SECOND)}, parts=[(10 * SECOND, -5)]),
    ),
    "changed": (
        make_rule("c", signals={"c": Changed(cel("door", None))}),
        Meaning(_is("c"), {"c": plain.changed("door")}),
    ),
    "previous": (
        make_rule("temperature > p + 20", signals={"p": Previous(cel("temperature", None))}),
        Meaning(
            lambda state, signals: None if signals["p"] is None else state["temperature"] > signals["p"] + 20,
            {"p": plain.previous("temperature")},
        ),
    ),
    "previous text": (
        make_rule('p == "ajar" && door == "shut"', signals={"p": Previous(cel("door", None))}),
        Meaning(
            lambda state, signals: (
                False
                if state.get("door", "shut") != "shut" or (signals["p"] or "ajar") != "ajar"
                else None
                if "door" not in state or signals["p"] is None
                else True
            ),
            {"p": plain.previous("door")},
        ),
    ),
    "sequence": (
        make_rule("q", signals={"q": Sequence((cel("open"), cel('door == "ajar"')), 9 * SECOND)}),
        Meaning(
            _is("q"),
            {"q": plain.sequence([lambda s: s.get("open"), lambda s: s.get("door") == "ajar"], 9 * SECOND)},
            lengths=[9 * SECOND + 1],
        ),
    ),
    "sequence of three": (
        make_rule("q", signals={"q": Sequence((cel("open"), cel("!open"), cel("open")), 15 * SECOND)}),
        Meaning(
            _is("q"),
            {
                "q": plain.sequence(
                    [lambda s: s.get("open"), lambda s: s.get("open") is False, lambda s: s.get("open")], 15 * SECOND
                )
            },
            lengths=[15 * SECOND + 1],
        ),
    ),
    "several": (
        make_rule(
            "(w > 70 || h) && !s",
            signals={**_window(Statistic.AVERAGE), "h": Held(cel("open"), 6 * SECOND), "s": Silent((), 20 * SECOND)},
            clear_hold_us=2 * SECOND,
        ),
        Meaning(
            lambda _, signals: (
                False if signals["s"] else True if signals["h"] else None if signals["w"] is None else signals["w"] > 70
            ),
            {
                "w": plain.average("temperature", OVER),
                "h": plain.held(lambda state: state.get("open"), 6 * SECOND),
                "s": plain.silent([], 20 * SECOND),
            },
            clear_hold=2 * SECOND,
            lengths=[6 * SECOND, 20 * SECOND],
            parts=SLIDING,
        ),
    ),
}
RATE = make_rule("r > 30.0", signals={"r": Rate(number("temperature"), OVER, OVER)})
