"""Claim codes: what is typed wrongly is noticed, what is typed otherwise is understood."""

from __future__ import annotations

import pytest

from monokoto.connect.ownership.code import digest, new_code, normalised
from monokoto.connect.ownership.qr import claim_url, qr_svg
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import ALPHABET


def test_a_code_is_typed_in_many_ways() -> None:
    code = new_code()
    plain = normalised(code)
    assert len(plain) == 16
    for typed in (code.lower(), code.replace("-", ""), f"  {code} ", code.replace("-", " ")):
        assert normalised(typed) == plain
    alike = plain.replace("0", "O").replace("1", "l")
    assert normalised(alike) == plain


def test_one_wrong_character_is_always_noticed_and_swapped_ones_nearly_always() -> None:
    missed = 0
    for _ in range(20):
        plain = normalised(new_code())
        for place in range(len(plain)):
            for other in ALPHABET:
                if other != plain[place]:
                    with pytest.raises(Invalid):
                        normalised(plain[:place] + other + plain[place + 1 :])
        for place in range(len(plain) - 1):
            swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
            if swapped != plain:
                try:
                    normalised(swapped)
                    missed += 1
                except Invalid:
                    pass
    assert missed <= 6, "Luhn lets only the pair of the first and last digit pass: one in five hundred"


@pytest.mark.parametrize("text", ["", "ABCD", "7H2K-9QXM-3D4T-P8W", "7H2K-9QXM-3D4T-P8WU", "ü" * 16, "0" * 17])
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(Invalid):
        normalised(text)


def test_codes_differ_and_their_digests_say_nothing() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert len({digest(normalised(code)) for code in codes}) == 1000


def test_the_picture_holds_the_address() -> None:
    url = claim_url("https://koto.example/", "7H2K-9QXM-3D4T-P8WA")
    assert url == "https://koto.example/console/claim?code=7H2K-9QXM-3D4T-P8WA"
    assert qr_svg(url).startswith("<svg")
    assert qr_svg(url) != qr_svg(url + "x")
