"""Lists come in pages, complete and without repetitions, each with the same few statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tracker.config.service import ConfigService
from tracker.errors import InvalidError, NotFoundError
from tracker.paging import Page, encode_cursor

PageOf = Callable[..., Page]
NAMES = ["delta", "Alpha", "charlie", "bravo", "alpha", "echo", "alpha"]


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def walk(page: PageOf, **filters: Any) -> list[dict[str, Any]]:
    """All items, page by page."""
    items: list[dict[str, Any]] = []
    cursor = None
    for _ in range(100):
        found = page(cursor=cursor, **filters)
        items += found.items
        cursor = found.next_cursor
        if cursor is None:
            return items
    raise AssertionError("the list has no end")


@pytest.fixture
def pages(service: ConfigService) -> dict[str, tuple[PageOf, str, list[str]]]:
    """By kind: how it is paged, what its id is called, and the ids in the order they were made."""
    shop = service.create_client("shop.example", name=NAMES[0])
    clients = [shop.client, *(service.create_client(f"c{n}.example", name).client for n, name in enumerate(NAMES[1:]))]
    forms = [service.create_form("shop.example", name, "/", "#f") for name in NAMES]
    fields = [service.create_field(forms[0].form_id, "#a", name) for name in NAMES]
    keys = [shop.key, *(service.issue_key("shop.example") for _ in NAMES[1:])]
    hooks = [service.create_webhook("shop.example", f"https://crm.example/{n}").endpoint for n in range(len(NAMES))]
    crm = [service.create_crm("shop.example", "salesforce", {"token": "x"}) for _ in NAMES]
    return {
        "clients": (service.page_clients, "clientId", [one.client_id for one in clients]),
        "forms": (lambda **kw: service.page_forms("shop.example", **kw), "formId", [one.form_id for one in forms]),
        "fields": (lambda **kw: service.page_fields(forms[0].form_id, **kw), "fieldId", [f.field_id for f in fields]),
        "keys": (lambda **kw: service.page_keys("shop.example", **kw), "keyId", [one.key.key_id for one in keys]),
        "webhooks": (service.page_webhooks, "endpointId", [one.endpoint_id for one in hooks]),
        "crm": (service.page_crm, "connectionId", [one.connection_id for one in crm]),
    }


KINDS = ("clients", "forms", "fields", "keys", "webhooks", "crm")


@pytest.mark.parametrize("kind", KINDS)
def test_all_is_walked_through_once_in_order(pages: Any, kind: str) -> None:
    page, name, ids = pages[kind]
    for size in (1, 2, 3, len(ids), 200):
        assert [item[name] for item in walk(page, limit=size)] == ids
    assert [item[name] for item in walk(page, limit=2, sort="-createdAt")] == ids[::-1]


@pytest.mark.parametrize("kind", ["clients", "forms", "fields"])
def test_equal_names_neither_repeat_nor_vanish(pages: Any, kind: str) -> None:
    page, name, ids = pages[kind]
    shown = {"clients": "name", "forms": "formName", "fields": "fieldName"}[kind]
    up = walk(page, limit=2, sort="name")
    assert sorted(item[name] for item in up) == sorted(ids)
    assert [item[name] for item in walk(page, limit=3, sort="-name")] == [item[name] for item in up][::-1]
    assert [item[shown] for item in up if item[shown].islower()] == sorted(n for n in NAMES if n.islower())


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_costs_the_same_whatever_it_holds(pages: Any, kind: str, engine: Engine) -> None:
    page, _, ids = pages[kind]
    costs = []
    for limit in (1, len(ids)):
        with counted(engine) as statements:
            page(limit=limit)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_cursor_of_another_list_or_of_nobody_is_refused(pages: Any, kind: str) -> None:
    page, _, _ = pages[kind]
    other = pages["forms" if kind != "forms" else "clients"][0](limit=1).next_cursor
    forged = [encode_cursor(value, key, f"{kind}:createdAt") for value, key in [("x", "y"), (1, 1), (None, "y")]]
    for cursor in ("", "nonsense", other, *forged):
        with pytest.raises(InvalidError, match="cursor"):
            page(cursor=cursor)
    for bad in ({"limit": 0}, {"limit": 201}, {"sort": "secret"}):
        with pytest.raises(InvalidError):
            page(**bad)


def test_what_comes_and_goes_meanwhile_shifts_nothing(service: ConfigService) -> None:
    for n in range(4):
        service.create_client(f"c{n}.example")
    first = service.page_clients(sort="domain", limit=2)
    service.delete_client("c0.example")
    service.create_client("a.example")
    rest = service.page_clients(sort="domain", limit=10, cursor=first.next_cursor)
    assert [item["domain"] for item in rest.items] == ["c2.example", "c3.example"]


def test_clients_are_found_by_a_part_of_their_name_or_domain(service: ConfigService) -> None:
    service.create_client("shop.example", name="Tea & Cakes")
    off = service.create_client("100.example", name="100% Wool").client
    service.set_client_active(off.client_id, False)

    def found(**filters: Any) -> list[str]:
        return [item["domain"] for item in service.page_clients(sort="domain", **filters).items]

    assert found(query="SHOP") == ["shop.example"]
    assert found(query="cakes") == ["shop.example"]
    assert found(query="0%") == ["100.example"]
    assert found(query="_") == []
    assert found(is_active=False) == ["100.example"]
    assert found(only=off.client_id) == ["100.example"]


def test_an_object_knows_its_client(service: ConfigService) -> None:
    created = service.create_client("shop.example")
    client_id = created.client.client_id
    form = service.create_form(client_id, "Contact", "/", "#f")
    field = service.create_field(form.form_id, "#email", "email")
    owned = {
        "form": form.form_id,
        "field": field.field_id,
        "mapping": service.set_mapping(field.field_id, "Lead", "Email").mapping_id,
        "key": created.key.key.key_id,
        "webhook": service.create_webhook(client_id, "https://crm.example/").endpoint.endpoint_id,
        "crm": service.create_crm(client_id, "salesforce", {"token": "x"}).connection_id,
    }
    for kind, id_ in owned.items():
        assert service.owner_of(kind, id_) == client_id  # type: ignore[arg-type]
        for other in (client_id, "", "x" * 300, "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(NotFoundError):
                service.owner_of(kind, other)  # type: ignore[arg-type]
