"""Settings of a process, from `BULWARK_…` variables; secrets come from files."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.exceptions import OperatorError

MOST_CERTIFICATES = 8
# The passwords of URLs that name a user alone; each variable names a file.
BROKER_PASSWORDS = {
    "nats_url": "BULWARK_NATS_PASSWORD_FILE",
    "nats_system_url": "BULWARK_NATS_SYSTEM_PASSWORD_FILE",
}
_USER_ALONE = re.compile(r"//([^/@:]+)@")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


class SettingsError(OperatorError):
    """A setting is wrong; the message names it, in one line."""


class Settings(BaseSettings):
    """What a process is told.

    Databases: `BULWARK_<SERVICE>_DATABASE_URL` each; the password, when the URL holds none, from
    the file that `BULWARK_<SERVICE>_DATABASE_PASSWORD_FILE` names; the broker's likewise.
    """

    model_config = SettingsConfigDict(env_prefix="BULWARK_", extra="ignore")

    data: Path = Path("bulwark-data")
    site: str = Field(default="bulwark", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    nats_url: str = "nats://127.0.0.1:4222"
    # For a broker elsewhere: its file of subscribers' accounts, who may make it read that again,
    # and where subscribers reach it.
    nats_accounts: Path | None = None
    nats_system_url: str = ""
    nats_public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    stream_max_age_seconds: float = Field(default=30 * 86400, gt=0)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    log_level: str = "INFO"
    # `bulwark up` makes a backup each night at this hour (China Standard Time), and keeps so many.
    backup_nightly: bool = True
    backup_hour: int = Field(default=2, ge=0, le=23)
    backup_keep: int = Field(default=7, ge=1)
    # The folder for the copy of the keys, apart from the backups; none is made when it is empty.
    backup_keys: str = ""
    # Files of TLS certificates whose end is watched, with commas between them.
    certificate_files: str = ""

    @field_validator("nats_accounts", mode="before")
    @classmethod
    def _none_when_empty(cls, said: Any) -> Any:
        return said or None

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingsError(_said(error)) from error
        for name, variable in BROKER_PASSWORDS.items():
            url, password = getattr(self, name, ""), secret_from_file(variable)
            if url and password is not None:
                if not _PLAIN.fullmatch(password):
                    # The client takes a URL's password as it stands there.
                    raise SettingsError(
                        f"{variable}: 只能用字母、数字和 -._~ / letters, digits and -._~ alone"
                    )
                setattr(self, name, _USER_ALONE.sub(rf"//\1:{password}@", url))

    @property
    def certificates(self) -> tuple[Path, ...]:
        """The certificate files, eight at most."""
        named = [name.strip() for name in self.certificate_files.split(",")]
        return tuple(Path(name) for name in named if name)[:MOST_CERTIFICATES]

    def database_url(self, service: str) -> str:
        """Where a service's database is; a file in the data folder when nothing else is said.

        Raises SettingsError when the URL is none, or its password's file cannot be read.
        """
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        name = f"BULWARK_{service.upper()}_DATABASE_URL"
        said = os.environ.get(name)
        if not said:
            return f"sqlite:///{self.data.resolve() / 'db' / service}.db"
        try:
            url = make_url(said)
        except ArgumentError as error:
            # The text itself is not shown: it may hold a password.
            raise SettingsError(f"{name}: 不是数据库地址 / is no database URL") from error
        password = secret_from_file(f"BULWARK_{service.upper()}_DATABASE_PASSWORD_FILE")
        if password is not None:
            url = url.set(password=password)
        return url.render_as_string(hide_password=False)


def secret_from_file(name: str) -> str | None:
    """The text of the file that a variable names, without white space around it; None when it is
    not set. Raises SettingsError."""
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


def _said(error: ValidationError) -> str:
    faults = [f"BULWARK_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors()]
    return f"设置有误 / a setting is wrong: {'; '.join(faults)}"
