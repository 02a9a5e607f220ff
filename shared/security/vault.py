"""Sealed data: encrypted at rest with one random key for each subject, so that a destroyed key
makes its subject's data unreadable wherever copies of it lie (crypto-shredding).

Data are sealed with AES-256-GCM under the subject's key. The keys are stored in a file of their
own, wrapped by a key derived from the master key. Each ciphertext is bound to its purpose, the
version of its format and the subject's id. No subject's key stays in memory between calls, so that
a key destroyed by another process is gone here at once.
"""

import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.exceptions import OperatorError
from shared.security.key_files import KEY_BYTES, load_or_create_key
from shared.security.key_store import KeyStore

VERSION = b"\x01"
NONCE_BYTES = 12
MAX_SUBJECT_CHARACTERS = 200
WRAPPING, CHECK, INDEX = b"bulwark vault wrapping", b"bulwark vault check", b"bulwark vault index"


class VaultError(OperatorError):
    """The vault rejects a call; the message says why and, where it helps, what to do."""


class WrongMasterKey(VaultError):
    """The master key is missing or is not the one that these keys were wrapped with."""


class KeyMissing(VaultError):
    """The subject never had a key in this key store: it belongs to other data."""


class KeyDestroyed(VaultError):
    """The subject's key was destroyed; nothing can be opened or sealed for it again."""


class SealBroken(VaultError):
    """The sealed data were altered, truncated, or sealed for another subject."""


class Vault:
    """Seals and opens the data of subjects; any thread may call it.

    `keys_db` is the path of an SQLite file, or its `sqlite:///` URL. Both files are created, mode
    600, when the instance is new. Raises ValueError for another kind of URL, KeyFileError for a
    bad master key file, WrongMasterKey, and KeyStoreUnavailable.
    """

    def __init__(self, keys_db: Path | str, master_key: Path | str) -> None:
        self._store = KeyStore(_file_of(keys_db))
        try:
            master = _checked_master(self._store, Path(master_key))
        except BaseException:
            self.close()
            raise
        self._wrapping = AESGCM(_derive(master, WRAPPING))
        self._index = _derive(master, INDEX)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the key store; may be called twice."""
        self._store.close()

    def seal(self, subject_id: str, data: Mapping[str, str]) -> bytes:
        """Encrypt data for a subject; a new subject's key is on disk when this returns.

        Raises KeyDestroyed, KeyStoreUnavailable, and TypeError or ValueError naming the field
        that is not text.
        """
        return self.seal_many({subject_id: data})[subject_id]

    def seal_many(self, data: Mapping[str, Mapping[str, str]]) -> dict[str, bytes]:
        """Encrypt the data of many subjects; new keys are stored in one transaction.

        Raises as `seal`. When one subject's key was destroyed or its data are not text, nothing is
        sealed at all.
        """
        plain = {_subject(subject): _encode(fields) for subject, fields in data.items()}
        keys = self._keys_for(plain)
        return {
            subject: _encrypt(AESGCM(keys[subject]), _bound(b"data", subject), text)
            for subject, text in plain.items()
        }

    def open(
        self, subject_id: str, sealed: bytes, *, formerly: str | None = None
    ) -> dict[str, str]:
        """Decrypt data that were sealed for a subject.

        `formerly` is the subject's id in an earlier release, tried when this id has no key.
        Raises KeyDestroyed, KeyMissing, SealBroken, KeyStoreUnavailable.
        """
        stored = self._store.find([_subject(subject_id)])
        if subject_id not in stored and formerly is not None:
            return self.open(formerly, sealed)
        if subject_id not in stored:
            raise KeyMissing(f"{self._store.file} has no key of {subject_id}")
        key = AESGCM(self._unwrap(subject_id, stored[subject_id]))
        text = _decrypt(key, _bound(b"data", subject_id), sealed, f"the data of {subject_id}")
        return cast("dict[str, str]", orjson.loads(text))

    def destroy(self, subject_id: str) -> None:
        """Destroy a subject's key for ever; may be repeated, also for an unknown subject.

        It cannot be undone: call it after the decision is committed, and again when it raises
        KeyStoreUnavailable.
        """
        self._store.destroy(_subject(subject_id))

    def blind_index(self, kind: str, value: str) -> str:
        """A keyed hash (64 hex digits) by which equal values are found without being stored.

        It depends on the kind, the value and the master key; normalise the value first.
        """
        name = kind.encode()
        message = len(name).to_bytes(4, "big") + name + value.encode()
        return hmac.digest(self._index, message, "sha256").hex()

    def _keys_for(self, subjects: Iterable[str]) -> dict[str, bytes]:
        """The subjects' keys, unwrapped; missing ones are created and committed first."""
        wanted = list(subjects)
        stored = self._store.find(wanted)
        keys = {subject: self._unwrap(subject, wrapped) for subject, wrapped in stored.items()}
        absent = [subject for subject in wanted if subject not in stored]
        if absent:
            self._store.add([(subject, self._new_key(subject)) for subject in absent])
            # Another thread may have been first: the stored key is the valid one.
            for subject, wrapped in self._store.find(absent).items():
                keys[subject] = self._unwrap(subject, wrapped)
        return keys

    def _new_key(self, subject: str) -> bytes:
        return _encrypt(self._wrapping, _bound(b"key", subject), secrets.token_bytes(KEY_BYTES))

    def _unwrap(self, subject: str, wrapped: bytes | None) -> bytes:
        if wrapped is None:
            raise KeyDestroyed(f"the key of {subject} was destroyed")
        what = f"the key of {subject} in {self._store.file}"
        return _decrypt(self._wrapping, _bound(b"key", subject), wrapped, what)


def _file_of(keys_db: Path | str) -> Path:
    if isinstance(keys_db, Path) or "://" not in keys_db:
        return Path(keys_db)
    scheme, _, name = keys_db.partition(":///")
    if scheme != "sqlite" or not name or name.startswith(":"):
        raise ValueError("keys_db: the keys lie in an SQLite file; give its path or sqlite:///path")
    return Path(name)


def _checked_master(store: KeyStore, file: Path) -> bytes:
    """The master key, verified by the check value beside the wrapped keys."""
    known = store.value("check")
    # A new master key could open none of the stored keys, and would hide that one is missing.
    if known and not file.exists():
        raise WrongMasterKey(f"{file} is missing, and the keys in {store.file} need it: restore it")
    master = load_or_create_key(file)
    check = _derive(master, CHECK)
    if known is None:
        store.add_value("check", check)
        known = store.value("check")
    if known is None or not hmac.compare_digest(known, check):
        raise WrongMasterKey(f"{file} is not the master key of the keys in {store.file}")
    return master


def check_master(keys_db: Path, master_key: Path) -> None:
    """Verify that a master key is the one of a key store; creates and changes nothing.

    Raises KeyFileError and WrongMasterKey.
    """
    if not master_key.exists():
        raise WrongMasterKey(f"{master_key} is missing, and the keys in {keys_db} need it")
    master = load_or_create_key(master_key)
    with closing(sqlite3.connect(f"file:{quote(str(keys_db))}?mode=ro", uri=True)) as store:
        known = store.execute("SELECT value FROM vault WHERE name = 'check'").fetchone()
    if known is None or not hmac.compare_digest(_derive(master, CHECK), bytes(known[0])):
        raise WrongMasterKey(f"{master_key} is not the master key of the keys in {keys_db}")


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)


def _subject(subject_id: str) -> str:
    fits = subject_id.isascii() and subject_id.isprintable()
    if not fits or not 1 <= len(subject_id) <= MAX_SUBJECT_CHARACTERS:
        raise ValueError(f"subject_id: {subject_id!r} is not an id of 1 to 200 ASCII characters")
    return subject_id


def _encode(data: Mapping[str, str]) -> bytes:
    for field, value in data.items():
        if not isinstance(value, str):
            raise TypeError(f"{field}: {type(value).__name__} is not text")
        if any("\ud800" <= character <= "\udfff" for character in field + value):
            raise ValueError(f"{field!r}: holds half a character (a lone surrogate)")
    return orjson.dumps(dict(data))


def _bound(purpose: bytes, subject: str) -> bytes:
    return purpose + b"\0" + VERSION + subject.encode()


def _encrypt(key: AESGCM, bound: bytes, plain: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + key.encrypt(nonce, plain, bound)


def _decrypt(key: AESGCM, bound: bytes, sealed: bytes, what: str) -> bytes:
    if sealed[:1] != VERSION:
        raise SealBroken(f"{what}: not in a form that this release knows")
    start = len(VERSION) + NONCE_BYTES
    try:
        return key.decrypt(sealed[len(VERSION) : start], sealed[start:], bound)
    except (InvalidTag, ValueError) as error:
        raise SealBroken(f"{what}: altered, cut short, or not this subject's") from error
