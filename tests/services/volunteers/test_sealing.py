"""What is sealed under a person's id is not sealed under that person's key. V1, V3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.volunteers.sealing import destroyed, opened, sealed
from shared.security.vault import KeyDestroyed, Vault
from tests.support.harness import new_id

WORDS = {"text": "李老师家"}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault(tmp_path / "keys.db", tmp_path / "master.key") as vault:
        yield vault


def test_person_stays_readable_when_a_request_of_the_same_id_is_forgotten(vault: Vault) -> None:
    same = new_id()
    person = vault.seal(same, {"name": "试验甲"})
    request = sealed(vault, "request", same, WORDS)
    helper = sealed(vault, "helper", same, {"name": "王小明"})
    destroyed(vault, "request", same, request)
    destroyed(vault, "request", same, request)
    with pytest.raises(KeyDestroyed):
        opened(vault, "request", same, request)
    assert vault.open(same, person) == {"name": "试验甲"}
    assert opened(vault, "helper", same, helper) == {"name": "王小明"}


def test_request_stays_readable_when_a_person_of_the_same_id_is_erased(vault: Vault) -> None:
    same = new_id()
    vault.seal(same, {"name": "试验甲"})
    request = sealed(vault, "request", same, WORDS)
    vault.destroy(same)
    assert opened(vault, "request", same, request) == WORDS


def test_what_an_earlier_release_sealed_is_opened_and_forgotten(vault: Vault) -> None:
    request_id = new_id()
    request = vault.seal(request_id, WORDS)
    assert opened(vault, "request", request_id, request) == WORDS
    destroyed(vault, "request", request_id, request)
    with pytest.raises(KeyDestroyed):
        opened(vault, "request", request_id, request)
