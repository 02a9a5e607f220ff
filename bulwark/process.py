"""Running until told to end: signals, and one clear line for whatever stops a start."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any, NoReturn

import structlog

SWITCH_SECONDS = 0.0002
OBJECTS_BEFORE_A_LOOK = 50_000


def complain(message: object) -> NoReturn:
    """One line on standard error, and a non-zero exit."""
    sys.stderr.write(f"bulwark: {' '.join(str(message).split())}\n")
    raise SystemExit(1)


def say(text: str = "") -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def set_up_logging(level: str, stream: Any = None) -> None:
    """Log lines go to standard error: key=value on a terminal, JSON elsewhere."""
    import logging

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


@contextlib.asynccontextmanager
async def until_signalled() -> AsyncIterator[asyncio.Event]:
    """An event that is set by Ctrl-C or SIGTERM; a second Ctrl-C ends at once."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)
        asked.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ask)
    try:
        yield asked
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)


async def first_of(*works: Coroutine[Any, Any, Any]) -> Any:
    """The result of whichever ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine on the fastest loop there is; returns the exit code."""
    # Four writers and the loop share one interpreter: at the usual 5 ms each waits for the others.
    sys.setswitchinterval(SWITCH_SECONDS)
    # An order over a county makes a hundred thousand objects at once, none of them garbage: at the
    # usual 700 a third of its time went into looking.
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK, 20, 100)
    with contextlib.suppress(ImportError):
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    return asyncio.run(work)
