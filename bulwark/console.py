"""Running until told to end: signals, and one clear line for whatever stops a start.

asyncio and structlog are imported where they are used: most commands need neither.
"""

import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

SWITCH_SECONDS = 0.0002
OBJECTS_BEFORE_A_LOOK = 10_000


def complain_softly(message: object) -> None:
    """One line on standard error."""
    sys.stderr.write(f"bulwark: {' '.join(str(message).split())}\n")


def complain(message: object) -> NoReturn:
    """One line on standard error, and a non-zero exit."""
    complain_softly(message)
    raise SystemExit(1)


def say(text: str = "") -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def set_up_logging(level: str, stream: Any = None) -> None:
    """Log lines go to standard error: key=value on a terminal, JSON elsewhere."""
    import logging

    from shared.logs import structlog

    stream = stream or sys.stderr
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(stream=stream, level=logging.WARNING)


def collect_less() -> None:
    """Look for garbage less often.

    A start makes many objects, and an order over a county a hundred thousand, none of them garbage:
    at the usual 700 looking took a sixth of the one and a third of the other.
    """
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK, 20, 100)


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine on the fastest available event loop; returns the exit code.

    Ctrl-C and SIGTERM cancel it from the first moment on, so that it closes what it opened.
    """
    # Four writers and the loop share one interpreter: at the default of 5 ms each waits too long.
    sys.setswitchinterval(SWITCH_SECONDS)
    collect_less()
    import asyncio

    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_until_signalled(work))


def begun() -> None:
    """Call after the start: what exists now lives as long as the process and is never collected."""
    gc.freeze()


async def _until_signalled(work: Coroutine[Any, Any, int]) -> int:
    import asyncio

    task = asyncio.ensure_future(work)
    asked = False

    def ask() -> None:
        nonlocal asked
        # Only once: a second Ctrl-C must not interrupt the shutdown.
        if not asked:
            asked = True
            task.cancel()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ask)
    try:
        return await task
    except asyncio.CancelledError:
        return 0
