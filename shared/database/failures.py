"""Which database errors pass by themselves, and what may be said of the others."""

import sqlite3

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

TOO_COMPLEX = "54"  # the SQLSTATE class of program limits


def keep_values_out(context: ExceptionContext) -> None:
    """PostgreSQL quotes values: the failing row in its detail, a faulty value in a data error."""
    error: BaseException | None = context.original_exception
    wrapped = context.sqlalchemy_exception
    while error is not None:
        if (told := _told(error)) is not None:
            if wrapped is not None:
                wrapped.args = tuple(str(said).replace(str(error), told) for said in wrapped.args)
            error.args = (told,)
        error = error.__context__


def _told(error: BaseException) -> str | None:
    """What may be told of the driver's error beside its class; None: all of it."""
    # Here, where it is loaded already: SQLite has no use for it.
    import psycopg

    if isinstance(error, psycopg.DataError):
        return f"[{error.sqlstate or 'refused by the driver'}]"
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{error.diag.message_primary} [{error.sqlstate}]"
    return None


def is_transient(error: BaseException) -> bool:
    """Whether a transaction failed for a reason of the database and is worth trying again.

    Both drivers also call a faulty statement an operational error; that one stays faulty.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, OperationalError):
        return isinstance(error, DBAPIError) and error.connection_invalidated
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return int(code) & 0xFF != sqlite3.SQLITE_ERROR
    return not str(getattr(error.orig, "sqlstate", None) or "").startswith(TOO_COMPLEX)
