"""Writes the contract: AsyncAPI, JSON Schemas and examples, as files in a folder.

`python -m bulwark.development.contracts [--breaking]` renews `docs/contract/`, the schemas as they
were last agreed, a file for each event, which the tests compare with; what would break a reader is
refused unless it is meant.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bulwark.console import complain, say
from shared.events import schema as contract
from shared.events.compatibility import breaks_of_all

KEPT = Path(__file__).parents[2] / "docs" / "contract"
BREAKING = "--breaking"


def files() -> dict[str, bytes]:
    """The files of the contract, by their path in the folder."""
    found = {"asyncapi.json": contract.as_json(contract.asyncapi())}
    found |= {f"schemas/{place}": content for place, content in _schemas().items()}
    for model in contract.published():
        example = json.loads(contract.example_document(model))
        found[f"examples/{model.service}/{model.name}.json"] = contract.as_json(example)
    return found


def write(folder: Path) -> int:
    """Write the contract into a folder; returns how many files.

    Files of ours that are no longer part of it are removed; other files stay.
    """
    wanted = files()
    ours = [file for part in ("schemas", "examples") for file in folder.glob(f"{part}/**/*.json")]
    _replace(folder, wanted, ours)
    return len(wanted)


def agreed(folder: Path) -> dict[str, Any]:
    """The schemas as they were last agreed, by path; none where nothing was agreed yet."""
    return {
        str(file.relative_to(folder)): json.loads(file.read_bytes())
        for file in sorted(folder.glob("**/*.json"))
    }


def agree(folder: Path) -> int:
    """Write this release's schemas as the agreed ones, a file each; returns how many."""
    wanted = _schemas()
    _replace(folder, wanted, folder.glob("**/*.json"))
    return len(wanted)


def schemas_now() -> dict[str, Any]:
    """The schemas of this release, by path."""
    return {place: json.loads(content) for place, content in _schemas().items()}


def _schemas() -> dict[str, bytes]:
    found = {"envelope.json": contract.as_json(contract.envelope_schema())}
    for model in contract.published():
        place = f"{model.service}/{model.name}.json"
        found[place] = contract.as_json(contract.schema_of(model))
    return found


def _replace(folder: Path, wanted: Mapping[str, bytes], ours: Iterable[Path]) -> None:
    """Write files into a folder; of ours, those that are no longer wanted go."""
    for old in sorted(ours):
        if str(old.relative_to(folder)) not in wanted:
            old.unlink()
    for place, content in wanted.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def renew(arguments: Sequence[str]) -> int:
    """Update the agreed schemas; exits with 1 if that breaks readers without `--breaking`."""
    unknown = [one for one in arguments if one != BREAKING]
    if unknown:
        complain(f"不认识 {unknown[0]} / unknown option (--breaking)")
    broken = breaks_of_all(agreed(KEPT), schemas_now())
    if broken and BREAKING not in arguments:
        for line in broken:
            say(line)
        complain(
            "这会使已有的读者出错,确要如此请加 --breaking / "
            "this breaks readers: add --breaking if this is intended"
        )
    say(f"{KEPT}: {agree(KEPT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(renew(sys.argv[1:]))
