"""Records that flow in under faults, and the proof that each accepted one is counted once."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from shared.clock.clock import CST
from tests.compose.stack import COUNTY, SERVICES, Stack
from tests.compose.waiting import eventually

AREA = "220581002001"
NORMAL_C, FEVER_C = 36.5, 38.6
SENDERS = 4
PAUSE_SECONDS = 0.02
REFUSED = range(400, 500)


class Ledger:
    """What was accepted: the id of each screening that was answered with 2xx."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._token = stack.token("recorder")
        self._first_day = datetime.now(CST).date()
        self._lock = threading.Lock()
        self.accepted: dict[str, float] = {}

    @contextlib.contextmanager
    def load(self) -> Iterator[None]:
        """Screenings flow in while the block runs, each sent with its id until it is accepted."""
        ending = threading.Event()
        faults: list[BaseException] = []

        def flow() -> None:
            try:
                with self._stack.client() as client:
                    client.headers["Authorization"] = f"Bearer {self._token}"
                    while not ending.is_set():
                        self._send(client)
                        ending.wait(PAUSE_SECONDS)
            except BaseException as error:  # noqa: BLE001 - told to the test below
                faults.append(error)

        threads = [threading.Thread(target=flow) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for thread in threads:
                thread.join(120)
        assert not any(thread.is_alive() for thread in threads), "the load did not end"
        assert not faults, faults

    def _send(self, client: httpx.Client) -> None:
        with self._lock:
            temperature = FEVER_C if len(self.accepted) % 50 == 7 else NORMAL_C
        body = {
            "id": str(uuid4()),
            "area": AREA,
            "temperature_c": temperature,
            "place_kind": "home",
        }

        def accepted() -> bool:
            try:
                answer = client.post("/intake/screenings", json=body)
            except httpx.HTTPError:
                return False
            assert answer.status_code not in REFUSED, answer.text
            return answer.is_success

        eventually(accepted)
        with self._lock:
            self.accepted[str(body["id"])] = temperature

    def wait_for_more(self, more: int = 60) -> None:
        """Until so many more records were accepted."""
        wanted = len(self.accepted) + more
        eventually(lambda: len(self.accepted) >= wanted)

    @property
    def fevers(self) -> set[str]:
        """The ids of the feverish ones."""
        return {id_ for id_, temperature in self.accepted.items() if temperature == FEVER_C}

    def counted(self, client: httpx.Client, area: str = AREA) -> dict[str, int]:
        """The figures of all days since the ledger began."""
        total: Counter[str] = Counter()
        day = self._first_day
        while day <= datetime.now(CST).date():
            path = f"/rollup/areas/{area}/figures"
            answer = client.get(path, params={"date": day.isoformat()}).raise_for_status().json()
            total.update(answer["figures"])
            day += timedelta(days=1)
        return dict(total)

    def on_the_bus(self, kind: str) -> list[dict[str, Any]]:
        """The data of every event of a type in the ledger's area, as a subscriber reads them."""
        words = ("events", "--json", "--no-follow", "--area", AREA, "--type", kind)
        lines = self._stack.tools(*words).splitlines()
        return [json.loads(line)["data"] for line in lines if line.startswith("{")]

    def _told(self, client: httpx.Client) -> Iterator[str]:
        for service in SERVICES:
            yield client.get(f"/{service}/readyz").text
        for kind in ("screening_recorded", "fever_detected"):
            events = [data["screening_id"] for data in self.on_the_bus(kind)]
            yield f"{kind}: {len(events)} on the bus, {len(set(events))} of them different"
        yield self._stack.tools("dead", "list")

    def check(self) -> None:
        """Every accepted record is counted once, and stands on the bus once; so does each fever."""
        wanted = {"screenings": len(self.accepted), "fevers": len(self.fevers)}
        assert wanted["fevers"] > 0

        def figures() -> dict[str, int]:
            with contextlib.suppress(httpx.HTTPError):
                return {name: self.counted(client)[name] for name in wanted}
            return {}

        with self._stack.client("it", COUNTY) as client:
            with contextlib.suppress(AssertionError):
                eventually(lambda: figures() == wanted, every=1)
            found = figures()
            # How far each service has read says where a difference comes from.
            told = "" if found == wanted else "\n".join(self._told(client))
            assert found == wanted, f"counted {found}, accepted {wanted}\n{told}"
        screenings = [data["screening_id"] for data in self.on_the_bus("screening_recorded")]
        _same(screenings, self.accepted.keys(), "screenings")
        fevers = [data["screening_id"] for data in self.on_the_bus("fever_detected")]
        _same(fevers, self.fevers, "fevers")


def _same(found: Iterable[str], wanted: Iterable[str], what: str) -> None:
    """Fail when ids differ, or stand there more than once; says which."""
    more, less = Counter(found) - Counter(wanted), Counter(wanted) - Counter(found)
    assert not more, f"{what} on the bus too often: {more}"
    assert not less, f"{what} not on the bus: {less}"
