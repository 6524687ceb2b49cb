"""Turns failures of the relational store into errors that say what to do, without URL or credentials."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from tracker.errors import InvalidError, SettingsError, TrackerError, UnavailableError
from tracker.stores.relational import is_outage, is_refusal, may_lack_schema

_RETRY_SECONDS = 5.0


def unreachable(error: SQLAlchemyError) -> TrackerError | None:
    """The error to raise instead of ``error`` when it is the server that is away or refuses us."""
    if is_outage(error):
        return UnavailableError(
            "the configuration database does not answer; `trackerctl status` shows which stores do",
            retry_after=_RETRY_SECONDS,
        )
    if is_refusal(error):
        return SettingsError(
            "the configuration database refuses the user, password or database name in TRACKER_CONFIG_DB_URL"
        )
    return None


def explained(engine: Engine, error: SQLAlchemyError) -> Exception:
    """The error to raise instead of ``error``; ``error`` itself when it is a defect of ours."""
    known = unreachable(error)
    if known is not None:
        return known
    if may_lack_schema(error) and not _migrated(engine):
        return UnavailableError("the configuration database is not up to date; run `trackerctl db upgrade`")
    if isinstance(error, DataError):
        return InvalidError("the configuration database does not take one of the values: too long or out of range")
    return error


def _migrated(engine: Engine) -> bool:
    from tracker.migrate import is_current  # Alembic takes its time to import, and this is the rare path

    try:
        return is_current(engine)
    except SQLAlchemyError:
        return True
