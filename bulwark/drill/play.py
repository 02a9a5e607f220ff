"""Playing a drill in a private instance, or in one that stays up afterwards. V9."""

import asyncio
import datetime as dt
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import nats.errors

from bulwark.broker.tail import connect
from bulwark.console import say
from bulwark.data_folder import Folder
from bulwark.drill import review
from bulwark.drill.calls import stopped
from bulwark.drill.cascade import Cascade
from bulwark.drill.player import DrillClock, Player
from bulwark.drill.scenario import Calendar, Scenario
from bulwark.server.up import Machine, machine, print_welcome, stay
from bulwark.settings import Settings
from bulwark.texts import TEXTS
from shared.clock.clock import CST
from shared.i18n.catalogue import Language
from shared.runtime.tasks import end_all


async def _play(
    scenario: Scenario, clock: DrillClock, calendar: Calendar, running: Machine, *, quiet: bool
) -> int:
    """Play and report; returns 1 when an expectation failed or a call was rejected."""
    language: Language = "zh"
    areas = running.instance.site.areas
    cascade = Cascade(calendar, areas, language, quiet=quiet)
    say(
        TEXTS.text(
            "drill.title",
            language,
            title=scenario.title_zh,
            area=areas.full_name(scenario.area),
            days=scenario.days,
            first=calendar.first,
        )
    )
    player = Player(scenario, calendar, clock, running, cascade, language)
    await _while_all_run(
        _play_and_report(player, cascade, language),
        _watch(running.broker.url, cascade),
        _raise_failure(running),
    )
    return 1 if player.refused or not all(one.held for one in player.verdicts) else 0


async def _play_and_report(player: Player, cascade: Cascade, language: Language) -> None:
    began = time.perf_counter()
    await player.play()
    seconds = time.perf_counter() - began
    for line in review.report(player.verdicts, cascade.seen, seconds, language):
        say(line)
    await player.catch_up_with_the_present()


async def _watch(url: str, cascade: Cascade) -> None:
    """Feed the cascade from the bus until cancelled; raises DrillStopped."""
    try:
        client = await connect(url)
        try:
            await cascade.watch(client)
        finally:
            await client.close()
    except (nats.errors.Error, OSError) as error:
        raise stopped("drill.no_bus", why=str(error) or type(error).__name__) from error


async def _raise_failure(running: Machine) -> None:
    """Wait until a service fails permanently; raises DrillStopped."""
    failure = await running.instance.failed()
    raise stopped("drill.service_failed", why=str(failure) or type(failure).__name__)


async def _while_all_run(
    first: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]
) -> None:
    """Run the first to its end; raises the error of another that ends before it."""
    tasks = [asyncio.create_task(one) for one in (first, *others)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # The error of another is the cause of an error in the first.
        for task in reversed([task for task in tasks if task.done()]):
            task.result()
    finally:
        await end_all(tasks)
        # Retrieved here, so that asyncio does not log errors that were never retrieved.
        await asyncio.gather(*tasks, return_exceptions=True)


def _begin(file: Path) -> tuple[Scenario, Calendar, DrillClock]:
    """The scenario, whose last day is yesterday."""
    scenario = Scenario.load(file)
    first = dt.datetime.now(CST).date() - dt.timedelta(days=scenario.days)
    calendar = Calendar(scenario, first)
    return scenario, calendar, DrillClock(calendar.moment(1, dt.time(0)))


async def play_alone(file: Path, *, quiet: bool) -> int:
    """Play in a private instance that is removed afterwards."""
    scenario, calendar, clock = _begin(file)
    with tempfile.TemporaryDirectory(prefix="bulwark-drill-") as folder:
        settings = Settings(data=Path(folder), port=0)
        async with machine(Folder(Path(folder) / "data"), settings, clock, drill=True) as running:
            return await _play(scenario, clock, calendar, running, quiet=quiet)


async def play_and_stay(file: Path, data: Path, settings: Settings, *, fresh: bool) -> int:
    """Play in the given folder, then stay up until stopped."""
    scenario, calendar, clock = _begin(file)
    folder = Folder(data)
    async with machine(folder, settings, clock, drill=True, fresh=fresh) as running:
        failed = await _play(scenario, clock, calendar, running, quiet=False)
        say()
        say(TEXTS.text("drill.open", "zh", url=running.url))
        print_welcome(running)
        return await stay(running) or failed
