"""``trackerctl form check``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.discovery.pages import CONTACT, PageHost, a_host


def accepted(host: PageHost, run: Run) -> None:
    run("form", "discover", "example.com", f"{host.url}/contact", "--allow-private", "--accept-all")


def checked(run: Run, code: int, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = run("--json", "form", "check", "example.com", "--allow-private", *more, code=code).json
    return found


def test_forms_that_are_still_there_are_found(client: dict[str, Any], run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        accepted(host, run)
        found = checked(run, 0)
    assert [(form["status"], form["lost"]) for form in found["forms"]] == [("found", False)]
    assert found["lost"] is False


@pytest.mark.parametrize(
    ("after", "status", "code"),
    [
        (CONTACT.replace("id=contact", "id=contact-new"), "alternative", 0),
        (CONTACT.replace("id=contact action=/send", "id=new action=/new"), "gone", 1),
        (CONTACT.replace("name=email", "name=mail"), "found", 1),
        (None, "gone", 1),
    ],
)
def test_a_redesign_is_found_before_leads_are_lost(
    client: dict[str, Any], run: Run, after: str | None, status: str, code: int
) -> None:
    with a_host({"/contact": CONTACT}) as host:
        accepted(host, run)
        host.pages = {"/contact": after} if after else {}
        found = checked(run, code)
    assert (found["forms"][0]["status"], found["lost"]) == (status, code == 1)


def test_a_site_that_does_not_answer_is_no_form_that_is_gone(client: dict[str, Any], run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        accepted(host, run)
    found = checked(run, 0)
    assert found["forms"][0]["status"] == "unreachable"


def test_people_are_told_what_is_gone(client: dict[str, Any], run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        accepted(host, run)
        host.pages["/contact"] = "<p>new</p>"
        ran = run("form", "check", "example.com", "--allow-private", code=1)
    assert "GONE" in ran.out
    assert "form discover" in ran.err


def test_scripted_pages_are_looked_at_in_a_browser(client: dict[str, Any], run: Run, chromium_path: str) -> None:
    with a_host({"/contact": CONTACT}) as host:
        accepted(host, run)
        host.pages["/contact"] = f"<script>onload = () => document.body.innerHTML = `{CONTACT}`</script>"
        assert checked(run, 1)["forms"][0]["status"] == "gone"
        assert checked(run, 0, "--render")["forms"][0]["status"] == "found"
