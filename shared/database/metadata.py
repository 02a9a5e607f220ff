"""The tables of one service: a collection of its own, in which indexes are named alike."""

from sqlalchemy import MetaData

INDEX_NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s"}


def service_metadata() -> MetaData:
    """An empty collection of tables, for the declarative base of a service's `schema.py`."""
    return MetaData(naming_convention=INDEX_NAMES)
