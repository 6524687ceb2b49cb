"""Secrets of a configuration file: it names variables of the environment, never the secrets themselves."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tracker.config.vault import Vault
from tracker.errors import InvalidError


class Secrets:
    """Looks up references such as ``${SALESFORCE_PASSWORD}`` and compares them with what is sealed.

    :param environment: where the variables are, ``os.environ``.
    """

    def __init__(self, vault: Vault, environment: Mapping[str, str]) -> None:
        self._vault = vault
        self._environment = environment

    def __repr__(self) -> str:
        return "Secrets()"

    def missing(self, references: Mapping[str, str]) -> list[str]:
        """The variables among these that are not set."""
        return sorted(
            _variable(reference) for reference in references.values() if not self._environment.get(_variable(reference))
        )

    def values(self, references: Mapping[str, str]) -> dict[str, str]:
        """What the references stand for, by name.

        :raises InvalidError: naming all variables that are not set.
        """
        if missing := self.missing(references):
            raise InvalidError(f"set {', '.join(missing)}: the file takes secrets from there")
        return {name: self._environment[_variable(reference)] for name, reference in references.items()}

    def differ(self, references: Mapping[str, str], sealed: str, *, single: bool = False) -> bool:
        """Whether the references stand for something else than what is stored. A variable that is not set says nothing.

        :param single: one secret by itself is sealed, not an object of them.
        :raises SettingsError: when what is sealed cannot be opened.
        """
        opened = self._vault.open(sealed)
        stored = {next(iter(references), ""): opened} if single else msgspec.json.decode(opened)
        if not single and set(references) != set(stored):
            return True
        given = {name: self._environment.get(_variable(reference)) for name, reference in references.items()}
        return any(value and value != stored.get(name) for name, value in given.items())


def _variable(reference: str) -> str:
    return reference[2:-1]
