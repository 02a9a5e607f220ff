"""Checks events, one document a line, against the schemas of a site.

    python subscriber.py … | python check.py http://127.0.0.1:8080

What fits is passed on; what does not is told on standard error. Needs: pip install jsonschema
"""

import json
import sys
from functools import cache
from urllib.request import urlopen

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


@cache
def validator(url: str) -> Draft202012Validator:
    """The validator for a schema, fetched once."""
    with urlopen(url, timeout=60) as answer:
        return Draft202012Validator(json.load(answer))


def faults(site: str, event: dict) -> list[str]:
    """Why an event does not fit; `dataschema` is the name of the schema of its data."""
    envelope = validator(f"{site}/schemas/envelope.json")
    data = validator(f"{site}/schemas/{event['dataschema']}")
    found = [*envelope.iter_errors(event), *data.iter_errors(event["data"])]
    return [f"{event['id']}: {best_match([fault]).message}" for fault in found]


if __name__ == "__main__":
    bad = 0
    for line in sys.stdin:
        wrong = faults(sys.argv[1].rstrip("/"), json.loads(line))
        for fault in wrong:
            print(fault, file=sys.stderr, flush=True)
        if not wrong:
            print(line, end="", flush=True)
        bad += bool(wrong)
    raise SystemExit(1 if bad else 0)
