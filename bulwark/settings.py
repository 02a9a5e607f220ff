"""Settings of a process, from `BULWARK_…` variables; secrets come from files."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.exceptions import OperatorError

MOST_CERTIFICATES = 8
# Passwords for URLs that name only a user; each variable names a file.
BROKER_PASSWORDS = {
    "nats_url": "BULWARK_NATS_PASSWORD_FILE",
    "nats_system_url": "BULWARK_NATS_SYSTEM_PASSWORD_FILE",
}
_USER_ALONE = re.compile(r"//([^/@:]+)@")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


class SettingsError(OperatorError):
    """A setting is invalid; the message names it, in one line."""


class Settings(BaseSettings):
    """The settings of a process.

    Each database has its `BULWARK_<SERVICE>_DATABASE_URL`; if the URL has no password, it is read
    from the file named by `BULWARK_<SERVICE>_DATABASE_PASSWORD_FILE`. The same for the broker.
    """

    model_config = SettingsConfigDict(env_prefix="BULWARK_", extra="ignore")

    data: Path = Path("bulwark-data")
    site: str = Field(default="bulwark", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    nats_url: str = "nats://127.0.0.1:4222"
    # For a separate broker: its file of subscribers' accounts, the URL of the user who may make it
    # reload that file, and the address by which subscribers reach it.
    nats_accounts: Path | None = None
    nats_system_url: str = ""
    nats_public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    stream_max_age_seconds: float = Field(default=30 * 86400, gt=0)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    log_level: str = "INFO"
    # `bulwark up` makes a backup each night at this hour (China Standard Time) and keeps this many.
    backup_nightly: bool = True
    backup_hour: int = Field(default=2, ge=0, le=23)
    backup_keep: int = Field(default=7, ge=1)
    # The folder for the copy of the keys, separate from the backups; empty: no copy is made.
    backup_keys: str = ""
    # Files of TLS certificates whose expiry is monitored, comma-separated.
    certificate_files: str = ""

    @field_validator("nats_accounts", mode="before")
    @classmethod
    def _none_when_empty(cls, value: Any) -> Any:
        return value or None

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingsError(_message(error)) from error
        for name, variable in BROKER_PASSWORDS.items():
            url, password = getattr(self, name, ""), secret_from_file(variable)
            if url and password is not None:
                if not _PLAIN.fullmatch(password):
                    # The client does not decode the password in a URL.
                    raise SettingsError(
                        f"{variable}: 只能用字母、数字和 -._~ / only letters, digits and -._~"
                    )
                setattr(self, name, _USER_ALONE.sub(rf"//\1:{password}@", url))

    @property
    def certificates(self) -> tuple[Path, ...]:
        """The certificate files, eight at most."""
        named = [name.strip() for name in self.certificate_files.split(",")]
        return tuple(Path(name) for name in named if name)[:MOST_CERTIFICATES]

    def database_url(self, service: str) -> str:
        """The URL of a service's database; by default a file in the data folder.

        Raises SettingsError when the URL is invalid or the password file cannot be read.
        """
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        name = f"BULWARK_{service.upper()}_DATABASE_URL"
        given = os.environ.get(name)
        if not given:
            return f"sqlite:///{self.data.resolve() / 'db' / service}.db"
        try:
            url = make_url(given)
        except ArgumentError as error:
            # The value is not shown: it may hold a password.
            raise SettingsError(f"{name}: 不是数据库地址 / is not a database URL") from error
        password = secret_from_file(f"BULWARK_{service.upper()}_DATABASE_PASSWORD_FILE")
        if password is not None:
            url = url.set(password=password)
        return url.render_as_string(hide_password=False)


def secret_from_file(name: str) -> str | None:
    """The text of the file that a variable names, stripped; None when the variable is not set.

    Raises SettingsError.
    """
    path = os.environ.get(name)
    if not path:
        return None
    try:
        secret = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "not text"
        raise SettingsError(
            f"{name}: 无法读取文件 {path} / cannot read the file: {cause}"
        ) from error
    if not secret:
        raise SettingsError(f"{name}: 文件 {path} 是空的 / the file is empty")
    return secret


def _message(error: ValidationError) -> str:
    faults = [f"BULWARK_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors()]
    return f"设置有误 / invalid setting: {'; '.join(faults)}"
