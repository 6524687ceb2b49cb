"""Structured logs: JSON for collectors, plain for people. No event, address or key is ever a log value."""

from __future__ import annotations

import io
import logging
import sys
from typing import TextIO, cast

import structlog

from tracker.settings import Settings

# Libraries that log what they handle (arq: job arguments; pymongo: commands; httpx and urllib3: URLs).
_QUIET = ("arq", "pymongo", "httpx", "httpcore", "urllib3", "asyncio", "alembic", "_granian")


class _Stderr(io.TextIOBase):
    """Whatever ``sys.stderr`` is at the time: who redirects it must not be left behind with a closed file."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(settings: Settings) -> None:
    """Set up logging for this process; safe to call again."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer]
        if settings.log_format == "json"
        else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=max(level, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
