"""The script that makes the broker's certificate."""

import os
import ssl
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from tests.deploy.compose_files import DEPLOY


def make_certificate(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would."""
    return subprocess.run(
        [DEPLOY / "make-nats-certificate", *names],
        env={**os.environ, "BULWARK_NATS_CERTIFICATES": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_certificate_holds_for_its_names_when_a_strict_client_looks(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, "bus.county.example", "10.1.2.3")
    assert made.returncode == 0, made.stderr
    assert {file.name for file in tmp_path.iterdir()} == {
        *("ca.key", "ca.pem", "server.key", "server.pem", "trusted.pem")
    }
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    server = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    verifier = PolicyBuilder().store(Store([authority]))
    for name in ("bus.county.example", "nats", "nats-2", "nats-3"):
        chain = verifier.build_server_verifier(x509.DNSName(name)).verify(server, [])
        assert chain[-1] == authority
    trusted = ssl.create_default_context(cafile=str(tmp_path / "trusted.pem"))
    assert "Bulwark broker authority" in str(trusted.get_ca_certs())
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


def test_certificate_stays_as_it_is_when_the_script_runs_again(tmp_path: Path) -> None:
    assert make_certificate(tmp_path, "localhost").returncode == 0
    before = (tmp_path / "server.pem").read_bytes()
    again = make_certificate(tmp_path, "localhost")
    assert again.returncode == 1
    assert again.stderr.startswith("bulwark: ")
    assert (tmp_path / "server.pem").read_bytes() == before


def test_subscribers_trust_the_certificate_when_the_same_authority_renewed_it(
    tmp_path: Path,
) -> None:
    assert make_certificate(tmp_path, "bus.county.example").returncode == 0
    kept = ("ca.pem", "ca.key", "trusted.pem")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    file = (tmp_path / "server.pem").stat().st_ino
    renewed = make_certificate(tmp_path, "--renew", "bus.county.example")
    assert renewed.returncode == 0, renewed.stderr
    for told in ("docker compose restart nats nats-2 nats-3", "move ca.key back"):
        assert told in renewed.stdout
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] == before[name]} == set(kept)
    # What a container has mounted is the file itself.
    assert (tmp_path / "server.pem").stat().st_ino == file
    authority = x509.load_pem_x509_certificate(before["ca.pem"])
    server = x509.load_pem_x509_certificate(after["server.pem"])
    verifier = PolicyBuilder().store(Store([authority]))
    verifier.build_server_verifier(x509.DNSName("bus.county.example")).verify(server, [])


def test_nothing_is_renewed_when_the_authoritys_key_is_elsewhere(tmp_path: Path) -> None:
    assert make_certificate(tmp_path, "localhost").returncode == 0
    (tmp_path / "ca.key").unlink()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    refused = make_certificate(tmp_path, "--renew", "localhost")
    assert refused.returncode == 1
    assert "ca.key" in refused.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_usage_is_said_when_no_name_is_given(tmp_path: Path) -> None:
    assert "NAME" in make_certificate(tmp_path).stderr
    assert list(tmp_path.iterdir()) == []
