"""What a call costs does not grow with what there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.web.manage.conftest import Api
from tests.web.manage.test_nouns import CRM, FIELD, FORM, WEBHOOK


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SQL statement of this process meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("noun", ["clients", "forms", "fields", "webhooks", "crm", "keys"])
async def test_a_list_takes_the_same_statements_however_long_it_is(api: Api, noun: str) -> None:
    service, client = api.site.service, api.site.client_id
    form = service.create_form(client, FORM["formName"], FORM["pageUrl"], FORM["formSelector"]).form_id
    add = {
        "clients": lambda number: service.create_client(f"n{number}.example"),
        "forms": lambda number: service.create_form(client, f"F{number}", "/", "form"),
        "fields": lambda number: service.create_field(form, str(FIELD["fieldSelector"]), f"f{number}"),
        "webhooks": lambda number: service.create_webhook(client, str(WEBHOOK["url"])),
        "crm": lambda number: service.create_crm(client, "salesforce", CRM["credentials"]),  # type: ignore[arg-type]
        "keys": lambda number: service.issue_key(client),
    }[noun]
    path = {"clients": "/v1/clients", "fields": f"/v1/forms/{form}/fields"}.get(noun, f"/v1/clients/{client}/{noun}")
    counts: list[int] = []
    lengths: list[int] = []
    for more in range(3):
        for number in range(more * 10):
            add(more * 100 + number)
        with statements() as seen:
            answer = await api.get(f"{path}?limit=200")
        lengths.append(len(answer.json()["items"]))
        # Caches and the use of keys are written down by tasks of their own.
        counts.append(len([one for one in seen if one.lstrip().upper().startswith("SELECT")]))
    assert lengths[2] >= lengths[0] + 30
    assert counts[0] == counts[1] == counts[2] <= 3
