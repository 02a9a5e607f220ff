"""Records that flow into a site: each is sent with its id until it is accepted, then entered."""

import contextlib
import threading
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import orjson

from tests.faults.ledger import FEVER_C, TEST, Ledger
from tests.faults.processes import UNUSED_TLS
from tests.support.harness import PATIENCE, new_id

AREA = "220581001001"
# Many small requests at once, so that a fault meets a transaction that several callers share.
CALLERS, BATCHES = 4, (1, 1, 3, 20)
# How long a caller waits before it sends more.
PAUSE_SECONDS = 0.02
# How much post_some sends at once.
MANY = 500


class Sender:
    """Sends records to an intake, which is at `url`; `patience_seconds` is how long it tries."""

    def __init__(self, url: str, token: str, ledger: Ledger, patience_seconds: float) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = url
        self._ledger = ledger
        self._patience_seconds = patience_seconds

    @contextlib.contextmanager
    def load(self, seed: int, pause_seconds: float) -> Iterator[None]:
        """Records flow in while the block runs, each caller's after a pause."""
        ending = threading.Event()
        faults: list[BaseException] = []

        def flow(caller: int) -> None:
            try:
                self._flow(f"{seed}/{caller}", ending, pause_seconds)
            except BaseException as error:  # noqa: BLE001 - told to the test below
                faults.append(error)

        callers = [threading.Thread(target=flow, args=(caller,)) for caller in range(CALLERS)]
        for thread in callers:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for thread in callers:
                thread.join(self._patience_seconds + 30)
        assert not any(thread.is_alive() for thread in callers), "the load did not end"
        assert not faults, faults

    def _flow(self, caller: str, ending: threading.Event, pause_seconds: float) -> None:
        random = Random(caller)
        with self._client() as client:
            while not ending.is_set():
                self._send(client, random.choice(BATCHES), random, caller)
                ending.wait(pause_seconds)

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._url,
            headers=self._headers,
            trust_env=False,
            verify=UNUSED_TLS,
            timeout=PATIENCE,
        )

    def _send(self, client: httpx.Client, count: int, random: Random, caller: str) -> None:
        records = [
            {
                "id": new_id(),
                "area": AREA,
                "place_kind": "checkpoint",
                "temperature_c": FEVER_C if random.random() < 0.05 else 36.5,
            }
            for _ in range(count)
        ]
        deadline = time.monotonic() + self._patience_seconds
        while not _accepted(client, records):
            assert time.monotonic() < deadline, "a record was not accepted in time"
            time.sleep(0.02)
        accepted = {str(r["id"]): float(str(r["temperature_c"])) for r in records}
        self._ledger.enter(accepted, caller)

    def post_some(self, count: int, seed: int) -> None:
        """A number of records, accepted before this returns."""
        random = Random(seed)
        with self._client() as client:
            for start in range(0, count, MANY):
                self._send(client, min(MANY, count - start), random, TEST)

    def try_one(self, id_: str) -> httpx.Response:
        """Send one feverish record once; it is entered when it is accepted."""
        body = {"id": id_, "area": AREA, "place_kind": "checkpoint", "temperature_c": FEVER_C}
        with self._client() as client:
            answer = client.post("/intake/screenings", json=body)
        if answer.is_success:
            self._ledger.enter({id_: FEVER_C})
        return answer


def _accepted(client: httpx.Client, records: list[dict[str, Any]]) -> bool:
    try:
        if len(records) == 1:
            return client.post("/intake/screenings", json=records[0]).is_success
        lines = b"\n".join(orjson.dumps(record) for record in records)
        answer = client.post("/intake/screenings/bulk", content=lines)
    except httpx.HTTPError:
        return False
    if answer.is_success:
        found = answer.json()
        assert not found["rejected"], found
        assert found["recorded"] + found["duplicates"] == len(records)
    return answer.is_success
