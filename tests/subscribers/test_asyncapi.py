"""The AsyncAPI document against the published schema of its version."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from shared.events import schema as contract

SPECS = Path(__file__).parent / "node_modules" / "@asyncapi" / "specs" / "schemas"


@pytest.mark.requirement("P2")
def test_document_is_valid_when_its_published_schema_judges_it() -> None:
    validator = Draft7Validator(json.loads((SPECS / "3.0.0.json").read_bytes()))
    document = json.loads(contract.as_json(contract.asyncapi()))
    assert not [error.message for error in validator.iter_errors(document)]
    assert not validator.is_valid({**document, "channels": []})
