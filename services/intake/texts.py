"""The messages of intake."""

from pathlib import Path

from shared.text import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
