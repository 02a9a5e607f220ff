"""The messages of the core itself, for any service."""

from pathlib import Path

from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
