"""The vault: what is sealed opens for its subject alone, and never again once its key is gone."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.security.key_files import KeyFileError
from shared.security.key_store import KeyStoreUnavailable
from shared.security.vault import KeyDestroyed, KeyMissing, SealBroken, Vault, WrongMasterKey

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
DATA = st.dictionaries(TEXT, TEXT, max_size=5)
SUBJECT = st.uuids().map(str)
shared_vault = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault(tmp_path / "keys" / "keys.db", tmp_path / "keys" / "master.key") as opened:
        yield opened


def reopened(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "keys" / "keys.db", tmp_path / "keys" / "master.key")


@shared_vault
@given(subject=SUBJECT, data=DATA)
def test_data_come_back_when_opened_for_their_subject(
    vault: Vault, subject: str, data: dict[str, str]
) -> None:
    assert vault.open(subject, vault.seal(subject, data)) == data


@shared_vault
@given(data=DATA, draw=st.data())
def test_nothing_opens_when_any_byte_was_altered(
    vault: Vault, data: dict[str, str], draw: st.DataObject
) -> None:
    sealed = bytearray(vault.seal("a", data))
    at = draw.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        vault.open("a", bytes(sealed))


@shared_vault
@given(data=DATA, draw=st.data())
def test_nothing_opens_when_bytes_were_cut_or_added(
    vault: Vault, data: dict[str, str], draw: st.DataObject
) -> None:
    sealed = vault.seal("a", data)
    with pytest.raises(SealBroken):
        vault.open("a", sealed[: draw.draw(st.integers(0, len(sealed) - 1))])
    with pytest.raises(SealBroken):
        vault.open("a", sealed + draw.draw(st.binary(min_size=1, max_size=20)))


@shared_vault
@given(subjects=st.lists(SUBJECT, min_size=2, max_size=2, unique=True), data=DATA)
def test_nothing_opens_when_subjects_are_swapped(
    vault: Vault, subjects: list[str], data: dict[str, str]
) -> None:
    first, second = subjects
    sealed = vault.seal_many({first: data, second: data})
    with pytest.raises(SealBroken):
        vault.open(second, sealed[first])


def test_nothing_opens_when_keys_are_swapped_in_their_file(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal_many({"a": {"x": "1"}, "b": {"x": "2"}})
    with sqlite3.connect(tmp_path / "keys" / "keys.db") as db:
        (of_a,) = db.execute("SELECT wrapped FROM subject_keys WHERE subject = 'a'").fetchone()
        db.execute("UPDATE subject_keys SET wrapped = ? WHERE subject = 'b'", (of_a,))
    db.close()
    with pytest.raises(SealBroken, match="the key of b"):
        vault.open("b", sealed["a"])
    with pytest.raises(SealBroken, match="the key of b"):
        vault.seal("b", {})
    assert vault.open("a", sealed["a"]) == {"x": "1"}


def test_sealed_bytes_hide_the_data_when_looked_at(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal("a", {"phone": "13800000000", "name": "张三"})
    everything = sealed + b"".join(file.read_bytes() for file in (tmp_path / "keys").iterdir())
    assert b"13800000000" not in everything
    assert "张三".encode() not in everything


def test_nonces_and_bytes_differ_when_the_same_data_are_sealed_again(vault: Vault) -> None:
    sealed = [vault.seal("a", {"x": "1"}) for _ in range(500)]
    assert len({one[1:13] for one in sealed}) == 500
    assert all(vault.open("a", one) == {"x": "1"} for one in sealed)


def test_key_is_destroyed_for_good_when_asked(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal_many({"a": {"x": "1"}, "b": {"x": "2"}})
    vault.destroy("a")
    vault.destroy("a")
    for one in (vault, reopened(tmp_path)):
        with pytest.raises(KeyDestroyed, match="a"):
            one.open("a", sealed["a"])
        with pytest.raises(KeyDestroyed):
            one.seal("a", {"x": "again"})
        assert one.open("b", sealed["b"]) == {"x": "2"}


def test_subject_never_seen_stays_without_key_when_destroyed(vault: Vault) -> None:
    vault.destroy("never")
    with pytest.raises(KeyDestroyed):
        vault.seal("never", {})


@settings(max_examples=15)
@given(count=st.integers(1, 120), draw=st.data())
def test_no_file_holds_the_wrapped_key_when_it_was_destroyed(
    tmp_path_factory: pytest.TempPathFactory, count: int, draw: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("vault")
    subjects = [f"{number:036d}" for number in range(count)]
    with Vault(folder / "keys.db", folder / "master.key") as vault:
        vault.seal_many({subject: {"x": subject} for subject in subjects})
        with sqlite3.connect(folder / "keys.db") as db:
            wrapped = dict(db.execute("SELECT subject, wrapped FROM subject_keys").fetchall())
        db.close()
        gone = draw.draw(st.sets(st.sampled_from(subjects), min_size=1, max_size=8))
        for subject in gone:
            vault.destroy(subject)
        on_disk = b"".join(file.read_bytes() for file in folder.iterdir())
    for subject in subjects:
        assert (wrapped[subject] in on_disk) is (subject not in gone)


def test_destroying_says_so_when_another_keeps_the_journal_in_use(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = vault.seal("a", {"x": "1"})
    vault._store._writer.execute("PRAGMA busy_timeout = 0")
    reader = sqlite3.connect(tmp_path / "keys" / "keys.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subject_keys").fetchall()
    with pytest.raises(KeyStoreUnavailable, match="journal"):
        vault.destroy("a")
    with pytest.raises(KeyDestroyed):
        vault.open("a", sealed)
    reader.close()
    vault.destroy("a")
    assert (tmp_path / "keys" / "keys.db-wal").stat().st_size == 0


def test_nothing_is_sealed_or_made_when_one_of_many_is_destroyed(vault: Vault) -> None:
    vault.destroy("gone")
    with pytest.raises(KeyDestroyed, match="gone"):
        vault.seal_many({"new": {"x": "1"}, "gone": {"x": "2"}})
    with pytest.raises(KeyMissing):
        vault.open("new", b"\x01" + bytes(40))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"fine": "1", "age": 7}, TypeError),
        ({"fine": "1", "age": None}, TypeError),
        ({"age\ud800": "1"}, ValueError),
        ({"age": "\udfff"}, ValueError),
    ],
)
def test_field_is_named_when_its_value_is_no_text(
    vault: Vault, data: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error, match="age"):
        vault.seal("a", data)
    with pytest.raises(KeyMissing):
        vault.open("a", b"\x01" + bytes(40))


@pytest.mark.parametrize("subject", ["", "张三", "a\n", "a" * 201])
def test_subject_is_refused_when_it_is_no_id(vault: Vault, subject: str) -> None:
    for call in (
        vault.destroy,
        lambda name: vault.seal(name, {}),
        lambda name: vault.open(name, b""),
    ):
        with pytest.raises(ValueError, match=r"^subject_id: "):
            call(subject)


def test_data_and_index_survive_when_the_vault_is_opened_again(
    vault: Vault, tmp_path: Path
) -> None:
    sealed = vault.seal("a", {"x": "1"})
    with reopened(tmp_path) as again:
        assert again.open("a", sealed) == {"x": "1"}
        assert again.blind_index("phone", "1") == vault.blind_index("phone", "1")


def test_new_key_is_on_disk_for_others_when_seal_returns(vault: Vault, tmp_path: Path) -> None:
    with reopened(tmp_path) as other:
        for number in range(20):
            sealed = vault.seal(f"s{number}", {"x": "1"})
            assert other.open(f"s{number}", sealed) == {"x": "1"}
        other.destroy("s3")
        with pytest.raises(KeyDestroyed):
            vault.seal("s3", {"x": "2"})


def test_keys_are_private_and_synced_when_the_instance_is_new(vault: Vault, tmp_path: Path) -> None:
    vault.seal("a", {})
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "keys").iterdir()}
    assert modes == dict.fromkeys(("keys.db", "keys.db-wal", "keys.db-shm", "master.key"), 0o600)
    pragmas = ("synchronous", "secure_delete", "journal_mode")
    values = [vault._store._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert values == [2, 1, "wal"]


def test_opening_fails_clearly_when_the_master_key_is_another(vault: Vault, tmp_path: Path) -> None:
    vault.close()
    (tmp_path / "keys" / "master.key").write_bytes(b"x" * 32)
    with pytest.raises(WrongMasterKey, match=r"master\.key is not the master key of"):
        reopened(tmp_path)


def test_no_new_master_key_is_made_when_the_old_one_is_missing(
    vault: Vault, tmp_path: Path
) -> None:
    vault.close()
    master = tmp_path / "keys" / "master.key"
    master.unlink()
    with pytest.raises(WrongMasterKey, match="missing"):
        reopened(tmp_path)
    assert not master.exists()


def test_opening_fails_clearly_when_the_master_key_is_short(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_bytes(b"short")
    with pytest.raises(KeyFileError, match="at least 32"):
        Vault(tmp_path / "keys.db", tmp_path / "master.key")


def test_key_is_missing_not_destroyed_when_the_key_file_is_a_new_one(
    vault: Vault, tmp_path: Path
) -> None:
    sealed = vault.seal("a", {"x": "1"})
    other = Vault(tmp_path / "other.db", tmp_path / "keys" / "master.key")
    with pytest.raises(KeyMissing, match=r"other\.db has no key of a"):
        other.open("a", sealed)
    other.close()


@pytest.mark.parametrize("url", ["sqlite:///{}/by-url.db", "{}/by-url.db"])
def test_key_file_is_made_where_the_url_says_when_it_names_sqlite(tmp_path: Path, url: str) -> None:
    with Vault(url.format(tmp_path), tmp_path / "master.key"):
        assert (tmp_path / "by-url.db").is_file()


@pytest.mark.parametrize("url", ["postgresql://host/db", "sqlite:///:memory:", "sqlite:///"])
def test_url_is_refused_when_it_names_no_sqlite_file(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match=r"^keys_db: "):
        Vault(url, tmp_path / "master.key")


def test_opening_names_the_file_when_it_is_no_key_store(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"not a database, whatever it says" * 100)
    with pytest.raises(KeyStoreUnavailable, match=r"keys\.db"):
        Vault(tmp_path / "keys.db", tmp_path / "master.key")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(KeyStoreUnavailable, match="file"):
        Vault(tmp_path / "file" / "keys.db", tmp_path / "master.key")


def test_calls_fail_clearly_when_the_vault_is_closed(vault: Vault) -> None:
    vault.close()
    vault.close()
    with pytest.raises(KeyStoreUnavailable, match="closed"):
        vault.seal("a", {})


@shared_vault
@given(one=st.tuples(TEXT, TEXT), other=st.tuples(TEXT, TEXT))
def test_blind_indexes_are_equal_only_when_kind_and_value_are(
    vault: Vault, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert (vault.blind_index(*one) == vault.blind_index(*other)) is (one == other)


def test_blind_index_needs_the_master_key_when_guessed(vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "other.db", tmp_path / "other.key")
    mine, theirs = (one.blind_index("phone", "13800000000") for one in (vault, other))
    assert mine != theirs
    assert len(mine) == len(theirs) == 64
    other.close()


def test_everything_opens_when_threads_seal_the_same_subjects(vault: Vault) -> None:
    def work(worker: int) -> bool:
        for number in range(25):
            sealed = vault.seal(f"s{number}", {"w": str(worker)})
            if vault.open(f"s{number}", sealed) != {"w": str(worker)}:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_vault_opens_everywhere_when_many_make_it_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        vaults = list(pool.map(lambda _: reopened(tmp_path), range(6)))
    sealed = vaults[0].seal("a", {"x": "1"})
    assert all(vault.open("a", sealed) == {"x": "1"} for vault in vaults)
    for vault in vaults:
        vault.close()
