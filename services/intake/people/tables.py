"""The register of people (重点人员登记册); whoever they are is sealed."""

from datetime import datetime

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.schema import Table
from shared.database.types import Instant


class Person(Table):
    """One person: name, card number, phone and address lie in `sealed`, under a key of their own.

    `…_index` are keyed fingerprints that find equal values. Of an erased person the id and the
    area stay, so that what refers to them can say so.
    """

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    categories: Mapped[list[str]] = mapped_column(JSON)
    needs: Mapped[list[str]] = mapped_column(JSON)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_card_index: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    phone_index: Mapped[str | None] = mapped_column(String(64), index=True)
    registered_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    registered_by: Mapped[str] = mapped_column(String(100))
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
