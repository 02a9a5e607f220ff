"""`bulwark prepare`: what the services of a site share, made before the first of them starts."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path, typer.Option("--data", envvar="BULWARK_DATA", help="数据文件夹 / the data folder")
]
AreasFile = Annotated[
    Path | None,
    typer.Option(
        "--areas",
        envvar="BULWARK_AREAS",
        help="首次建立时用此 CSV 作区划表,不用自带的 / the first tree is of this CSV alone",
    ),
]
DEFAULT = Path("bulwark-data")


def prepare(data: Data = DEFAULT, areas: AreasFile = None) -> None:
    """Make a data folder with its keys, packs and area tree; what is there stays as it is."""
    from bulwark.console import say
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
        say(f"已有区划表,未载入 {areas} / there is a tree already, so this was not loaded: {areas}")
    say(f"{folder.path}: 已就绪,区划 {count} 个 / ready, {count} areas")
