"""What a read is given, and what it becomes when it is asked with a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from shared.exceptions import Forbidden
from shared.http.declaration import Roles
from shared.i18n.catalogue import Language
from shared.i18n.messages import TEXTS
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
        """Refuse with 403 when the caller has no right on a row's area."""
        if self.caller is not None and not self.caller.may_access(area):
            raise Forbidden(TEXTS, "outside_your_area", field="area", area=area)

    def scope(self, area: str | None) -> str:
        """The area a list is about: the one asked for, else the caller's own."""
        return area if area is not None else (self.caller.area if self.caller else "")


@dataclass(frozen=True, slots=True)
class AuditedRead:
    """What a read does when it is asked with a `reason`: the writer does it, and leaves a trace."""

    handler: Handler
    answer: Answer
    roles: Roles
