"""What a code alone tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.areas.tree import Area, Level, ancestors, cut, is_code, level_of, parent_of, within

pytestmark = pytest.mark.requirement("A1")

DIGITS = (2, 4, 6, 9, 12, 15)
codes = st.sampled_from(DIGITS).flatmap(
    lambda digits: st.text("0123456789", min_size=digits, max_size=digits)
)
not_codes = st.one_of(
    st.text("0123456789").filter(lambda text: len(text) not in DIGITS),
    st.text(min_size=1).filter(lambda text: not (text.isascii() and text.isdigit())),
    st.sampled_from(["２２", "22 ", "22\n", "2²", "-1", "220581OO1", ""]),
)


@pytest.mark.parametrize(
    ("code", "level", "parent"),
    [
        ("22", Level.PROVINCE, None),
        ("2205", Level.CITY, "22"),
        ("220581", Level.COUNTY, "2205"),
        ("220581001", Level.TOWNSHIP, "220581"),
        ("220581001003", Level.COMMUNITY, "220581001"),
        ("220581001003015", Level.GRID, "220581001003"),
    ],
)
def test_level_and_parent_follow_when_code_is_given(
    code: str, level: Level, parent: str | None
) -> None:
    area = Area(code, "某地")

    assert (level_of(code), parent_of(code)) == (level, parent)
    assert (area.level, area.parent) == (level, parent)
    assert level.digits == len(code)


@given(codes)
def test_ancestors_lead_from_province_to_code_when_followed_by_parents(code: str) -> None:
    line = ancestors(code)

    assert line[-1] == code
    assert parent_of(line[0]) is None
    assert [parent_of(lower) for lower in line[1:]] == list(line[:-1])
    assert [level_of(step) for step in line] == list(Level)[: len(line)]


@given(codes, codes)
def test_area_is_within_prefix_when_prefix_is_among_its_ancestors(code: str, prefix: str) -> None:
    assert within(code, prefix) == (prefix in ancestors(code))


@given(codes)
def test_area_is_within_each_of_its_ancestors_when_asked(code: str) -> None:
    assert all(within(code, above) for above in ancestors(code))
    assert not any(within(above, code) for above in ancestors(code)[:-1])


@given(codes, st.sampled_from(Level))
def test_cut_is_the_ancestor_of_the_level_when_there_is_one(code: str, level: Level) -> None:
    found = cut(code, level)

    assert found == {level_of(step): step for step in ancestors(code)}.get(level)
    assert found is None or cut(found, level) == found


@given(not_codes, codes)
def test_text_is_refused_when_it_is_no_code(text: str, code: str) -> None:
    assert not is_code(text)
    assert not within(text, code)
    assert not within(code, text)
    with pytest.raises(ValueError, match="not an area code"):
        level_of(text)
    with pytest.raises(ValueError, match="not an area code"):
        ancestors(text)
