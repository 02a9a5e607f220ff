"""Tokens: `bulwark token`."""

from typing import Annotated

import typer

from bulwark.cli.options import DEFAULT, Data
from bulwark.console import complain, say


def token(
    role: Annotated[str, typer.Option(help="角色 / role")],
    area: Annotated[str, typer.Option(help="区划代码 / area code")],
    data: Data = DEFAULT,
    days: Annotated[int, typer.Option(help="有效天数 / days until it expires")] = 30,
    name: Annotated[
        str,
        typer.Option(help="持有人,志愿者填其编号 / the holder; for a helper its id"),
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
    # Residents and helpers see data by this name: two tokens must not share one by accident.
    personal = Role(role) in (Role.RESIDENT, Role.HELPER, Role.COUNSELLOR)
    holder = name or (f"{role}-{uuid4()}" if personal else role)
    say(tokens.mint(Role(role), area, name=holder, days=days))
