"""Lists are read page by page: every row once, in order, whatever the limit."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Date, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, Session, mapped_column

from shared.clock.clock import CST
from shared.database.types import Instant
from shared.exceptions import Invalid
from shared.http.paging import Paged, page

NOON = datetime(2021, 1, 18, 12, 0, 0, 123456, tzinfo=CST)
ROWS = 12


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(String(4), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    day: Mapped[date] = mapped_column(Date)
    size: Mapped[int]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number in range(ROWS):
            at = NOON + timedelta(hours=number // 3)
            day = date(2021, 1, 18 + number % 2)
            session.add(Note(id=f"n{number:02}", at=at, day=day, size=number % 5))
        session.flush()
        yield session
    engine.dispose()


KEYS = {"at": Note.at, "day": Note.day, "size": Note.size}


@given(
    name=st.sampled_from(sorted(KEYS)), limit=st.integers(1, ROWS + 1), newest_first=st.booleans()
)
def test_every_row_comes_once_and_in_order_when_all_pages_are_read(
    session: Session, name: str, limit: int, newest_first: bool
) -> None:
    key: InstrumentedAttribute[object] = KEYS[name]
    seen: list[Note] = []
    cursor = None
    while True:
        asked = Paged(cursor=cursor, limit=limit)
        rows, cursor = page(session, select(Note), asked, key, Note.id, newest_first=newest_first)
        assert len(rows) <= limit
        seen.extend(rows)
        if cursor is None:
            break
        assert len(rows) == limit
    keys = [(getattr(note, name), note.id) for note in seen]
    assert keys == sorted(keys, reverse=newest_first)
    assert len(set(keys)) == ROWS


@pytest.mark.parametrize("cursor", ["", "?", "bm8", "W10", "WzFd", "WzEsMl0", "WyJzb29uIiwgIngiXQ"])
def test_cursor_is_refused_when_this_list_did_not_give_it(session: Session, cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        page(session, select(Note), Paged(cursor=cursor), Note.at, Note.id)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_limit_is_refused_when_it_is_out_of_bounds(limit: int) -> None:
    with pytest.raises(ValidationError, match="limit"):
        Paged(limit=limit)
