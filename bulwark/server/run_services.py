"""`bulwark run SERVICE…`: some services in this process, with a separate broker and databases."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import inspect, make_url

from bulwark.console import begun, complain_softly, say
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from bulwark.server.gauges import ProcessGauges
from bulwark.server.instance import Instance, listen
from bulwark.settings import Settings
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.nats.stream import StreamSettings
from shared.writer.log import head_of


def refuse_new_keys(folder: Folder, urls: Mapping[str, str]) -> None:
    """Refuse to make keys for databases in use; raises FolderError.

    New keys could not open the existing data, and new data would be sealed with different keys.
    """
    if any(map(_is_in_use, urls.values())):
        folder.require_keys()


def _is_in_use(url: str) -> bool:
    """Whether a database already holds events."""
    file = make_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).exists():
        return False
    database = Database(url)
    try:
        with database.reading() as session:
            connection = session.connection()
            return inspect(connection).has_table("log_head") and head_of(connection) > 0
    finally:
        database.close()


async def serve(names: Sequence[str], settings: Settings) -> int:
    """Serve until cancelled; returns 1 when a service fails permanently."""
    listening = listen(settings.host, settings.port)
    folder = Folder(settings.data.resolve())
    urls = {name: settings.database_url(name) for name in names}
    refuse_new_keys(folder, urls)
    folder.prepare()
    site = folder.site(settings.site, RealClock())
    instance = Instance(
        [SERVICES[name] for name in names],
        site,
        urls,
        settings.nats_url,
        StreamSettings(settings.stream_max_age_seconds, settings.stream_replicas),
        ProcessGauges(folder.path, settings.certificates),
    )
    try:
        await instance.start(listening)
        begun()
        say(f"bulwark {' '.join(names)}: http://{settings.host}:{instance.port}")
        complain_softly(await instance.failed())
        return 1
    finally:
        await instance.stop()
        site.areas.close()
        site.vault.close()
