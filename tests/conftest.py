"""Fixtures for all tests: see the first lines of each of these modules."""

from tests.fixtures.depth import load_profile

load_profile()

pytest_plugins = [
    "tests.fixtures.processes",
    "tests.fixtures.servers",
    "tests.fixtures.system",
    "tests.fixtures.browser",
    "tests.fixtures.hubspot",
    "tests.fixtures.receiver",
    "tests.fixtures.world",
    "tests.fixtures.salesforce",
    "tests.browser.matrix.figures",
]
