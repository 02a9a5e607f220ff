"""Rejections: what a handler or a read raises for a request that cannot be carried out.

Each names the field at fault and a message of the service's catalogue; the HTTP layer turns it
into a problem document (RFC 9457) in the caller's language.
"""

from collections.abc import Mapping

from shared.i18n.catalogue import Catalogue, Language


class Rejected(Exception):
    """The request is rejected; nothing of it was stored."""

    status = 422
    kind = "invalid"

    def __init__(
        self,
        texts: Catalogue,
        message: str,
        *,
        field: str | None = None,
        extras: Mapping[str, object] | None = None,
        **values: object,
    ) -> None:
        super().__init__(message)
        self.texts = texts
        self.message = message
        self.field = field
        self.values = values
        # Further members of the problem document, for programs.
        self.extras = dict(extras or {})

    def text(self, language: Language) -> str:
        """The reason, for a person."""
        return self.texts.text(self.message, language, **self.values)


class Invalid(Rejected):
    """422: a field's value cannot be accepted."""


class Forbidden(Rejected):
    """403: the caller's role or area does not allow it."""

    status = 403
    kind = "forbidden"


class NotFound(Rejected):
    """404: there is no such thing."""

    status = 404
    kind = "not-found"


class Conflict(Rejected):
    """409: it contradicts the present state."""

    status = 409
    kind = "conflict"


class Gone(Rejected):
    """410: it existed, and was removed for good."""

    status = 410
    kind = "gone"


class Unavailable(Exception):
    """No change can be made at present; one under way may or may not have been stored."""


class OperatorError(Exception):
    """What a person who runs an instance can mend.

    The command line prints its message as one line, Chinese and English, without a traceback.
    """
