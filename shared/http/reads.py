"""What a read is given, and what it becomes when the request states a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from shared.http.declaration import Roles
from shared.i18n.catalogue import Language
from shared.security.access import require_access
from shared.security.tokens import Caller
from shared.site import Site
from shared.writer.commands import Answer, Handler


@dataclass(frozen=True, slots=True)
class Read:
    """What a read sees: a consistent view, the caller (None: a public path), the time, the site."""

    session: Session
    caller: Caller | None
    now: datetime
    site: Site
    language: Language
    # Whether the caller would rather have a page than JSON.
    wants_html: bool = False

    def require_access(self, area: str) -> None:
        """Raise Forbidden (403) unless the caller may access a row's area."""
        require_access(self.caller, area)

    def scope(self, area: str | None) -> str:
        """The area a list is about: the one asked for, else the caller's own."""
        return area if area is not None else (self.caller.area if self.caller else "")


@dataclass(frozen=True, slots=True)
class AuditedRead:
    """What a read does when the request states a `reason`: the writer does it, and records it."""

    handler: Handler
    answer: Answer
    roles: Roles
