"""`bulwark routes`: every path, whom it lets in, how areas are checked, where its code is."""

from typing import Annotated

import typer


def routes(
    json: Annotated[
        bool, typer.Option("--json", help="一个 JSON 文档 / one JSON document")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="文档 docs/routes.md / the page of the docs")
    ] = False,
) -> None:
    """Every route of every service: method, path, roles, area check, handler."""
    from bulwark.console import say
    from bulwark.server import routes as listed

    made = listed.as_json if json else listed.markdown if markdown else listed.table
    say(made().rstrip("\n"))
