"""Errors to exit codes: 0 done, 1 refused or failed, 2 used wrongly. A user's mistake never shows a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from itertools import pairwise

import typer

from cli.context import current
from cli.output import plain, redact, refuse, silence
from tracker.errors import SettingsError, TrackerError, UnavailableError

FAILED, USAGE, INTERRUPTED = 1, 2, 130
_INTERNAL_STATUS, _USAGE_STATUS = 500, 400


class UsageError(typer.TyperException):
    """The command line cannot mean anything; the message says what to write instead."""

    exit_code = USAGE


def guarded(command: Callable[[], object], args: Sequence[str]) -> int:
    """Run a command line.

    :return: its exit code; why it failed is on stderr.
    """
    as_json = _asks_for_json(args)
    stdout = sys.stdout
    try:
        result = command()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        silence(stdout)
        return 0
    except SystemExit as leaving:
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        # Typer makes exit code 1 of it; but a reader that has seen enough, like `head`, is no failure.
        silence(stdout)
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # Ctrl-C instead of an answer
            return INTERRUPTED
        refuse("stopped", "stopped; nothing was changed", _USAGE_STATUS, as_json=as_json)
        return FAILED
    except typer.TyperException as error:
        refuse("usage", error.format_message(), _USAGE_STATUS, usage=_where_help_is(error), as_json=as_json)
        return error.exit_code
    except Exception as error:
        return _failed(error, as_json)


def _asks_for_json(args: Sequence[str]) -> bool:
    # An option that cannot be parsed is reported before --json behind it has been seen.
    if "--json" in args or not {"--output=json", "--output=jsonl"}.isdisjoint(args):
        return True
    return any(option in ("--output", "-o") and value in ("json", "jsonl") for option, value in pairwise(args))


def _failed(error: Exception, as_json: bool) -> int:
    refusal = as_refusal(error)
    if os.environ.get("TRACKER_DEBUG") == "1":
        plain(redact("".join(traceback.format_exception(error))))
    if refusal is not None:
        refuse(refusal.slug, refusal.detail, refusal.status, as_json=as_json)
    else:
        detail = f"unexpected {type(error).__name__}: {error}; TRACKER_DEBUG=1 shows where it came from"
        refuse("internal", detail, _INTERNAL_STATUS, as_json=as_json)
    return FAILED


def as_refusal(error: BaseException) -> TrackerError | None:
    """What an error means to the operator, if it is one that does not need a programmer.

    Libraries are looked up where they were imported: an error cannot come from one that was not.
    """
    if isinstance(error, TrackerError):
        return error
    if _is(error, "sqlalchemy.exc", "SQLAlchemyError"):
        return _of_config_store(error)
    if _is(error, "pymongo.errors", "ConnectionFailure", "ExecutionTimeout"):
        return UnavailableError("MongoDB does not answer; check TRACKER_MONGODB_URL and the server")
    if _is(error, "pymongo.errors", "OperationFailure") and getattr(error, "code", None) in (13, 18):
        return SettingsError("MongoDB refuses the user and password in TRACKER_MONGODB_URL")
    if _is(error, "pymongo.errors", "ConfigurationError", "InvalidURI"):
        return SettingsError("TRACKER_MONGODB_URL is not understood; write mongodb://host:27017/?replicaSet=…")
    if _is(error, "redis.exceptions", "AuthenticationError"):
        return SettingsError("Redis refuses the user and password in TRACKER_REDIS_URL")
    if _is(error, "redis.exceptions", "ConnectionError", "TimeoutError", "BusyLoadingError"):
        return UnavailableError("Redis does not answer; check TRACKER_REDIS_URL and the server")
    return None


def _is(error: BaseException, module: str, *names: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, tuple(getattr(loaded, name) for name in names))


def _of_config_store(error: BaseException) -> TrackerError | None:
    from sqlalchemy.exc import SQLAlchemyError

    from tracker.config.failures import explained

    assert isinstance(error, SQLAlchemyError)
    meaning = explained(current().engine, error)
    return meaning if isinstance(meaning, TrackerError) else None


def _where_help_is(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"Try '{context.command_path} --help'." if context is not None else ""
