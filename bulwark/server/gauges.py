"""What a process tells of its machine: room, the last backup, certificates, its release."""

import json
import platform
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from cryptography import x509

from shared.metrics import names as metrics
from shared.metrics.gauges import Telling
from shared.nats.connection import StoreState

LAST_BACKUP = Path("backups") / "last.json"


@dataclass(frozen=True, slots=True)
class ProcessGauges:
    """The gauges of a process: `data` is its data folder, `certificates` files of TLS.

    `room` asks a broker of our own for its room, which it tells no client.
    """

    data: Path
    certificates: Sequence[Path] = ()
    room: Callable[[], Awaitable[StoreState]] | None = None

    def tell(self, telling: Telling) -> None:
        """Tell what can be read; what cannot is counted, and the rest is told."""
        telling.tell(metrics.BUILD_INFO, 1, version("bulwark"), platform.python_version())
        parts: list[Callable[[Telling], None]] = [self._disk, self._backup]
        parts += [partial(self._certificate, file=file) for file in self.certificates]
        for part in parts:
            try:
                part(telling)
            except (OSError, ValueError, KeyError, TypeError):
                metrics.LOOK_ERRORS.labels("", "folder").inc()

    def _disk(self, telling: Telling) -> None:
        usage = shutil.disk_usage(self.data)
        telling.tell(metrics.DISK_FREE, usage.free)
        telling.tell(metrics.DISK_SIZE, usage.total)

    def _backup(self, telling: Telling) -> None:
        try:
            said = json.loads((self.data / LAST_BACKUP).read_text())
        except FileNotFoundError:
            return
        if not isinstance(said, dict):
            raise TypeError("no record of a backup")
        if said.get("finished_at") is None:
            # Backups were tried, and none was finished yet.
            return
        finished = datetime.fromisoformat(said["finished_at"])
        if finished.tzinfo is None:
            raise ValueError("finished_at has no offset")
        age = (datetime.now(UTC) - finished).total_seconds()
        telling.tell(metrics.BACKUP_AGE, max(age, 0.0))

    def _certificate(self, telling: Telling, file: Path) -> None:
        # The first of a chain is the server's own.
        own = x509.load_pem_x509_certificates(file.read_bytes())[0]
        alone = [other.name for other in self.certificates].count(file.name) == 1
        name = file.name if alone else str(file)
        telling.tell(metrics.CERTIFICATE_END, own.not_valid_after_utc.timestamp(), name)
