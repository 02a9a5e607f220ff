"""The options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = Path("bulwark-data")
Data = Annotated[
    Path, typer.Option("--data", envvar="BULWARK_DATA", help="数据文件夹 / the data folder")
]
Port = Annotated[int, typer.Option(help="HTTP 端口 / port", envvar="BULWARK_PORT")]
Area = Annotated[str, typer.Option(help="区划代码 / area code")]
Types = Annotated[
    list[str],
    typer.Option(
        "--types", help="事件,用逗号隔开,可重复;all 为全部 / events, comma-separated, or all"
    ),
]


def group(text: str) -> typer.Typer:
    """A group of commands; without markup typer writes its help itself, and rich stays unloaded."""
    return typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text)
