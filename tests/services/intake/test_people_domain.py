"""What may be seen of a person, and which numbers are numbers. I4."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from services.intake.people import domain
from services.intake.people.identity import normal_id_card, normal_phone

DETAILS = {
    "name": "张三丰",
    "id_card": "220581199001011236",
    "phone": "13812345678",
    "address": "滨河社区3号楼2单元501",
}


@pytest.mark.requirement("I4")
def test_masks_show_only_their_part_when_all_details_are_known() -> None:
    assert domain.masked(DETAILS, "光明街道滨河社区") == {
        "name": "张*",
        "id_card": "220581********1236",
        "phone": "138****5678",
        "address": "光明街道滨河社区****",
    }


def test_masks_say_that_nothing_is_known_when_a_detail_is_absent() -> None:
    assert domain.masked({}, "滨河社区") == dict.fromkeys(domain.DETAILS)


@given(st.text(min_size=1), st.sampled_from(["滨河社区", "220581001003"]))
def test_masked_address_does_not_depend_on_the_address(address: str, place: str) -> None:
    assert domain.masked({"address": address}, place)["address"] == place + "****"


def test_details_keep_what_a_change_does_not_name_when_merged() -> None:
    changed = domain.merged(DETAILS, {"phone": None, "name": "李四"})
    assert changed == {
        "name": "李四",
        "id_card": DETAILS["id_card"],
        "address": DETAILS["address"],
    }


@given(st.dates(date(1990, 1, 1), date(2020, 12, 31)), st.integers(0, 999))
def test_card_is_accepted_and_dated_when_its_parts_are_right(day: date, number: int) -> None:
    body = f"220581{day:%Y%m%d}{number:03d}"
    card = body + ric.calc_check_digit(body + "0")
    assert normal_id_card(card.lower()) == card
    assert domain.born_on(card) == day


@given(st.integers(0, 16), st.integers(1, 9))
def test_card_is_refused_when_any_digit_is_changed(place: int, step: int) -> None:
    card = DETAILS["id_card"]
    other = str((int(card[place]) + step) % 10)
    assert normal_id_card(card[:place] + other + card[place + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "1", "220581900101123", "220581199013011234", "990581199001011236", "abc"]
)
def test_card_is_refused_when_it_is_none(text: str) -> None:
    assert normal_id_card(text) is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("0435-4222222", "04354222222"),
        ("0435-4222222;ext=801", "04354222222-801"),
        ("+82 10-1234-5678", "+821012345678"),
        ("110", None),
        ("1381234567", None),
        ("", None),
        ("家里", None),
    ],
)
def test_phone_has_one_form_when_it_is_one(text: str, form: str | None) -> None:
    assert normal_phone(text) == form
