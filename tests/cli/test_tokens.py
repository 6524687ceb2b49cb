"""``trackerctl token``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.context import current
from tests.cli.conftest import SECRET, Run
from tracker.access.tokens import Access, Scope, read_token


def access(token: str) -> Access:
    return read_token(current().settings, token)


def test_a_token_is_printed_with_its_end(client: dict[str, Any], run: Run) -> None:
    issued = run("--json", "token", "issue", "--scope", "admin", "--ttl", "2h", "--subject", "ann@example.com").json
    assert issued.keys() == {"token", "expiresAt"}
    found = access(issued["token"])
    assert (found.scope, found.subject) == (Scope("admin"), "ann@example.com")
    assert found.expires_at == datetime.fromisoformat(issued["expiresAt"])
    assert timedelta(hours=1.9) < found.expires_at - datetime.now(UTC) <= timedelta(hours=2)


def test_people_can_paste_it(client: dict[str, Any], run: Run) -> None:
    ran = run("token", "issue", "--scope", "read")
    assert access(ran.out.removesuffix("\n")).scope == Scope("read")
    assert "Valid until" in ran.err
    assert run("--quiet", "token", "issue", "--scope", "read").err == ""


def test_a_token_of_a_client_may_name_it_by_domain(client: dict[str, Any], run: Run) -> None:
    for ref in (client["clientId"], client["clientId"][:8], "example.com"):
        issued = run("--json", "token", "issue", "--scope", f"client:{ref}").json
        assert access(issued["token"]).scope == Scope("client", client["clientId"])


def test_only_the_secret_is_needed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)
    issued = run("--json", "token", "issue", "--scope", "client:00000000-0000-4000-8000-000000000000").json
    assert access(issued["token"]).subject
    monkeypatch.delenv("TRACKER_SECRET_KEYS")
    assert "trackerctl init" in run("--json", "token", "issue", "--scope", "admin", code=1).error["detail"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 2),
        (("--scope", "root"), 1),
        (("--scope", "client:"), 1),
        (("--scope", "client:nobody.example"), 1),
        (("--scope", "admin", "--ttl", "soon"), 2),
        (("--scope", "admin", "--ttl", "0"), 1),
        (("--scope", "admin", "--ttl", "9999d"), 1),
        (("--scope", "admin", "--subject", "ann root"), 1),
    ],
)
def test_what_makes_no_token_is_refused(client: dict[str, Any], run: Run, options: tuple[str, ...], code: int) -> None:
    assert run("token", "issue", *options, code=code).out == ""
