"""Which database errors are transient, and how personal data is kept out of error texts."""

import sqlite3

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

TOO_COMPLEX = "54"  # the SQLSTATE class of program limits


def keep_values_out(context: ExceptionContext) -> None:
    """Remove the values that PostgreSQL quotes: rows in an error's detail, faulty values."""
    error: BaseException | None = context.original_exception
    wrapped = context.sqlalchemy_exception
    while error is not None:
        if (text := _without_values(error)) is not None:
            if wrapped is not None:
                wrapped.args = tuple(str(arg).replace(str(error), text) for arg in wrapped.args)
            error.args = (text,)
        error = error.__context__


def _without_values(error: BaseException) -> str | None:
    """The text of a driver's error without values; None when it may stay as it is."""
    # Imported here, as a service on SQLite does not need the driver.
    import psycopg

    if isinstance(error, psycopg.DataError):
        return f"[{error.sqlstate or 'refused by the driver'}]"
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{error.diag.message_primary} [{error.sqlstate}]"
    return None


def is_transient(error: BaseException) -> bool:
    """Whether a transaction failed for a passing reason and is worth a retry.

    Both drivers also raise an operational error for a faulty statement, which is not transient.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, OperationalError):
        return isinstance(error, DBAPIError) and error.connection_invalidated
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return int(code) & 0xFF != sqlite3.SQLITE_ERROR
    return not str(getattr(error.orig, "sqlstate", None) or "").startswith(TOO_COMPLEX)
