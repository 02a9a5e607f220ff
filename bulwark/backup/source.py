"""The instance to back up, restore or check: its folder, databases and settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bulwark.backup.copies import file_of, is_sqlite
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from bulwark.settings import Settings

BACKUPS = "backups"
# Settings that a restored site needs again; never an address, which may hold a password.
KEPT_SETTINGS = ("site", "stream_max_age_seconds", "stream_replicas")


@dataclass(frozen=True, slots=True)
class Source:
    """An instance, running or not."""

    folder: Folder
    urls: dict[str, str]
    settings: Settings

    @property
    def backups(self) -> Path:
        """The folder of its own backups and of the record of the last one."""
        return self.folder.path / BACKUPS

    def kept_settings(self) -> dict[str, str]:
        """The settings that a restored site needs again."""
        return {name: str(getattr(self.settings, name)) for name in KEPT_SETTINGS}

    def files(self) -> Iterator[tuple[str, Path]]:
        """The files of a backup besides the databases, each with its name there."""
        if self.folder.areas.exists():
            yield self.folder.areas.name, self.folder.areas
        for pack in sorted(self.folder.policies.glob("*.toml")):
            yield f"{self.folder.policies.name}/{pack.name}", pack

    def database_files(self) -> Iterator[Path]:
        """The files of its SQLite databases."""
        for url in self.urls.values():
            if is_sqlite(url):
                yield file_of(url)


def source_of(data: Path) -> Source:
    """The instance given by a data folder and this process's settings."""
    settings = Settings(data=data)
    urls = {name: settings.database_url(name) for name in SERVICES}
    return Source(Folder(data.resolve()), urls, settings)


def sources_first() -> list[str]:
    """The services, each after those it listens to."""
    return list(
        TopologicalSorter(
            {name: service.listens_to for name, service in SERVICES.items()}
        ).static_order()
    )


def readers_first() -> list[str]:
    """The services in the order in which they are copied: readers before their sources."""
    return sources_first()[::-1]


def release() -> str:
    """The version of this program."""
    try:
        return version("bulwark")
    except PackageNotFoundError:
        return "0"
