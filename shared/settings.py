"""Settings of a process, from `BULWARK_…` variables; secrets come from files."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_CERTIFICATES = 8


class SettingsError(Exception):
    """A setting is wrong; the message names it, in one line."""


class Settings(BaseSettings):
    """What a process is told. Databases: `BULWARK_<SERVICE>_DATABASE_URL` each."""

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

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingsError(_said(error)) from error

    @property
    def certificates(self) -> tuple[Path, ...]:
        """The certificate files, eight at most."""
        named = [name.strip() for name in self.certificate_files.split(",")]
        return tuple(Path(name) for name in named if name)[:MOST_CERTIFICATES]

    def database_url(self, service: str) -> str:
        """Where a service's database is; a file in the data folder when nothing else is said."""
        said = os.environ.get(f"BULWARK_{service.upper()}_DATABASE_URL")
        return said or f"sqlite:///{self.data.resolve() / 'db' / service}.db"


def _said(error: ValidationError) -> str:
    faults = [f"BULWARK_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors()]
    return f"设置有误 / a setting is wrong: {'; '.join(faults)}"
