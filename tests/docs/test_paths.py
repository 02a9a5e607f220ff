"""Every path of this project that a page names is there."""

import re
from pathlib import Path

from tests.docs.prose import ROOT, files

FOLDERS = "shared|services|bulwark|tests|docs|deploy|bench|bin|drills|policies"
# In backticks, or as the target of a link; a path ends at a space, an anchor or a line number.
NAMED = re.compile(rf"`(?:\./)?((?:{FOLDERS})/[^`\s#:]*)[^`]*`")
LINKED = re.compile(r"\]\((?!\w+:)([^)\s#:]+)[^)\s]*\)")
PLACEHOLDER = re.compile(r"[<*{…$]|[A-Z]{2,}(?!\w*\.md)")
# Decision records tell of the tree of their day; from here on they are held to the present one.
FIRST_RECORD = 18
# What an operator writes beside the deployment.
WRITTEN_ON_SITE = {ROOT / "deploy" / ".env"}


def pages() -> list[Path]:
    """The pages that describe the project as it is."""
    found = [path for path in files() if path.suffix == ".md" and path.name != "CHANGELOG.md"]
    return [page for page in found if not is_history(page)]


def is_history(page: Path) -> bool:
    """Whether a page is an older decision record."""
    number = page.name[:4]
    return page.parent.name == "decisions" and number.isdigit() and int(number) < FIRST_RECORD


def paths_in(page: Path) -> set[Path]:
    """The paths of this project that a page names in backticks or links to."""
    text = page.read_text(encoding="utf-8")
    named = {ROOT / name for name in NAMED.findall(text) if not PLACEHOLDER.search(name)}
    linked = {page.parent / name for name in LINKED.findall(text) if not PLACEHOLDER.search(name)}
    return named | linked


def test_path_exists_when_a_page_names_it() -> None:
    read = {page: paths_in(page) for page in pages()}
    assert sum(map(len, read.values())) > 300
    missing = [
        f"{page.relative_to(ROOT)}: {path.relative_to(ROOT)}"
        for page, paths in read.items()
        for path in sorted(paths - WRITTEN_ON_SITE)
        if not path.exists()
    ]
    assert missing == []
