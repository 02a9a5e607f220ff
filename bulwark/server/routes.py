"""Every route of every service, from the declarations: as a table, as JSON, as a page of docs."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bulwark.registry import SERVICES
from bulwark.server.gateway import front_routes
from shared.http.declaration import AreaCheck, Route, name_of
from shared.http.docs import service_routes
from shared.i18n.catalogue import Language
from shared.i18n.messages import TEXTS
from shared.security.roles import Role

PUBLIC = "public"
ALL = "all"
MANY = (len(Role) + 1) // 2
LANGUAGES: tuple[Language, ...] = ("zh", "en")
TITLES = ("方法 / method", "路径 / path", "角色 / roles", "区域检查 / area", "处理 / handler")
HEAD = """\
# 接口一览 / Routes

由 `bulwark routes --markdown` 生成，请勿手改。各接口的字段和应答见各服务的 `/<服务>/docs`。
角色：`public` 无需令牌，`all` 任何角色，`-角色` 除该角色之外。
`?reason=` 是写明理由的同一请求，留有审计记录。
区域检查：怎样保证不越出令牌的区域。

Made by `bulwark routes --markdown`, not by hand. What each route takes and answers is on the page
`/<service>/docs`. Roles: `public` asks for no token, `all` is any role, `-role` is but this one.
`?reason=` is the same request with a reason, which the audit log keeps. Area: how a caller is kept
within the area of the token.
"""


class Row(NamedTuple):
    """One line of the table; `roles` None means that no token is asked for."""

    service: str
    method: str
    path: str
    roles: tuple[str, ...] | None
    area: tuple[str, ...]
    handler: str


def routes_of(name: str) -> list[Route]:
    """Every route of one service, with those of its own documents."""
    return service_routes(name, SERVICES[name].routes)


def every_route() -> dict[str, list[Route]]:
    """The routes of each service, and under an empty name those of the process around them."""
    found = {name: routes_of(name) for name in SERVICES}
    return {**found, "": front_routes(SERVICES)}


def rows() -> list[Row]:
    """Every route, in the order of the declarations; a read with a reason is a row of its own."""
    return [
        row
        for service, routes in every_route().items()
        for route in routes
        for row in _rows(service, route)
    ]


def _rows(service: str, route: Route) -> Iterable[Row]:
    area = tuple(str(check) for check in route.area)
    yield Row(service, route.method, route.path, _named(route.roles), area, route.name_of_handler)
    if route.with_reason is not None:
        roles, handler = _named(route.with_reason.roles), name_of(route.with_reason.handler)
        yield Row(service, route.method, f"{route.path}?reason=", roles, area, handler)


def _named(roles: Iterable[Role] | None) -> tuple[str, ...] | None:
    return None if roles is None else tuple(role.value for role in Role if role in set(roles))


def _roles(roles: Sequence[str] | None) -> str:
    if roles is None:
        return PUBLIC
    missing = [role.value for role in Role if role.value not in roles]
    if len(missing) < MANY:
        return " ".join([ALL, *(f"-{role}" for role in missing)])
    return " ".join(roles)


def _cells(row: Row) -> tuple[str, ...]:
    return (row.method, row.path, _roles(row.roles), ", ".join(row.area), row.handler)


def table() -> str:
    """A plain table for the terminal."""
    lines = [("METHOD", "PATH", "ROLES", "AREA", "HANDLER"), *(_cells(row) for row in rows())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown() -> str:
    """The page of the docs: a table for each service, and one for the process around them."""
    legend = [
        _line((f"`{check}`", *(TEXTS.text(f"area_check.{check}", tongue) for tongue in LANGUAGES)))
        for check in AreaCheck
    ]
    parts = [HEAD, "\n".join([_line(("", "中文", "English")), _line(("---",) * 3), *legend, ""])]
    found = rows()
    for service in every_route():
        lines = [f"## {service or '进程 / the process'}", "", _line(TITLES), _line(("---",) * 5)]
        lines += [_line(_coded(row)) for row in found if row.service == service]
        parts.append("\n".join([*lines, ""]))
    return "\n".join(parts)


def _coded(row: Row) -> tuple[str, ...]:
    method, path, roles, area, handler = _cells(row)
    return method, f"`{path}`", roles, area, f"`{handler}`"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_json() -> str:
    """One document: a list of rows by the names of `Row`."""
    return json.dumps([row._asdict() for row in rows()], indent=2)
