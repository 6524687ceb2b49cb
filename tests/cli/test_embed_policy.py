"""``trackerctl embed``: words for formats, the Content-Security-Policy that a snippet needs, the clipboard."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_embed import URL, parsed
from tests.cli.test_terminal import Terminal
from tracker import embed


@pytest.mark.parametrize(("word", "same"), [("plain", "html"), ("nextjs", "next")])
def test_other_words_for_a_format_are_the_same(client: dict[str, Any], run: Run, word: str, same: str) -> None:
    printed = run("--json", "embed", "example.com", "--format", word).json
    assert printed == run("--json", "embed", "example.com", "--format", same).json
    assert printed["format"] == same


@pytest.mark.parametrize("form", ["html", "wordpress"])
def test_the_policy_allows_the_inline_script_by_its_hash(client: dict[str, Any], run: Run, form: str) -> None:
    html = run("--json", "embed", "example.com", "--format", "html").json["snippet"]
    digest = base64.b64encode(hashlib.sha256(parsed(html).script.encode()).digest()).decode()

    ran = run("embed", "example.com", "--format", form)
    policy = f"script-src {URL} 'sha256-{digest}'; connect-src {URL}"
    assert policy in ran.err
    assert run("--json", "embed", "example.com", "--format", form).json["csp"] == policy


@pytest.mark.parametrize("form", ["loader", "gtm", "next"])
def test_the_policy_of_what_is_not_inline_names_the_service_alone(client: dict[str, Any], run: Run, form: str) -> None:
    assert run("--json", "embed", "example.com", "--format", form).json["csp"] == f"script-src {URL}; connect-src {URL}"


def test_the_policy_names_the_origin_of_a_service_below_a_path() -> None:
    assert embed.content_security_policy("https://a.example:8443/x/y/") == (
        "script-src https://a.example:8443; connect-src https://a.example:8443"
    )


def test_the_snippet_goes_to_the_clipboard_of_the_terminal(client: dict[str, Any], run: Run) -> None:
    snippet = run("--json", "embed", "example.com").json["snippet"]
    terminal = Terminal("embed", "example.com", "--copy")
    assert terminal.end() == 0
    copied = re.search(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.text)
    assert copied
    assert base64.b64decode(copied[1]).decode() == snippet
    assert "clipboard" in terminal.text


def test_nothing_is_copied_into_a_pipe(client: dict[str, Any], run: Run) -> None:
    ran = run("embed", "example.com", "--copy")
    assert ran.out == run("embed", "example.com").out
    assert "nothing was copied" in ran.err
