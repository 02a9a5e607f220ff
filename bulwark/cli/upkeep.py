"""The upkeep commands: backup, restore, doctor, audit verify, replay."""

from pathlib import Path
from typing import Annotated

import typer

from bulwark.cli.options import DEFAULT, Data, group
from bulwark.console import run, say, set_up_logging

Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="密钥备份文件夹,与备份分开 / folder for the copy of the keys"),
]
audit = group("审计日志 / the audit log")


def backup(
    folder: Annotated[Path, typer.Argument(help="新文件夹 / a new folder")],
    data: Data = DEFAULT,
    keys: Keys = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="并演练恢复 / also rehearse the restore")
    ] = False,
    nightly: Annotated[
        bool,
        typer.Option("--nightly", help="每晚备份到此文件夹之下 / each night, into this folder"),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="与 --nightly 同用,立即一次 / with --nightly: once, now")
    ] = False,
) -> None:
    """Back up a whole site while it runs."""
    from bulwark.cli import upkeep_commands as commands

    set_up_logging("INFO" if nightly and not once else "ERROR")
    if not nightly:
        commands.back_up(data, folder.absolute(), keys, rehearsed=rehearse)
    elif once:
        commands.back_up_once(data, folder.absolute(), keys)
    else:
        say(f"每晚备份到 / each night, into {folder.absolute()} (Ctrl-C)")
        raise SystemExit(run(commands.back_up_nightly(data, folder.absolute(), keys)))


def restore(
    folder: Annotated[Path, typer.Argument(help="备份文件夹 / the backup")],
    data: Data = DEFAULT,
    keys: Keys = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="没有密钥也恢复 / restore without the keys")
    ] = False,
) -> None:
    """Restore a whole site onto an empty machine with an empty broker."""
    from bulwark.cli import upkeep_commands as commands

    set_up_logging("ERROR")
    commands.put_back(data, folder.absolute(), keys, without_keys=without_keys)


def doctor(
    data: Data = DEFAULT,
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """Check everything and say what to do; exits non-zero when something must be done."""
    from bulwark.cli import upkeep_commands as commands

    set_up_logging("CRITICAL")
    raise SystemExit(run(commands.diagnose(data, json=json)))


@audit.command("verify")
def audit_verify(data: Data = DEFAULT) -> None:
    """Check the chain of each service's audit log; exits non-zero when one is broken."""
    from bulwark.cli import upkeep_commands as commands

    set_up_logging("ERROR")
    raise SystemExit(commands.verify_audits(data))


def replay(
    data: Data = DEFAULT,
    policy: Annotated[
        str, typer.Option(help="另一政策包:名称或 TOML 文件 / another pack: name or TOML file")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="JSON")] = False,
) -> None:
    """Show what levels the recorded cases would have caused under another policy pack.

    Without --policy: compare the packs in force with what was ordered. Nothing is written.
    """
    from bulwark.replay import replay as play_again

    set_up_logging("ERROR")
    play_again(data, policy, json=json)
