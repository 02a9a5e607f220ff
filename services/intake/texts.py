"""The messages of intake."""

from pathlib import Path

from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")
