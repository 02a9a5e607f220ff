"""docs/requirements.md is what `make requirements` makes of the tests, the code and the words."""

import re
from pathlib import Path

import pytest

from tests.docs import requirements
from tests.docs.marked_tests import MarkedTest, drives_services, marked_tests
from tests.docs.prose import python_files


@pytest.fixture(scope="module")
def marked() -> list[MarkedTest]:
    return marked_tests()


def path_of(name: str) -> Path:
    return next(path for path in python_files() if path.name == name)


def rows() -> dict[str, str]:
    text = requirements.PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([A-Z][0-9]+) \| (.*)$", text, re.MULTILINE))


def test_page_is_what_the_command_makes_when_nothing_was_forgotten() -> None:
    made = requirements.page()
    found = requirements.PAGE.read_text(encoding="utf-8")
    assert found == made, "make generated"


def test_row_says_not_yet_when_no_marked_test_drives_services(marked: list[MarkedTest]) -> None:
    proved = {test.requirement for test in marked if test.drives_services}
    assert {"D1", "D4", "R1", "V2", "P1"} <= proved
    unproved = {id_ for id_, row in rows().items() if requirements.NOT_YET in row}
    assert unproved == set(rows()) - proved


@pytest.mark.parametrize("file", ["test_fevers_http.py", "test_up.py", "test_review.py"])
def test_file_is_a_proof_when_its_tests_start_services(marked: list[MarkedTest], file: str) -> None:
    assert any(test.drives_services for test in marked if test.path.name == file)


@pytest.mark.parametrize("file", ["test_fevers_domain.py", "test_pack.py", "test_model.py"])
def test_file_is_no_proof_when_its_tests_start_nothing(marked: list[MarkedTest], file: str) -> None:
    of_file = [test for test in marked if test.path.name == file]
    assert of_file
    assert not any(test.drives_services for test in of_file)


def test_fixture_is_followed_when_only_its_name_is_taken() -> None:
    # It takes `made`, which takes `node`, which starts a broker; none of them is named here.
    assert drives_services(path_of("test_restore.py"), "restored")


def test_id_is_refused_when_the_words_do_not_have_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = tmp_path / "words.toml"
    few.write_text('["One"]\nD4 = ["an election", "选举"]\n', encoding="utf-8")
    monkeypatch.setattr(requirements, "WORDS", few)
    with pytest.raises(requirements.UnknownRequirement, match=r"A1, .*D1, .*V9"):
        requirements.page()
