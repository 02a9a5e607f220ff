"""Commands that run the product: prepare, up, run, drill."""

from pathlib import Path
from typing import Annotated

import typer

from bulwark.cli.options import DEFAULT, Data, Port
from bulwark.console import complain, run, say, set_up_logging

AreasFile = Annotated[
    Path | None,
    typer.Option(
        "--areas",
        envvar="BULWARK_AREAS",
        help="首次建立时用此 CSV 作区划表,不用自带的 / make the area tree from this CSV alone",
    ),
]


def prepare(data: Data = DEFAULT, areas: AreasFile = None) -> None:
    """Make a data folder with its keys, packs and area tree; existing ones are kept."""
    from bulwark.data_folder import Folder
    from bulwark.settings import Settings
    from shared.clock.clock import RealClock

    folder = Folder(data.resolve())
    late = areas is not None and folder.areas.exists()
    folder.prepare(areas=areas)
    site = folder.site(Settings().site, RealClock())
    count = site.areas.count()
    site.areas.close()
    site.vault.close()
    if late:
        say(f"已有区划表,未载入 {areas} / an area tree exists already, not loaded: {areas}")
    say(f"{folder.path}: 已就绪,区划 {count} 个 / ready, {count} areas")


def up(
    data: Data = DEFAULT,
    port: Port = 8080,
    drill: Annotated[
        Path | None, typer.Option(help="先演练一遍 / play this scenario first")
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(help="先清空本系统建立的数据文件夹 / empty a data folder made by Bulwark"),
    ] = False,
) -> None:
    """Run everything on one machine, until Ctrl-C."""
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


def run_services(
    services: Annotated[list[str], typer.Argument(help="intake alerts …")],
    data: Data = DEFAULT,
    port: Port = 8080,
) -> None:
    """Run these services in this process, with BULWARK_NATS_URL and their database URLs.

    If their databases hold events, the data folder must hold its keys: no new ones are made.
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


def drill(
    file: Annotated[Path, typer.Argument(help="演练脚本 / the scenario")],
    quiet: Annotated[bool, typer.Option(help="不打印过程 / print only the report")] = False,
) -> None:
    """Play a scenario in a private instance; exits non-zero when an expectation fails."""
    from bulwark.drill.play import play_alone

    set_up_logging("CRITICAL")
    raise SystemExit(run(play_alone(file, quiet=quiet)))
