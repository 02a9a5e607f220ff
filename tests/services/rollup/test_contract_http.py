"""The contract over HTTP: the page, the AsyncAPI file and the schemas, without a token."""

import re
from html.parser import HTMLParser

import pytest

from shared.events import schema as contract
from shared.events.alerts.elections import VotingPlanSet
from tests.support.harness import Node


class _Links(HTMLParser):
    """What a page asks for, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.leads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("script", "img", "iframe", "link", "object", "embed"):
            self.loaded.append(tag)
        if tag == "a":
            self.leads.append(found.get("href") or "")
        if found.get("id"):
            self.ids.append(found["id"] or "")


@pytest.mark.requirement("P2")
def test_page_shows_every_event_and_asks_no_other_host_when_it_is_opened(node: Node) -> None:
    answer = node.anyone.get("/asyncapi")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = _Links()
    page.feed(answer.text)
    assert page.loaded == []
    assert not re.search(r"url\(|@import", answer.text)
    for link in page.leads:
        assert link.startswith(("#", "/")), link
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert node.anyone.get(link).status_code == 200, link
    for model in contract.published():
        assert model.type in page.ids
    assert VotingPlanSet.type not in page.ids
    assert answer.text.index("事件总线的约定") < answer.text.index("The contract of the event bus")


@pytest.mark.requirement("P2")
def test_asyncapi_is_a_file_when_no_token_is_sent(node: Node) -> None:
    answer = node.anyone.get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.content == contract.as_json(contract.asyncapi())


@pytest.mark.requirement("P2")
def test_schema_answers_by_path_and_by_the_name_in_the_envelope_when_it_is_asked_for(
    node: Node,
) -> None:
    for model in contract.published():
        by_path = node.anyone.get(f"/schemas/{model.service}/{model.name}.json")
        by_name = node.anyone.get(f"/schemas/urn:bulwark:{model.service}:{model.name}:1")
        assert by_path.status_code == by_name.status_code == 200
        assert by_path.json() == by_name.json() == contract.schema_of(model)
        assert by_path.headers["content-type"].startswith("application/schema+json")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/schemas/alerts/nothing.json", "event"),
        ("/schemas/alerts/voting_plan_set.json", "event"),
        ("/schemas/intake/fever_detected.json", "event"),
        ("/schemas/urn:bulwark:alerts:fever_detected:2", "name"),
        ("/schemas/urn:other", "name"),
    ],
)
def test_a_missing_schema_is_named_when_there_is_none(node: Node, path: str, field: str) -> None:
    answer = node.anyone.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["field"] == field


def test_envelopes_schema_is_served_when_it_is_asked_for(node: Node) -> None:
    assert node.anyone.get("/schemas/envelope.json").json() == contract.envelope_schema()
