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
        bool,
        typer.Option("--private", help="允许 http 和内部网络 / allow http and internal networks"),
    ] = False,
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="从头发起 / send all existing events, not only new ones"),
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
    """List the webhooks: where events are sent, how far, and what fails."""
    from bulwark.admin import webhooks

    lines = webhooks.listed(data)
    for line in lines:
        say(line)
    say(f"共 {len(lines)} 个 / {len(lines)} in total")


@app.command("remove")
def webhook_remove(target: Target, data: Data = DEFAULT) -> None:
    """Remove a webhook."""
    from bulwark.admin import webhooks

    webhooks.remove(data, target)
    say(f"{target}: 已删除 / removed")


@app.command("pause")
def webhook_pause(target: Target, data: Data = DEFAULT) -> None:
    """Stop sending until resumed; no events are lost."""
    from bulwark.admin import webhooks

    webhooks.pause(data, target)
    say(f"{target}: 已暂停 / paused")


@app.command("resume")
def webhook_resume(target: Target, data: Data = DEFAULT) -> None:
    """Continue sending where it was paused."""
    from bulwark.admin import webhooks

    webhooks.resume(data, target)
    say(f"{target}: 已恢复 / resumed")


@app.command("skip")
def webhook_skip(target: Target, data: Data = DEFAULT) -> None:
    """Skip the one event that the target does not accept, and continue with the next."""
    from bulwark.admin import webhooks

    say(f"{target}: 已跳过 / skipped {webhooks.skip(data, target)}")
