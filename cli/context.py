"""What a command works with: the settings, the stores and the options that were given before it.

All of it is made on first use, so that a command pays for what it needs and ``trackerctl --help`` for nothing.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tracker.config.service import ConfigService
    from tracker.settings import Settings
    from tracker.stores.documents import Documents

Output = Literal["table", "json", "jsonl", "csv"]


@dataclass
class Context:
    """One invocation of ``trackerctl``.

    :ivar json: results and errors are JSON.
    :ivar output: what ``--output`` said; ``None`` when it was not given.
    """

    json: bool = False
    quiet: bool = False
    output: Output | None = None
    color: bool = field(default_factory=lambda: not os.environ.get("NO_COLOR"))

    @property
    def shape(self) -> Output:
        """How results are printed."""
        return self.output or ("json" if self.json else "table")

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment, read once."""
        from tracker.settings import load_settings

        return load_settings()

    @cached_property
    def engine(self) -> Engine:
        """The relational store.

        :raises SettingsError: when its address is not set.
        """
        from tracker.stores.relational import create_engine

        if not self.settings.config_db_url:
            self.settings.require("config_db_url")
        _log_to_stderr(self.settings)
        return create_engine(self.settings)

    @cached_property
    def service(self) -> ConfigService:
        """What operators configure; every change is written down as done by :func:`actor`."""
        from tracker.config.service import ConfigService

        settings = self.settings.require("config_db_url")
        return ConfigService(self.engine, settings, actor=actor(), notify=self._tell_processes)

    @asynccontextmanager
    async def documents(self) -> AsyncIterator[Documents]:
        """The document store, open for the models of events, leads and sessions."""
        from tracker.documents import open_documents

        _log_to_stderr(self.settings)
        async with open_documents(self.settings.require("mongodb_url")) as opened:
            yield opened

    def _tell_processes(self) -> None:
        from cli.output import warn
        from tracker.errors import UnavailableError

        if not self.settings.redis_url:
            return
        from tracker.config.cache import bump_sync

        try:
            bump_sync(self.settings)
        except UnavailableError:
            minutes = max(1, round(self.settings.cache_ttl_seconds / 60))
            warn(f"Redis does not answer: the change is stored and takes effect within {minutes} minutes")

    def close(self) -> None:
        """Give back what was opened."""
        engine = self.__dict__.get("engine")
        if engine is not None:
            engine.dispose()


def _log_to_stderr(settings: Settings) -> None:
    # Unconfigured, structlog writes to stdout, into the JSON that programs read.
    from tracker.telemetry import logs

    logs.configure(settings.model_copy(update={"log_level": "warning", "log_format": "console"}))


_current: ContextVar[Context | None] = ContextVar("trackerctl", default=None)


def start(context: Context) -> None:
    """Make ``context`` the one that :func:`current` returns."""
    _current.set(context)


def current() -> Context:
    """The context of the running command."""
    context = _current.get()
    if context is None:
        context = Context()
        _current.set(context)
    return context


def actor() -> str:
    """Who the audit log names: ``cli:`` and the user of the operating system, behind sudo the one who called it."""
    with suppress(OSError, KeyError):  # no entry in the password file, as in many containers
        return f"cli:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    return f"cli:uid-{os.getuid()}"
