"""Requests for help as people make, start, complete and cancel them. V1, V2."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from services.volunteers.register import handlers as register
from services.volunteers.requests import domain, rights, steps
from services.volunteers.requests.tables import AssistanceRequest
from services.volunteers.sealing import destroyed, sealed
from shared.events.base import COMMUNITY_DIGITS, AreaCode, Event, Id
from shared.events.causes import dump
from shared.events.envelope import Recorded
from shared.events.vocabulary import RequestKind, ShortText, Text
from shared.events.volunteers.requests import AssistanceRequested
from shared.exceptions import Conflict, Forbidden, Invalid
from shared.i18n.catalogue import Catalogue
from shared.security.audit import record
from shared.security.roles import Role
from shared.writer.commands import Command, Moment
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)

GRANT_MINUTES = 30
CANCELS_FOR_OTHERS = (Role.COORDINATOR, Role.LEAD, Role.COUNSELLOR)


class RequestAssistance(Command):
    """A request for help (求助); what `text` says is sealed and stays out of every event."""

    area: AreaCode
    kind: RequestKind
    person_id: Id | None = None
    text: Text | None = None
    due_at: Moment | None = None
    on_behalf: bool = False


class StartAssistance(Command):
    """The helper sets out."""

    request_id: Id


class CompleteAssistance(Command):
    """The help was given, in so many hours."""

    request_id: Id
    hours: Annotated[float, Field(strict=True, gt=0, le=24, allow_inf_nan=False)] | None = None


class CancelAssistance(Command):
    """The request is no longer wanted, perhaps with the reason, which names nobody."""

    request_id: Id
    reason: ShortText | None = None


class GrantAccess(Command):
    """Asks for the permission to read the address of who is to be helped."""

    saves_answer = False

    request_id: Id


def request(tx: Tx, command: RequestAssistance) -> Iterable[Event]:
    """Ask for help. V1."""
    if tx.session.get(AssistanceRequest, command.id) is not None:
        raise Conflict(TEXTS, "request_exists", field="id")
    if domain.is_past(command.due_at, tx.now):
        raise Invalid(
            TEXTS, "due_in_the_past", field="due_at", now=tx.now.isoformat(timespec="minutes")
        )
    _admit_person(tx, command)
    rules = tx.pack.requests
    row = AssistanceRequest(
        id=command.id,
        area=command.area,
        kind=command.kind,
        status="open",
        person_id=command.person_id,
        sealed_text=_sealed_text(tx, command),
        on_behalf=command.on_behalf,
        requested_by=rights.maker(tx.caller),
        requested_at=tx.now,
        due_at=domain.due_at(command.kind, command.due_at, tx.now, rules),
        withdrawn=False,
        because=[],
    )
    tx.session.add(row)
    tx.session.flush()
    tx.schedule(steps.DUE, row.id, domain.climbs_at(row.due_at, rules))
    told = steps.facts(row)
    return [AssistanceRequested(**told, occurred_at=tx.now, on_behalf=command.on_behalf)]


def remember_cause(tx: Tx, recorded: Recorded[AssistanceRequested]) -> None:
    """Keep what a person's request is known by, for the events that follow from it."""
    row = tx.session.get_one(AssistanceRequest, recorded.data.request_id)
    row.because = dump(recorded.causes())


def start(tx: Tx, command: StartAssistance) -> Iterable[Event]:
    """Begin to help."""
    return [steps.start(tx, rights.admitted(tx, command.request_id))]


def complete(tx: Tx, command: CompleteAssistance) -> Iterable[Event]:
    """Say that the help was given."""
    return steps.complete(tx, rights.admitted(tx, command.request_id), command.hours)


def cancel(tx: Tx, command: CancelAssistance) -> Iterable[Event]:
    """Take a request back: one's own, or as a coordinator."""
    row = tx.session.get(AssistanceRequest, command.request_id)
    if row is None or row.requested_by != rights.maker(tx.caller):
        row = rights.admit(tx, row)
        if tx.caller is not None and tx.caller.role not in CANCELS_FOR_OTHERS:
            raise Forbidden(TEXTS, "cancel_own_only", field="request_id")
    return [steps.cancel(tx, row, command.reason)]


def grant(tx: Tx, command: GrantAccess) -> Iterable[Event]:
    """Permit whoever helps to read one address for half an hour (授权查看地址)."""
    row = rights.admitted(tx, command.request_id)
    steps.demand("grant", row)
    if row.person_id is None:
        raise Conflict(TEXTS, "nobody_named", field="request_id")
    record(tx, "grant_address", row.id)
    return ()


def granted(tx: Tx, command: GrantAccess) -> dict[str, Any]:
    """`{grant, expires_at}`: the matched helper's permission, for this person and request."""
    # Anew: when an answer is made again, the request may have changed hands.
    row = rights.admitted(tx, command.request_id)
    steps.demand("grant", row)
    token = tx.site.tokens.mint_grant(
        str(row.helper_id), str(row.person_id), row.id, GRANT_MINUTES, area=_place(tx, row)
    )
    return {"grant": token, "expires_at": tx.site.tokens.verify_grant(token).expires_at}


def fell_due(tx: Tx, due: Due) -> Iterable[Event]:
    """A request's time is near: it climbs when nobody has begun. V2."""
    row = tx.session.get(AssistanceRequest, due.key)
    if row is None or not domain.climbs(row.status, row.escalated_at):
        return ()
    return [steps.climb(tx, row)]


def forget_person(tx: Tx, person_id: str) -> None:
    """Destroy what the requests of an erased person say; what was done for them stays counted."""
    query = select(AssistanceRequest).where(AssistanceRequest.person_id == person_id)
    for row in tx.session.scalars(query.where(AssistanceRequest.sealed_text.is_not(None))):
        if row.sealed_text is not None:
            destroyed(tx.site.vault, "request", row.id, row.sealed_text)
        row.sealed_text = None


def _sealed_text(tx: Tx, command: RequestAssistance) -> bytes | None:
    if not command.text:
        return None
    return sealed(tx.site.vault, "request", command.id, {"text": command.text})


def _admit_person(tx: Tx, command: RequestAssistance) -> None:
    """Refuse to name a person of another community than the request's, which is the caller's:
    no grant for it would open where they live."""
    if command.person_id is None or tx.caller is None:
        return
    for known in register.registered(tx.session, [command.person_id]):
        if not known.area.startswith(command.area[:COMMUNITY_DIGITS]):
            raise Forbidden(TEXTS, "person_elsewhere", field="person_id")


def _place(tx: Tx, row: AssistanceRequest) -> str:
    """Where the person of a grant may live: where help was asked for.

    A plan asks for whom it knows: who has moved since is helped where they now are.
    """
    known = register.registered(tx.session, [str(row.person_id)]) if row.episode else []
    return known[0].area if known else row.area
