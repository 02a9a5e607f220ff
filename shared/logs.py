"""Log lines: structlog, loaded without what it would only need for tracebacks in colour."""

import sys

# structlog imports all of rich where it is installed, as typer does: as long as a whole command.
_RICH = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog as structlog  # noqa: PLC0414 - others take it from here
finally:
    del sys.modules["rich"]
    if _RICH is not None:
        sys.modules["rich"] = _RICH

get_logger = structlog.get_logger
