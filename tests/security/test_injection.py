"""What strangers type is data: no operator of MongoDB, no SQL, no markup, no header, no line of a log."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.fixtures.builders import a_client, page_view, submission
from tests.fixtures.world import Site
from tests.pipeline.storing import found, put
from tests.web.manage.conftest import Api, api, api_settings
from tracker.config.models import Client
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents
from tracker.telemetry.logs import configure
from tracker.web.pages.render import page_response

__all__ = ["api", "api_settings"]

MARKUP = "</script><img src=x onerror=alert(1)>'\"{{client}}"
SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.sampled_from(
    ("$set", "$where", "a.b", "a..b", "", "__proto__", "$", "fields.$[]", "leadId", "crmSynced", "_id")
)


@given(st.dictionaries(NAMES, st.sampled_from(("x", {"$ne": None}, {"$gt": ""}, ["$x"], 1)), min_size=1))
@SHARED
async def test_a_name_or_value_from_a_form_is_no_operator(
    documents: Documents, document_settings: Settings, typed: dict[str, Any]
) -> None:
    client, bystander = a_client(), a_client()
    store = Store(documents, document_settings)
    await put(store, bystander, submission("bob@shop.example"))
    before = await found(documents, "leads", bystander)
    event = submission("ann@shop.example", fields=typed, payload={"traits": typed, **typed}, metadata=typed)
    await put(store, client, event, event | {"id": str(uuid4())})
    [lead] = await found(documents, "leads", client)
    assert lead["email"] == "ann@shop.example"
    assert lead["clientId"] == client.client_id
    assert lead["crmSynced"] is False
    assert await found(documents, "leads", bystander) == before
    assert not [name for name in _names(lead) if name.startswith("$") or "." in name]
    await store.close()


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in _names(item))]
    return [name for item in value for name in _names(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("asked", ["email[$ne]=x", "email=%7B%22%24ne%22%3Anull%7D", "status[$gt]=", "email=.*"])
async def test_a_filter_from_an_address_is_no_operator(api: Api, asked: str) -> None:
    await put(api.store, a_client(client_id=api.site.client_id), submission("ann@shop.example"))
    answer = await api.get(f"/v1/leads?{asked}")
    # There is no such parameter, which changes nothing; or nothing has this very value.
    unfiltered = (await api.get("/v1/leads")).json()["items"]
    assert unfiltered
    assert answer.json()["items"] == (unfiltered if "[" in asked else [])


@given(
    st.one_of(st.sampled_from(("'; DROP TABLE clients; --", "\\'", "%", "_", '" OR 1=1', "/*")), st.text(max_size=40))
)
@SHARED
def test_any_text_is_a_name_and_no_sql(site: Site, world_engine: Engine, text: str) -> None:
    wanted = f"a{text}b".replace("\x00", "").strip()
    try:
        site.service.update_client(site.client_id, name=wanted)
    except Exception as error:
        assert type(error).__name__ == "InvalidError"
        return
    with Session(world_engine) as session:
        rows = session.exec(select(Client)).all()
    assert [row.name for row in rows if row.client_id == site.client_id] == [wanted]
    # A reference with such text finds nothing else by it.
    with pytest.raises(Exception, match=r"no client|is no|not"):
        site.service.get_client(f"' OR '1'='1{text}")


def test_markup_in_what_a_page_shows_is_text(world_settings: Settings) -> None:
    page = page_response(world_settings, "missing", MARKUP, {"detail": MARKUP, "client": MARKUP})
    assert "<img src=x" not in str(page.content)
    assert "{{" in str(page.content)  # what a value holds is no slot


@pytest.mark.parametrize("path", ["/demo", "/example", "/config-test", "/script/{client}.js", "/script/{client}/embed"])
async def test_markup_in_names_is_text_on_every_page(http: httpx.AsyncClient, site: Site, path: str) -> None:
    site.service.update_client(site.client_id, name=MARKUP, config={"theme": {"label": MARKUP}})
    form = site.service.create_form(site.client_id, MARKUP, "https://shop.example/", "form")
    site.service.create_field(form.form_id, "[name=x]", MARKUP, "text", label=MARKUP)
    answer = await http.get(path.format(client=site.client_id), params={"client": site.client_id})
    assert answer.status_code == 200
    assert "<img src=x" not in answer.text
    if "javascript" in answer.headers["content-type"]:
        assert "</script" not in answer.text


@pytest.mark.parametrize("origin", ["https://a\r\nX-Evil: 1", "https://a\nX-Evil: 1", "https://a\x00", "https://ä"])
async def test_what_is_sent_back_in_a_header_is_one_line(http: httpx.AsyncClient, site: Site, origin: str) -> None:
    body = json.dumps({"apiKey": site.key, "events": [page_view()]})
    headers = [(b"origin", origin.encode("latin-1", "replace")), (b"content-type", b"text/plain")]
    answer = await http.post("/v1/track/events", content=body, headers=headers)
    assert answer.status_code == 403
    assert "x-evil" not in answer.headers
    assert answer.headers.get("access-control-allow-origin") is None


@pytest.mark.parametrize("shape", ["json", "console"])
def test_a_value_is_one_line_of_a_log(capsys: pytest.CaptureFixture[str], shape: str) -> None:
    before = structlog.get_config()
    configure(Settings(log_format=shape, log_level="info"))
    try:
        structlog.get_logger("x").info("event", value='a\r\n2030-01-01 [error] forged "x" \x1b[2J\u2028', job="j")
    finally:
        structlog.configure(**before)
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "\x1b[2J" not in written
    assert re.search(r"forged", written)
