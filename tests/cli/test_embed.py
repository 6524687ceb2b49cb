"""``trackerctl embed`` and the snippets: no value breaks out of the place that it was put into."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Run
from tracker import embed

KEY, URL = "pk_live_0123456789", "https://track.example.com"

BREAKERS = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    '";alert(1);//',
    "';alert(1);//",
    "\\",
    "\\'",
    '\\"',
    "`${alert(1)}`",
    "{{dangerous}}",
    "\u2028\u2029",
    "\r\n\t\0\x7f",
    "?>",
    "<?php",
    "*/",
    '" onload="alert(1)',
    "' onload='alert(1)",
    "&quot;",
    "&lt;/script&gt;",
    "javascript:alert(1)",
    "\ud800",
]
hostile = st.one_of(st.sampled_from(BREAKERS), st.text(), st.lists(st.sampled_from(BREAKERS), max_size=3).map("".join))
LITERAL = re.compile(r'"(?:[^"\\\n\r<>&\'`${}\x7f-\U0010ffff]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*"')


class Elements(HTMLParser):
    """The elements of a page and the text in its scripts, as a browser cuts them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.closed: list[str] = []
        self.script = ""
        self.outside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        if len(self.opened) > len(self.closed):
            self.script += data
        else:
            self.outside += data


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    elements.close()
    return elements


def skeleton(code: str) -> str:
    """JavaScript with its string literals emptied: what the values must not change."""
    return LITERAL.sub('""', code)


def literals(code: str) -> list[str]:
    return [json.loads(one) for one in LITERAL.findall(code)]


PLAIN = {
    integrity: skeleton(embed.loader_script("a", "b", integrity="c" if integrity else None))
    for integrity in (True, False)
}


@given(hostile)
def test_a_string_literal_is_its_value_and_cannot_end_early(value: str) -> None:
    literal = embed.js_string(value)

    assert LITERAL.fullmatch(literal)
    assert json.loads(literal) == value


@given(hostile, hostile, st.none() | hostile.filter(bool))
def test_no_value_breaks_out_of_the_inline_snippet(key: str, url: str, integrity: str | None) -> None:
    elements = parsed(embed.embed_html(key, url, integrity=integrity))

    assert elements.opened == [("script", {})]
    assert elements.closed == ["script"]
    assert elements.outside.strip() == ""
    assert skeleton(elements.script.strip()) == PLAIN[integrity is not None]
    assert literals(elements.script)[:2] == [key, url.rstrip("/")]
    assert integrity is None or integrity in literals(elements.script)


@given(hostile, hostile)
def test_a_tag_manager_finds_no_variable_in_a_value(key: str, url: str) -> None:
    snippet = embed.gtm(key, url)

    assert "{{" not in snippet
    assert parsed(snippet).opened == [("script", {})]
    assert skeleton(parsed(snippet).script.strip()) == PLAIN[False]


@given(hostile, hostile)
def test_no_value_breaks_out_of_the_one_tag(client_id: str, url: str) -> None:
    url, client_id = url.replace("\ud800", ""), client_id.replace("\ud800", "")
    elements = parsed(embed.loader_tag(client_id, url))

    [(tag, attributes)] = elements.opened
    assert tag == "script"
    assert list(attributes) == ["async", "src"]
    assert elements.closed == ["script"]
    assert elements.script == ""
    assert elements.outside.strip() == ""


@given(hostile, hostile, st.none() | hostile.filter(bool))
def test_no_value_breaks_out_of_the_next_component(key: str, url: str, integrity: str | None) -> None:
    component = embed.next_component(key, url, integrity=integrity)

    plain = embed.next_component("a", "b", integrity=None if integrity is None else "c")
    assert skeleton(component) == skeleton(plain)
    assert literals(component)[literals(plain).index("a")] == key


def php_value(literal: str) -> tuple[str, str]:
    """The value of a PHP string in single quotes at the start of a text, and what follows it."""
    assert literal[0] == "'"
    value, position = "", 1
    while literal[position] != "'":
        if literal[position] == "\\" and literal[position + 1] in "\\'":
            position += 1
        value += literal[position]
        position += 1
    return value, literal[position + 1 :]


@given(hostile, hostile, st.none() | hostile.filter(bool))
def test_no_value_breaks_out_of_the_php(key: str, url: str, integrity: str | None) -> None:
    before, _, rest = embed.wordpress(key, url, integrity=integrity).partition("echo ")
    value, after = php_value(rest)

    assert value == embed.embed_html(key, url, integrity=integrity)
    assert after == ";\n}, 1);\n"
    assert "?>" not in before


def test_the_loader_names_key_and_service_and_loads_the_script() -> None:
    code = embed.loader_script(KEY, URL + "/")

    assert f'c.apiKey = "{KEY}"' in code
    assert f'c.apiUrl = "{URL}"' in code
    assert 'c.version = "v1"' in code
    assert f's.src = "{URL}/main-app.v1.js"' in code
    assert "integrity" not in code


def test_with_integrity_the_script_is_fetched_for_everybody() -> None:
    code = embed.loader_script(KEY, URL, integrity="sha384-abc")

    assert 's.integrity = "sha384-abc"' in code
    assert 's.crossOrigin = "anonymous"' in code
    assert 'crossOrigin="anonymous"' in embed.next_component(KEY, URL, integrity="sha384-abc")


PAGE = """
const loaders = JSON.parse(process.argv[1]);
const scripts = [];
globalThis.window = JSON.parse(process.argv[2]);
globalThis.document = { createElement: (name) => ({ name }), head: { appendChild: (node) => scripts.push(node) } };
for (const loader of loaders) (0, eval)(loader);
console.log(JSON.stringify({ config: window.WebsiteTrackerConfig, scripts }));
"""


def executed(*loaders: str, window: dict[str, Any] | None = None) -> Any:
    """What a page looks like after these scripts."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run JavaScript with")
    command = [node, "-e", PAGE, json.dumps(loaders), json.dumps(window or {})]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_embedded_twice_the_first_one_stands() -> None:
    page = executed(embed.loader_script(KEY, URL), embed.loader_script("pk_live_other", "https://other.example"))

    assert page["config"] == {"apiKey": KEY, "apiUrl": URL, "version": "v1"}
    assert page["scripts"] == [{"name": "script", "src": f"{URL}/main-app.v1.js", "async": True}]


def test_what_the_page_set_before_is_kept() -> None:
    page = executed(embed.loader_script(KEY, URL), window={"WebsiteTrackerConfig": {"debug": True}})

    assert page["config"] == {"debug": True, "apiKey": KEY, "apiUrl": URL, "version": "v1"}


@settings(max_examples=5, deadline=None)
@given(hostile.filter(bool), hostile)
def test_hostile_values_arrive_as_they_are(key: str, url: str) -> None:
    page = executed(embed.loader_script(key, url))

    assert page["config"]["apiKey"] == key
    assert len(page["scripts"]) == 1


# ------------------------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize("form", ["html", "gtm", "next", "wordpress"])
def test_each_format_holds_the_clients_key(client: dict[str, Any], run: Run, form: str) -> None:
    printed = run("--json", "embed", "example.com", "--format", form).json

    assert printed["apiKey"] == client["apiKey"]
    assert printed["apiUrl"] == URL
    assert client["apiKey"] in printed["snippet"]
    assert URL in printed["snippet"]


def test_the_loader_is_one_tag_that_names_the_client(client: dict[str, Any], run: Run) -> None:
    ran = run("embed", "example.com", "--format", "loader")
    assert ran.out == f'<script async src="{URL}/script/{client["clientId"]}.js"></script>\n'


def test_the_snippet_alone_is_on_stdout(client: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    ran = run("embed", "example.com")

    assert ran.out == embed.embed_html(client["apiKey"], URL)
    assert "</head>" in ran.err
    assert run("--quiet", "embed", "example.com").err == ""


def test_a_test_key_is_embedded_on_demand(client: dict[str, Any], run: Run) -> None:
    assert "trackerctl key issue" in run("embed", "example.com", "--mode", "test", code=1).err
    key = run("--json", "key", "issue", "example.com", "--mode", "test").json["key"]

    assert run("--json", "embed", "example.com", "--mode", "test").json["apiKey"] == key
    assert "--format html" in run("embed", "example.com", "--mode", "test", "--format", "loader", code=2).err


def test_integrity_pins_the_script_that_is_served(
    client: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr("cli.embed._integrity", lambda: "sha384-abc")

    assert 's.integrity = "sha384-abc"' in run("embed", "example.com", "--integrity").out


def test_the_snippet_of_a_client_that_is_off_comes_with_a_warning(client: dict[str, Any], run: Run) -> None:
    run("client", "disable", "example.com")
    ran = run("-q", "embed", "example.com")

    assert client["apiKey"] in ran.out
    assert "trackerctl client enable example.com" in ran.err
