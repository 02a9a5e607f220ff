"""The area tree: `bulwark areas …`."""

from pathlib import Path
from typing import Annotated

import typer

from bulwark.cli.options import DEFAULT, Data, group
from bulwark.console import say

app = group("区划表 / the area tree")


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="code,name 两列的 CSV / a CSV of code,name")],
    data: Data = DEFAULT,
) -> None:
    """Add the areas of a CSV to the tree; a running instance reloads it automatically."""
    from bulwark.data_folder import Folder
    from shared.areas.loading import load_areas

    folder = Folder(data.resolve())
    folder.prepare()
    done = load_areas(file, folder.areas)
    counts = ", ".join(f"{level} {count}" for level, count in done.counts.items() if count)
    say(
        f"新增 {done.added},更名 {done.renamed},共 {done.total} / "
        f"{done.added} added, {done.renamed} renamed, {done.total} in total ({counts})"
    )
