"""``trackerctl gdpr suppress|unsuppress|check``."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@shop.example"


def test_a_suppressed_address_is_known_by_its_hash_only(
    client: dict[str, Any], documents: Any, run: Run, email: str
) -> None:
    assert run("--json", "gdpr", "check", email).json["suppressed"] is False
    done = run("--json", "gdpr", "suppress", email.upper()).json
    assert (done["suppressed"], done["changed"], done["clientId"]) == (True, True, None)
    assert run("--json", "gdpr", "suppress", email).json["changed"] is False
    checked = run("--json", "gdpr", "check", email)
    assert checked.json["hash"] == done["hash"]
    assert email not in checked.out
    [entry] = run("--json", "audit", "list", "--action", "gdpr").json
    assert (entry["action"], entry["targetId"]) == ("gdpr.suppress", done["hash"])
    assert email not in str(entry)


def test_a_suppression_is_taken_back(client: dict[str, Any], documents: Any, run: Run, email: str) -> None:
    run("gdpr", "suppress", email)
    assert run("--json", "gdpr", "unsuppress", email).json["suppressed"] is False
    assert "not suppressed" in run("gdpr", "check", email).out
    assert run("--json", "gdpr", "unsuppress", email).json["changed"] is False


def test_a_suppression_may_hold_for_one_client(client: dict[str, Any], documents: Any, run: Run, email: str) -> None:
    run("gdpr", "suppress", email, "--client", "example.com")
    assert run("--json", "gdpr", "check", email).json["suppressed"] is False
    found = run("--json", "gdpr", "check", email, "--client", "example.com").json
    assert (found["suppressed"], found["clientId"]) == (True, client["clientId"])


def test_an_address_comes_from_standard_input_where_no_process_list_shows_it(
    client: dict[str, Any], documents: Any, run: Run, email: str
) -> None:
    run("gdpr", "suppress", "-", stdin=f"{email}\n")
    assert run("--json", "gdpr", "check", email).json["suppressed"] is True
    assert "empty" in run("--json", "gdpr", "check", "-", stdin="", code=2).error["detail"]


def test_a_phone_number_is_suppressed_however_it_is_written(client: dict[str, Any], documents: Any, run: Run) -> None:
    number = f"17{uuid4().int % 10**8:08d}"
    run("gdpr", "suppress", "--phone", f"+49 {number}")
    assert run("--json", "gdpr", "check", "--phone", f"+49-{number[:4]}/{number[4:]}").json["suppressed"] is True


@pytest.mark.parametrize(
    "arguments", [("ann",), (), ("ann@shop.example", "--phone", "+49 170 1234567"), ("--phone", "12")]
)
def test_what_is_no_address_is_refused_without_repeating_it(
    client: dict[str, Any], documents: Any, run: Run, arguments: tuple[str, ...]
) -> None:
    refused = run("--json", "gdpr", "check", *arguments, code=None)
    assert refused.code in (1, 2)
    assert "ann" not in refused.error["detail"]
