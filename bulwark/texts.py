"""The messages of the command line and of drills."""

from pathlib import Path

from shared.text import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
