"""Writing the contract: AsyncAPI, JSON Schemas and examples, as files in a folder.

`python -m bulwark.development.contracts [--breaking]` renews `docs/contract.lock`, the schemas
as they were last agreed, which the tests compare with; what would break a reader is refused unless
it is meant.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bulwark.console import complain, say
from shared.events import schema as contract
from shared.events.compatibility import breaks_of_all

KEPT = Path(__file__).parents[2] / "docs" / "contract.lock"
BREAKING = "--breaking"


def files() -> dict[str, bytes]:
    """The files of the contract, by their path in the folder."""
    found = {
        "asyncapi.json": contract.as_json(contract.asyncapi()),
        "schemas/envelope.json": contract.as_json(contract.envelope_schema()),
    }
    for service, models in contract.by_service().items():
        for model in models:
            place = f"{service}/{model.name}.json"
            found[f"schemas/{place}"] = contract.as_json(contract.schema_of(model))
            example = json.loads(contract.example_document(model))
            found[f"examples/{place}"] = contract.as_json(example)
    return found


def write(folder: Path) -> int:
    """Write the contract into a folder; returns how many files. Files of ours that are no longer
    part of it go, others stay."""
    wanted = files()
    for part in ("schemas", "examples"):
        for old in sorted((folder / part).glob("**/*.json")):
            if str(old.relative_to(folder)) not in wanted:
                old.unlink()
    for place, content in wanted.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(wanted)


def agreed(lock: Path) -> dict[str, Any]:
    """The schemas as they were last agreed, by path; none where nothing was agreed yet."""
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
    return dict(json.loads(line) for line in lines)


def agree(lock: Path) -> int:
    """Write this release's schemas as the agreed ones, one a line; returns how many."""
    schemas = schemas_now()
    lines = [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in sorted(schemas.items())]
    lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def schemas_now() -> Mapping[str, Any]:
    """The schemas of this release, by path."""
    return {
        place: json.loads(content)
        for place, content in files().items()
        if place.startswith("schemas/")
    }


def renew(arguments: Sequence[str]) -> int:
    """Renew the agreed schemas; ends with 1 when that would break readers and is not meant."""
    unknown = [one for one in arguments if one != BREAKING]
    if unknown:
        complain(f"不认识 {unknown[0]} / unknown option (--breaking)")
    broken = breaks_of_all(agreed(KEPT), schemas_now())
    if broken and BREAKING not in arguments:
        for line in broken:
            say(line)
        complain(
            "这会使已有的读者出错,确要如此请加 --breaking / "
            "this breaks readers: add --breaking if it is meant"
        )
    say(f"{KEPT}: {agree(KEPT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(renew(sys.argv[1:]))
