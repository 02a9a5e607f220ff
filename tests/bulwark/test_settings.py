"""Settings: where a database is, and secrets from files."""

from pathlib import Path

import pytest

from bulwark.settings import Settings, SettingsError

URL = "BULWARK_INTAKE_DATABASE_URL"
FILE = "BULWARK_INTAKE_DATABASE_PASSWORD_FILE"


def test_database_is_a_file_of_the_data_folder_when_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URL, raising=False)
    assert Settings(data=tmp_path).database_url("intake") == f"sqlite:///{tmp_path}/db/intake.db"


@pytest.mark.parametrize("said", ["postgresql://one@host/base", "postgresql://one:old@host/base"])
def test_password_comes_from_its_file_when_one_is_named(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is, but for the newline that editors add; what a URL gives a meaning is escaped."""
    secret = tmp_path / "password"
    secret.write_text("p@ss/wörd:%\n")
    monkeypatch.setenv(URL, said)
    monkeypatch.setenv(FILE, str(secret))
    from sqlalchemy import make_url

    url = make_url(Settings().database_url("intake"))
    assert (url.username, url.password, url.host) == ("one", "p@ss/wörd:%", "host")


def test_url_stays_as_it_is_when_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://one:two@host:5433/base?sslmode=require")
    monkeypatch.delenv(FILE, raising=False)
    wanted = "postgresql://one:two@host:5433/base?sslmode=require"
    assert Settings().database_url("intake") == wanted


@pytest.mark.parametrize("content", [None, b" \n", b"\xff\xfe\x00"])
def test_variable_is_named_when_its_file_has_no_password(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)
    monkeypatch.setenv(URL, "postgresql://one@host/base")
    monkeypatch.setenv(FILE, str(secret))
    with pytest.raises(SettingsError, match=FILE):
        Settings().database_url("intake")


def test_variable_is_named_and_its_text_kept_back_when_it_is_no_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL, "one:secret at host")
    with pytest.raises(SettingsError, match=URL) as refused:
        Settings().database_url("intake")
    assert "secret" not in str(refused.value)


def test_every_broker_gets_the_password_when_its_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("a-B_c~1.\n")
    monkeypatch.setenv("BULWARK_NATS_URL", "nats://one@first:4222,nats://one@second:4222")
    monkeypatch.setenv("BULWARK_NATS_PASSWORD_FILE", str(secret))
    wanted = "nats://one:a-B_c~1.@first:4222,nats://one:a-B_c~1.@second:4222"
    assert Settings().nats_url == wanted


def test_brokers_url_stays_when_it_holds_a_password_or_no_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("new")
    monkeypatch.setenv("BULWARK_NATS_PASSWORD_FILE", str(secret))
    for url in ("nats://one:two@first:4222", "nats://first:4222"):
        monkeypatch.setenv("BULWARK_NATS_URL", url)
        assert Settings().nats_url == url


def test_variable_is_named_when_a_brokers_password_does_not_fit_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("a/b@c")
    monkeypatch.setenv("BULWARK_NATS_PASSWORD_FILE", str(secret))
    with pytest.raises(SettingsError, match="BULWARK_NATS_PASSWORD_FILE") as refused:
        Settings(nats_url="nats://one@first")
    assert "a/b" not in str(refused.value)
