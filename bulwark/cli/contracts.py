"""The contract for other systems: `bulwark contracts`."""

from pathlib import Path
from typing import Annotated

import typer

from bulwark.console import complain, say


def contracts(folder: Annotated[Path, typer.Argument(help="写到此文件夹 / output folder")]) -> None:
    """Write the contract: AsyncAPI, JSON Schemas and examples."""
    from bulwark.development.contracts import write

    try:
        count = write(folder)
    except OSError as error:
        where = error.filename or folder
        complain(f"无法写入 {where}: {error.strerror} / cannot write to {where}")
    say(f"{folder}: {count} 个文件 / files")
