"""However events are delivered, the same documents are left (decisions §9)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import a_client
from tests.fixtures.depth import examples
from tests.pipeline.scenarios import deliveries, differences, visits, what_is_left
from tests.pipeline.storing import put
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

_FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)


@settings(max_examples=examples(50, 1_000), suppress_health_check=_FIXTURES)
@given(data=st.data())
async def test_any_order_and_repetition_leaves_what_one_clean_delivery_leaves(
    store: Store, documents: Documents, data: st.DataObject
) -> None:
    events = data.draw(visits())
    requests = data.draw(deliveries(events))
    clean, other = a_client(), a_client()
    await put(store, clean, *events)
    for request in requests:
        await put(store, other, *request)
    expected, left = await what_is_left(documents, clean), await what_is_left(documents, other)
    assert not (found := differences(expected, left)), "\n".join(found)
