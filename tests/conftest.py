"""Fixtures for all tests: see the first lines of each of these modules."""

from importlib.util import find_spec

pytest_plugins = [
    name for name in ("tests.fixtures.processes", "tests.fixtures.servers", "tests.fixtures.browser") if find_spec(name)
]
