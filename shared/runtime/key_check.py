"""The master key check value: a database rejects any other key before data is sealed with it.

After its data folder was lost, a site makes new keys at the next start. They could open nothing in
the databases, and would seal new data with keys of which no backup exists.
"""

from shared.database.engine import Database
from shared.security.vault import Vault, WrongMasterKey
from shared.writer.idempotency import delete, save_if_absent

# No client's request has this id: theirs are UUIDs.
NAME = "keys"


def check_keys(service: str, database: Database, vault: Vault) -> None:
    """Compare the key's check value with the one in a migrated database; store it when none is.

    Raises WrongMasterKey.
    """
    check_value = bytes.fromhex(vault.blind_index("bulwark", NAME))[:16]
    with database.writing() as session:
        stored = save_if_absent(session.connection(), NAME, check_value)
        session.commit()
    if stored != check_value:
        raise WrongMasterKey(
            f"{service} 数据库用的是另一份密钥,请放回当时的 keys 文件夹 / the database of "
            f"{service} was used with other keys: put back the keys folder of that time"
        )


def forget_keys(database: Database) -> None:
    """Delete the check value, so that a database accepts the next keys it is used with.

    What was sealed with the former keys stays sealed.
    """
    with database.writing() as session:
        delete(session.connection(), NAME)
        session.commit()
