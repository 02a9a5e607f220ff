"""The command line: `bulwark …`. Every command finds its instance by --data or BULWARK_DATA."""

import typer

from bulwark.cli import (
    areas,
    contracts,
    events,
    routes,
    server,
    subscribers,
    tokens,
    upkeep,
    webhooks,
)
from bulwark.console import collect_less, complain
from shared.exceptions import OperatorError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="社区疫情防控 / community epidemic prevention",
)
app.command()(server.up)
app.command("run")(server.run_services)
app.command()(server.prepare)
app.command()(server.drill)
app.command()(tokens.token)
app.add_typer(areas.app, name="areas")
app.command()(events.events)
app.command()(events.refill)
app.add_typer(events.dead_letters, name="dead")
app.command("trust-clock")(events.trust_clock)
app.command()(contracts.contracts)
app.command()(routes.routes)
app.add_typer(subscribers.app, name="subscriber")
app.add_typer(webhooks.app, name="webhook")
app.command()(upkeep.backup)
app.command()(upkeep.restore)
app.command()(upkeep.doctor)
app.command()(upkeep.replay)
app.add_typer(upkeep.audit, name="audit")


def main() -> None:
    """Run a command; an error that a user can correct is printed as one line."""
    collect_less()
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        if isinstance(error, OperatorError):
            complain(error)
        if isinstance(error, PermissionError):
            complain(
                f"{error.filename or error.strerror}: 无权访问,请以数据文件夹的属主运行(sudo -u) / "
                "permission denied: run it as the data folder's owner (sudo -u)"
            )
        raise
