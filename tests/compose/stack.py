"""One deployment as a county would make it, with settings and secrets of its own, on free ports."""

import json
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests.compose.engine import MINUTES, CommandFailed, crash, docker, run
from tests.compose.waiting import eventually
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
COUNTY = "220581"
VERSION = "test"
SERVICES = ("intake", "alerts", "volunteers", "rollup")
ROOT_CERTIFICATE = "/data/caddy/pki/authorities/local/root.crt"
# The user that our image runs as: it must be able to write where backups go.
BULWARK_USER = 10001


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(file: Path, prefix: str = "") -> dict[str, str]:
    """The settings that stand in an environment file, or those whose names begin so."""
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in pairs if name.startswith(prefix)}


class Stack:
    """A deployment; `files` are names in deploy/, `folder` keeps its settings and secrets."""

    def __init__(self, name: str, folder: Path, files: Sequence[str] = ("compose.yaml",)) -> None:
        self.name = f"bulwark-test-{name}"
        self.folder = folder
        self.port = free_port()
        self.settings = settings_of(DEPLOY / ".env.example", "BULWARK_") | {
            "BULWARK_HTTPS_PORT": str(self.port),
            "BULWARK_VERSION": VERSION,
            "BULWARK_SECRETS": str(folder / "secrets"),
        }
        self._files = files
        folder.mkdir(parents=True, exist_ok=True)
        run([str(DEPLOY / "make-secrets"), self.settings["BULWARK_SECRETS"]])

    @property
    def image(self) -> str:
        """Our own image."""
        return f"{self.settings['BULWARK_IMAGE_PREFIX']}bulwark:{VERSION}"

    def words(self, *words: str) -> list[str]:
        """A compose command about this deployment."""
        settings = self.folder / "settings.env"
        settings.write_text("".join(f"{key}={value}\n" for key, value in self.settings.items()))
        named = [word for file in self._files for word in ("--file", str(DEPLOY / file))]
        options = ["--project-name", self.name, "--env-file", str(settings), *named]
        return ["docker", "compose", *options, *words]

    def compose(self, *words: str, seconds: float = 5 * MINUTES) -> str:
        """What a compose command prints."""
        return run(self.words(*words), seconds=seconds).stdout

    def build(self) -> None:
        """Build our image."""
        self.compose("build", "prepare", seconds=15 * MINUTES)

    def up(self, *services: str, profile: str = "") -> None:
        """Start services, or all of them, and wait until they are healthy."""
        profiles = ("--profile", profile) if profile else ()
        try:
            self.compose(*profiles, "up", "--detach", "--wait", "--wait-timeout", "240", *services)
        except CommandFailed as error:
            # Compose says who is not well; only the logs say why.
            raise CommandFailed(f"{error}\n{self.compose('logs', '--tail', '8')}") from error

    def down(self) -> None:
        """Take everything away, its volumes too."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20")

    def tools(self, *words: str, seconds: float = 5 * MINUTES) -> str:
        """What a command of `bulwark` prints in the tools container."""
        return self.compose(
            "run", "--rm", "--no-TTY", "--no-deps", "tools", *words, seconds=seconds
        )

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, also of stopped ones."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def state(self, container: str) -> Mapping[str, Any]:
        """What the engine says of a container."""
        found: dict[str, Any] = json.loads(docker("inspect", container))[0]
        state: dict[str, Any] = found["State"]
        return state | {"RestartCount": found["RestartCount"]}

    def wait_healthy(self, container: str) -> None:
        """Until a container runs and its own check says that it is well."""

        def healthy() -> bool:
            state = self.state(container)
            return bool(state["Running"] and state["Health"]["Status"] == "healthy")

        eventually(healthy, every=1)

    def crash(self, service: str, index: int = 0) -> str:
        """Kill a container's program; returns the container, which comes back by itself."""
        container = self.containers(service)[index]
        before = self.state(container)["RestartCount"]
        crash(container, self.image)
        eventually(lambda: self.state(container)["RestartCount"] > before)
        return container

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        root = self.folder / "root.crt"
        self.compose("cp", f"caddy:{ROOT_CERTIFICATE}", str(root))
        return ssl.create_default_context(cafile=str(root))

    def client(self, role: str = "", area: str = COUNTY) -> httpx.Client:
        """A client that comes in through the front door, with a token of a role, or as anybody."""
        headers = {"Authorization": f"Bearer {self.token(role, area)}"} if role else {}
        url = f"https://{self.settings['BULWARK_PUBLIC_HOST']}:{self.port}"
        return httpx.Client(
            base_url=url, headers=headers, verify=self._trusted, trust_env=False, timeout=120
        )

    def token(self, role: str, area: str = COUNTY) -> str:
        """A token, made as county IT makes one."""
        made = self.tools("token", "--role", role, "--area", area, "--name", f"test-{role}")
        return made.strip().splitlines()[-1]

    def writable_folder(self, name: str) -> Path:
        """A folder of the host that our containers may write to."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, BULWARK_USER, BULWARK_USER)
        else:
            path.chmod(0o777)
        return path
