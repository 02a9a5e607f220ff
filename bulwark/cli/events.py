"""The bus and what did not get through it: `bulwark events`, `refill`, `dead …`, `trust-clock`."""

from datetime import datetime
from typing import Annotated

import typer

from bulwark.cli.options import DEFAULT, Data, group
from bulwark.console import run

dead_letters = group("死信(被搁置的事件) / dead-lettered events")


def events(
    data: Data = DEFAULT,
    area: Annotated[str, typer.Option(help="区划代码 / only within this area")] = "",
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="事件类型,可重复 / event type, repeatable")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", help="从何时起 / start at this time")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="每行一个事件 / one document per line")
    ] = False,
    follow: Annotated[
        bool, typer.Option(help="到尾后继续等 / wait for more events at the end")
    ] = True,
) -> None:
    """Print events from the bus."""
    from bulwark.admin.operations import show_events
    from bulwark.broker.tail import Wanted
    from shared.clock.clock import CST

    start = since.replace(tzinfo=CST) if since and since.tzinfo is None else since
    wanted = Wanted(area, tuple(type_ or ()), start)
    raise SystemExit(run(show_events(data, wanted, json=json, follow=follow)))


@dead_letters.command("list")
def dead_list(data: Data = DEFAULT) -> None:
    """List the dead-lettered events with their errors."""
    from bulwark.admin.operations import list_dead

    list_dead(data)


@dead_letters.command("retry")
def dead_retry(data: Data = DEFAULT) -> None:
    """Replay the dead-lettered events."""
    from bulwark.admin.operations import retry_dead

    raise SystemExit(retry_dead(data))


def trust_clock(data: Data = DEFAULT) -> None:
    """Trust the clock, which was wrong before and is right now: resume due work."""
    from bulwark.admin.operations import trust_clocks
    from shared.clock.clock import RealClock

    now = f"{RealClock().now():%Y-%m-%d %H:%M}"
    typer.confirm(
        f"现在是北京时间 {now},对吗?/ it is {now} in Beijing: is this correct?", abort=True
    )
    trust_clocks(data)


def refill(
    service: Annotated[str, typer.Argument(help="intake, alerts, …")],
    sequence: Annotated[
        int, typer.Option("--from", min=1, help="从此序号起 / from this sequence on")
    ],
    data: Data = DEFAULT,
) -> None:
    """Rebuild a service's stream from its log."""
    from bulwark.admin.operations import ask_refill

    raise SystemExit(run(ask_refill(data, service, sequence)))
