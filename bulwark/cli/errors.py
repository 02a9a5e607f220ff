"""Which errors are a person's to mend: they are said in one line, without a traceback."""

from bulwark.backup.manifest import BackupError
from bulwark.broker.nats_server import BrokerError
from bulwark.broker.subscribers import SubscriberError
from bulwark.data_folder import FolderError
from bulwark.drill.calls import DrillStopped
from bulwark.server.instance import NotReady, PortTaken
from bulwark.settings import SettingsError
from shared.areas.csv_file import AreasError
from shared.policy.toml_file import PolicyError
from shared.runtime.migrations import DatabaseNewer, DatabaseTooOld
from shared.security.key_files import KeyFileError
from shared.security.vault import VaultError

ONE_LINE = (
    AreasError,
    BackupError,
    BrokerError,
    DatabaseNewer,
    DatabaseTooOld,
    DrillStopped,
    FolderError,
    KeyFileError,
    NotReady,
    PolicyError,
    PortTaken,
    SettingsError,
    SubscriberError,
    VaultError,
)
