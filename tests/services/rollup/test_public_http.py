"""The public page of an area, as JSON and as HTML. D10, V5."""

import re
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from services.rollup.public.page import page
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened, SealingImposed
from shared.events.alerts.elections import ElectionPaused
from shared.events.alerts.measures import MeasureEnded, MeasureStarted
from shared.events.alerts.notices import NoticeIssued
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.alerts.venues import VenueClosed, VenueOpened
from shared.events.base import Event
from tests.services.rollup.making import made, tell
from tests.support.harness import COUNTY, Node, new_id

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Checked(HTMLParser):
    """Reads a page and fails where an element is not closed or something comes from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img", "iframe", "link"}
        given = dict(attrs)
        assert not any(name.startswith("on") or name == "src" for name in given)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href"):
            self.links.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Checked:
    checked = Checked()
    checked.feed(html)
    assert checked.open == []
    assert len(set(checked.ids)) == len(checked.ids)
    return checked


def public(node: Node, area: str) -> dict[str, Any]:
    answer = node.anyone.get(f"/public/areas/{area}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def html(node: Node, area: str) -> httpx.Response:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    return node.anyone.request("GET", f"/public/areas/{area}", headers={"Accept": accept})


def happened(node: Node, model: type[Event], area: str, **values: Any) -> Any:
    event = made(model, area=area, occurred_at=node.now(), **values)
    tell(node, event)
    return event


@pytest.mark.requirement("D10")
def test_level_is_low_and_nothing_is_in_force_when_nothing_happened(node: Node) -> None:
    found = public(node, "220581001001")
    assert (found["level"], found["situation"]) == ("low", "no_cases")
    assert (found["rules"], found["notices"], found["duty_roster"]) == ([], [], [])
    assert found["hotline"] == node.instance.site.pack().hotline
    assert found["above"]["area"] == "220581001"
    assert datetime.fromisoformat(found["updated_at"]).tzinfo is not None


@pytest.mark.requirement("D10")
def test_level_and_rules_are_told_when_alerts_decides_them(node: Node) -> None:
    township, area = "220581002", "220581002001"
    changed = happened(
        node,
        RiskLevelChanged,
        township,
        previous="low",
        level="medium",
        reason="order",
        order={"text": "调整为中风险", "issuer": "市指挥部", "document": "2021年第3号"},
    )
    opened = happened(node, CheckpointOpened, area, checks=["temperature", "health_code"])
    closed = happened(node, VenueClosed, area, kind="mahjong_room")
    happened(node, NoticeIssued, area, level="medium", text="请居民减少外出")
    happened(node, SituationChanged, area, previous="no_cases", situation="cases_or_outbreak")
    found = public(node, area)
    assert (found["level"], found["level_area"]) == ("medium", township)
    assert found["level_since"] == changed.occurred_at.isoformat()
    assert found["order"]["document"] == "2021年第3号"
    assert found["situation"] == "cases_or_outbreak"
    rules = {rule["kind"]: rule for rule in found["rules"]}
    assert set(rules) == {"checkpoint", "venue_closure"}
    assert "麻将" in rules["venue_closure"]["zh"]
    assert rules["checkpoint"]["since"] == opened.occurred_at.isoformat()
    assert rules["checkpoint"]["en"]
    assert [notice["text"] for notice in found["notices"]] == ["请居民减少外出"]
    wide = public(node, township)
    assert wide["level"] == "medium"
    assert {rule["kind"]: rule["communities"] for rule in wide["rules"]} == {
        "checkpoint": 1,
        "venue_closure": 1,
    }
    below = {child["area"]: child["level"] for child in wide["below"]}
    assert set(below) == set(node.instance.site.areas.communities(township))
    assert set(below.values()) == {"medium"}

    happened(node, CheckpointClosed, area, measure_id=opened.measure_id)
    happened(node, VenueOpened, area, venue_id=closed.venue_id, kind="mahjong_room")
    last = happened(
        node, RiskLevelChanged, township, previous="medium", level="low", reason="order"
    )
    found = public(node, area)
    assert (found["level"], found["rules"], found["notices"]) == ("low", [], [])
    assert found["updated_at"] == last.occurred_at.isoformat()


@pytest.mark.requirement("D10")
def test_new_order_is_told_and_its_level_keeps_its_beginning_when_confirmed(node: Node) -> None:
    area = "220581070102"
    levels = {"level": "medium", "reason": "order"}
    order = {"text": "出现病例", "issuer": "市指挥部"}
    first = happened(node, RiskLevelChanged, area, previous="low", order=order, **levels)
    until = datetime.fromisoformat("2021-04-01T00:00:00+08:00")
    renewed: dict[str, Any] = {"text": "延长<管控>", "document": "2021年第9号", "until": until}
    again = happened(node, RiskLevelChanged, area, previous="medium", order=renewed, **levels)
    found = public(node, area)
    assert (found["level"], found["level_since"]) == ("medium", first.occurred_at.isoformat())
    assert found["order"]["text"] == "延长<管控>"
    assert "issuer" not in found["order"]
    assert datetime.fromisoformat(found["order"]["until"]) == until
    assert found["updated_at"] == again.occurred_at.isoformat()
    checked = read(html(node, area).text)
    for told in ("延长<管控>", "2021年第9号", "有效期至 2021-04-01 00:00"):
        assert told in checked.text
    assert "出现病例" not in checked.text


def test_what_belongs_to_a_measure_ends_when_the_measure_ends(node: Node) -> None:
    area = "220581070101"
    measure = happened(node, MeasureStarted, area, kind="duty_day_and_night")
    happened(node, NoticeIssued, area, level="low", text="通告", measure_id=measure.measure_id)
    happened(node, MeasureStarted, area, kind="meeting_postponement")
    assert [rule["kind"] for rule in public(node, area)["rules"]] == [
        "meeting_postponement",
        "duty_day_and_night",
    ]
    happened(node, MeasureEnded, area, kind="duty_day_and_night", measure_id=measure.measure_id)
    found = public(node, area)
    assert [rule["kind"] for rule in found["rules"]] == ["meeting_postponement"]
    assert found["notices"] == []


@pytest.mark.requirement("D10")
def test_venues_stay_closed_on_the_page_when_one_measure_takes_over_from_another(
    node: Node,
) -> None:
    area, medium, high = "220581070103", new_id(), new_id()

    def closed() -> str:
        rules = {rule["kind"]: rule["en"] for rule in public(node, area)["rules"]}
        return str(rules.get("venue_closure", ""))

    def close(kind: str, measure_id: str) -> str:
        event = happened(node, VenueClosed, area, kind=kind, measure_id=measure_id)
        return str(event.venue_id)

    rooms = {kind: close(kind, medium) for kind in ("mahjong_room", "day_care")}
    happened(node, ElectionPaused, area, measure_id=medium)
    # The higher level's closure holds for all: alerts says nothing of those closed already.
    library = close("library", high)
    happened(node, MeasureEnded, area, kind="venue_closure", measure_id=medium)
    assert all(word in closed() for word in ("mahjong", "day", "librar"))
    happened(node, VenueOpened, area, venue_id=library, kind="library")
    happened(node, MeasureEnded, area, kind="venue_closure", measure_id=high)
    assert all(word in closed() for word in ("mahjong", "day"))
    assert "librar" not in closed()
    for kind, venue_id in rooms.items():
        happened(node, VenueOpened, area, venue_id=venue_id, kind=kind)
    assert [rule["kind"] for rule in public(node, area)["rules"]] == ["election_pause"]


@pytest.mark.requirement("D10")
@pytest.mark.requirement("V5")
def test_page_is_whole_and_needs_nothing_else_when_a_browser_asks(node: Node) -> None:
    area = "220581071101"
    happened(node, SealingImposed, area)
    happened(node, RiskLevelChanged, area, previous="low", level="high", reason="order")
    happened(
        node, NoticeIssued, area, level="high", text="<script>alert('x')</script>\n第二行 & 完"
    )
    answer = html(node, area)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    checked = read(answer.text)
    assert node.instance.site.areas.full_name(area) in checked.text
    assert "高风险" in checked.text
    assert "<script>alert('x')</script>\n第二行 & 完" in checked.text
    assert "<script" not in answer.text
    assert "tel:12320" in checked.links
    assert "/public/areas/220581071" in checked.links
    assert not re.search(r"https?://|@import|url\(", answer.text)
    assert '<html lang="zh-CN">' in answer.text
    assert 'name="viewport"' in answer.text
    size = re.search(r"html \{ font-size: ([\d.]+)%", answer.text)
    height = re.search(r"line-height: ([\d.]+);", answer.text)
    assert size is not None
    assert height is not None
    assert 16 * float(size[1]) / 100 >= 18
    assert float(height[1]) >= 1.5


@pytest.mark.requirement("A1")
def test_page_links_to_every_area_below_when_the_area_is_wide(node: Node) -> None:
    checked = read(html(node, COUNTY).text)
    townships = [area.code for area in node.instance.site.areas.children(COUNTY)]
    assert len(townships) == 24
    assert {f"/public/areas/{code}" for code in townships} <= set(checked.links)


def test_names_are_escaped_when_the_tree_holds_markup(node: Node) -> None:
    found = public(node, "220581001001")
    strange = '<b onclick="x()">村&"社区\''
    link = {**found["above"], "name": strange, "url": '/x"><script>'}
    times = {key: datetime.fromisoformat(found[key]) for key in ("updated_at",)}
    given = {**found, **times, "name": strange, "full_name": strange, "above": link}
    text = page({**given, "below": [link], "hotline": '12<3"20'})
    checked = read(text)
    assert strange in checked.text
    assert "<b" not in text.replace("<body", "")


@pytest.mark.requirement("V9")
def test_page_says_first_that_it_is_a_drill_when_it_is_one(node: Node) -> None:
    found = public(node, "220581001001")
    times = {"updated_at": datetime.fromisoformat(found["updated_at"])}
    said = "演练：本页内容不是真实疫情。 Drill: what this page says is not real."
    assert found["drill"] is False
    assert said not in read(page({**found, **times})).text
    body = page({**found, **times, "drill": True}).partition("<body>")[2]
    assert read(body.partition("</body>")[0]).text.lstrip().startswith(said)


def test_contrast_is_enough_when_levels_are_coloured(node: Node) -> None:
    text = html(node, "220581001001").text
    for scheme in re.findall(r":root \{([^}]*)\}", text):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        on = colours.get("on", "#ffffff")
        pairs = [(on, colours[level]) for level in ("low", "medium", "high")]
        pairs += [
            (colours[ink], colours[paper])
            for ink in ("ink", "soft", "link")
            for paper in ("paper", "card")
        ]
        for front, back in pairs:
            assert contrast(front, back) >= 4.5, (front, back)


def contrast(front: str, back: str) -> float:
    """The contrast ratio of two colours (WCAG 2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(front), luminance(back)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0, application/json;q=0.1", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/html;q=x", "application/json"),
    ],
)
def test_kind_of_answer_is_the_preferred_one_when_accept_names_it(
    node: Node, accept: str, kind: str
) -> None:
    answer = node.anyone.request("GET", "/public/areas/220581", headers={"Accept": accept})
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "public, max-age=10"
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("area", ["220581999999", "nowhere", "22058"])
def test_422_when_the_area_is_not_in_the_tree(node: Node, area: str) -> None:
    answer = node.anyone.get(f"/public/areas/{area}")
    assert (answer.status_code, answer.json()["field"]) == (422, "code")
