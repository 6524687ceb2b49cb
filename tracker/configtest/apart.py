"""Runs a program that reads a stranger's HTML in a process of its own, with an end in time and without our settings."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from tracker.configtest.fetch import PageError
from tracker.configtest.parse import CPU_SECONDS

_START_SECONDS = 2.0


async def ask(program: Sequence[str], question: bytes) -> bytes:
    """Hand a question to ``python -I <program>`` on stdin; gives what it answers on stdout.

    :raises PageError: when there is no answer in time.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        *program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(CPU_SECONDS + _START_SECONDS):
            answer, _ = await process.communicate(question)
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not answer:
        raise PageError("the page is too tangled to be read in time; paste only the part with the forms")
    return answer
