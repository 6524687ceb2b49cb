"""A filter is called and explained alike wherever there is one."""

from __future__ import annotations

from typing import Any

import pytest

from cli.main import load

# By the filters that mean something there.
LISTS = {
    "lead list": {"--client", "--since", "--until", "--limit", "--status"},
    "lead export": {"--client", "--since", "--until", "--status"},
    "event list": {"--client", "--since", "--until", "--limit"},
    "session list": {"--client", "--since", "--until", "--limit"},
    "dlq list": {"--client", "--since", "--until", "--limit"},
    "audit list": {"--client", "--since", "--until", "--limit"},
    "analytics list": {"--client", "--since", "--until", "--limit"},
}


def options_of(command: str) -> dict[str, Any]:
    noun, verb = command.split()
    return {name: option for option in load(noun).commands[verb].params for name in option.opts}


@pytest.mark.parametrize("command", LISTS)
def test_lists_have_the_filters_that_mean_something(command: str) -> None:
    assert LISTS[command] <= set(options_of(command))


@pytest.mark.parametrize("option", ["--client", "--since", "--until", "--limit", "--status"])
def test_a_filter_is_explained_alike_everywhere(option: str) -> None:
    found = [options_of(command)[option] for command, options in LISTS.items() if option in options]
    assert len({(one.help, tuple(one.opts), one.metavar) for one in found}) == 1
