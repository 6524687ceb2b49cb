"""Clients: made, found, changed, switched off, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, inspect
from sqlmodel import Session, select

from tests.config.conftest import Notices, audit
from tracker.config import keys
from tracker.config.models import (
    ApiKey,
    Client,
    CrmConnection,
    Field,
    FieldMapping,
    Form,
    Table,
    WebhookEndpoint,
)
from tracker.config.service import ConfigService, CreatedClient
from tracker.errors import ConflictError, InvalidError, NotFoundError, TrackerError
from tracker.settings import Settings


def test_a_new_client_can_be_used_at_once(service: ConfigService, notices: Notices) -> None:
    created = service.create_client("https://Shop.Example/", origins=["https://cdn.example:443"], retention_days=30)
    client, key = created.client, created.key
    assert (client.domain, client.name, client.is_active) == ("shop.example", "shop.example", True)
    assert client.allowed_origins == ["https://cdn.example"]
    assert client.retention_days == 30
    assert keys.parse_kind_mode(key.plaintext) == ("publishable", "live")
    assert key.key.key_hash == keys.hash_key(key.plaintext)
    assert service.publishable_key("shop.example") == key.plaintext
    assert notices.count == 1


def test_a_client_may_begin_with_a_test_key(service: ConfigService) -> None:
    assert service.create_client("shop.example", mode="test").key.plaintext.startswith("pk_test_")


def test_returned_rows_belong_to_no_session_and_are_complete(service: ConfigService) -> None:
    created = service.create_client("shop.example")
    rows = (created.client, created.key.key, service.get_client("shop.example"), *service.list_clients())
    for row in rows:
        state = inspect(row)
        assert state.detached
        assert not state.unloaded


def test_a_created_key_is_not_shown_by_its_repr(service: ConfigService) -> None:
    created = service.create_client("shop.example")
    assert created.key.plaintext not in repr(created)


def test_a_second_client_of_a_domain_is_a_conflict(service: ConfigService, notices: Notices) -> None:
    service.create_client("shop.example")
    with pytest.raises(ConflictError, match=r"shop\.example belongs to another client"):
        service.create_client("SHOP.example")
    assert len(service.list_clients()) == 1
    assert notices.count == 1


def test_eight_operators_creating_one_domain_at_once_make_one_client(
    service: ConfigService, settings: Settings, engine: Engine
) -> None:
    barrier = Barrier(8)

    def create(number: int) -> CreatedClient | TrackerError:
        other = ConfigService(engine, settings, actor=f"cli:{number}", notify=lambda: None)
        barrier.wait()
        try:
            return other.create_client("shop.example")
        except TrackerError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(8)))
    made = [result for result in results if isinstance(result, CreatedClient)]
    refused = [result for result in results if isinstance(result, ConflictError)]
    assert (len(made), len(refused)) == (1, 7), results
    assert [client.client_id for client in service.list_clients()] == [made[0].client.client_id]
    assert service.publishable_key("shop.example") == made[0].key.plaintext


def test_a_client_is_found_by_id_by_the_beginning_of_it_and_by_domain(service: ConfigService) -> None:
    client_id = service.create_client("bücher.example").client.client_id
    refs = (client_id, client_id.upper(), f" {client_id} ", client_id[:8], client_id[:20], "bücher.example")
    for ref in (*refs, "xn--bcher-kva.example", "https://BÜCHER.example/"):
        assert service.get_client(ref).client_id == client_id


@pytest.mark.parametrize(
    "ref",
    ["", "nobody.example", "%", "________", "00000000", "0000000", "no such", "x" * 5000, "\x00", "\ud800", "' OR 1=1"],
)
def test_what_names_no_client_is_not_found_and_says_where_to_look(service: ConfigService, ref: str) -> None:
    service.create_client("shop.example")
    with pytest.raises(NotFoundError, match="`trackerctl client list` shows them"):
        service.get_client(ref)


def test_the_beginning_of_two_ids_is_refused(service: ConfigService, engine: Engine) -> None:
    with Session(engine) as session:
        for number in (1, 2):
            session.add(
                Client(client_id=f"0badcafe-0000-4000-8000-00000000000{number}", name="x", domain=f"s{number}.example")
            )
        session.commit()
    with pytest.raises(InvalidError, match="several client ids"):
        service.get_client("0badcafe")
    assert service.get_client("0badcafe-0000-4000-8000-000000000002").domain == "s2.example"


def test_lists_are_ordered_by_domain_and_filtered(service: ConfigService) -> None:
    for domain in ("c.example", "a.example", "b.example"):
        service.create_client(domain)
    service.set_client_active("a.example", False)
    assert [client.domain for client in service.list_clients()] == ["a.example", "b.example", "c.example"]
    assert [client.domain for client in service.list_clients(active=True)] == ["b.example", "c.example"]
    assert [client.domain for client in service.list_clients(active=False)] == ["a.example"]


def test_an_update_changes_what_is_given_and_nothing_else(service: ConfigService) -> None:
    before = service.create_client(
        "shop.example", name="Shop", origins=["https://cdn.example"], retention_days=30, config={"debug": True}
    ).client
    after = service.update_client("shop.example", config={"features": {"chat": True}}, settings={"requireOrigin": True})
    assert after.config == {"debug": True, "features": {"chat": True}}
    assert after.settings == {"requireOrigin": True}
    assert (after.name, after.allowed_origins, after.retention_days) == ("Shop", ["https://cdn.example"], 30)
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    assert service.get_client("shop.example") == after


def test_values_go_back_to_their_defaults(service: ConfigService) -> None:
    service.create_client("shop.example", origins=["https://cdn.example"], retention_days=30, config={"debug": True})
    client = service.update_client("shop.example", origins=[], retention_days=0, config={"debug": None})
    assert (client.allowed_origins, client.retention_days, client.config) == ([], None, {})


def test_a_client_moves_to_a_free_domain_only(service: ConfigService) -> None:
    service.create_client("old.example")
    service.create_client("taken.example")
    with pytest.raises(ConflictError, match=r"taken\.example belongs to another client"):
        service.update_client("old.example", domain="taken.example")
    assert service.update_client("old.example", domain="new.example").domain == "new.example"
    assert [client.domain for client in service.list_clients()] == ["new.example", "taken.example"]


def test_an_update_that_changes_nothing_leaves_no_trace(
    service: ConfigService, notices: Notices, engine: Engine
) -> None:
    client = service.create_client("shop.example", name="Shop").client
    entries = len(audit(engine))
    again = service.update_client("shop.example", name="Shop")
    service.set_client_active("shop.example", True)
    assert again.updated_at == client.updated_at
    assert len(audit(engine)) == entries
    assert notices.count == 1


def test_a_refused_update_writes_nothing(service: ConfigService, notices: Notices, engine: Engine) -> None:
    service.create_client("shop.example", name="Shop")
    entries = len(audit(engine))
    with pytest.raises(InvalidError):
        service.update_client("shop.example", name="Other", config={"nonsense": 1})
    assert service.get_client("shop.example").name == "Shop"
    assert len(audit(engine)) == entries
    assert notices.count == 1


def test_caches_are_told_after_the_commit(service: ConfigService, notices: Notices, engine: Engine) -> None:
    seen: list[int] = []

    def look() -> None:
        with Session(engine) as session:
            seen.append(session.exec(select(func.count()).select_from(Client)).one())

    notices.on_notice.append(look)
    service.create_client("shop.example")
    service.delete_client("shop.example")
    assert seen == [1, 0]


def test_a_key_is_not_lost_when_the_caches_cannot_be_told(engine: Engine, settings: Settings) -> None:
    def broken() -> None:
        raise ConnectionError("redis is away")

    service = ConfigService(engine, settings, actor="cli:tester", notify=broken)
    created = service.create_client("shop.example")
    assert keys.looks_like_key(created.key.plaintext)
    assert service.get_client("shop.example").client_id == created.client.client_id


def test_deleting_a_client_takes_everything_of_it_and_nothing_else(service: ConfigService, engine: Engine) -> None:
    for domain in ("gone.example", "stays.example"):
        client_id = service.create_client(domain).client.client_id
        form = service.create_form(domain, "Contact", "/contact", "#contact")
        field = service.create_field(form.form_id, "#email", "email")
        service.set_mapping(field.field_id, "Lead", "Email")
        with Session(engine) as session:
            session.add(WebhookEndpoint(client_id=client_id, url="https://hook.example", secret="sealed"))
            session.add(CrmConnection(client_id=client_id, adapter="testing", credentials="sealed"))
            session.commit()
    gone = service.delete_client("gone.example")
    assert gone.domain == "gone.example"
    models: tuple[type[Table], ...] = (Client, Form, Field, FieldMapping, ApiKey, WebhookEndpoint, CrmConnection)
    with Session(engine) as session:
        counts = {model.__name__: session.exec(select(func.count()).select_from(model)).one() for model in models}
    assert counts == {model.__name__: 1 for model in models}
    assert service.list_forms("stays.example")
    assert audit(engine)[-1].client_id == gone.client_id
