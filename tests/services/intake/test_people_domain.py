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


def test_short_values_are_hidden_more_when_a_mask_would_show_them_whole() -> None:
    assert domain.masked_name("张") == "*"
    assert domain.masked_phone("4008001234") == "****34"
    assert domain.masked_id_card("220581900101123") == "****"


@given(st.text(min_size=1))
def test_masked_name_tells_one_character_and_no_length(name: str) -> None:
    assert domain.masked_name(name) in {name[0] + "*", "*"}
    assert len(name) > 1 or domain.masked_name(name) == "*"


@given(st.text(alphabet="0123456789+-", min_size=6, max_size=20))
def test_masked_phone_hides_at_least_four_and_its_length(phone: str) -> None:
    masked = domain.masked_phone(phone)
    shown = masked.replace("*", "")
    assert len(shown) <= min(7, len(phone) - 4)
    assert masked.count("*") == 4
    head, _, tail = masked.partition("****")
    assert phone.startswith(head)
    assert phone.endswith(tail)


@given(st.text(alphabet="0123456789X", min_size=18, max_size=18))
def test_masked_id_card_hides_the_date_of_birth(id_card: str) -> None:
    assert domain.masked_id_card(id_card) == id_card[:6] + "*" * 8 + id_card[14:]


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
