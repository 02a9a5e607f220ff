"""Intake as it would be otherwise, to measure it against: `python -m bench.intake_variants`.

`as-it-is` changes nothing; `no-database` answers every request at once, without its database;
`alone` gives every request a transaction of its own.
"""

import sys
from unittest.mock import patch

from bulwark.console import run, set_up_logging
from bulwark.server.run_services import serve
from bulwark.settings import Settings
from shared.writer import writer
from shared.writer.requests import Done, Request

VARIANTS = ("as-it-is", "no-database", "alone")


async def answer_at_once(_writer: writer.Writer, work: Request) -> Done:
    """What the writer would answer, without doing it."""
    return Done({"id": work.command.id})


def main() -> None:
    variant, service = sys.argv[1:]
    set_up_logging("WARNING")
    with patch.object(writer, "MAX_BATCH_SIZE", 1 if variant == "alone" else writer.MAX_BATCH_SIZE):
        if variant == "no-database":
            with patch.object(writer.Writer, "submit", answer_at_once):
                sys.exit(run(serve([service], Settings())))
        sys.exit(run(serve([service], Settings())))


if __name__ == "__main__":
    main()
