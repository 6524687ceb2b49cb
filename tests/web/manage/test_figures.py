"""Analytics and the audit log over HTTP."""

from __future__ import annotations

from tests.fixtures.builders import NOON, interaction, page_view, submission
from tests.web.manage.conftest import NOBODY, Api
from tracker.analytics import queries
from tracker.analytics.service import rebuild


async def test_figures_are_those_of_the_stored_rows(api: Api) -> None:
    first, second = {"sessionId": "one", "visitorId": "v1"}, {"sessionId": "two", "visitorId": "v2"}
    await api.store_events(
        api.site,
        page_view("https://shop.example/?utm_source=news&utm_medium=mail", **first),
        submission("ann@shop.example", **first),
        page_view(**second),
        interaction("bob@shop.example", **second),
    )
    async for _ in rebuild(api.settings, client_id=api.site.client_id):
        pass
    query = f"clientId={api.site.client_id}&since={NOON:%Y-%m-%d}T00:00:00Z"
    summary = (await api.get(f"/v1/analytics/summary?{query}")).json()
    assert (summary["views"], summary["sessions"], summary["formStarts"], summary["leads"]) == (2, 2, 2, 2)
    assert (summary["completionRate"], summary["leadsPerSession"]) == (0.5, 1.0)
    days = (await api.get(f"/v1/analytics/timeseries?{query}")).json()["items"]
    assert days == await queries.totals(api.site.client_id, by="date")
    assert {name: sum(day[name] for day in days) for name in ("views", "leads")} == {"views": 2, "leads": 2}
    sources = (await api.get(f"/v1/analytics/sources?{query}")).json()["items"]
    assert sources == await queries.totals(api.site.client_id, by="source")
    assert "news" in [row["source"] for row in sources]
    media = (await api.get(f"/v1/analytics/sources?{query}&by=medium")).json()["items"]
    assert "mail" in [row["medium"] for row in media]
    forms = (await api.get(f"/v1/analytics/forms?{query}")).json()["items"]
    assert {row["formId"] for row in forms} == {None, "contact"}
    funnel = (await api.get(f"/v1/analytics/funnel?{query}")).json()
    assert [(step["name"], step["count"]) for step in funnel["steps"]] == [
        ("sessions", 2),
        ("formStarts", 2),
        ("submissions", 1),
        ("leads", 2),
    ]
    assert [step["ofFirst"] for step in funnel["steps"]] == [1.0, 1.0, 0.5, 1.0]
    assert (await api.get(f"/v1/analytics/summary?{query}&test=true")).json()["views"] == 0


async def test_figures_are_of_one_client(api: Api) -> None:
    assert (await api.get("/v1/analytics/summary")).status_code == 422
    own = f"client:{api.site.client_id}"
    answer = await api.get("/v1/analytics/funnel", scope=own)
    assert (answer.status_code, answer.json()["clientId"]) == (200, api.site.client_id)
    assert answer.json()["steps"][1]["ofPrevious"] is None
    assert (await api.get(f"/v1/analytics/funnel?clientId={api.other.client_id}", scope=own)).status_code == 404


async def test_the_audit_log_is_filtered_and_of_the_tokens_client_only(api: Api) -> None:
    for number in range(3):
        await api.call("PUT", f"/v1/clients/{api.site.client_id}", {"name": f"Name {number}"})
    await api.call("PUT", f"/v1/clients/{api.other.client_id}", {"name": "Other"}, subject="bob")
    page = (await api.get("/v1/audit?action=client.update&limit=2")).json()
    assert [entry["after"]["name"] for entry in page["items"]] == ["Other", "Name 2"]
    following = (await api.get(f"/v1/audit?action=client.update&limit=2&cursor={page['nextCursor']}")).json()
    assert [entry["after"]["name"] for entry in following["items"]] == ["Name 1", "Name 0"]
    assert following["nextCursor"] is None
    assert len((await api.get("/v1/audit?actor=api:bob")).json()["items"]) == 1
    own = (await api.get("/v1/audit?limit=200", scope=f"client:{api.site.client_id}")).json()["items"]
    assert {entry["clientId"] for entry in own} == {api.site.client_id}
    scope = f"client:{api.site.client_id}"
    assert (await api.get(f"/v1/audit?clientId={api.other.client_id}", scope=scope)).status_code == 404
    assert (await api.get(f"/v1/audit?clientId={NOBODY}")).status_code == 404


async def test_entries_outlive_their_client(api: Api) -> None:
    await api.call("DELETE", f"/v1/clients/{api.site.client_id}")
    (entry,) = (await api.get(f"/v1/audit?clientId={api.site.client_id}&action=client.delete")).json()["items"]
    assert (entry["actor"], entry["targetId"]) == ("api:ann", api.site.client_id)
