"""The command line: `bulwark …`. Every command finds its instance by --data or BULWARK_DATA."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bulwark.cli import subscription as subscription_cli
from bulwark.cli import upkeep as upkeep_cli
from bulwark.cli.prepare import prepare
from bulwark.console import collect_less, complain, run, say, set_up_logging

# Without markup typer writes its help itself: rich costs more than the rest of a small command.
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="社区疫情防控 / community epidemic prevention",
)
areas_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="区划表 / the area tree")
dead_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="搁置的事件 / events set aside"
)
app.add_typer(areas_app, name="areas")
app.add_typer(dead_app, name="dead")
upkeep_cli.add_to(app)
subscription_cli.add_to(app)
app.command()(prepare)

Data = Annotated[
    Path, typer.Option("--data", envvar="BULWARK_DATA", help="数据文件夹 / the data folder")
]
Port = Annotated[int, typer.Option(help="HTTP 端口 / port", envvar="BULWARK_PORT")]
DEFAULT = Path("bulwark-data")


def main() -> None:
    """Run a command; whatever a person can mend is said in one line."""
    collect_less()
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        # Imported here: it knows all parts of the product, which most commands never load.
        from bulwark.cli.errors import ONE_LINE

        if isinstance(error, ONE_LINE):
            complain(error)
        if isinstance(error, PermissionError):
            complain(
                f"{error.filename or error.strerror}: 无权访问,请以数据文件夹的属主运行(sudo -u) / "
                "not allowed: run it as the data folder's owner (sudo -u)"
            )
        raise


@app.command()
def up(
    data: Data = DEFAULT,
    port: Port = 8080,
    drill: Annotated[
        Path | None, typer.Option(help="先演练一遍 / play this scenario first")
    ] = None,
    fresh: Annotated[
        bool, typer.Option(help="先清空本系统建立的数据文件夹 / empty a folder that we made")
    ] = False,
) -> None:
    """Everything on one machine, until Ctrl-C."""
    from bulwark.server.up import refuse_databases_elsewhere
    from bulwark.server.up import up as run_up
    from bulwark.settings import Settings
    from shared.clock.clock import RealClock

    settings = Settings(data=data, port=port)
    set_up_logging(settings.log_level if drill is None else "CRITICAL")
    refuse_databases_elsewhere(settings)
    if drill is not None:
        from bulwark.drill.play import play_and_stay

        raise SystemExit(run(play_and_stay(drill, data, settings, fresh=fresh)))
    raise SystemExit(run(run_up(data, settings, RealClock(), fresh=fresh)))


@app.command("run")
def run_services(
    services: Annotated[list[str], typer.Argument(help="intake alerts …")],
    data: Data = DEFAULT,
    port: Port = 8080,
) -> None:
    """These services in this process, against BULWARK_NATS_URL and their database URLs.

    Once their databases hold events, the data folder must hold its keys: no new ones are made.
    """
    from bulwark.registry import SERVICES
    from bulwark.server.run_services import serve
    from bulwark.settings import Settings

    unknown = [name for name in services if name not in SERVICES]
    if unknown:
        complain(f"没有这个服务 / no such service: {', '.join(unknown)} ({', '.join(SERVICES)})")
    settings = Settings(data=data, port=port)
    set_up_logging(settings.log_level)
    raise SystemExit(run(serve(services, settings)))


@app.command()
def drill(
    file: Annotated[Path, typer.Argument(help="演练脚本 / the scenario")],
    quiet: Annotated[bool, typer.Option(help="不打印过程 / the report only")] = False,
) -> None:
    """Play a scenario in a private instance; exits non-zero when an expectation fails."""
    from bulwark.drill.play import play_alone

    set_up_logging("CRITICAL")
    raise SystemExit(run(play_alone(file, quiet=quiet)))


@app.command()
def token(
    role: Annotated[str, typer.Option(help="角色 / role")],
    area: Annotated[str, typer.Option(help="区划代码 / area code")],
    data: Data = DEFAULT,
    days: Annotated[int, typer.Option(help="有效天数 / days it lasts")] = 30,
    name: Annotated[
        str,
        typer.Option(help="持有人,志愿者填其编号 / who holds it; a helper's id"),
    ] = "",
) -> None:
    """Print a token for a role within an area."""
    from uuid import uuid4

    from bulwark.data_folder import Folder
    from shared.areas.tree import Areas
    from shared.clock.clock import RealClock
    from shared.security.key_files import load_or_create_key
    from shared.security.roles import Role
    from shared.security.tokens import Tokens

    folder = Folder(data.resolve()).require()
    if role not in set(Role):
        complain(f"--role: 没有这个角色 / no such role: {role} ({', '.join(Role)})")
    areas = Areas.open(folder.areas)
    if area and not areas.exists(area):
        complain(f"--area: 区划表中没有 {area} / is not in the area tree")
    areas.close()
    tokens = Tokens(load_or_create_key(folder.keys / "tokens.key"), RealClock())
    # What a resident or helper may see hangs on the name: two tokens must not share one by chance.
    personal = Role(role) in (Role.RESIDENT, Role.HELPER, Role.COUNSELLOR)
    holder = name or (f"{role}-{uuid4()}" if personal else role)
    say(tokens.mint(Role(role), area, name=holder, days=days))


@areas_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="code,name 两列的 CSV / a CSV of code,name")],
    data: Data = DEFAULT,
) -> None:
    """Add the areas of a CSV to the tree; a running instance takes them up by itself."""
    from bulwark.data_folder import Folder
    from shared.areas.loading import load_areas

    folder = Folder(data.resolve())
    folder.prepare()
    done = load_areas(file, folder.areas)
    counts = ", ".join(f"{level} {count}" for level, count in done.counts.items() if count)
    say(
        f"新增 {done.added},更名 {done.renamed},共 {done.total} / "
        f"{done.added} added, {done.renamed} renamed, {done.total} in all ({counts})"
    )


@app.command()
def events(
    data: Data = DEFAULT,
    area: Annotated[str, typer.Option(help="区划代码 / within this area")] = "",
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="事件类型,可重复 / event type, repeatable")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", help="从何时起 / from this time on")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="每行一个事件 / one document a line")
    ] = False,
    follow: Annotated[bool, typer.Option(help="到尾后继续等 / wait for more at the end")] = True,
) -> None:
    """Follow the bus in the terminal."""
    from bulwark.admin.operations import show_events
    from bulwark.broker.tail import Wanted
    from shared.clock.clock import CST

    start = since.replace(tzinfo=CST) if since and since.tzinfo is None else since
    wanted = Wanted(area, tuple(type_ or ()), start)
    raise SystemExit(run(show_events(data, wanted, json=json, follow=follow)))


@dead_app.command("list")
def dead_list(data: Data = DEFAULT) -> None:
    """The events that were set aside, with their errors."""
    from bulwark.admin.operations import list_dead

    list_dead(data)


@dead_app.command("retry")
def dead_retry(data: Data = DEFAULT) -> None:
    """Apply the events that were set aside once more."""
    from bulwark.admin.operations import retry_dead

    raise SystemExit(retry_dead(data))


@app.command("trust-clock")
def trust_clock(data: Data = DEFAULT) -> None:
    """The clock was wrong before and is right now: go on with what is due."""
    from bulwark.admin.operations import trust_clocks
    from shared.clock.clock import RealClock

    now = f"{RealClock().now():%Y-%m-%d %H:%M}"
    typer.confirm(f"现在是北京时间 {now},对吗?/ it is {now} in Beijing: is that right?", abort=True)
    trust_clocks(data)


@app.command()
def refill(
    service: Annotated[str, typer.Argument(help="intake, alerts, …")],
    sequence: Annotated[int, typer.Option("--from", min=1, help="从此序号起 / from this number")],
    data: Data = DEFAULT,
) -> None:
    """Make a service's stream again from its log."""
    from bulwark.admin.operations import ask_refill

    raise SystemExit(run(ask_refill(data, service, sequence)))
