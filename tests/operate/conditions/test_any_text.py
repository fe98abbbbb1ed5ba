"""Whatever is written is a condition or is refused with faults that lie within the text; nothing else happens."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.kernel.errors import Invalid
from monokoto.operate.conditions import CelType, TextFault, check

VARIABLES = {
    "x": CelType.NUMBER,
    "n": CelType.INTEGER,
    "s": CelType.TEXT,
    "xs": CelType.NUMBERS,
    "box.a": CelType.BOOLEAN,
}
PIECES = (
    *(
        "x",
        "n",
        "s",
        "xs",
        "box.a",
        "self",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        '"""',
        "has(",
        ".",
        "&&",
        "||",
        "!",
        "?",
        ":",
    ),
    *("+", "-", "*", "/", "%", "1", "2.5", "0x", "é", "😀", "\n", " ", "//", "in", "==", "<", "matches", "exists(i,"),
    *("\\", "\x00", 'r"', "size", "{", "}", ",", "\ud800", '["x"]', "99999999999999999999", "1u", "math.greatest("),
)


@settings(max_examples=600, deadline=None, print_blob=True, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=30))
def test_any_text(source: str) -> None:
    try:
        condition = check(source, VARIABLES, None)
    except Invalid as refused:
        assert refused.faults
        lines = source.split("\n")
        for fault in refused.faults:
            if isinstance(fault, TextFault):
                assert 1 <= fault.line <= len(lines)
                assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
    else:
        condition.reference({})
