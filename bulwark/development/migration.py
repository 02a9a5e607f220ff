"""Writes a new migration: `python -m bulwark.development.migration SERVICE|core MESSAGE`."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, inspect

from bulwark.console import complain
from bulwark.registry import SERVICES
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.runtime.migrations import CORE, NAMED, Chain, config_of, own_chain, upgrade


def main(name: str, message: str) -> None:
    """Write a migration of a service's own tables, or of the core's."""
    write(CORE if name == CORE.name else own_chain(SERVICES[name]), message)


def write(chain: Chain, message: str) -> None:
    """Compare a chain's tables with what its migrations make, and write the difference."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'new.db'}")
        with database.write_engine.begin() as connection:
            _compare(chain, connection, message)
        database.close()


def _compare(chain: Chain, connection: Connection, message: str) -> None:
    others: list[str] = []
    if chain.name != CORE.name:
        # A service's migrations may rely on the core tables.
        upgrade(CORE, connection)
        others = inspect(connection).get_table_names()
    if chain.revisions():
        upgrade(chain, connection)
    config = config_of(chain, connection, others)
    now = RealClock().now().strftime(NAMED)
    config.set_main_option("file_template", f"{now}_%%(slug)s")
    command.revision(
        config,
        message,
        autogenerate=True,
        rev_id=now.replace("-", ""),
        process_revision_directives=_refuse_empty,
    )


def _refuse_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """End with one line when nothing changed: main.py does not list the new tables yet."""
    if directives[0].upgrade_ops.is_empty():
        complain(
            "没有变化,未写迁移:功能是否已列入 main.py 的 FEATURES? / nothing changed, nothing was "
            "written: is the feature in the FEATURES of main.py?"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
