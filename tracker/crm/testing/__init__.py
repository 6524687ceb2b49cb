"""What every adapter must do, as a test class to inherit from (needs pytest, and nothing of our own tests).

A subclass gives two fixtures, and as many of the others as its CRM allows; what is not given skips the tests that need
it, with the reason::

    class TestMyCrm(AdapterConformance):
        text_field = "Company"

        @pytest.fixture
        def adapter(self, server):
            return MyCrm.open({"token": server.token}, {"url": server.url})

        @pytest.fixture
        def records(self):
            mails = [f"ada{n}@example.com" for n in range(3)]
            return [Record(f"lead-{n}", "Lead", {"Email": mail}, mail) for n, mail in enumerate(mails)]

The tests are plain functions and run a loop of their own each, so that no plugin is needed. The adapter is closed for
them. What stands on the far side must not live in the loop of the test: a server in a thread or another process.
"""

from __future__ import annotations

from tracker.crm.testing.failing import Failing
from tracker.crm.testing.given import CANARY, UNICODE, FarSide, run
from tracker.crm.testing.reading import Reading
from tracker.crm.testing.writing import Writing

__all__ = ["CANARY", "UNICODE", "AdapterConformance", "FarSide", "run"]


class AdapterConformance(Writing, Failing, Reading):
    """The protocol's promises, one test each; the fixtures stand in `tracker.crm.testing.given.Given`."""
