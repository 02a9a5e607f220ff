"""Commands for other systems: the contract, subscribers, webhooks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulwark.console import complain, complain_softly, run, say

if TYPE_CHECKING:
    from bulwark.broker.subscribers import Where

Data = Annotated[
    Path, typer.Option("--data", envvar="BULWARK_DATA", help="数据文件夹 / the data folder")
]
Area = Annotated[str, typer.Option(help="区划代码 / area code")]
Types = Annotated[
    list[str],
    typer.Option("--types", help="事件,用逗号隔开,可重复;all 为全部 / events, or all"),
]
Target = Annotated[str, typer.Argument(help="编号 / id")]
DEFAULT = Path("bulwark-data")

webhook_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="推送 / webhooks")
subscriber_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="订阅方 / subscribers on the bus"
)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(contracts)
    app.add_typer(subscriber_app, name="subscriber")
    app.add_typer(webhook_app, name="webhook")


def contracts(folder: Annotated[Path, typer.Argument(help="写到此文件夹 / folder")]) -> None:
    """Write the contract: AsyncAPI, JSON Schemas and examples."""
    from bulwark.development.contracts import write

    try:
        count = write(folder)
    except OSError as error:
        where = error.filename or folder
        complain(f"无法写入 {where}: {error.strerror} / cannot write to {where}")
    say(f"{folder}: {count} 个文件 / files")


@subscriber_app.command("add")
def subscriber_add(
    name: Annotated[str, typer.Argument(help="名称 / name")],
    area: Area,
    types: Types,
    data: Data = DEFAULT,
) -> None:
    """Make an account that may read these events in this area, and print its URL once."""
    from bulwark.broker import subscribers
    from shared.clock.clock import RealClock

    at = subscribers.where(data)
    subscribers.refuse_unknown_area(data, area)
    wanted = wanted_types(types)
    moment = RealClock().now().isoformat(timespec="seconds")
    password = subscribers.add(at.file, name, area, wanted, moment)
    try:
        _hand_over(at, name, password)
    finally:
        _note(data, "subscriber_added", name, f"{area} {','.join(types)}")


def _hand_over(at: "Where", name: str, password: str) -> None:
    """Print a new account's URL, and have the broker let it in; ends with one line otherwise."""
    from bulwark.broker import reload as taking_up
    from bulwark.broker import subscribers

    say(f"{name}: 只显示这一次 / shown this once")
    if not at.running:
        say(f"用户 / user: {name}   口令 / password: {password}")
        say("总线没有运行,启动后生效 / the broker does not run: it holds from its next start on")
        return
    say(subscribers.with_credentials(at.address or at.inside, name, password))
    if not at.address:
        complain_softly(
            "注意:未设 BULWARK_NATS_PUBLIC_URL,此地址外部可能无法到达 / NOTE: no "
            "BULWARK_NATS_PUBLIC_URL is set, outside this address may lead nowhere"
        )
    try:
        let_in = run(taking_up.told(at, name, password))
    except subscribers.SubscriberError as error:
        complain(f"已保存,但未生效 / saved, but not in force: {error}")
    if not let_in:
        complain(
            "已保存,但总线没有接受,请看 nats-server 的日志 / "
            "saved, but the broker does not let it in: see nats-server's log"
        )


@subscriber_app.command("list")
def subscriber_list(data: Data = DEFAULT) -> None:
    """Who may read what."""
    from bulwark.broker import subscribers

    found = subscribers.read(subscribers.where(data).file)
    for one in found.values():
        kinds = [
            f"{service}.{kind}"
            for service, names in sorted(one.types.items())
            for kind in names or ["*"]
        ]
        say(f"{one.name}  {one.area}  {one.added_at}  {' '.join(kinds)}")
    say(f"共 {len(found)} 个 / {len(found)} in all")


@subscriber_app.command("remove")
def subscriber_remove(
    name: Annotated[str, typer.Argument(help="名称 / name")], data: Data = DEFAULT
) -> None:
    """Take an account away; whoever is connected with it is cut off. It may be repeated."""
    from bulwark.broker import reload as taking_up
    from bulwark.broker import subscribers

    at = subscribers.where(data)
    absent: subscribers.SubscriberError | None = None
    try:
        subscribers.remove(at.file, name)
    except subscribers.SubscriberError as error:
        # Perhaps it was removed before, and the broker could not be told then.
        absent = error
    try:
        run(taking_up.told(at))
    except subscribers.SubscriberError as error:
        complain(f"已从文件删除,但总线未生效 / removed from the file, but still in force: {error}")
    finally:
        if absent is None:
            _note(data, "subscriber_removed", name)
    if absent is not None:
        complain(absent)
    say(f"{name}: 已删除 / removed")


def _note(data: Path, action: str, name: str, reason: str = "") -> None:
    """Enter it in the audit log, once it is done; whatever hinders that hinders nothing else."""
    from bulwark.admin.cli_audit import note_down

    try:
        note_down(data, action, name, reason)
    except Exception as error:  # noqa: BLE001 - an account is given or taken all the same
        why = (str(getattr(error, "orig", None) or error) or repr(error)).splitlines()[0]
        complain_softly(f"注意:未记入审计日志 / NOTE: not entered in the audit log: {why}")


def wanted_types(named: list[str]) -> dict[str, list[str]]:
    """The events named on the command line, by service; ends with one line when one is unknown."""
    from bulwark.broker.accounts import parse_types
    from shared.events.contract import by_service

    known = {service: [model.name for model in models] for service, models in by_service().items()}
    try:
        return parse_types(named, known)
    except ValueError as error:
        complain(f"--types: 没有这些事件 / no such events: {error} (bulwark contracts DIR, all)")


@webhook_app.command("add")
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


@webhook_app.command("list")
def webhook_list(data: Data = DEFAULT) -> None:
    """Where events are sent, how far, and what fails."""
    from bulwark.admin import webhooks

    lines = webhooks.listed(data)
    for line in lines:
        say(line)
    say(f"共 {len(lines)} 个 / {len(lines)} in all")


@webhook_app.command("remove")
def webhook_remove(target: Target, data: Data = DEFAULT) -> None:
    """Send nothing more to a URL."""
    from bulwark.admin import webhooks

    webhooks.remove(data, target)
    say(f"{target}: 已删除 / removed")


@webhook_app.command("pause")
def webhook_pause(target: Target, data: Data = DEFAULT) -> None:
    """Send nothing to a URL until it is resumed; nothing is lost meanwhile."""
    from bulwark.admin import webhooks

    webhooks.pause(data, target)
    say(f"{target}: 已暂停 / paused")


@webhook_app.command("resume")
def webhook_resume(target: Target, data: Data = DEFAULT) -> None:
    """Go on sending where it was paused."""
    from bulwark.admin import webhooks

    webhooks.resume(data, target)
    say(f"{target}: 已恢复 / resumed")


@webhook_app.command("skip")
def webhook_skip(target: Target, data: Data = DEFAULT) -> None:
    """Let the target miss the one event that it does not take, and go on behind it."""
    from bulwark.admin import webhooks

    say(f"{target}: 已跳过 / skipped {webhooks.skip(data, target)}")
