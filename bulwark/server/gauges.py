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
from shared.metrics.gauges import GaugeCollector
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

    def collect(self, collector: GaugeCollector) -> None:
        """Tell what can be read; what cannot is counted, and the rest is told."""
        collector.set(metrics.BUILD_INFO, 1, version("bulwark"), platform.python_version())
        parts: list[Callable[[GaugeCollector], None]] = [self._disk, self._backup]
        parts += [partial(self._certificate, file=file) for file in self.certificates]
        for part in parts:
            try:
                part(collector)
            except (OSError, ValueError, KeyError, TypeError):
                metrics.PROBE_ERRORS.labels("", "folder").inc()

    def _disk(self, collector: GaugeCollector) -> None:
        usage = shutil.disk_usage(self.data)
        collector.set(metrics.DISK_FREE, usage.free)
        collector.set(metrics.DISK_SIZE, usage.total)

    def _backup(self, collector: GaugeCollector) -> None:
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
        collector.set(metrics.BACKUP_AGE, max(age, 0.0))

    def _certificate(self, collector: GaugeCollector, file: Path) -> None:
        # The first of a chain is the server's own.
        own = x509.load_pem_x509_certificates(file.read_bytes())[0]
        alone = [other.name for other in self.certificates].count(file.name) == 1
        name = file.name if alone else str(file)
        collector.set(metrics.CERTIFICATE_END, own.not_valid_after_utc.timestamp(), name)
