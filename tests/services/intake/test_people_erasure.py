"""An erased person's key goes after the commit, and whatever happens between, it goes. I4."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared.clock.clock import CST, VirtualClock
from shared.runtime.ticker import RETRY_AFTER
from shared.security.key_store import KeyStoreUnavailable
from tests.support.harness import Node, new_id

AREA = "220581001001"
START = datetime(2021, 1, 18, 8, tzinfo=CST)


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("node"), clock=VirtualClock(START))
    node.start()
    yield node
    node.stop()


def erased(node: Node) -> str:
    """A person whose erasure is committed, while no tick has come yet."""
    person_id = new_id()
    body = {"id": person_id, "area": AREA, "name": "张三", "categories": []}
    assert node.client("recorder", AREA).post("/intake/people", body).status_code == 201
    answer = node.client("command").post(f"/intake/people/{person_id}/erase", {"reason": "期满"})
    assert answer.status_code == 200
    return person_id


def has_key(node: Node, person_id: str) -> bool:
    return node.instance.site.vault._store.find([person_id])[person_id] is not None


@pytest.mark.requirement("I4")
def test_key_is_destroyed_when_the_service_ended_right_after_the_erasure(virtual: Node) -> None:
    person_id = erased(virtual)
    assert has_key(virtual, person_id)
    virtual.stop_services()
    virtual.start_services()
    assert has_key(virtual, person_id)
    virtual.tick()
    assert not has_key(virtual, person_id)


@pytest.mark.requirement("I4")
def test_key_is_destroyed_later_when_the_key_file_was_away(
    virtual: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = erased(virtual)
    asked: list[str] = []

    def fail(subject_id: str) -> None:
        asked.append(subject_id)
        raise KeyStoreUnavailable("keys.db: disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(virtual.instance.site.vault, "destroy", fail)
        virtual.tick()
    assert person_id in asked
    assert has_key(virtual, person_id)
    virtual.tick()
    assert has_key(virtual, person_id)
    clock = virtual.clock
    assert isinstance(clock, VirtualClock)
    clock.step_to(clock.now() + RETRY_AFTER + timedelta(seconds=1))
    virtual.tick()
    assert not has_key(virtual, person_id)


def test_503_when_the_key_file_is_away_and_the_same_id_works_later(
    virtual: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = virtual.client("recorder", AREA)
    body = {"id": new_id(), "area": AREA, "name": "张三", "categories": []}

    def fail(*_: object) -> None:
        raise KeyStoreUnavailable("keys.db: disk I/O error")

    path = f"/intake/people/{body['id']}"
    with monkeypatch.context() as patch:
        patch.setattr(virtual.instance.site.vault, "seal_many", fail)
        assert recorder.post("/intake/people", body).status_code == 503
    assert recorder.post("/intake/people", body).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(virtual.instance.site.vault, "open", fail)
        assert recorder.get(path).status_code == 503
        assert recorder.get(path, reason="核对").status_code == 503
    assert recorder.get(path, reason="核对").json()["name"] == "张三"
