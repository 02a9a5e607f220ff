"""The container engine that the `docker` command finds."""

import os
import shutil
import subprocess
from collections.abc import Sequence

MINUTES = 60.0


class EngineMissing(Exception):
    """There is nothing to run containers with; the message says what is missing, in one line."""


class CommandFailed(Exception):
    """A command that should have worked did not; the message has its last words."""


def environment() -> dict[str, str]:
    """Ours, without settings of a deployment: those come from a file of the test's own."""
    kept = ("BULWARK_", "COMPOSE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(kept)}


def run(
    words: Sequence[str],
    *,
    seconds: float = 5 * MINUTES,
    must: bool = True,
    settings: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; raises CommandFailed when it `must` work and does not."""
    done = subprocess.run(
        words,
        env=environment() | (settings or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if must and done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise CommandFailed(f"{' '.join(words)}: exit {done.returncode}\n{said}")
    return done


def docker(*words: str, seconds: float = 5 * MINUTES) -> str:
    """What a docker command prints."""
    return run(["docker", *words], seconds=seconds).stdout.strip()


def require_engine() -> None:
    """Raise EngineMissing when containers cannot be run here."""
    if shutil.which("docker") is None:
        raise EngineMissing(
            "找不到 docker 命令,请先安装 Docker Engine 与 Compose v2 / "
            "there is no docker command: install Docker Engine and Compose v2"
        )
    if run(["docker", "compose", "version"], must=False).returncode != 0:
        raise EngineMissing(
            "docker compose 不可用,请安装 Compose v2 插件 / "
            "docker compose does not work: install the Compose v2 plugin"
        )
    if run(["docker", "info"], must=False).returncode != 0:
        raise EngineMissing(
            "连不上 docker 引擎,它在运行吗? / the docker engine does not answer: is it running?"
        )


def crash(container: str, image: str) -> None:
    """Kill the first process of a container as a crash would, so that its restart policy acts.

    `docker kill` would not do: the engine takes it for the wish that the container stays down.
    """
    pid = docker("inspect", "--format", "{{.State.Pid}}", container)
    docker(
        *("run", "--rm", "--pid=host", "--network=none", "--user=0"),
        *("--cap-drop=ALL", "--cap-add=KILL", "--entrypoint=python3", image),
        *("-c", f"import os; os.kill({int(pid)}, 9)"),
    )
