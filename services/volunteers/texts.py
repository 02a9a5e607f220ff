"""The messages of volunteers."""

from pathlib import Path

from shared.text import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
