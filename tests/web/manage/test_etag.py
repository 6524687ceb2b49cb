"""Entity tags: what has not changed is not sent, and what has changed is not overwritten."""

from __future__ import annotations

import asyncio

from tests.web.manage.conftest import Api
from tests.web.manage.test_nouns import a_connection, a_field, a_form, a_mapping, a_webhook


async def test_what_is_known_is_not_sent_again(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    tag = (await api.get(path)).headers["ETag"]
    again = await api.get(path, If_None_Match=f'"x", {tag}')
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    await api.call("PUT", path, {"name": "New"})
    assert (await api.get(path, If_None_Match=tag)).status_code == 200


async def test_a_change_of_an_earlier_state_is_refused_for_every_noun(api: Api) -> None:
    form, field, mapping = await a_form(api), await a_field(api), await a_mapping(api)
    webhook, connection = await a_webhook(api), await a_connection(api)
    changes = {
        f"/v1/clients/{api.site.client_id}": {"name": "N"},
        f"/v1/forms/{form['formId']}": {"formName": "N"},
        f"/v1/fields/{field['fieldId']}": {"label": "N"},
        f"/v1/mappings/{mapping['mappingId']}": {"transform": "trim"},
        f"/v1/webhooks/{webhook['endpointId']}": {"description": "N"},
        f"/v1/crm/{connection['connectionId']}": {"settings": {"n": 1}},
    }
    for path, body in reversed(changes.items()):
        first = (await api.get(path)).headers["ETag"]
        answer = await api.call("PUT", path, body, If_Match=first)
        assert answer.status_code == 200, answer.text
        second = answer.headers["ETag"]
        assert second == (await api.get(path)).headers["ETag"] != first
        for method in ("PUT", "DELETE"):
            stale = await api.call(method, path, body if method == "PUT" else None, If_Match=first)
            assert (stale.status_code, stale.json()["type"]) == (412, "urn:trackerctl:problem:stale")
        assert (await api.call("PUT", path, body, If_Match="*")).status_code == 200
        weak = await api.call("DELETE", path, If_Match=f"W/{second}")
        assert weak.status_code == 412
        assert (await api.call("DELETE", path, If_Match=f'"a",{second}')).status_code == 204


async def test_of_changes_of_the_same_state_at_once_one_is_done(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    tag = (await api.get(path)).headers["ETag"]
    answers = await asyncio.gather(
        *(api.call("PUT", path, {"name": f"Name {number}"}, If_Match=tag) for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    done = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await api.get(path)).json() == done
    assert len(api.audit("client.update")) == 1
