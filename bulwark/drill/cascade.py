"""The cascade of a drill: every event as it reaches an outside subscriber, told in one line."""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from bulwark.drill.scenario import Calendar
from bulwark.follow import Wanted, documents
from bulwark.process import say
from bulwark.texts import TEXTS
from shared.areas import Areas
from shared.events import COMMUNITY_DIGITS, Event, decode
from shared.events.wording import describe, event_label
from shared.text import Language

# What happens by the hundred every day is told once a day, as a number.
COUNTED = ("screening_recorded", "report_opened", "report_submitted")


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as the subscriber got it: `arrived` is the machine's steady time in seconds."""

    id: str
    at: dt.datetime
    arrived: float
    event: Event


class Cascade:
    """Subscribes like any other system, keeps what it saw, and prints it."""

    def __init__(
        self, calendar: Calendar, areas: Areas, language: Language, *, quiet: bool
    ) -> None:
        self.seen: list[Seen] = []
        self.count = Counter[str]()
        self._calendar = calendar
        self._areas = areas
        self._language = language
        self._quiet = quiet
        self._told = 0
        self._today = Counter[str]()
        self._day = 1

    async def watch(self, client: Client) -> None:
        """Take events for ever; ends when cancelled."""
        async for document in documents(client, Wanted(), follow=True):
            recorded = decode(document)
            service = str(document["source"]).rsplit("/", 1)[1]
            self.count[service] += 1
            if recorded is not None:
                self.seen.append(
                    Seen(recorded.id, recorded.time, time.perf_counter(), recorded.data)
                )

    async def has(self, heads: dict[str, int]) -> None:
        """Wait until everything up to these heads was seen."""
        async with asyncio.timeout(30):
            while any(self.count[service] < head for service, head in heads.items()):
                await asyncio.sleep(0.001)

    def tell(self) -> None:
        """Print what came since the last time."""
        fresh, self._told = self.seen[self._told :], len(self.seen)
        for seen in fresh:
            day = self._calendar.day_of(seen.at)
            if day != self._day:
                self._tell_day()
                self._day = day
            if seen.event.name in COUNTED:
                self._today[seen.event.name] += 1
        for line in self._lines(one for one in fresh if one.event.name not in COUNTED):
            if not self._quiet:
                say(line)

    def end(self) -> None:
        """Print the last day's numbers."""
        self._tell_day()

    def _tell_day(self) -> None:
        if self._today and not self._quiet:
            parts = [
                f"{event_label(name, self._language)} {self._today[name]}"
                for name in COUNTED
                if self._today[name]
            ]
            say(
                f"{self._when(self._day)} {'24:00'}  —  "
                + TEXTS.text("drill.day", self._language, counts="; ".join(parts))
            )
        self._today.clear()

    def _when(self, day: int) -> str:
        return TEXTS.text("drill.when", self._language, day=day)

    def _lines(self, seen: Iterable[Seen]) -> Iterator[str]:
        """A line an event; one line for what befell several places at once by the same cause."""
        alike: dict[tuple[Any, ...], list[Seen]] = {}
        for one in seen:
            cause = one.event.because[-1].id if one.event.because else one.id
            text = describe(one.event, self.name, self._language)
            alike.setdefault((one.at, cause, text), []).append(one)
        for (_, _, text), same in alike.items():
            yield self._line(same, text)

    def _line(self, same: list[Seen], text: str) -> str:
        codes = {one.event.area for one in same}
        place = self.place(_common(list(codes)))
        if len(codes) > 1:
            place = TEXTS.text("drill.places", self._language, place=place, count=len(codes))
        times = f" ×{len(same)}" if len(same) > 1 else ""
        return f"{self._stamp(same[0])}  {place}  {text}{times}{self._why(same[0])}"

    def _stamp(self, one: Seen) -> str:
        return f"{self._when(self._calendar.day_of(one.at))} {one.at:%H:%M}"

    def _why(self, one: Seen) -> str:
        labels = [
            event_label(cause.type.rsplit(".", 1)[1], self._language)
            for cause in reversed(one.event.because[-3:])
        ]
        return "".join(f" ← {label}" for label in labels)

    def name(self, area: str) -> str:
        """The name of an area, or its code."""
        return self._areas.name(area) if self._areas.exists(area) else area

    def place(self, area: str) -> str:
        """A place as a person of the county would say it: township and community."""
        codes = [area[:9], area[:COMMUNITY_DIGITS]] if len(area) >= 9 else [area]
        return " ".join(self.name(code) for code in dict.fromkeys(codes))


def _common(codes: list[str]) -> str:
    """The smallest area that holds all of these."""
    for digits in (15, 12, 9, 6, 4, 2):
        heads = {code[:digits] for code in codes}
        if len(heads) == 1 and len(next(iter(heads))) == digits:
            return heads.pop()
    return codes[0][:2]
