"""People of nobody: made-up entries of the register, and what the audit log says of them."""

from itertools import count
from typing import Any

from sqlalchemy import select
from stdnum.cn import ric

from shared.security import audit
from tests.support.harness import Client, Node, new_id

AREA = "220581001001"
NEXT_AREA = "220581001002"
OTHER_TOWNSHIP = "220581002"
ADDRESS = "滨河花园3号楼2单元501"

_numbers = count()


def make_card(born: str = "") -> str:
    """A valid card number that no other call gives; `born` as YYYYMMDD."""
    number = next(_numbers)
    # A thousand a day, from a day in 1990 on.
    day = born or f"199{number // 28_000 % 10}01{number // 1000 % 28 + 1:02d}"
    body = f"220581{day}{number % 1000:03d}"
    return body + ric.calc_check_digit(body + "0")


def body(**changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "area": AREA,
        "name": "欧阳晓光",
        "id_card": make_card(),
        "phone": "13812345678",
        "address": ADDRESS,
        "categories": ["living_alone_elderly", "chronic_illness"],
        "needs": ["medicine"],
        **changes,
    }


def registered(client: Client, **changes: Any) -> dict[str, Any]:
    wanted = body(**changes)
    answer = client.post("/intake/people", wanted)
    assert (answer.status_code, answer.json()) == (201, {"id": wanted["id"]}), answer.text
    return wanted


def trail(node: Node, subject: str) -> list[Any]:
    with node.runtime("intake").database.reading() as session:
        assert audit.verify(session.connection()).ok
        query = select(audit.entries).where(audit.entries.c.subject == subject)
        return list(session.execute(query.order_by(audit.entries.c.sequence)))
