"""The contract for other programs: schemas, examples and AsyncAPI, of each published event."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry, Resource

from shared.events import schema as contract
from shared.events.envelope import decode, parse, position_of
from shared.events.examples import example_of
from shared.events.registry import all_events

TYPES = sorted(all_events())
PLACES = ["province", "city", "county", "township", "community", "grid"]


def validator(schema: dict[str, Any], registry: Registry[Any] | None = None) -> Validator:
    Draft202012Validator.check_schema(schema)
    formats = FormatChecker()
    if registry is None:
        return Draft202012Validator(schema, format_checker=formats)
    return Draft202012Validator(schema, registry=registry, format_checker=formats)


def resolved(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("event_type", TYPES)
def test_example_validates_when_its_schemas_judge_it(event_type: str) -> None:
    model = all_events()[event_type]
    document = json.loads(contract.example_document(model))
    validator(contract.envelope_schema()).validate(document)
    validator(contract.schema_of(model)).validate(document["data"])
    assert document["dataschema"] == contract.schema_of(model)["$id"]


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("event_type", TYPES)
def test_example_is_the_same_event_when_it_is_read_back(event_type: str) -> None:
    envelope = parse(contract.example_document(all_events()[event_type]))
    recorded = decode(envelope)
    assert recorded is not None
    assert recorded.data == example_of(all_events()[event_type])
    assert position_of(envelope) == (recorded.data.service, 1)


@pytest.mark.parametrize("event_type", TYPES)
def test_schema_refuses_when_a_promised_field_is_missing_or_of_another_type(
    event_type: str,
) -> None:
    schema = contract.schema_of(all_events()[event_type])
    data = json.loads(contract.example_document(all_events()[event_type]))["data"]
    for name in schema["required"]:
        lacking = {key: value for key, value in data.items() if key != name}
        assert not validator(schema).is_valid(lacking)
        assert not validator(schema).is_valid({**data, name: {"another": "type"}}) or (
            schema["properties"][name].get("type") == "object"
        )


def test_schemas_know_no_null_when_absent_fields_are_left_out() -> None:
    for model in all_events().values():
        assert '"null"' not in json.dumps(contract.schema_of(model))


@pytest.mark.requirement("P2")
def test_asyncapi_has_a_channel_with_parameters_and_an_example_when_an_event_is_published() -> None:
    document = contract.asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert len(document["channels"]) == len(document["operations"]) == len(contract.published())
    components = Resource.opaque(document)
    registry: Registry[Any] = Registry().with_resource("urn:asyncapi", components)
    for model in contract.published():
        channel = document["channels"][f"{model.service}.{model.name}"]
        tail = ".".join(f"{{{name}}}" for name in PLACES)
        assert channel["address"] == f"events.{model.service}.{model.name}.{tail}"
        assert list(channel["parameters"]) == PLACES
        message = resolved(document, channel["messages"]["event"]["$ref"])
        payload = json.loads(json.dumps(message["payload"]).replace('"#/', '"urn:asyncapi#/'))
        example = message["examples"][0]["payload"]
        assert example == json.loads(contract.example_document(model))
        validator(payload, registry).validate(example)
        assert not validator(payload, registry).is_valid({**example, "data": {}})


def test_every_reference_leads_somewhere_when_asyncapi_is_read() -> None:
    document = contract.asyncapi()
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(document)
    assert len(found) > 5 * len(contract.published())
    for reference in found:
        assert resolved(document, reference), reference


def test_titles_are_in_both_languages_when_asyncapi_names_an_event() -> None:
    channel = contract.asyncapi()["channels"]["alerts.fever_detected"]
    zh, en = channel["title"].split(" / ")
    assert any("一" <= letter <= "鿿" for letter in zh)
    assert en.isascii()
