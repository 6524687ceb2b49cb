"""``trackerctl doctor <url>``: the part that visits a page."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import typer

from cli import context
from cli.context import Context
from cli.doctor_url import visit_command
from cli.errors import UsageError
from tests.cli.conftest import Run
from tests.discovery.pages import CONTACT, a_host


def visit(*arguments: Any, as_json: bool = True, **options: Any) -> int:
    context.start(Context(json=as_json))
    try:
        asyncio.run(visit_command(*arguments, **options))
    except typer.Exit as leaving:
        return leaving.exit_code
    finally:
        context.current().close()
    return 0


def test_a_page_with_its_snippet_is_all_right(
    client: dict[str, Any], run: Run, chromium_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    snippet = run("embed", "example.com").out
    with a_host({"/": snippet + CONTACT}) as host:
        run("client", "update", "example.com", "--origin", host.url)
        code = visit(f"{host.url}/", "example.com", allow_private=True)
    found = json.loads(capsys.readouterr().out)
    assert (code, found["ok"]) == (0, True), found["checks"]
    assert [(field["name"], field["fate"], field["role"]) for field in found["forms"][0]["fields"]] == [
        ("name", "captured", "full_name"),
        ("email", "captured", "email"),
        ("message", "captured", "message"),
    ]


def test_what_is_to_be_mended_is_said_to_people(
    client: dict[str, Any], chromium_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_host({"/": CONTACT}) as host:
        code = visit(f"{host.url}/", "example.com", as_json=False, allow_private=True)
    out = capsys.readouterr().out
    assert code == 1
    assert "BLOCKED (origin)" in out
    assert "trackerctl embed example.com --mode test" in out


def test_the_client_must_be_named(site: object) -> None:
    context.start(Context())
    with pytest.raises(UsageError, match="--client"):
        asyncio.run(visit_command("https://example.com/", None))
