"""A short day of a county, played over HTTP through the front door."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from shared.clock.clock import CST
from tests.compose.stack import Stack
from tests.compose.waiting import eventually

TOWNSHIP = "220581001"
COMMUNITY = "220581001001"


class Day:
    """The county's people at work, each with a token of their own."""

    def __init__(self, stack: Stack) -> None:
        roles = ("recorder", "health", "command", "election", "lead")
        self._clients = {role: stack.client(role) for role in roles}
        self._clients["anyone"] = stack.client()
        self.today = datetime.now(CST).date()

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def tell(self, who: str, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        """A change, which must be accepted."""
        answer = self._clients[who].request(method, path, json={"id": str(uuid4()), **body})
        assert answer.is_success, answer.text
        return answer.json()

    def see(self, who: str, path: str, **query: str) -> Any:
        """A read, which must be answered."""
        answer = self._clients[who].get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def play(self) -> None:
        """Screenings, a fever, an order up and down, and the report of the day."""
        self.prepare_places()
        self.find_a_fever()
        self.order_up()
        self.order_down()
        self.report()

    def prepare_places(self) -> None:
        """An election and a mahjong room, as on any day."""
        polling = (self.today + timedelta(days=20)).isoformat()
        self.tell(
            "election",
            "/alerts/elections",
            {"area": COMMUNITY, "name": "建国社区换届选举", "polling_on": polling},
        )
        self.tell(
            "lead",
            "/alerts/venues",
            {"area": COMMUNITY, "kind": "mahjong_room", "name": "建国棋牌室", "capacity": 24},
        )

    def find_a_fever(self) -> None:
        """Three people at the gate, one of them feverish; the clinic closes the alert."""
        for temperature in (36.4, 36.6, 38.4):
            body = {"area": COMMUNITY, "temperature_c": temperature, "place_kind": "checkpoint"}
            self.tell("recorder", "/intake/screenings", body)

        def open_alerts() -> list[dict[str, Any]]:
            found = self.see("health", "/alerts/alerts", area=COMMUNITY, status="open")
            items: list[dict[str, Any]] = found["items"]
            return items

        (alert,) = eventually(open_alerts)
        assert alert["kind"] == "fever"
        path = f"/alerts/alerts/{alert['id']}"
        self.tell("recorder", f"{path}/acknowledge", {})
        self.tell("health", f"{path}/resolve", {"outcome": "observed"})

    def measures(self) -> set[str]:
        """The kinds of measures in force in the community."""
        found = self.see("command", f"/alerts/areas/{COMMUNITY}")
        return {one["kind"] for one in found["measures"] if one["status"] == "active"}

    def places(self) -> tuple[str, str]:
        """How the election and the mahjong room stand."""
        (election,) = self.see("election", "/alerts/elections", area=COMMUNITY)["items"]
        (venue,) = self.see("lead", "/alerts/venues", area=COMMUNITY)["items"]
        return election["status"], venue["status"]

    def order(self, level: str) -> None:
        """The command's order for the township."""
        body = {"level": level, "reason": "演练", "document": "演练〔1〕号"}
        self.tell("command", f"/alerts/areas/{TOWNSHIP}/risk-level", body, "PUT")

    def order_up(self) -> None:
        """Medium: checkpoints open, the election pauses, the mahjong room closes; all see it."""
        self.order("medium")
        eventually(lambda: {"checkpoint", "election_pause"} <= self.measures())
        assert self.places() == ("paused", "closed")
        eventually(lambda: self._public()["level"] == "medium")

    def order_down(self) -> None:
        """Low: exactly that is undone."""
        self.order("low")
        eventually(lambda: "checkpoint" not in self.measures())
        assert self.places() == ("scheduled", "open")
        eventually(lambda: self._public()["level"] == "low")

    def _public(self) -> dict[str, Any]:
        path = f"/public/areas/{COMMUNITY}"
        answer = self._clients["anyone"].get(path, headers={"Accept": "application/json"})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def figures(self, area: str) -> dict[str, int]:
        """An area's figures of the day."""
        found = self.see("lead", f"/rollup/areas/{area}/figures", date=str(self.today))
        figures: dict[str, int] = found["figures"]
        return figures

    def report(self) -> None:
        """The figures are there, and the lead signs the day's report."""
        seen = {"screenings": 3, "fevers": 1, "alerts_resolved": 1}
        eventually(lambda: seen.items() <= self.figures(COMMUNITY).items())
        ordered = {"levels_raised": 1, "levels_lowered": 1}
        eventually(lambda: ordered.items() <= self.figures(TOWNSHIP).items())
        path = f"/rollup/reports/{COMMUNITY}/{self.today}"
        eventually(lambda: self._clients["lead"].get(path).status_code == httpx.codes.OK)
        self.tell("lead", f"{path}/sign-off", {})
        assert self.see("lead", path)["status"] == "submitted"
