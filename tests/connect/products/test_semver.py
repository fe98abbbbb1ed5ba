"""Versions and their order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.products import Bump
from monokoto.connect.products.semver import Version, is_version, parse_version

# The example of semver.org section 11, in rising order.
ORDER = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0"
numbers = st.integers(0, 999_999_999)
parts = st.from_regex(r"0|[1-9][0-9]{0,5}|[0-9A-Za-z-]{0,4}[A-Za-z-][0-9A-Za-z-]{0,4}", fullmatch=True)
versions = st.builds(
    Version, numbers, numbers, numbers, st.just("") | st.lists(parts, min_size=1, max_size=3).map(".".join)
)


def test_the_order_of_the_specification() -> None:
    rising = [parse_version(text) for text in ORDER.split()]
    assert all(older < newer for older, newer in pairwise(rising))


@given(versions)
def test_text_and_back(version: Version) -> None:
    assert parse_version(str(version)) == version


@given(versions, versions, versions)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (two < one) + (one == two) == 1
    if one < two < three:
        assert one < three


@given(versions, st.sampled_from([Bump.PATCH, Bump.MINOR, Bump.MAJOR]))
def test_a_raised_version_is_higher_and_as_far_as_asked(version: Version, bump: Bump) -> None:
    raised = version.raised(bump)
    assert version < raised
    assert raised.bump_from(version) is bump


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "v1.0.0", "1.0.0+build", "1.0.0 ", "1.0.0\n",
             "1.0.0-" + "a" * 64, "９.0.0", "-1.0.0", "9999999999.0.0"],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(ValueError, match="is not a version"):
        parse_version(text)
