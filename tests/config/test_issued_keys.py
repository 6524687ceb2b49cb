"""API keys: issue, rotation with grace, revocation, printing again after the secret has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, text

from tests.config.conftest import CURRENT_SECRET, OLD_SECRET, Notices
from tracker.config import keys
from tracker.config.columns import utc_now
from tracker.config.service import ConfigService
from tracker.config.views import key_status
from tracker.errors import ConflictError, InvalidError, NotFoundError
from tracker.settings import Settings

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _shop(service: ConfigService) -> None:
    service.create_client("shop.example")


def with_secrets(engine: Engine, settings: Settings, *secrets: str) -> ConfigService:
    changed = Settings(config_db_url=settings.config_db_url, secret_keys=",".join(secrets))
    return ConfigService(engine, changed, actor="cli:tester", notify=lambda: None)


def test_a_secret_key_is_random_and_only_its_hash_and_hint_are_kept(service: ConfigService, engine: Engine) -> None:
    issued = service.issue_key("shop.example", "secret")
    assert issued.plaintext.startswith("sk_live_")
    assert issued.key.hint == issued.plaintext[-4:]
    assert issued.key.secret_fingerprint is None
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM api_keys")).all()
    assert keys.hash_key(issued.plaintext) in repr(rows)
    assert issued.plaintext[:-4] not in repr(rows)


def test_keys_are_listed_in_the_order_they_were_made_revoked_ones_too(service: ConfigService) -> None:
    first = service.list_keys("shop.example")[0]
    second = service.issue_key("shop.example", "secret").key
    third = service.issue_key("shop.example", mode="test").key
    service.revoke_key(second.key_id)
    assert [key.key_id for key in service.list_keys("shop.example")] == [first.key_id, second.key_id, third.key_id]


def test_an_expiry_keeps_its_moment_whatever_zone_it_is_given_in(service: ConfigService) -> None:
    later = datetime(2090, 5, 1, 12, 0, 0, 123456, timezone(timedelta(hours=9)))
    key = service.issue_key("shop.example", expires_at=later).key
    stored = next(each for each in service.list_keys("shop.example") if each.key_id == key.key_id)
    assert stored.expires_at == key.expires_at == later
    assert stored.expires_at.tzinfo is UTC


@pytest.mark.parametrize("expires_at", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1)])
def test_an_expiry_in_the_past_or_without_a_zone_is_refused(service: ConfigService, expires_at: datetime) -> None:
    with pytest.raises(InvalidError, match="expir"):
        service.issue_key("shop.example", expires_at=expires_at)


def test_unknown_kinds_and_modes_are_refused(service: ConfigService) -> None:
    with pytest.raises(InvalidError, match="publishable or secret"):
        service.issue_key("shop.example", "private")  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="live or test"):
        service.create_client("other.example", mode="staging")  # type: ignore[arg-type]
    assert [client.domain for client in service.list_clients()] == ["shop.example"]


def test_a_rotated_key_works_on_for_the_grace_period(service: ConfigService) -> None:
    old = service.list_keys("shop.example")[0]
    before = utc_now()
    fresh = service.rotate_key(old.key_id, 3 * DAY)
    kept, new = service.list_keys("shop.example")
    assert kept.expires_at is not None
    assert before + 3 * DAY <= kept.expires_at <= utc_now() + 3 * DAY
    assert (key_status(kept), key_status(new)) == ("expiring", "active")
    assert key_status(kept, kept.expires_at) == "expired"
    assert (new.key_id, new.kind, new.mode) == (fresh.key.key_id, "publishable", "live")
    assert service.publishable_key("shop.example") == fresh.plaintext


def test_a_rotation_without_grace_revokes_at_once(service: ConfigService) -> None:
    old = service.issue_key("shop.example", "secret", "test").key
    fresh = service.rotate_key(old.key_id, timedelta(0))
    assert keys.parse_kind_mode(fresh.plaintext) == ("secret", "test")
    statuses = {key.key_id: key_status(key) for key in service.list_keys("shop.example")}
    assert statuses[old.key_id] == "revoked"
    assert statuses[fresh.key.key_id] == "active"


def test_a_rotation_never_lengthens_the_life_of_a_key(service: ConfigService) -> None:
    soon = utc_now() + DAY
    old = service.issue_key("shop.example", expires_at=soon).key
    service.rotate_key(old.key_id, 7 * DAY)
    service.rotate_key(old.key_id, 7 * DAY)
    kept = next(key for key in service.list_keys("shop.example") if key.key_id == old.key_id)
    assert kept.expires_at == soon


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=366)])
def test_a_grace_period_out_of_range_is_refused(service: ConfigService, grace: timedelta) -> None:
    with pytest.raises(InvalidError, match="0 to 365 days"):
        service.rotate_key(service.list_keys("shop.example")[0].key_id, grace)


def test_a_revoked_key_cannot_be_rotated(service: ConfigService) -> None:
    old = service.list_keys("shop.example")[0]
    service.revoke_key(old.key_id)
    with pytest.raises(ConflictError, match="revoked"):
        service.rotate_key(old.key_id)
    assert len(service.list_keys("shop.example")) == 1


def test_a_second_revocation_changes_nothing(service: ConfigService, notices: Notices) -> None:
    key_id = service.list_keys("shop.example")[0].key_id
    first = service.revoke_key(key_id)
    told = notices.count
    assert service.revoke_key(key_id).revoked_at == first.revoked_at
    assert notices.count == told


@pytest.mark.parametrize("key_id", ["", "nonsense", "00000000-0000-4000-8000-000000000000", "\ud800"])
def test_an_unknown_key_is_not_found(service: ConfigService, key_id: str) -> None:
    for change in (service.revoke_key, service.rotate_key):
        with pytest.raises(NotFoundError, match="`trackerctl key list"):
            change(key_id)


# ------------------------------------------------------------------------------------------------------ printing again


def test_the_printed_key_is_the_newest_and_one_without_an_end_before_one_with(service: ConfigService) -> None:
    newest = service.issue_key("shop.example")
    service.issue_key("shop.example", expires_at=utc_now() + DAY)
    service.issue_key("shop.example", mode="test")
    service.issue_key("shop.example", "secret")
    assert service.publishable_key("shop.example") == newest.plaintext


def test_a_client_without_a_valid_publishable_key_is_told_how_to_get_one(service: ConfigService) -> None:
    with pytest.raises(InvalidError, match=r"`trackerctl key issue shop\.example --kind publishable --mode test`"):
        service.publishable_key("shop.example", "test")
    service.revoke_key(service.list_keys("shop.example")[0].key_id)
    with pytest.raises(InvalidError, match="no valid publishable live key"):
        service.publishable_key("shop.example")


def test_a_new_current_secret_changes_no_page(service: ConfigService, engine: Engine, settings: Settings) -> None:
    printed = service.publishable_key("shop.example")
    rotated = with_secrets(engine, settings, OLD_SECRET, CURRENT_SECRET)
    assert rotated.publishable_key("shop.example") == printed
    fresh = rotated.issue_key("shop.example")
    assert fresh.key.secret_fingerprint == keys.secret_fingerprint(OLD_SECRET)
    assert rotated.publishable_key("shop.example") == fresh.plaintext
    assert service.publishable_key("shop.example") == printed  # this one does not know the other secret


def test_a_key_of_a_lost_secret_names_the_way_out(service: ConfigService, engine: Engine, settings: Settings) -> None:
    lost = with_secrets(engine, settings, OLD_SECRET)
    with pytest.raises(InvalidError, match=r"`trackerctl key issue shop\.example") as caught:
        lost.publishable_key("shop.example")
    assert CURRENT_SECRET not in caught.value.detail
    assert OLD_SECRET not in caught.value.detail


def test_a_key_that_no_request_could_use_is_never_printed(service: ConfigService, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE api_keys SET key_hash = :other"), {"other": "0" * 64})
    with pytest.raises(InvalidError, match="trackerctl key issue"):
        service.publishable_key("shop.example")
