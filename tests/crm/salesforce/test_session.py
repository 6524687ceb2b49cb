"""Signing in to an org, renewing a session, and what answers say of the account."""

from __future__ import annotations

import asyncio
import threading
import traceback
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.crm.salesforce.conftest import OpenOrg, impatient
from tests.crm.salesforce.leads import a_lead
from tests.fixtures.processes import wait_until_async
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, RefusedError, RetryLaterError
from tracker.crm.salesforce.adapter import Salesforce

AUTHS = ["password", "jwt", "client_credentials", "session"]
RENEWABLE = AUTHS[:3]


@pytest.mark.parametrize("auth", AUTHS)
async def test_signs_in_once_for_many_calls(org: SalesforceOrg, opened: OpenOrg, auth: str) -> None:
    adapter = opened(auth)
    info = await adapter.check()
    assert (info.account, info.instance, info.api_version) == ("Acme (sandbox)", org.host, "64.0")
    assert info.user == (org.login.username if auth in ("password", "jwt") else "")
    await adapter.upsert([a_lead()])
    assert len(org.records("Lead")) == 1
    assert org.sign_ins == (0 if auth == "session" else 1)


@pytest.mark.parametrize("auth", RENEWABLE)
async def test_renews_an_expired_session_once(org: SalesforceOrg, opened: OpenOrg, auth: str) -> None:
    adapter = opened(auth)
    await adapter.describe("Lead")
    org.expire_sessions()
    results = await adapter.upsert([a_lead()])
    assert [result.outcome for result in results] == ["created"]
    assert org.sign_ins == 2


@pytest.mark.parametrize("auth", RENEWABLE)
async def test_a_session_that_is_refused_again_is_not_renewed_for_ever(
    org: SalesforceOrg, opened: OpenOrg, auth: str
) -> None:
    org.fault("expired_session", times=50)
    with pytest.raises(CredentialsError):
        await opened(auth).describe("Lead")
    assert org.sign_ins == 2
    assert len(org.api_calls) == 2


async def test_calls_at_once_renew_a_session_together(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened("jwt")
    await adapter.describe("Lead")
    org.expire_sessions()
    org.latency = 0.05
    await asyncio.gather(*(adapter.describe("Lead") for _ in range(8)))
    assert org.sign_ins == 2
    assert org.most_at_once <= 4


async def test_a_given_session_that_has_expired_needs_another(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened("session")
    org.expire_sessions()
    with pytest.raises(CredentialsError, match="new session_id"):
        await adapter.describe("Lead")


@pytest.mark.parametrize(
    ("auth", "changes", "code"),
    [
        ("password", {"password": "hunter2-secret"}, "INVALID_LOGIN"),
        ("password", {"security_token": "hunter2-secret"}, "INVALID_LOGIN"),
        ("jwt", {"username": "hunter2-secret@acme.example"}, "invalid_grant"),
        ("jwt", {"consumer_key": "hunter2-secret"}, "invalid_grant"),
        ("client_credentials", {"consumer_key": "hunter2-secret"}, "invalid_client_id"),
        ("client_credentials", {"consumer_secret": "hunter2-secret"}, "invalid_client"),
    ],
)
async def test_says_which_credentials_are_wrong_without_telling_them(
    org: SalesforceOrg, opened: OpenOrg, auth: str, changes: dict[str, str], code: str
) -> None:
    adapter = opened(auth, **changes)
    with pytest.raises(CredentialsError, match=rf"\({code}\)") as caught:
        await adapter.check()
    assert org.sign_ins == 1
    assert not org.api_calls
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_key_that_is_not_the_orgs_is_refused_by_its_signature(org: SalesforceOrg, opened: OpenOrg) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(CredentialsError, match="invalid_grant"):
        await opened("jwt", private_key=foreign).check()


async def test_another_audience_is_refused(org: SalesforceOrg, opened: OpenOrg) -> None:
    with pytest.raises(CredentialsError, match="invalid_grant"):
        await opened("jwt", audience="https://login.salesforce.com").check()


@pytest.mark.parametrize("auth", RENEWABLE)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("503", RetryLaterError), ("500", RetryLaterError), ("cut", RetryLaterError), ("not_json", RetryLaterError),
        ("wrong_shape", RetryLaterError), ("timeout", RetryLaterError), ("too_many", RateLimitedError),
    ],
)  # fmt: skip
async def test_a_sign_in_that_fails_otherwise_is_tried_later(
    org: SalesforceOrg, opened: OpenOrg, auth: str, kind: str, error: type[CrmError]
) -> None:
    org.fault(kind, "/services/", seconds=7)
    adapter = opened(auth)
    with pytest.raises(error) as caught, impatient(adapter) if kind == "timeout" else nullcontext():
        await adapter.check()
    if kind == "too_many":
        assert caught.value.retry_after == 7
    assert (await adapter.check()).account == "Acme (sandbox)"


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("timeout", RetryLaterError, "did not answer within 0.3 s"),
        ("cut", RetryLaterError, "broke off"),
        ("not_json", RetryLaterError, "not what was asked for"),
        ("wrong_shape", RetryLaterError, "describes no object"),
        ("500", RetryLaterError, "answered with 500"),
        ("503", RetryLaterError, "answered with 503"),
        ("too_many", RateLimitedError, "no more calls"),
        ("limit", RateLimitedError, "no API calls left"),
        ("forbidden", CredentialsError, "API_DISABLED_FOR_ORG"),
    ],
)
async def test_tells_what_kind_of_failure_it_is(
    org: SalesforceOrg, opened: OpenOrg, kind: str, error: type[CrmError], said: str
) -> None:
    adapter = opened("session")
    org.fault(kind)
    with pytest.raises(error, match=said), impatient(adapter) if kind == "timeout" else nullcontext():
        await adapter.describe("Lead")
    assert (await adapter.describe("Lead")).name == "Lead"


async def test_hears_the_budget_from_every_answer(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened()
    assert adapter.usage is None
    org.used = 14_000
    await adapter.describe("Lead")
    assert adapter.usage is not None
    assert (adapter.usage.used, adapter.usage.limit, adapter.usage.window_seconds) == (14_001, 15_000, 86_400.0)
    org.used = 15_000
    with pytest.raises(RateLimitedError):
        await adapter.describe("Lead")
    assert adapter.usage.used == 15_001


async def test_trusts_no_certificate_but_those_that_it_is_told_to(
    org: SalesforceOrg, opened: OpenOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(RetryLaterError, match="certificate"):
        await opened().check()
    assert not org.calls


async def test_an_org_that_is_not_there_is_tried_later(opened: OpenOrg) -> None:
    with SalesforceOrg() as gone:
        credentials, settings = Salesforce.split(gone.credentials("jwt"))
    adapter = Salesforce.open(credentials, settings, timeout_seconds=1)
    with pytest.raises(RetryLaterError, match="could not be made"):
        await adapter.check()
    await adapter.close()


async def test_an_object_that_is_not_there_is_refused_with_the_nearest_name(
    org: SalesforceOrg, opened: OpenOrg
) -> None:
    with pytest.raises(RefusedError, match="no object Laed; did you mean Lead"):
        await opened().describe("Laed")


async def test_closing_gives_its_threads_back(org: SalesforceOrg, opened: OpenOrg) -> None:
    def own() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("salesforce")} - before

    before = set(threading.enumerate())
    adapter = opened()
    await adapter.check()
    assert own()
    await adapter.close()
    await wait_until_async(lambda: not own())
    assert (await adapter.check()).account == "Acme (sandbox)"
    assert org.sign_ins == 1
