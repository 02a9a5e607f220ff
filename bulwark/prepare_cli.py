"""`bulwark prepare`: what the services of a site share, made before the first of them starts."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path, typer.Option("--data", envvar="BULWARK_DATA", help="数据文件夹 / the data folder")
]
DEFAULT = Path("bulwark-data")


def prepare(data: Data = DEFAULT) -> None:
    """Make a data folder with its keys, packs and area tree; what is there stays as it is."""
    from bulwark.folder import Folder
    from bulwark.process import say
    from shared.clock import RealClock
    from shared.settings import Settings

    folder = Folder(data.resolve())
    folder.prepare()
    site = folder.site(Settings().site, RealClock())
    count = site.areas.count()
    site.areas.close()
    site.vault.close()
    say(f"{folder.path}: 已就绪,区划 {count} 个 / ready, {count} areas")
