"""Recording screenings, one or many, and taking a mistaken one back. I1."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from services.intake.screenings import domain
from services.intake.screenings.tables import Screening, add_screenings
from services.intake.times import RecordedAt
from shared.events.base import AreaCode, Event, Id
from shared.events.intake.screenings import Direction, HealthCode, PlaceKind
from shared.events.vocabulary import Channel, PlaceId, ShortText, Symptom
from shared.exceptions import Conflict, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.site import Site
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)


def _direction(value: Any) -> Any:
    return {"in": "entry", "out": "exit"}.get(value, value) if isinstance(value, str) else value


def _once_each(symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
    return tuple(dict.fromkeys(symptoms))


class RecordScreening(Command):
    """A screening: temperature in °C, or why it could not be measured."""

    area: AreaCode
    place_kind: PlaceKind
    temperature_c: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    unmeasured_reason: ShortText | None = None
    symptoms: Annotated[tuple[Symptom, ...], AfterValidator(_once_each)] = ()
    health_code: HealthCode | None = None
    place_id: PlaceId | None = None
    direction: Annotated[Direction | None, BeforeValidator(_direction)] = None
    person_id: Id | None = None
    occurred_at: RecordedAt | None = None
    channel: Channel | None = None


class VoidScreening(Command):
    """A mistaken screening is taken back (作废), with the reason."""

    screening_id: Id
    reason: ShortText


FACTS = (
    "area",
    "occurred_at",
    "place_kind",
    "place_id",
    "temperature_c",
    "unmeasured_reason",
    "symptoms",
    "health_code",
    "direction",
    "person_id",
    "channel",
)


def check(site: Site, command: RecordScreening) -> None:
    """Refuse a screening without a believable temperature or a reason."""
    limits = site.pack().temperature
    fault = domain.temperature_fault(command.temperature_c, command.unmeasured_reason, limits)
    if fault:
        raise Invalid(
            TEXTS,
            fault,
            field="temperature_c",
            low=limits.min_c,
            high=limits.max_c,
            value=command.temperature_c,
        )


def record(tx: Tx, command: RecordScreening) -> Iterable[Event]:
    """Record one screening."""
    return record_many(tx, [command])


def record_many(tx: Tx, commands: Sequence[RecordScreening]) -> Iterable[Event]:
    """Record screenings, in the order given."""
    by = tx.caller.name if tx.caller else ""
    events = []
    rows: list[dict[str, Any]] = []
    for command in commands:
        facts = {name: getattr(command, name) for name in FACTS}
        event = domain.recorded(command.id, facts, tx.now)
        facts["occurred_at"] = event.occurred_at
        rows.append({"id": command.id, "recorded_by": by, **facts})
        events.append(event)
    add_screenings(tx.connection, rows)
    return events


def void(tx: Tx, command: VoidScreening) -> Iterable[Event]:
    """Take a screening back; it stays in the records as voided."""
    row = tx.session.get(Screening, command.screening_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_screening", field="screening_id")
    tx.require_access(row.area)
    if row.voided_at is not None:
        raise Conflict(TEXTS, "already_voided", field="screening_id")
    row.voided_at, row.void_reason = tx.now, command.reason
    facts = {name: getattr(row, name) for name in FACTS}
    return [domain.voided(row.id, facts, command.reason, tx.now)]
