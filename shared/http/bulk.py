"""Bulk bodies: NDJSON, line by line; good lines are kept and bad ones named."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request as HttpRequest

from shared.context import ServiceContext
from shared.exceptions import Rejected
from shared.http import problems
from shared.http.rejections import TooLarge
from shared.http.requests import check_areas, check_time, parse_object, read_body
from shared.security.tokens import Caller
from shared.site import Site
from shared.writer.commands import Command
from shared.writer.idempotency import request_hash
from shared.writer.requests import Bulk, BulkDone, Line

Check = Callable[[Site, Any], None]

MOST_LINES = 10_000
MOST_BYTES = 8 * 1024 * 1024
LINES_PER_TRANSACTION = 500
# More would stand in the writer's queue before a single request that comes meanwhile.
TRANSACTIONS_QUEUED = 2
# To read so many takes a few milliseconds; then whoever else waits has a turn.
LINES_AT_A_TIME = 100


async def accept_lines(
    context: ServiceContext,
    request: HttpRequest,
    model: type[Command],
    caller: Caller,
    route: str,
    check: Check | None,
    work: Callable[[Sequence[Line]], Bulk],
) -> dict[str, Any]:
    """`{recorded, duplicates, rejected: [{line, error, field}]}`; raises TooLarge.

    Lines go to the writer a part at a time, so that single requests pass between them.
    """
    lines = (await read_body(request, MOST_BYTES)).split(b"\n")
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(numbered) > MOST_LINES:
        raise TooLarge(MOST_LINES, "lines")
    rejected: list[tuple[int, Exception]] = []
    pending: list[asyncio.Task[BulkDone]] = []
    for start in range(0, len(numbered), LINES_PER_TRANSACTION):
        good: list[Line] = []
        for at, (number, text) in enumerate(numbered[start : start + LINES_PER_TRANSACTION], 1):
            try:
                good.append(_parse(context, number, text, model, caller, route, check))
            except (ValidationError, Rejected) as error:
                rejected.append((number, error))
            if at % LINES_AT_A_TIME == 0:
                await asyncio.sleep(0)
        if good:
            pending.append(asyncio.create_task(context.writer.submit(work(good))))
        # The writer begins before the next part is read.
        await asyncio.sleep(0)
        if len(pending) >= TRANSACTIONS_QUEUED:
            await asyncio.wait([pending[-TRANSACTIONS_QUEUED]])
    done = await asyncio.gather(*pending)
    return _answer(done, rejected, problems.language_of(request))


def _parse(
    context: ServiceContext,
    number: int,
    text: bytes,
    model: type[Command],
    caller: Caller,
    route: str,
    check: Check | None,
) -> Line:
    fields = parse_object(text)
    command = model.model_validate(fields)
    check_areas(context.site, command, caller)
    check_time(context.site, command)
    if check:
        check(context.site, command)
    return Line(number, command, request_hash(context.site.secret, route, fields, command.id))


def _answer(
    done: Sequence[BulkDone], rejected: list[tuple[int, Exception]], language: Any
) -> dict[str, Any]:
    for part in done:
        rejected.extend(part.rejected)
    return {
        "recorded": sum(part.recorded for part in done),
        "duplicates": sum(part.duplicates for part in done),
        "rejected": [
            {"line": number, **problems.line_error(error, language)}
            for number, error in sorted(rejected, key=lambda pair: pair[0])
        ],
    }
