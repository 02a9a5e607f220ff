"""The language of an answer, by what the caller's Accept-Language header says (RFC 9110)."""

import pytest

from shared.i18n.catalogue import preferred_language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        (",;,", "zh"),
        ("fr", "zh"),
        ("fr, *;q=0.1", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("fr, en;q=0.1", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.1, zh;q=0.9", "zh"),
        ("zh;q=0.1, en;q=0.9", "en"),
        ("zh;q=0.899, en;q=0.9", "en"),
        ("en ; Q=0.1 , zh ; q=0.9", "zh"),
        ("enm, zh;q=0.1", "zh"),
    ],
)
def test_language_is_the_one_of_more_weight_when_a_header_names_some(
    accept: str | None, language: str
) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh, en", "zh"),
        ("en, zh", "en"),
        ("en;q=0.5, zh;q=0.5", "en"),
        ("en;q=1.0, zh;q=1.000", "en"),
        ("zh-TW;q=0.2, en;q=0.5, zh;q=0.8", "zh"),
        ("zh-TW;q=0.5, en;q=0.5, zh;q=0.2", "zh"),
    ],
)
def test_language_is_the_first_one_when_weights_are_equal(accept: str, language: str) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh;q=0", "en"),
        ("zh;q=0.000, fr", "en"),
        ("zh;q=0, *", "en"),
        ("en;q=0", "zh"),
        ("en;q=0, zh;q=0", "zh"),
        ("zh;q=0, zh-CN;q=0.1", "zh"),
        ("*;q=0, en;q=0.1", "en"),
    ],
)
def test_language_is_not_chosen_when_it_is_refused(accept: str, language: str) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("*", "zh"),
        ("*, en", "zh"),
        ("en, *", "en"),
        ("en, *;q=0.5", "en"),
        ("en;q=0.5, *", "zh"),
        ("zh;q=0.5, *", "en"),
    ],
)
def test_star_weighs_a_language_when_it_is_not_named(accept: str, language: str) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize("weight", ["", "high", "-1", "1.5", "0.1234", "2", "１", "nan"])
def test_weight_is_ignored_when_it_is_malformed(weight: str) -> None:
    assert preferred_language(f"en;q={weight}, zh;q=0.9") == "en"
