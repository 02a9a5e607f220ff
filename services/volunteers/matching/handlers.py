"""Matching requests with helpers: by hand, and by itself whenever something has changed. V2."""

from collections.abc import Iterable, Sequence

from services.volunteers.helpers import handlers as helpers
from services.volunteers.helpers.domain import HelperFacts
from services.volunteers.matching import domain
from services.volunteers.matching.domain import Need, Volunteer
from services.volunteers.register import handlers as register
from services.volunteers.requests import handlers as requests
from services.volunteers.requests import rights, steps, tasks
from services.volunteers.requests.domain import PRIVATE_KIND, Request
from shared.areas.tree import Level
from shared.events.base import Event, Id
from shared.events.envelope import Recorded
from shared.events.vocabulary import REQUEST_KINDS
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceRequested,
)
from shared.exceptions import Conflict, Invalid
from shared.i18n.catalogue import Catalogue
from shared.writer.commands import Command
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)

RUN = "matching.run"
LINE = "requests.matching"
AT_ONCE = 200
LOOKED_AT = 1000


class MatchAssistance(Command):
    """A request is given to this helper, or to the one who fits best."""

    request_id: Id
    helper_id: Id | None = None


def match(tx: Tx, command: MatchAssistance) -> Iterable[Event]:
    """Give a request to a helper.

    One that is matched already may be given to another; asked for again, the match stands.
    """
    row = rights.admitted(tx, command.request_id)
    steps.demand("match", row)
    if row.status == "matched" and command.helper_id in (None, row.helper_id):
        return ()
    if command.helper_id is not None:
        _check_by_hand(tx, row, command.helper_id)
        return [tasks.give(tx, row, command.helper_id)]
    found = domain.assign(
        _needs(tx, [row]), _volunteers(tx, _county(row.area)), tx.pack.requests.matching, tx.now
    )
    if not found:
        raise Conflict(TEXTS, "nobody_fits", field="helper_id")
    return [tasks.give(tx, row, found[0][1], tx.pack.line(LINE))]


def run(tx: Tx, due: Due) -> Iterable[Event]:
    """Match what is open in a county, those due soonest first, many at once.

    What nobody fits stays open, to be tried again when someone is there.
    """
    volunteers = _volunteers(tx, due.key)
    if not volunteers:
        return ()
    waiting = tasks.open_under(tx.session, due.key, _served(volunteers), LOOKED_AT)
    for start in range(0, len(waiting), AT_ONCE):
        some = waiting[start : start + AT_ONCE]
        found = domain.assign(_needs(tx, some), volunteers, tx.pack.requests.matching, tx.now)
        if found:
            # More may fit in the next transaction; other work comes in between.
            if len(waiting) > len(found):
                tx.schedule(RUN, due.key, tx.now)
            rows = {row.id: row for row in some}
            line = tx.pack.line(LINE)
            return [tasks.give(tx, rows[request], helper, line) for request, helper, _ in found]
    return ()


def run_soon(tx: Tx, *areas: str) -> None:
    """Ask for a run in the counties of these areas, in the transaction after this one."""
    for county in sorted({_county(area) for area in areas}):
        tx.schedule(RUN, county, tx.now)


def requested(tx: Tx, recorded: Recorded[AssistanceRequested]) -> Iterable[Event]:
    """A person asked for help: look for someone. What plans ask for is looked at together."""
    if not recorded.data.because:
        requests.remember_cause(tx, recorded)
        run_soon(tx, recorded.data.area)
    return ()


def freed(
    tx: Tx, recorded: Recorded[AssistanceCompleted] | Recorded[AssistanceCancelled]
) -> Iterable[Event]:
    """A helper has done with a request, and has room for another."""
    if recorded.data.helper_id is not None:
        run_soon(tx, recorded.data.area)
    return ()


def helper_ready(
    tx: Tx, recorded: Recorded[HelperRegistered] | Recorded[HelperReturned]
) -> Iterable[Event]:
    """A helper is there: what nobody fitted is tried again."""
    run_soon(tx, recorded.data.area)
    return ()


def take_back(tx: Tx, recorded: Recorded[HelperStoodDown]) -> Sequence[Request]:
    """A helper may not serve: someone else is looked for; returns what is open again."""
    event = recorded.data
    taken = tasks.take_back(tx, event.helper_id, event.reason, recorded.causes()[-1])
    run_soon(tx, *(row.area for row in taken))
    return taken


def _check_by_hand(tx: Tx, row: Request, helper_id: str) -> None:
    helper = helpers.helper(tx.session, helper_id)
    # One of another county is no more told of than one who is not there.
    if helper is None or not domain.nearness(row.area, helper.area):
        raise Invalid(TEXTS, "no_such_helper", field="helper_id")
    if helper.status != "available":
        raise Conflict(TEXTS, "helper_not_available", field="helper_id", status=helper.status)
    volunteer = _volunteer(helper, tasks.loads(tx.session, [helper.id]))
    if volunteer.in_hand >= volunteer.capacity:
        raise Conflict(TEXTS, "helper_full", field="helper_id", capacity=volunteer.capacity)
    if row.person_id is not None and row.person_id == helper.person_id:
        raise Conflict(TEXTS, "own_request", field="helper_id")
    if row.kind == PRIVATE_KIND and not domain.skill_fit(PRIVATE_KIND, volunteer.skills):
        raise Conflict(TEXTS, "no_counsellor", field="helper_id")


def _served(volunteers: Sequence[Volunteer]) -> list[str]:
    """The kinds that one of them at least can do: the others need not be looked at."""
    skills = {volunteer.skills for volunteer in volunteers}
    return [kind for kind in REQUEST_KINDS if any(domain.skill_fit(kind, has) for has in skills)]


def _needs(tx: Tx, rows: Sequence[Request]) -> list[Need]:
    people = (row.person_id for row in rows if row.person_id is not None)
    speaking = register.needing_language(tx.session, people)
    return [
        Need(row.id, row.area, row.kind, row.due_at, row.person_id, row.person_id in speaking)
        for row in rows
    ]


def _volunteers(tx: Tx, area: str) -> list[Volunteer]:
    """Those of an area who are available and have room."""
    found = helpers.available_under(tx.session, area)
    loads = tasks.loads(tx.session, [row.id for row in found])
    volunteers = [_volunteer(row, loads) for row in found]
    return [volunteer for volunteer in volunteers if volunteer.in_hand < volunteer.capacity]


def _volunteer(row: HelperFacts, loads: dict[str, int]) -> Volunteer:
    return Volunteer(
        row.id,
        row.area,
        frozenset(row.skills),
        row.capacity,
        loads.get(row.id, 0),
        row.languages,
        row.person_id,
    )


def _county(area: str) -> str:
    return area[: Level.COUNTY.digits]
