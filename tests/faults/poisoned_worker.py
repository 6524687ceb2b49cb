"""A real worker with a fault built in: see ``test_worker_killed``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tracker.pipeline import batch
from tracker.pipeline.draft import Draft
from tracker.settings import load_settings
from tracker.worker import run_worker


def with_faults(run_steps: Callable[[Draft], Draft]) -> Callable[[Draft], Draft]:
    def run(draft: Draft) -> Draft:
        match draft.raw["type"]:
            case "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            case "spoiled":
                raise ValueError("ada@example.com must not reach the dead letter's error")
        return run_steps(draft)

    return run


if __name__ == "__main__":
    batch.run_steps = with_faults(batch.run_steps)
    run_worker(load_settings())
