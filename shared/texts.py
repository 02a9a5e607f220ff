"""The messages of the core itself, for any service."""

from pathlib import Path

from shared.text import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
