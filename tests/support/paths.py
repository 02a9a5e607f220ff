"""Where the tests find what ships with the product."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED_PACK = ROOT / "policies" / "2021-01.toml"
