"""Requests for help and what becomes of them (求助). V1, V2."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING
from shared.events.vocabulary import AreaLevel, RequestKind, ShortText, name_vocabularies
from shared.events.volunteers.base import VolunteersEvent

RequestStatus = Literal["open", "matched", "started", "completed", "cancelled"]

name_vocabularies(request_status=RequestStatus)


class AssistanceEvent(VolunteersEvent):
    """A request for help (求助) and what becomes of it. V1, V2.

    A reader finds the kind in every step, so that it need not remember the request.
    """

    key: ClassVar[tuple[str, ...]] = ("request_id",)
    about: ClassVar[tuple[str, ...]] = ("request_id",)
    example: ClassVar[Example] = {"kind": "medicine", "due_at": EVENING}
    request_id: Id
    kind: RequestKind
    person_id: Id | None = None
    due_at: AwareDatetime | None = None


class AssistanceRequested(AssistanceEvent):
    """Help was asked for by a resident, on behalf, or by a service plan (求助登记). V1, D8."""

    example: ClassVar[Example] = {"on_behalf": True}

    on_behalf: bool = False


class AssistanceMatched(AssistanceEvent):
    """A helper was found for a request (供需对接). V2."""

    key = ("request_id", "helper_id")
    helper_id: Id


class AssistanceStarted(AssistanceEvent):
    """The helper set out (开始服务). V2."""

    helper_id: Id


class AssistanceCompleted(AssistanceEvent):
    """The help was given (服务完成). V2."""

    helper_id: Id | None = None


class AssistanceCancelled(AssistanceEvent):
    """The request is no longer wanted (求助取消). V1."""

    example: ClassVar[Example] = {"reason": "家人已送到"}

    helper_id: Id | None = None
    reason: ShortText | None = None


class AssistanceEscalated(AssistanceEvent):
    """A request past its time climbed to the level above (逾期上报). V2."""

    key = ("request_id", "level")
    example: ClassVar[Example] = {"level": "township"}
    level: AreaLevel
