"""Writes a new migration: `python -m bulwark.development.migration SERVICE MESSAGE`."""

import sys
import tempfile
from pathlib import Path

from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.runtime.migrations import migrate


def main(service_name: str, message: str) -> None:
    """Compare the tables with what the migrations make, and write the difference."""
    from alembic import command
    from alembic.config import Config

    service = SERVICES[service_name]
    versions = service.migrations / "versions"
    existing = sorted(path.name[:4] for path in versions.glob("[0-9]*.py"))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'new.db'}")
        if existing:
            migrate(service, database)
        config = Config()
        config.set_main_option("script_location", str(service.migrations))
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        with database.write_engine.begin() as connection:
            config.attributes["connection"] = connection
            number = f"{int(existing[-1]) + 1 if existing else 1:04d}"
            command.revision(config, message, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
