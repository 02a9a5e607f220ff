"""Nobody's details lie readable in any file or table. I4."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from tests.services.intake.some_people import make_card
from tests.support.harness import Client, Node, new_id

AREA = "220581001200"
NAME, PHONE, ADDRESS = "司马青衫", "13904351357", "幸福小区17号楼4单元302"
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def forms(text: str) -> set[bytes]:
    """A text as it might lie in a file: in any encoding, and escaped in JSON."""
    escaped = json.dumps(text)[1:-1].encode()
    return {escaped, escaped.upper(), *(text.encode(encoding) for encoding in ENCODINGS)}


def secrets_of(card: str) -> dict[str, set[bytes]]:
    return {text: forms(text) for text in (NAME, PHONE, ADDRESS, card)}


def use_everything(recorder: Client, command: Client) -> tuple[str, list[str]]:
    """Register, repeat, refuse, bulk, change, open and find people; their cards."""
    cards = [make_card() for _ in range(3)]
    one: dict[str, Any] = {
        "id": new_id(),
        "area": AREA,
        "name": NAME,
        "id_card": cards[0],
        "phone": PHONE,
        "address": ADDRESS,
        "categories": ["disabled"],
    }
    path = f"/intake/people/{one['id']}"
    assert recorder.post("/intake/people", one).status_code == 201
    assert recorder.post("/intake/people", one).status_code == 200
    assert recorder.post("/intake/people", {**one, "id": new_id()}).status_code == 409
    assert recorder.post("/intake/people", {**one, "phone": "1"}).status_code == 422
    lines = [{**one, "id": new_id(), "id_card": card} for card in (cards[1], cards[0])]
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    done = recorder.request("POST", "/intake/people/bulk", content=content.encode()).json()
    assert (done["recorded"], len(done["rejected"])) == (1, 1)
    assert recorder.patch(path, {"id_card": cards[2], "address": ADDRESS}).status_code == 200
    assert recorder.get(path).json()["masked"] is True
    assert recorder.get(path, reason="核对").json()["name"] == NAME
    found = recorder.post("/intake/people/find", {"id": new_id(), "phone": PHONE}).json()
    assert len(found["items"]) == 2
    return path, cards


@pytest.mark.requirement("I4")
def test_no_file_and_no_table_holds_a_detail_in_the_clear(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    path, cards = use_everything(node.client("recorder", AREA), node.client("command"))
    node.settle()
    wanted = [secret for card in cards for secret in secrets_of(card).values()]
    folder = node.folder.path
    files = [file for file in folder.rglob("*") if file.is_file()]
    written = {file.suffix for file in files if "intake" in file.name or "INTAKE" in str(file)}
    assert node.runtime("intake").database.is_sqlite is (".db-wal" in written)
    for file in files:
        assert_holds_none(file, file.read_bytes(), wanted)
    for row in every_row(node):
        assert_holds_none(Path("a table"), row, wanted)
    printed = "".join(capfd.readouterr()).encode()
    assert_holds_none(Path("the log"), printed, wanted)
    assert node.client("command").post(f"{path}/erase", {"reason": "期满"}).status_code == 200


def assert_holds_none(where: Path, content: bytes, wanted: list[set[bytes]]) -> None:
    for secret in wanted:
        assert not any(form in content for form in secret), where


def every_row(node: Node) -> list[bytes]:
    """Every value of every table of intake, as bytes."""
    rows: list[bytes] = []
    with node.runtime("intake").database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        assert {"people", "requests", "events", "audit"} <= set(tables.tables)
        for table in tables.sorted_tables:
            for row in session.execute(select(table)):
                rows += [
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    for value in row
                ]
    assert rows
    return rows


def test_what_is_looked_for_would_be_found_when_it_were_there() -> None:
    secret = forms(NAME)
    for content in (NAME.encode(), NAME.encode("utf-16-le"), json.dumps(NAME).encode()):
        with pytest.raises(AssertionError):
            assert_holds_none(Path("x"), b"..." + content + b"...", [secret])
