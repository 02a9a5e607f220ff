"""`bulwark run SERVICE…`: some services in this process; broker and databases are elsewhere."""

from collections.abc import Sequence

from bulwark.folder import Folder
from bulwark.instance import Instance, listen
from bulwark.process import begun, complain_softly, say
from bulwark.process_gauges import ProcessGauges
from bulwark.services import SERVICES
from shared.clock import RealClock
from shared.settings import Settings
from shared.stream_making import StreamSettings


async def serve(names: Sequence[str], settings: Settings) -> int:
    """Serve until cancelled; 1 when a service fails for good."""
    listening = listen(settings.host, settings.port)
    # A new folder would have keys of its own: people's data would be sealed with others.
    folder = Folder(settings.data.resolve()).require()
    folder.prepare()
    site = folder.site(settings.site, RealClock())
    instance = Instance(
        [SERVICES[name] for name in names],
        site,
        {name: settings.database_url(name) for name in names},
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
