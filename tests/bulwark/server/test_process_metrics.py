"""What a process tells of its machine: room, backups, certificates, its release. P4."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bulwark.broker.nats_server import Broker
from bulwark.server.gauges import ProcessGauges
from shared.clock.clock import CST
from shared.metrics import names as metrics
from shared.metrics.gauges import GaugeCollector

pytestmark = pytest.mark.requirement("P4")


def told_by(gauges: ProcessGauges) -> dict[str, Any]:
    collector = GaugeCollector()
    gauges.collect(collector)
    return {s.name: s for family in collector.collect() for s in family.samples}


def test_disk_and_release_are_told_and_no_backup_when_none_was_made(tmp_path: Path) -> None:
    told = told_by(ProcessGauges(tmp_path))
    assert 0 < told["bulwark_disk_free_bytes"].value < told["bulwark_disk_size_bytes"].value
    assert told["bulwark_build_info"].labels["version"]
    assert "bulwark_backup_age_seconds" not in told


def test_backup_age_is_told_by_the_time_it_was_finished(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    finished = datetime.now(UTC) - timedelta(hours=5)
    (tmp_path / "backups" / "last.json").write_text(
        json.dumps({"finished_at": finished.astimezone(CST).isoformat()})
    )
    age = told_by(ProcessGauges(tmp_path))["bulwark_backup_age_seconds"].value
    assert age == pytest.approx(5 * 3600, abs=60)


def test_no_backup_is_told_when_none_was_ever_finished(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "last.json").write_text('{"failed_at": "2021-01-18T02:00:00+08:00"}')
    errors = metrics.PROBE_ERRORS.labels("", "folder")
    before = errors._value.get()
    assert "bulwark_backup_age_seconds" not in told_by(ProcessGauges(tmp_path))
    assert errors._value.get() == before


@pytest.mark.parametrize("said", ["", "[]", '{"finished_at": 5}', '{"finished_at": "2021"}'])
def test_rest_is_told_when_the_backup_file_is_torn(tmp_path: Path, said: str) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "last.json").write_text(said)
    errors = metrics.PROBE_ERRORS.labels("", "folder")
    before = errors._value.get()
    told = told_by(ProcessGauges(tmp_path, [tmp_path / "absent.pem"]))
    assert "bulwark_backup_age_seconds" not in told
    assert "bulwark_disk_free_bytes" in told
    assert errors._value.get() - before == 2


def certificate(file: Path, end: datetime) -> Path:
    """Write a certificate that ends at a moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "county.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


def ends_told(files: list[Path]) -> dict[str, float]:
    """The end of each certificate that is told, by its label."""
    collector = GaugeCollector()
    ProcessGauges(files[0].parent, files).collect(collector)
    samples = [s for family in collector.collect() for s in family.samples]
    wanted = "bulwark_certificate_end_timestamp_seconds"
    return {s.labels["file"]: s.value for s in samples if s.name == wanted}


END = datetime(2031, 5, 1, tzinfo=UTC)


def test_end_of_the_servers_own_certificate_is_told(tmp_path: Path) -> None:
    told = ends_told([certificate(tmp_path / "server.pem", END)])
    assert told == {"server.pem": END.timestamp()}


def test_later_certificates_are_told_when_an_earlier_one_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "torn.pem").write_text("-----BEGIN")
    files = [tmp_path / "absent.pem", tmp_path / "torn.pem"]
    errors = metrics.PROBE_ERRORS.labels("", "folder")
    before = errors._value.get()
    assert ends_told([*files, certificate(tmp_path / "site.pem", END)]) == {
        "site.pem": END.timestamp()
    }
    assert errors._value.get() - before == 2


def test_certificates_are_told_by_path_when_they_have_one_name(tmp_path: Path) -> None:
    later = END + timedelta(days=1)
    site = certificate(tmp_path / "site" / "server.pem", END)
    broker = certificate(tmp_path / "broker" / "server.pem", later)
    assert ends_told([site, broker]) == {
        str(site): END.timestamp(),
        str(broker): later.timestamp(),
    }


def test_room_of_the_store_is_told_when_the_broker_is_our_own(tmp_path: Path) -> None:
    async def ask() -> tuple[int, int | None]:
        broker = Broker(tmp_path / "nats")
        await broker.start()
        try:
            room = await broker.store_state()
        finally:
            await broker.stop()
        return room.used, room.limit

    used, limit = asyncio.run(ask())
    assert used == 0
    assert limit is not None
    assert limit > 1_000_000
