"""The tables of this service: every feature's `tables.py` declares its own on `Table`."""

from sqlalchemy.orm import DeclarativeBase

from shared.database.metadata import service_metadata


class Table(DeclarativeBase):
    """The declarative base of rollup's tables."""

    metadata = service_metadata()
