"""Registered people as intake tells of them: ids, categories and needs. I4."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from services.volunteers.schema import Table
from shared.database.types import Instant


class Resident(Table):
    """One person; an erased one keeps the id alone, so that nothing late brings them back.

    `sequence` is the number of the event of intake that was applied last.
    """

    __tablename__ = "residents"

    person_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    since: Mapped[datetime] = mapped_column(Instant)
    categories: Mapped[dict[str, str]] = mapped_column(JSON)
    needs: Mapped[dict[str, str]] = mapped_column(JSON)
    erased: Mapped[bool] = mapped_column(Boolean)
    sequence: Mapped[int] = mapped_column(BigInteger)
