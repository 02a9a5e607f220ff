"""Gauges of a process and its machine: disk, last backup, certificates, release."""

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
    """The gauges of a process: `data` is its data folder, `certificates` are TLS files.

    `store` asks an embedded broker for its storage limit, which it does not report to clients.
    """

    data: Path
    certificates: Sequence[Path] = ()
    store: Callable[[], Awaitable[StoreState]] | None = None

    def collect(self, collector: GaugeCollector) -> None:
        """Collect what can be read; what cannot is counted as a probe error."""
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
            record = json.loads((self.data / LAST_BACKUP).read_text())
        except FileNotFoundError:
            return
        if not isinstance(record, dict):
            raise TypeError("not a record of a backup")
        if record.get("finished_at") is None:
            # Backups were attempted, but none has finished yet.
            return
        finished = datetime.fromisoformat(record["finished_at"])
        if finished.tzinfo is None:
            raise ValueError("finished_at has no offset")
        age = (datetime.now(UTC) - finished).total_seconds()
        collector.set(metrics.BACKUP_AGE, max(age, 0.0))

    def _certificate(self, collector: GaugeCollector, file: Path) -> None:
        # The first of the chain is the server's own.
        own = x509.load_pem_x509_certificates(file.read_bytes())[0]
        alone = [other.name for other in self.certificates].count(file.name) == 1
        name = file.name if alone else str(file)
        collector.set(metrics.CERTIFICATE_END, own.not_valid_after_utc.timestamp(), name)
