"""The after-action report (演练复盘): delays from cause to effect, and failed expectations."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bulwark.drill.cascade import Seen
from bulwark.drill.scenario import Expectation
from bulwark.texts import TEXTS
from shared.events.wording import event_label
from shared.i18n.catalogue import Language


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an expectation held, and what was found instead."""

    expectation: Expectation
    held: bool
    found: str


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after its cause an effect came: in scenario time, and in machine time."""

    cause: str
    effect: str
    count: int
    scenario: dt.timedelta
    typical_ms: float
    longest_ms: float


def judge_events(expectation: Expectation, since: dt.datetime, seen: Sequence[Seen]) -> Verdict:
    """Whether the expected events came in time."""
    until = since + dt.timedelta(minutes=expectation.within_minutes)
    found = [one for one in seen if since <= one.at <= until and _fits(one, expectation)]
    enough = len(found) >= expectation.least
    few = expectation.most is None or len(found) <= expectation.most
    return Verdict(expectation, enough and few, f"{len(found)} × {expectation.event}")


def _fits(one: Seen, expectation: Expectation) -> bool:
    event = one.event
    if event.name != expectation.event or not event.area.startswith(expectation.area):
        return False
    causes = [cause.type.rsplit(".", 1)[1] for cause in event.because]
    if expectation.because and expectation.because not in causes:
        return False
    data = event.model_dump(mode="json")
    return all(data.get(field) == value for field, value in expectation.where.items())


def judge_answer(expectation: Expectation, answer: Any) -> Verdict:
    """Whether an answer has the expected value at the dotted path."""
    at = answer
    for step in expectation.path.split("."):
        if isinstance(at, list):
            at = at[int(step)] if step.isdigit() and int(step) < len(at) else None
        elif isinstance(at, Mapping):
            at = at.get(step)
        else:
            at = None
    return Verdict(expectation, at == expectation.equals, f"{expectation.path} = {at!r}")


def delays(seen: Sequence[Seen]) -> list[Delay]:
    """The time from cause to effect by their types, in the order of first occurrence."""
    by_id = {one.id: one for one in seen}
    pairs: dict[tuple[str, str], list[tuple[dt.timedelta, float]]] = defaultdict(list)
    for one in seen:
        cause = by_id.get(one.event.because[-1].id) if one.event.because else None
        if cause is not None:
            took = max(one.arrived - cause.arrived, 0.0) * 1000
            pairs[cause.event.name, one.event.name].append((one.at - cause.at, took))
    return [
        Delay(
            cause,
            effect,
            len(times),
            sorted(virtual for virtual, _ in times)[len(times) // 2],
            median(took for _, took in times),
            max(took for _, took in times),
        )
        for (cause, effect), times in pairs.items()
    ]


def report(
    verdicts: Sequence[Verdict], seen: Sequence[Seen], seconds: float, language: Language
) -> Iterator[str]:
    """The report, line by line."""

    def text(message: str, **values: object) -> str:
        return TEXTS.text(message, language, **values)

    yield text("drill.review")
    yield text("drill.totals", events=len(seen), seconds=f"{seconds:.1f}")
    yield ""
    yield text("drill.delays")
    for delay in delays(seen):
        label = f"{event_label(delay.cause, language)} → {event_label(delay.effect, language)}"
        yield text(
            "drill.delay",
            label=label,
            count=delay.count,
            scenario=_span(delay.scenario),
            typical=f"{delay.typical_ms:.1f}",
            longest=f"{delay.longest_ms:.1f}",
        )
    yield ""
    failed = [verdict for verdict in verdicts if not verdict.held]
    yield text("drill.expectations", held=len(verdicts) - len(failed), all=len(verdicts))
    for verdict in verdicts:
        what = verdict.expectation.what_zh if language == "zh" else verdict.expectation.what_en
        yield f"  {'✓' if verdict.held else '✗'} {what}" + (
            "" if verdict.held else "  " + text("drill.found", found=verdict.found)
        )


def _span(span: dt.timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
