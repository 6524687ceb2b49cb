"""A real worker in which some types of events raise errors that repeat all that the event holds.

``spoiled_step``: in the steps; ``spoiled_store``: in the store, as the server's refusal, which repeats the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pymongo.errors import WriteError

from tracker.pipeline import batch
from tracker.pipeline.draft import Draft
from tracker.pipeline.store import Store
from tracker.settings import load_settings
from tracker.worker import run_worker


def with_faults(run_steps: Callable[[Draft], Draft]) -> Callable[[Draft], Draft]:
    def run(draft: Draft) -> Draft:
        if draft.raw["type"] == "spoiled_step":
            raise ValueError(f"cannot read {draft.raw!r}")
        return run_steps(draft)

    return run


class FaultyStore(Store):
    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        spoiled = [draft for draft in drafts if draft.raw["type"] == "spoiled_store"]
        if spoiled:
            document = [draft.raw for draft in spoiled]
            raise WriteError(f"Document failed validation: {document!r}", 121, {"errInfo": {"document": document}})
        return await super().store(drafts, maybe_known=maybe_known)


if __name__ == "__main__":
    from tracker import worker

    batch.run_steps = with_faults(batch.run_steps)
    worker.Store = FaultyStore  # type: ignore[misc]
    run_worker(load_settings())
