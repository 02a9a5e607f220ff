"""The page of a service's HTTP: whole, public, and asking no other host for anything."""

import re
from html.parser import HTMLParser

import pytest

from bulwark.registry import SERVICES
from bulwark.server.routes import routes_of
from tests.support.harness import Node

EMPTY = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """What a page holds: its ids and links, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.labels: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in EMPTY:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if "aria-labelledby" in found:
            self.labels.append(found["aria-labelledby"])
        if tag == "a":
            self.links.append(found["href"])
        self.fetched += [found[name] for name in ("src", "srcset", "action") if name in found]
        if tag in ("link", "script", "iframe"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("service", SERVICES)
def test_page_tells_of_every_route_and_fetches_nothing(node: Node, service: str) -> None:
    answer = node.anyone.get(f"/{service}/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    read = Reader(answer.text)
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert read.fetched == []
    for link in read.links:
        assert link.removeprefix("#") in read.ids or link == f"/{service}/openapi.json"
    assert set(read.labels) <= set(read.ids)
    for route in routes_of(service):
        assert f"<code>{route.path}</code>" in answer.text
        for language in ("zh", "en"):
            assert route.texts.text(route.message, language).replace("'", "&#x27;") in answer.text
    assert not re.search(r"https?://", answer.text)


def test_page_is_in_chinese_first_and_english_second_when_it_is_read(node: Node) -> None:
    text = node.anyone.get("/alerts/docs").text
    assert '<html lang="zh-CN">' in text
    for chinese, english in (("可用角色", "Roles"), ("应答", "Answers"), ("拒绝", "Refusals")):
        assert f'{chinese} <span lang="en">{english}</span>' in text
    # No message id stands where a text is missing.
    assert not re.search(r"\b(docs|tag|route|role|area_check|openapi)\.(?!json)[a-z_]+", text)
