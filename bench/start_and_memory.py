"""How soon `bulwark up` is ready, and how much memory the whole takes."""

import tempfile
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from bench.machine import described, up

RECORDS = 20_000
AREA = "220581001001"


def load(url: str, token: str) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for _ in range(RECORDS // 5000):
            lines = b"\n".join(
                orjson.dumps(
                    {
                        "id": str(uuid4()),
                        "area": AREA,
                        "temperature_c": 36.5,
                        "place_kind": "checkpoint",
                    }
                )
                for _ in range(5000)
            )
            answer = client.post(
                "/intake/screenings/bulk",
                content=lines,
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.json()["recorded"] == 5000


def told(memory: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {mb:.0f}" for name, mb in memory.items())
    return f"{sum(memory.values()):.0f} MB ({parts})"


def main() -> None:
    print("bulwark up: from the command to a ready /readyz, and memory (proportional set size)")
    print(f"  machine: {described()}")
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        folder = Path(scratch) / "data"
        starts = []
        for _ in range(4):
            with up(folder) as running:
                starts.append(running.ready_seconds)
                idle = running.memory_mb()
        with up(folder) as running:
            load(running.url, running.token("recorder"))
            loaded = running.memory_mb()
    later = sorted(starts[1:])[1]
    print(f"  first start {starts[0]:.2f} s, later starts {later:.2f} s (median of 3; to reach: 3)")
    print(f"  idle {told(idle)} (to reach: 200)")
    print(f"  after {RECORDS} records {told(loaded)}")


if __name__ == "__main__":
    main()
