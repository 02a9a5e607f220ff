"""A database accepts only the keys that it was used with."""

from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.runtime.key_check import check_keys
from shared.security.vault import Vault, WrongMasterKey


def test_other_keys_are_refused_when_a_database_was_used_with_keys(
    database: Database, tmp_path: Path
) -> None:
    with Vault(tmp_path / "a.db", tmp_path / "a.key") as own:
        check_keys("intake", database, own)
        check_keys("intake", database, own)
        with (
            Vault(tmp_path / "b.db", tmp_path / "b.key") as other,
            pytest.raises(WrongMasterKey, match="the database of intake was used with other keys"),
        ):
            check_keys("intake", database, other)
        check_keys("intake", database, own)
