"""Configuration as code: export, compare and apply a file (docs/config-as-code.md). Synchronous."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tracker.config.failures import explained
from tracker.config.service import ConfigService
from tracker.config.vault import Vault
from tracker.manifest.apply import apply
from tracker.manifest.diff import Change, Plan, compare
from tracker.manifest.export import current_clients, export
from tracker.manifest.normal import normal_client, refuse_twice
from tracker.manifest.read import read
from tracker.manifest.secrets import Secrets
from tracker.settings import Settings


class ManifestService:
    """What ``trackerctl config`` does.

    :param environment: where the secrets of a file are.
    """

    def __init__(self, engine: Engine, settings: Settings, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._vault = Vault(settings.secrets)
        self._secrets = Secrets(self._vault, environment)

    def export(self, client_id: str | None = None) -> str:
        """The canonical text of the whole configuration, or of one client; the same for the same configuration.

        :raises UnavailableError: when the database does not answer.
        """
        try:
            with _no_collector(), self._engine.connect() as connection:
                return export(connection, self._vault, client_id)
        except (DBAPIError, PoolTimeoutError) as error:
            raise explained(self._engine, error) from None

    def plan(self, text: str, *, prune: bool = False) -> Plan:
        """What applying the file would change.

        :raises InvalidError: when the file cannot be used.
        """
        try:
            with _no_collector(), self._engine.connect() as connection:
                return compare(text, current_clients(connection, self._vault), self._secrets, prune=prune)
        except (DBAPIError, PoolTimeoutError) as error:
            raise explained(self._engine, error) from None

    def apply(self, service: ConfigService, changes: Sequence[Change], progress: Callable[[Change], None]) -> None:
        """Make the changes of a plan, all or none.

        :raises InvalidError: naming the variables of the environment that are missing.
        """
        apply(service, changes, self._secrets, progress)

    def missing_variables(self, text: str) -> list[str]:
        """Check a file by itself; the variables that it refers to and that are not set.

        :raises InvalidError: when the file cannot be used.
        """
        clients = [normal_client(client) for client in read(text).clients or ()]
        refuse_twice((client.domain for client in clients), "client")
        references = {
            f"{number}.{position}.{name}": reference
            for number, client in enumerate(clients)
            for position, account in enumerate(client.crm or ())
            for name, reference in account.credentials.items()
        }
        for number, client in enumerate(clients):
            for position, hook in enumerate(client.webhooks or ()):
                if hook.secret:
                    references[f"{number}.{position}"] = hook.secret
        return self._secrets.missing(references)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Of a hundred thousand fields none refers to itself; looking for that takes as long as all the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
