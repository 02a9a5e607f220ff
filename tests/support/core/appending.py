"""A process that appends to a log: `python -m tests.support.core.appending URL NAME TIMES`."""

import sys

from shared.database.engine import Database
from shared.writer.log import AppendBuffer


def append_runs(database: Database, name: str, times: int) -> None:
    """Append runs of one to three rows, every fourth of which is rolled back."""
    for turn in range(times):
        with database.writing() as session:
            page = AppendBuffer(session.connection(), database)
            for part in range(turn % 3 + 1):
                page.add("events.source.noted", f"{name} {turn} {part} {page.head + 1}".encode())
            page.write()
            if turn % 4 != 3:
                session.commit()


if __name__ == "__main__":
    own_database = Database(sys.argv[1])
    append_runs(own_database, sys.argv[2], int(sys.argv[3]))
    own_database.close()
