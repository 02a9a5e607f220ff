"""What volunteers keep sealed: each thing under a key of its own sort, which is never a person's.

Clients choose the ids of what they make. Were keys named by the bare id, a request made under a
person's id would share that person's key, and go and stay with it.
"""

from collections.abc import Mapping
from typing import Literal

from shared.security.vault import KeyDestroyed, KeyMissing, Vault

Sort = Literal["request", "helper"]


def sealed(vault: Vault, sort: Sort, id_: str, data: Mapping[str, str]) -> bytes:
    """The data, encrypted for one thing; raises as `Vault.seal`."""
    return vault.seal(_subject(sort, id_), data)


def opened(vault: Vault, sort: Sort, id_: str, data: bytes) -> dict[str, str]:
    """The data that were sealed for one thing; raises as `Vault.open`."""
    return vault.open(_subject(sort, id_), data, formerly=id_)


def destroyed(vault: Vault, sort: Sort, id_: str, data: bytes) -> None:
    """Destroy the key of one thing for ever; may be repeated."""
    subject = _subject(sort, id_)
    try:
        vault.open(subject, data)
    except KeyMissing:
        subject = id_
    except KeyDestroyed:
        return
    vault.destroy(subject)


def _subject(sort: Sort, id_: str) -> str:
    return f"{sort}:{id_}"
