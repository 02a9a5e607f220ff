"""`make migration` writes what changed of one chain's tables, under the date and time."""

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, inspect

from bulwark.development.migration import write
from bulwark.registry import SERVICES
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.database.types import Instant
from shared.runtime.migrations import CORE, NAMED, Chain, own_chain, upgrade

CHAINS = (CORE, *(own_chain(service) for service in SERVICES.values()))


def with_more(chain: Chain, folder: Path) -> Chain:
    """A chain that lies in a folder, and of whose tables one has no migration yet."""
    ignored = shutil.ignore_patterns("__pycache__")
    versions = Path(shutil.copytree(chain.versions, folder / "100% versions", ignore=ignored))
    metadata = MetaData()
    for table in chain.metadata.sorted_tables:
        table.to_metadata(metadata)
    Table(
        "thermometers",
        metadata,
        Column("id", String(36), primary_key=True),
        Column("checked_at", Instant, index=True),
    )
    return replace(chain, versions=versions, metadata=metadata)


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_one_migration_makes_the_table_that_is_missing_when_it_was_written(
    chain: Chain, tmp_path: Path
) -> None:
    more = with_more(chain, tmp_path)
    before = RealClock().now()
    write(more, "Thermometers")
    last = chain.revisions()[-1]
    [made] = [one for one in more.versions.glob("*.py") if not (chain.versions / one.name).exists()]
    named = re.fullmatch(r"(\d{4}-\d{2}-\d{2}-\d{4})_thermometers\.py", made.name)
    assert named is not None
    names = {f"{before + timedelta(minutes=minutes):{NAMED}}" for minutes in (0, 1)}
    assert named[1] in names
    said = made.read_text()
    assert f"down_revision = '{last}'" in said
    assert re.findall(r"_table\(\s*'(\w+)'", said) == ["thermometers", "thermometers"]
    assert "drop" not in said
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with database.write_engine.begin() as connection:
        for one in dict.fromkeys((CORE if chain is not CORE else more, more)):
            upgrade(one, connection)
        columns = inspect(connection).get_columns("thermometers")
    assert [column["name"] for column in columns] == ["id", "checked_at"]
    database.close()


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_nothing_is_written_and_one_line_says_why_when_nothing_changed(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(chain.versions.glob("*.py"))
    with pytest.raises(SystemExit):
        write(chain, "Nothing")
    assert "main.py" in capsys.readouterr().err
    assert sorted(chain.versions.glob("*.py")) == before
