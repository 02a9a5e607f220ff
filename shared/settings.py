"""Settings of a process, from `BULWARK_…` variables; secrets come from files."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a process is told. Databases: `BULWARK_<SERVICE>_DATABASE_URL` each."""

    model_config = SettingsConfigDict(env_prefix="BULWARK_", extra="ignore")

    data: Path = Path("bulwark-data")
    site: str = Field(default="bulwark", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    nats_url: str = "nats://127.0.0.1:4222"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    stream_max_age_seconds: float = Field(default=30 * 86400, gt=0)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    log_level: str = "INFO"

    def database_url(self, service: str) -> str:
        """Where a service's database is; a file in the data folder when nothing else is said."""
        said = os.environ.get(f"BULWARK_{service.upper()}_DATABASE_URL")
        return said or f"sqlite:///{self.data.resolve() / 'db' / service}.db"
