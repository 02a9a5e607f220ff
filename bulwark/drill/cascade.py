"""The cascade of a drill: every event as an outside subscriber receives it, one line each."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from nats.aio.client import Client

from bulwark.broker.tail import Wanted, documents
from bulwark.console import say
from bulwark.drill.scenario import Calendar
from bulwark.texts import TEXTS
from shared.areas.tree import Areas
from shared.clock.clock import CST
from shared.events.base import COMMUNITY_DIGITS, Cause, Event
from shared.events.envelope import decode
from shared.events.wording import describe, event_label
from shared.i18n.catalogue import Language

# Events that come by the hundred are printed once a day, as a number.
COUNTED = ("screening_recorded", "report_opened", "report_submitted")
# A line names at most this many areas, and gives the number of all.
NAMED = 3
TOWNSHIP_DIGITS = 9
CAUSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as the subscriber received it; `arrived` is monotonic time in seconds."""

    id: str
    at: dt.datetime
    arrived: float
    event: Event


class Cascade:
    """Subscribes like any other system, keeps the events, and prints them."""

    def __init__(
        self, calendar: Calendar, areas: Areas, language: Language, *, quiet: bool
    ) -> None:
        self.seen: list[Seen] = []
        self.count = Counter[str]()
        self._calendar = calendar
        self._areas = areas
        self._language = language
        self._quiet = quiet
        self._by_id: dict[str, Event] = {}
        self._printed = 0
        self._today = Counter[str]()
        self._day = 1

    async def watch(self, client: Client) -> None:
        """Receive events until cancelled."""
        async for document in documents(client, Wanted(), follow=True):
            recorded = decode(document)
            service = str(document["source"]).rsplit("/", 1)[1]
            self.count[service] += 1
            if recorded is not None:
                self.take(Seen(recorded.id, recorded.time, time.perf_counter(), recorded.data))

    def take(self, seen: Seen) -> None:
        """Keep an event, to be printed and as the cause of others."""
        self.seen.append(seen)
        self._by_id[seen.id] = seen.event

    def has(self, heads: dict[str, int]) -> bool:
        """Whether every event up to these heads was received."""
        return all(self.count[service] >= head for service, head in heads.items())

    def print_new(self) -> None:
        """Print the events received since the last call."""
        fresh, self._printed = self.seen[self._printed :], len(self.seen)
        for seen in fresh:
            day = self._calendar.day_of(seen.at)
            if day != self._day:
                self._print_day("24:00")
                self._day = day
            if seen.event.name in COUNTED:
                self._today[seen.event.name] += 1
        for line in self._lines(one for one in fresh if one.event.name not in COUNTED):
            if not self._quiet:
                say(line)

    def end(self, now: dt.datetime) -> None:
        """Print the last day's numbers: of the whole day, or until now if it is not over."""
        unfinished = self._calendar.day_of(now) <= self._day
        self._print_day(f"{now.astimezone(CST):%H:%M}" if unfinished else "24:00", unfinished)

    def _print_day(self, at: str, unfinished: bool = False) -> None:
        if self._today and not self._quiet:
            parts = [
                f"{event_label(name, self._language)} {self._today[name]}"
                for name in COUNTED
                if self._today[name]
            ]
            message = "drill.day_so_far" if unfinished else "drill.day"
            say(
                f"{self._when(self._day)} {at}  —  "
                + TEXTS.text(message, self._language, counts="; ".join(parts))
            )
        self._today.clear()

    def _when(self, day: int) -> str:
        return TEXTS.text("drill.when", self._language, day=day)

    def _lines(self, seen: Iterable[Seen]) -> Iterator[str]:
        """One line for each event, or for equal events of several areas of one level with the same
        time and cause."""
        alike: dict[tuple[Any, ...], list[Seen]] = {}
        for one in seen:
            cause = one.event.because[-1].id if one.event.because else ""
            text = describe(one.event, self.name, self._language)
            level = len(one.event.area)
            alike.setdefault((one.at, cause, text, level), []).append(one)
        for (_, _, text, _), same in alike.items():
            yield self._line(same, text)

    def _line(self, same: list[Seen], text: str) -> str:
        place = self.places({one.event.area for one in same})
        times = f" ×{len(same)}" if len(same) > 1 else ""
        return f"{self._stamp(same[0])}  {place}  {text}{times}{self._why(same[0])}"

    def _stamp(self, one: Seen) -> str:
        return f"{self._when(self._calendar.day_of(one.at))} {one.at:%H:%M}"

    def _why(self, one: Seen) -> str:
        return "".join(f" ← {self._cause(c)}" for c in reversed(one.event.because[-CAUSES_SHOWN:]))

    def _cause(self, cause: Cause) -> str:
        """A cause in the words of its event, which was received before its effects."""
        event = self._by_id.get(cause.id)
        if event is None:
            return event_label(cause.type.rsplit(".", 1)[1], self._language)
        return describe(event, self.name, self._language, brief=True)

    def name(self, area: str) -> str:
        """The name of an area, or its code."""
        return self._areas.name(area) if self._areas.exists(area) else area

    def place(self, area: str) -> str:
        """An area as people of the county would name it: township and community."""
        codes = [area[:TOWNSHIP_DIGITS], area[:COMMUNITY_DIGITS]]
        return " ".join(self.name(code) for code in dict.fromkeys(codes))

    def places(self, areas: Collection[str]) -> str:
        """Areas of one level: three by name, each township once, and their number.

        A grid is named by its community.
        """
        codes = sorted({area[:COMMUNITY_DIGITS] for area in areas})
        separator = TEXTS.text("drill.separator", self._language)
        parts = []
        for township, named in groupby(codes[:NAMED], lambda code: code[:TOWNSHIP_DIGITS]):
            names = separator.join(self.name(code) for code in named)
            beneath = len(codes[0]) > TOWNSHIP_DIGITS
            parts.append(f"{self.name(township)} {names}" if beneath else names)
        place = separator.join(parts)
        if len(areas) == 1:
            return place
        message = "drill.places" if len(codes) <= NAMED else "drill.places_among"
        return TEXTS.text(message, self._language, place=place, count=len(areas))
