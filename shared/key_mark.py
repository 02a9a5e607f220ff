"""The mark of the keys that a database is used with: other keys are refused before they seal.

A data folder that was lost gets new keys with the next start. They would open nothing of what the
databases hold, and seal what comes after with keys that no copy has.
"""

from shared.db import Database, send
from shared.vault import Vault, WrongMasterKey

# No client's request has this id: theirs are UUIDs.
MARK = "keys"
_KEEP = "INSERT INTO requests (id, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING"
_KNOWN = "SELECT fingerprint FROM requests WHERE id = ?"


def check_keys(service: str, database: Database, vault: Vault) -> None:
    """Keep the mark of these keys in a migrated database that has none; else compare them.

    Raises WrongMasterKey.
    """
    mark = bytes.fromhex(vault.blind_index("bulwark", MARK))[:16]
    with database.writing() as session:
        connection = session.connection()
        send(connection, _KEEP, (MARK, mark))
        known = bytes(send(connection, _KNOWN, (MARK,)).scalar_one())
        session.commit()
    if known != mark:
        raise WrongMasterKey(
            f"{service} 数据库用的是另一份密钥,请放回当时的 keys 文件夹 / "
            f"the database of {service} was used with other keys: put back its folder keys"
        )
