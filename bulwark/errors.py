"""Which errors are a person's to mend: they are said in one line, without a traceback."""

from bulwark.broker import BrokerError
from bulwark.folder import FolderError
from bulwark.instance import PortTaken
from bulwark.subscribers import SubscriberError
from bulwark.upkeep.manifest import BackupError
from shared.areas_rows import AreasError
from shared.migration import DatabaseNewer
from shared.policy import PolicyError
from shared.secrets_files import KeyFileError
from shared.settings import SettingsError
from shared.vault import VaultError

ONE_LINE = (
    AreasError,
    BackupError,
    BrokerError,
    DatabaseNewer,
    FolderError,
    KeyFileError,
    PolicyError,
    PortTaken,
    SettingsError,
    SubscriberError,
    VaultError,
)
