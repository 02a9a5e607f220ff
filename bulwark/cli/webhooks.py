"""Webhooks: `bulwark webhook …`."""

from typing import Annotated

import typer

from bulwark.cli.event_types import wanted_types
from bulwark.cli.options import DEFAULT, Area, Data, Types, group
from bulwark.console import say

Target = Annotated[str, typer.Argument(help="编号 / id")]

app = group("推送 / webhooks")


@app.command("add")
def webhook_add(
    url: Annotated[str, typer.Argument(help="https://…")],
    area: Area,
    types: Types,
    private: Annotated[
        bool, typer.Option("--private", help="允许 http 和内部网络 / allow http and own networks")
    ] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="从头发起 / everything there is, not only news")
    ] = False,
    data: Data = DEFAULT,
) -> None:
    """Send these events in this area to a URL, and print its secret."""
    from bulwark.admin import webhooks
    from bulwark.broker import subscribers

    subscribers.refuse_unknown_area(data, area)
    wanted = webhooks.spelled_out(wanted_types(types))
    target, secret = webhooks.add(data, url, area, wanted, private=private, from_start=from_start)
    say(f"{target}")
    say(f"密钥 / secret: {secret}")


@app.command("list")
def webhook_list(data: Data = DEFAULT) -> None:
    """Where events are sent, how far, and what fails."""
    from bulwark.admin import webhooks

    lines = webhooks.listed(data)
    for line in lines:
        say(line)
    say(f"共 {len(lines)} 个 / {len(lines)} in all")


@app.command("remove")
def webhook_remove(target: Target, data: Data = DEFAULT) -> None:
    """Send nothing more to a URL."""
    from bulwark.admin import webhooks

    webhooks.remove(data, target)
    say(f"{target}: 已删除 / removed")


@app.command("pause")
def webhook_pause(target: Target, data: Data = DEFAULT) -> None:
    """Send nothing to a URL until it is resumed; nothing is lost meanwhile."""
    from bulwark.admin import webhooks

    webhooks.pause(data, target)
    say(f"{target}: 已暂停 / paused")


@app.command("resume")
def webhook_resume(target: Target, data: Data = DEFAULT) -> None:
    """Go on sending where it was paused."""
    from bulwark.admin import webhooks

    webhooks.resume(data, target)
    say(f"{target}: 已恢复 / resumed")


@app.command("skip")
def webhook_skip(target: Target, data: Data = DEFAULT) -> None:
    """Let the target miss the one event that it does not take, and go on behind it."""
    from bulwark.admin import webhooks

    say(f"{target}: 已跳过 / skipped {webhooks.skip(data, target)}")
