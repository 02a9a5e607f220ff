"""Subscribers on the bus: `bulwark subscriber …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulwark.cli.event_types import wanted_types
from bulwark.cli.options import DEFAULT, Area, Data, Types, group
from bulwark.console import complain, complain_softly, run, say

if TYPE_CHECKING:
    from bulwark.broker.subscribers import Where

app = group("订阅方 / subscribers on the bus")


@app.command("add")
def subscriber_add(
    name: Annotated[str, typer.Argument(help="名称 / name")],
    area: Area,
    types: Types,
    data: Data = DEFAULT,
) -> None:
    """Add an account that may read these events in this area, and print its URL once."""
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
    """Print a new account's URL and make the broker accept it; exits with a message otherwise."""
    from bulwark.broker import reload as broker_reload
    from bulwark.broker import subscribers

    say(f"{name}: 只显示这一次 / shown this once")
    if not at.running:
        say(f"用户 / user: {name}   口令 / password: {password}")
        say("总线没有运行,启动后生效 / the broker is not running: active after its next start")
        return
    say(subscribers.with_credentials(at.address or at.inside, name, password))
    if not at.address:
        complain_softly(
            "注意:未设 BULWARK_NATS_PUBLIC_URL,此地址外部可能无法到达 / NOTE: "
            "BULWARK_NATS_PUBLIC_URL is not set, this address may not work from outside"
        )
    try:
        accepted = run(broker_reload.reload_and_check(at, name, password))
    except subscribers.SubscriberError as error:
        complain(f"已保存,但未生效 / saved, but not active: {error}")
    if not accepted:
        complain(
            "已保存,但总线没有接受,请看 nats-server 的日志 / "
            "saved, but the broker rejects it: see nats-server's log"
        )


@app.command("list")
def subscriber_list(data: Data = DEFAULT) -> None:
    """List the subscribers, with their areas and events."""
    from bulwark.broker import subscribers

    found = subscribers.read(subscribers.where(data).file)
    for one in found.values():
        kinds = [
            f"{service}.{kind}"
            for service, names in sorted(one.types.items())
            for kind in names or ["*"]
        ]
        say(f"{one.name}  {one.area}  {one.added_at}  {' '.join(kinds)}")
    say(f"共 {len(found)} 个 / {len(found)} in total")


@app.command("remove")
def subscriber_remove(
    name: Annotated[str, typer.Argument(help="名称 / name")], data: Data = DEFAULT
) -> None:
    """Remove an account and disconnect it; may be repeated."""
    from bulwark.broker import reload as broker_reload
    from bulwark.broker import subscribers

    at = subscribers.where(data)
    absent: subscribers.SubscriberError | None = None
    try:
        subscribers.remove(at.file, name)
    except subscribers.SubscriberError as error:
        # It may have been removed before, when the broker could not be made to reload.
        absent = error
    try:
        run(broker_reload.reload_and_check(at))
    except subscribers.SubscriberError as error:
        complain(f"已从文件删除,但总线未生效 / removed from the file, but still active: {error}")
    finally:
        if absent is None:
            _note(data, "subscriber_removed", name)
    if absent is not None:
        complain(absent)
    say(f"{name}: 已删除 / removed")


def _note(data: Path, action: str, name: str, reason: str = "") -> None:
    """Record it in the audit log afterwards; a failure to do so does not fail the command."""
    from bulwark.admin.cli_audit import record_command

    try:
        record_command(data, action, name, reason)
    except Exception as error:  # noqa: BLE001 - the account was added or removed all the same
        why = (str(getattr(error, "orig", None) or error) or repr(error)).splitlines()[0]
        complain_softly(f"注意:未记入审计日志 / NOTE: not recorded in the audit log: {why}")
