"""The mark of the master key that a database is used with: another is refused before it seals.

A data folder that was lost gets new keys with the next start. They would open nothing of what the
databases hold, and seal what comes after with keys that no copy has.
"""

from shared.database.engine import Database
from shared.security.vault import Vault, WrongMasterKey
from shared.writer.idempotency import delete, save_if_absent

# No client's request has this id: theirs are UUIDs.
MARK = "keys"


def check_keys(service: str, database: Database, vault: Vault) -> None:
    """Keep the mark of these keys in a migrated database that has none; else compare them.

    Raises WrongMasterKey.
    """
    mark = bytes.fromhex(vault.blind_index("bulwark", MARK))[:16]
    with database.writing() as session:
        known = save_if_absent(session.connection(), MARK, mark)
        session.commit()
    if known != mark:
        raise WrongMasterKey(
            f"{service} 数据库用的是另一份密钥,请放回当时的 keys 文件夹 / the database of "
            f"{service} was used with other keys: put back the keys folder of that time"
        )


def forget_keys(database: Database) -> None:
    """Let a database take the next keys it is used with: what the former sealed stays sealed."""
    with database.writing() as session:
        delete(session.connection(), MARK)
        session.commit()
