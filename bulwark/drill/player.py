"""Playing a drill on virtual time, through the real services. V9.

When every reader is at the end of every log, the clock steps to the next due time or line of the
scenario. Ten days take seconds, with the same result each time; at the end the clock is real.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import orjson

from bulwark.console import say
from bulwark.drill import ordinary, review
from bulwark.drill.calls import Calls, body_of, stopped
from bulwark.drill.cascade import Cascade
from bulwark.drill.review import Verdict
from bulwark.drill.scenario import Calendar, Expectation, Scenario, Signing, Step
from bulwark.server.up import Machine
from bulwark.texts import TEXTS
from shared.clock.clock import CST, VirtualClock
from shared.i18n.catalogue import Language
from shared.security.roles import Role

SIGNED_AT_ONCE = 16
TOKEN_DAYS = 90
# Only to end a drill that hangs; speed is measured by the bench.
SETTLE_SECONDS = 600.0

Line = Callable[[], Awaitable[None]]


class DrillClock(VirtualClock):
    """Virtual time while the drill is played, real time afterwards."""

    def __init__(self, start: dt.datetime) -> None:
        super().__init__(start)
        self._released = False

    def now(self) -> dt.datetime:
        """The time of the scenario, and after `release` the real time."""
        return dt.datetime.now(CST) if self._released else super().now()

    def release(self) -> None:
        """Switch to real time."""
        self._released = True


class Player:
    """Plays one scenario on a running machine."""

    def __init__(
        self,
        scenario: Scenario,
        calendar: Calendar,
        clock: DrillClock,
        running: Machine,
        cascade: Cascade,
        language: Language,
    ) -> None:
        self.scenario = scenario
        self.calendar = calendar
        self.clock = clock
        self.verdicts: list[Verdict] = []
        self.refused = 0
        self._running = running
        self._cascade = cascade
        self._language = language
        self._began: dict[str, dt.datetime] = {}
        self._calls = Calls(running.url)

    async def play(self) -> None:
        """Run the scenario's lines, and everything due between and after them."""
        lines = sorted(self._lines(), key=lambda line: line[0])
        end = self.calendar.moment(self.scenario.days + 1, dt.time(0))
        for at, line in lines:
            await self._pass_until(at)
            await line()
            await self._settle()
        await self._pass_until(end)
        self._judge_events()
        self._cascade.end(self.clock.now())
        await self._calls.close()

    async def catch_up_with_the_present(self) -> None:
        """Handle everything due since the scenario's end, then switch to real time."""
        await self._pass_until(max(dt.datetime.now(CST), self.clock.now()))
        self.clock.release()
        for runtime in self._running.instance.runtimes.values():
            runtime.keep_time()

    def _lines(self) -> list[tuple[dt.datetime, Line]]:
        lines: list[tuple[dt.datetime, Line]] = []
        for number, routine in enumerate(self.scenario.routine):
            for at, batch in ordinary.hourly(self.calendar, routine, number):
                lines.append((at, partial(self._send_bulk, batch)))
        for step in self.scenario.step:
            at = self.calendar.moment(step.day, step.at)
            lines.append((at, partial(self._do, step)))
        for signing in self.scenario.signing:
            lines.extend(self._signing_lines(signing))
        for expectation in self.scenario.expect:
            if expectation.get and expectation.day and expectation.at:
                at = self.calendar.moment(expectation.day, expectation.at)
                lines.append((at, partial(self._ask, expectation)))
        return lines

    def _signing_lines(self, signing: Signing) -> list[tuple[dt.datetime, Line]]:
        lines: list[tuple[dt.datetime, Line]] = []
        everyone = self._running.instance.site.areas.communities(self.scenario.area)
        for day in range(1, self.scenario.days + 1):
            forgotten = {one.area for one in signing.forgotten if one.day == day}
            signed = [code for code in everyone if code not in forgotten]
            at = self.calendar.moment(day, signing.at)
            lines.append((at, partial(self._sign, signing.who, day, signed)))
        for one in signing.forgotten:
            at = self.calendar.moment(one.day + 1, one.late_at)
            lines.append((at, partial(self._sign, signing.who, one.day, [one.area])))
        return lines

    async def _pass_until(self, instant: dt.datetime) -> None:
        """Step from one due time to the next, up to and including `instant`."""
        while True:
            await self._settle()
            due = [
                await runtime.ticker.next_due()
                for runtime in self._running.instance.runtimes.values()
            ]
            nearest = min((at for at in due if at is not None), default=None)
            if nearest is None or nearest > instant:
                break
            self.clock.step_to(max(nearest, self.clock.now()))
        self.clock.step_to(instant)
        await self._settle()

    async def _settle(self) -> None:
        """Wait until everything is applied and nothing is due; then print what happened."""
        instance = self._running.instance
        while True:
            await _within_limit(instance.at_rest, "drill.no_rest")
            if not sum([await runtime.ticker.tick() for runtime in instance.runtimes.values()]):
                break
        heads = {name: runtime.writer.head for name, runtime in instance.runtimes.items()}
        await _within_limit(partial(self._cascade.has, heads), "drill.not_seen")
        self._cascade.print_new()

    def _headers(self, role: Role, area: str | None = None) -> dict[str, str]:
        tokens = self._running.instance.site.tokens
        token = tokens.mint(role, area or self.scenario.area, name=f"drill-{role}", days=TOKEN_DAYS)
        return {"Authorization": f"Bearer {token}", "Accept-Language": self._language}

    async def _do(self, step: Step) -> None:
        headers = self._headers(step.who, step.area)
        found = await self._find(step.find, headers) if step.find else ""
        method, _, path = self.calendar.text(step.call, found).partition(" ")
        body = self.calendar.filled(step.body)
        if step.name:
            self._began[step.name] = self.clock.now()
            if method == "POST":
                body = {"id": self.scenario.id_of(step.name), **body}
        self._judge_call(method, path, await self._calls.send(method, path, headers, body))

    async def _find(self, path: str, headers: dict[str, str]) -> str:
        """The id of the first item of a list; without one the call that needs it fails."""
        items = body_of(await self._calls.get(path, headers)).get("items", [])
        return str(items[0]["id"]) if items else "nothing-found"

    def _judge_call(self, method: str, path: str, answer: httpx.Response) -> None:
        body = body_of(answer)
        rejected = body.get("rejected") if answer.is_success else None
        if answer.is_success and not rejected:
            return
        self.refused += 1
        detail = rejected or body.get("detail", "")
        say(
            TEXTS.text(
                "drill.refused",
                self._language,
                call=f"{method} {path}",
                status=answer.status_code,
                detail=detail,
            )
        )

    async def _send_bulk(self, batch: list[dict[str, Any]]) -> None:
        if batch:
            content = b"\n".join(orjson.dumps(one) for one in batch)
            headers = self._headers(Role.RECORDER)
            path = "/intake/screenings/bulk"
            self._judge_call("POST", path, await self._calls.send_lines(path, headers, content))

    async def _sign(self, who: Role, day: int, areas: list[str]) -> None:
        headers = self._headers(who)
        date = self.calendar.date(day).isoformat()
        gate = asyncio.Semaphore(SIGNED_AT_ONCE)

        async def sign(area: str) -> None:
            async with gate:
                path = f"/rollup/reports/{area}/{date}/sign-off"
                self._judge_call("POST", path, await self._calls.send("POST", path, headers, {}))

        await asyncio.gather(*(sign(area) for area in areas))

    async def _ask(self, expectation: Expectation) -> None:
        path = self.calendar.text(expectation.get)
        answer = await self._calls.get(path, self._headers(expectation.who))
        self.verdicts.append(review.judge_answer(expectation, body_of(answer)))

    def _judge_events(self) -> None:
        for expectation in self.scenario.expect:
            if expectation.event:
                since = self._began.get(expectation.after)
                if since is None and expectation.day and expectation.at:
                    since = self.calendar.moment(expectation.day, expectation.at)
                verdict = (
                    Verdict(expectation, held=False, found=f"after = {expectation.after}?")
                    if since is None
                    else review.judge_events(expectation, since, self._cascade.seen)
                )
                self.verdicts.append(verdict)


async def _within_limit(holds: Callable[[], bool], message: str) -> None:
    """Wait until something holds; raises DrillStopped with a message when the limit is over."""
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while not holds():
                await asyncio.sleep(0.001)
    except TimeoutError as error:
        raise stopped(message, seconds=f"{SETTLE_SECONDS:.0f}") from error
