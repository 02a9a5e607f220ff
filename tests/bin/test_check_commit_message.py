"""Commit messages: what the hook and continuous integration let through, and what they refuse."""

import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = next(
    folder / "bin" / "check-commit-message"
    for folder in Path(__file__).parents
    if (folder / "pyproject.toml").exists()
)
BODY = "\n\nThe notice asks for it.\n"
RULE_BEGAN = 1_800_000_000


@pytest.fixture(scope="module")
def checked() -> Any:
    return runpy.run_path(str(SCRIPT))["problems"]


@pytest.mark.parametrize(
    "message",
    [
        "Pause elections on medium risk" + BODY,
        "Address what a review found" + BODY,
        "Embed the broker" + BODY,
        "Bring the lock up to date" + BODY,
        "Focus the gate on whom it is for" + BODY,
        "Re-open a stream that was made again" + BODY,
        "A" + "dd" + "x" * 69 + BODY,
        "暂停中高风险地区的换届选举" + BODY,
        "# a hint of git's\nPause elections" + BODY + "\n# more of it\n",
        "Pause elections" + BODY + "# ------------------------ >8 ------------------------\ndiff",
        "Merge branch 'docs'",
        "fixup! Pause elections",
        "squash! Pause elections",
        'Revert "'
        + "x" * 72
        + '"\n\nThis reverts commit 0123456789abcdef.\n\nIt broke the drill.\n',
    ],
)
def test_message_passes_when_it_follows_the_rules(checked: Any, message: str) -> None:
    assert checked(message) == []


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("", "empty"),
        ("# only a hint of git's\n", "empty"),
        ("Add" + "x" * 70 + BODY, "73 characters"),
        ("Pause elections." + BODY, "full stop"),
        ("pause elections" + BODY, "capital letter"),
        ("Pause elections", "no body"),
        ("Pause elections\n\n\n", "no body"),
        ("Pause elections\nThe notice asks for it.\n", "no empty line"),
        ("Pause elections\n\nSigned-off-by: Li Si <li@example.org>\n", "no body"),
        ('Revert "Pause elections"\n\nThis reverts commit 0123456789abcdef.\n', "no body"),
        *(
            (subject + BODY, "imperative")
            for subject in (
                "Added a pause",
                "Adds a pause",
                "Adding a pause",
                "Fixed the gate",
                "Fixes the gate",
                "Wrote the glossary",
                "Docs: the glossary",
                "Fault tests: the table",
                "The relay waits",
                "A pause of elections",
                "What a review found",
                "No pause on low risk",
            )
        ),
    ],
)
def test_message_is_refused_when_it_breaks_a_rule(checked: Any, message: str, problem: str) -> None:
    (found,) = checked(message)
    assert problem in found


def test_fixup_is_refused_when_it_stands_in_the_history(checked: Any) -> None:
    (found,) = checked("fixup! Pause elections", is_history=True)
    assert "squashed" in found


def test_every_problem_is_named_when_a_message_has_several(checked: Any) -> None:
    assert len(checked("added a pause.")) == 4


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def git(folder: Path, *arguments: str, at: int = RULE_BEGAN) -> None:
    """Run git as a stranger with no settings, and not in the repository that a hook runs in."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    names = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{at} +0000")
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *arguments], cwd=folder, env={**inherited, **names, **dates, **alone}, check=True
    )


def commit(folder: Path, message: str, at: int) -> None:
    git(folder, "commit", "--allow-empty", "--quiet", "--message", message, at=at)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A history whose first commit is older than the rule, and not as it asks."""
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "docs: old", RULE_BEGAN - 1)
    commit(tmp_path, "Pause elections" + BODY, RULE_BEGAN)
    return tmp_path


SINCE = ("--since", "2027-01-15T08:00:00+00:00")


def test_history_passes_when_only_older_commits_break_a_rule(repository: Path) -> None:
    done = run(*SINCE, folder=repository)
    assert (done.returncode, done.stderr) == (0, "")


def test_history_is_refused_by_name_when_a_newer_commit_breaks_a_rule(repository: Path) -> None:
    commit(repository, "Resume elections", RULE_BEGAN + 1)
    done = run(*SINCE, folder=repository)
    assert done.returncode == 1
    assert "(Resume elections): it has no body that says why" in done.stderr


def test_history_passes_when_a_clone_is_shallow(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(clone))
    assert run(*SINCE, folder=clone).returncode == 0


def test_hook_ends_with_an_error_when_a_message_is_refused(tmp_path: Path) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text("Added a pause" + BODY)
    refused = run(str(message), folder=tmp_path)
    assert (refused.returncode, "imperative" in refused.stderr) == (1, True)
    message.write_text("Add a pause" + BODY)
    assert run(str(message), folder=tmp_path).returncode == 0
