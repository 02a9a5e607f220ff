"""Access to areas: the one check of a caller's right on an area, whoever makes it."""

from shared.exceptions import Forbidden
from shared.i18n.messages import TEXTS
from shared.security.tokens import Caller


def require_access(caller: Caller | None, area: str, field: str = "area") -> None:
    """Raise Forbidden (403) unless the caller may access an area; None stands for the service."""
    if caller is not None and not caller.may_access(area):
        raise Forbidden(TEXTS, "outside_your_area", field=field, area=area)
