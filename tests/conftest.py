"""Fixtures for all tests: see the first lines of each of these modules."""

pytest_plugins = [
    "tests.fixtures.processes",
    "tests.fixtures.servers",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.fixtures.world",
]
