"""The times that records of intake may bear: not before what they record began."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from shared.clock.clock import CST
from shared.writer.commands import LAST_DAY, LAST_TIME, written_day, written_time

# The first onset among the first cases known, 2019-12-01; chosen, as no source sets a limit.
# Older cases, and temperatures taken earlier, are mistyped years.
BEGINNING = date(2019, 12, 1)
BEGAN_AT = datetime(BEGINNING.year, BEGINNING.month, BEGINNING.day, tzinfo=CST)

RecordedAt = Annotated[
    AwareDatetime, Field(ge=BEGAN_AT, le=LAST_TIME), BeforeValidator(written_time)
]
RecordedOn = Annotated[date, Field(ge=BEGINNING, le=LAST_DAY), BeforeValidator(written_day)]
