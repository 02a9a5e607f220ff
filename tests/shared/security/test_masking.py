"""What shows of a person's details when they are masked. I4, V3."""

from hypothesis import given
from hypothesis import strategies as st

from shared.security.masking import masked_id_card, masked_name, masked_phone


def test_short_values_are_hidden_more_when_a_mask_would_show_them_whole() -> None:
    assert masked_name("张") == "*"
    assert masked_phone("4008001234") == "****34"
    assert masked_id_card("220581900101123") == "****"


@given(st.text(min_size=1))
def test_name_tells_one_character_and_no_length_when_it_is_masked(name: str) -> None:
    assert masked_name(name) in {name[0] + "*", "*"}
    assert len(name) > 1 or masked_name(name) == "*"


@given(st.text(alphabet="0123456789+-", min_size=6, max_size=20))
def test_phone_hides_at_least_four_and_its_length_when_it_is_masked(phone: str) -> None:
    masked = masked_phone(phone)
    shown = masked.replace("*", "")
    assert len(shown) <= min(7, len(phone) - 4)
    assert masked.count("*") == 4
    head, _, tail = masked.partition("****")
    assert phone.startswith(head)
    assert phone.endswith(tail)


@given(st.text(alphabet="0123456789X", min_size=18, max_size=18))
def test_id_card_hides_the_date_of_birth_when_it_is_masked(id_card: str) -> None:
    assert masked_id_card(id_card) == id_card[:6] + "*" * 8 + id_card[14:]
