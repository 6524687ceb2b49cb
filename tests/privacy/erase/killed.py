"""Works an erasure off, and kills its own process at the n-th point at which something was done.

:func:`command` with ``REQUEST N``; the settings are in the environment. Prints how many points it
passed when it came to the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tracker.config.service import ConfigService
from tracker.documents import open_documents
from tracker.privacy.erase.service import finish_now
from tracker.privacy.erase.work import Tools
from tracker.settings import load_settings
from tracker.stores.relational import create_engine

LEASE_SECONDS = 0.4


async def main(request_id: str, fatal: int) -> None:
    """:param fatal: number of the point, 0 = none."""
    passed = 0

    async def reached(_: str) -> None:
        nonlocal passed
        passed += 1
        if passed == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = load_settings()
    engine = create_engine(settings)
    config = ConfigService(engine, settings, actor="test", notify=lambda: None)
    async with open_documents(settings) as documents:
        tools = Tools(documents.database, engine, config, settings, reached, LEASE_SECONDS)
        await finish_now(tools, request_id)
    print(passed)


def command() -> None:
    """Of a process."""
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    command()
