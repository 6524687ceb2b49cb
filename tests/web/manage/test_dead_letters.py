"""Dead letters over HTTP: looked at, put back, deleted."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.deadletters.letters import NOW, a_letter, bury, keep_job, newest
from tests.fixtures.builders import a_batch, page_view, submission
from tests.fixtures.world import queued_batches
from tests.web.manage.conftest import Api
from tracker.deadletters.places import open_places
from tracker.deadletters.select import get_entry
from tracker.deadletters.views import entry_details

PATH = "/v1/dead-letters"


async def test_letters_of_one_time_are_neither_repeated_nor_lost_between_pages(api: Api, redis: Redis) -> None:
    times = [NOW, NOW, NOW, NOW, NOW + 1, NOW + 1, NOW + 2.123456]
    letters = await bury(redis, *(a_letter(api.site.client_id, at=at) for at in times))
    job = await keep_job(redis, a_batch(api.site.client_id, page_view()), data=b"\xc1")
    for limit in (1, 2, 3, 50):
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = (await api.get(f"{PATH}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))).json()
            assert len(page["items"]) <= limit
            seen += [letter["id"] for letter in page["items"]]
            cursor = page["nextCursor"]
        assert len(seen) == len(set(seen))
        assert set(seen) == {letter.id for letter in letters} | {job}


async def test_letters_are_filtered(api: Api, redis: Redis) -> None:
    await bury(redis, a_letter(api.site.client_id, error="store: A"), a_letter(api.other.client_id, at=NOW + 60))
    job = await keep_job(redis, a_batch(api.site.client_id, page_view()), data=b"\xc1")

    async def found(query: str, scope: str = "admin") -> list[str | None]:
        return [letter["clientId"] for letter in (await api.get(f"{PATH}?{query}", scope=scope)).json()["items"]]

    assert await found("error=STORE:%20a") == [api.site.client_id]
    assert await found(f"clientId={api.other.client_id}") == [api.other.client_id]
    assert await found("kind=job") == [None]
    assert await found("kind=event&until=2027-01-15T08:00:30Z") == [api.site.client_id]
    own = f"client:{api.site.client_id}"
    assert await found("", own) == [api.site.client_id]
    assert (await api.get(f"{PATH}/{job}", scope=own)).status_code == 404
    assert (await api.get(f"{PATH}/{job}")).json()["kind"] == "job"


async def test_a_letter_is_shown_without_secrets_as_the_command_line_shows_it(api: Api, redis: Redis) -> None:
    event = submission(fields={"password": "hunter2", "company": "Shop"})
    (letter,) = await bury(redis, a_letter(api.site.client_id, event))
    answer = await api.get(f"{PATH}/{letter.id}")
    async with open_places(api.settings) as places:
        _, entry = await get_entry(places, letter.id)
    assert answer.json() == entry_details(entry)
    assert "hunter2" not in answer.text
    assert "Shop" in answer.text
    assert (await api.get(f"{PATH}/{letter.id[:10]}")).status_code == 404


async def test_a_letter_is_put_back_once(api: Api, redis: Redis) -> None:
    (letter,) = await bury(redis, a_letter(api.site.client_id))
    answer = await api.call("POST", f"{PATH}/{letter.id}/replay")
    assert (answer.status_code, answer.json()) == (202, {"replayed": 1, "left": 0})
    ((batch,),) = await queued_batches(redis)
    assert batch.events[0].event_id == letter.batch.events[0].event_id
    assert (await api.call("POST", f"{PATH}/{letter.id}/replay")).status_code == 404
    assert await newest(redis) == []


async def test_letters_are_put_back_by_filter(api: Api, redis: Redis) -> None:
    await bury(redis, *(a_letter(api.site.client_id, error=f"store: {name}") for name in "AAB"))
    await bury(redis, a_letter(api.other.client_id, error="store: A"))
    assert (await api.call("POST", f"{PATH}/replay", {})).status_code == 422
    own = f"client:{api.site.client_id}"
    answer = await api.call("POST", f"{PATH}/replay", {"error": "store: A"}, scope=own)
    assert answer.json() == {"replayed": 2, "left": 0}
    assert {letter.client_id for letter in await newest(redis)} == {api.site.client_id, api.other.client_id}
    assert (await api.call("POST", f"{PATH}/replay", {"all": True})).json() == {"replayed": 2, "left": 0}
    assert await newest(redis) == []


@pytest.mark.parametrize("other", [True, False])
async def test_a_letter_is_deleted_by_who_may_see_it(api: Api, redis: Redis, other: bool) -> None:
    (letter,) = await bury(redis, a_letter(api.site.client_id))
    scope = f"client:{(api.other if other else api.site).client_id}"
    answer = await api.call("DELETE", f"{PATH}/{letter.id}", scope=scope)
    assert answer.status_code == (404 if other else 204)
    assert len(await newest(redis)) == (1 if other else 0)
