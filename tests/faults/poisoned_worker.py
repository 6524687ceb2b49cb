"""A real worker with faults built in, which types of events set off: see ``test_worker_killed`` and ``test_books``.

================ =======================================================================================================
``poison``       kills the process in the steps, every time
``spoiled``      raises in the steps, every time
``die_commit``   kills the process after the transaction that stored it and before the settlement
``die_settled``  kills the process after the settlement and before arq learns of it
``stall_step``   stops the process (SIGSTOP) in the steps, the first time
``stall_commit`` stops the process after the transaction that stored it and before the settlement
================ =======================================================================================================
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tracker.pipeline import batch
from tracker.pipeline.draft import Draft
from tracker.pipeline.settle import Settler
from tracker.pipeline.store import Store
from tracker.settings import load_settings
from tracker.worker import run_worker


def with_faults(run_steps: Callable[[Draft], Draft]) -> Callable[[Draft], Draft]:
    def run(draft: Draft) -> Draft:
        match draft.raw["type"]:
            case "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            case "spoiled":
                raise ValueError("ada@example.com must not reach the dead letter's error")
            case "stall_step":
                if first_time(draft.queued.event_id):
                    os.kill(os.getpid(), signal.SIGSTOP)
        return run_steps(draft)

    return run


def first_time(name: str) -> bool:
    """Whether no worker of this test was here before; the working folder is the test's."""
    try:
        Path(f"once-{name}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class FaultyStore(Store):
    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        known = await super().store(drafts, maybe_known=maybe_known)
        fresh = {draft.raw["type"] for draft in drafts if draft.key not in known}
        if "die_commit" in fresh:
            os.kill(os.getpid(), signal.SIGKILL)
        if "stall_commit" in fresh:
            os.kill(os.getpid(), signal.SIGSTOP)
        return known


class FaultySettler(Settler):
    async def settle(self, job_id: str, prepared: Any, **rest: Any) -> bool:
        done = await super().settle(job_id, prepared, **rest)
        if done and any(draft.raw["type"] == "die_settled" for draft in prepared.drafts):
            os.kill(os.getpid(), signal.SIGKILL)
        return done


if __name__ == "__main__":
    from tracker import worker

    batch.run_steps = with_faults(batch.run_steps)
    worker.Store = FaultyStore  # type: ignore[misc]
    worker.Settler = FaultySettler  # type: ignore[misc]
    run_worker(load_settings())
