"""What a dashboard is made of: panels with their queries, in rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# The watchdog always fires: it says that alerts arrive.
FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how each of its series is called (`{{label}}`)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture; `kind` is a Grafana panel, `unit` a Grafana unit.

    The colour is `base`, and another from each of `steps` on.
    """

    title: str
    kind: str
    queries: Sequence[Query]
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: Sequence[tuple[float, str]] = ()
    base: str = "green"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading with the panels under it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels."""

    uid: str
    title: str
    rows: Sequence[Row]

    @property
    def panels(self) -> Iterable[Panel]:
        """All panels of all rows."""
        return (panel for row in self.rows for panel in row.panels)


def stat(title: str, expr: str, *, red_at: float | None = None, about: str = "") -> Panel:
    """One large number, red from a value on."""
    steps = () if red_at is None else ((red_at, "red"),)
    return Panel(title, "stat", [Query(expr)], width=4, height=4, steps=steps, about=about)


def promise(title: str, expr: str, share: float) -> Panel:
    """A share that was kept, red until it reaches the promised one."""
    steps, about = [(share, "green")], f"承诺 / promised: {share * 100:g} %"
    return Panel(
        *(title, "stat", [Query(expr)], "percentunit", 4, 4), steps=steps, base="red", about=about
    )


def firing(duty: str = ".*") -> Panel:
    """Which alerts fire now, of some groups on duty (`health|desk`) or of all."""
    of = f'{{alertstate="firing", alertname!="Watchdog", duty=~"{duty}"}}'
    query = f"max by (alertname, severity, duty, service, area_name) (ALERTS{of})"
    return Panel("正在告警 / Alerts that fire", "table", [Query(query)], width=24)


def lines(title: str, *queries: Query, unit: str = "short", width: int = 12) -> Panel:
    """Lines over time."""
    return Panel(title, "timeseries", queries, unit=unit, width=width)


def ranking(title: str, expr: str, *, unit: str = "short") -> Panel:
    """The communities with the highest values now."""
    return Panel(title, "bargauge", [Query(expr, "{{area_name}} {{area}}")], unit=unit)


def per_area(metric: str, most: int = 15) -> str:
    """The communities with the highest values of a gauge, told by one process or two."""
    return f"topk({most}, max by (area, area_name) ({metric}))"


def total(metric: str) -> str:
    """The sum of a gauge over all communities; 0 where none is told of."""
    return f"sum(max by (area) ({metric})) or vector(0)"
