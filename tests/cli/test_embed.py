"""``trackerctl embed`` and the snippets: no value breaks out of the place that it was put into."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Run
from tracker import embed
from tracker.config.records import Consent
from tracker.embed import Snippet

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
    integrity: skeleton(embed.loader_script(Snippet("a", "b", integrity="c" if integrity else None)))
    for integrity in (True, False)
}


@given(hostile)
def test_a_string_literal_is_its_value_and_cannot_end_early(value: str) -> None:
    literal = embed.js_string(value)

    assert LITERAL.fullmatch(literal)
    assert json.loads(literal) == value


@given(hostile, hostile, st.none() | hostile.filter(bool))
def test_no_value_breaks_out_of_the_inline_snippet(key: str, url: str, integrity: str | None) -> None:
    elements = parsed(embed.embed_html(Snippet(key, url, integrity=integrity)))

    assert elements.opened == [("script", {})]
    assert elements.closed == ["script"]
    assert elements.outside.strip() == ""
    assert skeleton(elements.script.strip()) == PLAIN[integrity is not None]
    assert literals(elements.script)[:2] == [key, url.rstrip("/")]
    assert integrity is None or integrity in literals(elements.script)


@given(hostile, hostile)
def test_a_tag_manager_finds_no_variable_in_a_value(key: str, url: str) -> None:
    snippet = embed.gtm(Snippet(key, url))

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
    component = embed.next_component(Snippet(key, url, integrity=integrity))

    plain = embed.next_component(Snippet("a", "b", integrity=None if integrity is None else "c"))
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
    before, _, rest = embed.wordpress(Snippet(key, url, integrity=integrity)).partition("echo ")
    value, after = php_value(rest)

    assert value == embed.embed_html(Snippet(key, url, integrity=integrity))
    assert after == ";\n}, 1);\n"
    assert "?>" not in before


def test_the_loader_names_key_and_service_and_loads_the_script() -> None:
    code = embed.loader_script(Snippet(KEY, URL + "/"))

    assert f'c.apiKey = "{KEY}"' in code
    assert f'c.apiUrl = "{URL}"' in code
    assert 'c.version = "v1"' in code
    assert f's.src = "{URL}/main-app.v1.js"' in code
    assert "integrity" not in code


def test_with_integrity_the_script_is_fetched_for_everybody() -> None:
    code = embed.loader_script(Snippet(KEY, URL, integrity="sha384-abc"))

    assert 's.integrity = "sha384-abc"' in code
    assert 's.crossOrigin = "anonymous"' in code
    assert 'crossOrigin="anonymous"' in embed.next_component(Snippet(KEY, URL, integrity="sha384-abc"))


PAGE = """
const [loaders, calls] = [JSON.parse(process.argv[1]), JSON.parse(process.argv[3])];
const scripts = [];
const head = { appendChild: (node) => scripts.push(node) };
globalThis.document = { createElement: (name) => ({ name }), head, addEventListener() {} };
globalThis.window = { document, location: { search: process.argv[4] }, ...JSON.parse(process.argv[2]) };
for (const loader of loaders) (0, eval)(loader);
for (const [name, method, ...args] of calls) window[name][method](...args);
const { WebsiteTrackerConfig: config, ...globals } = window;
delete globals.document;
delete globals.location;
console.log(JSON.stringify({ config, scripts, globals }));
"""


def executed(
    *loaders: str, window: dict[str, Any] | None = None, calls: Sequence[Sequence[Any]] = (), search: str = ""
) -> Any:
    """What a page looks like after these scripts, and after its own calls."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run JavaScript with")
    command = [node, "-e", PAGE, json.dumps(loaders), json.dumps(window or {}), json.dumps(calls), search]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_embedded_twice_the_first_one_stands() -> None:
    other = Snippet("pk_live_other", "https://other.example")
    page = executed(embed.loader_script(Snippet(KEY, URL)), embed.loader_script(other))

    assert page["config"] == {"apiKey": KEY, "apiUrl": URL, "version": "v1"}
    assert page["scripts"] == [{"name": "script", "src": f"{URL}/main-app.v1.js", "async": True}]
    assert page["globals"] == {"WebsiteTracker": {"q": []}}


def test_the_overlay_is_loaded_where_the_address_asks_for_it() -> None:
    page = executed(embed.loader_script(Snippet(KEY, URL)), search="?a=1&tracker_debug=1")

    # First and in order: what is made before it listens it would not show.
    overlay, script = page["scripts"]
    assert (overlay["src"], overlay["async"]) == (f"{URL}/debug-overlay.v1.js", False)
    assert (script["src"], script["async"]) == (f"{URL}/main-app.v1.js", False)


def test_what_the_page_set_before_is_kept() -> None:
    page = executed(
        embed.loader_script(Snippet(KEY, URL, consent=Consent())),
        window={"WebsiteTrackerConfig": {"debug": True, "consent": {"mode": "optin"}}},
    )

    assert page["config"] == {
        "debug": True, "consent": {"mode": "optin"}, "apiKey": KEY, "apiUrl": URL, "version": "v1"
    }  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(hostile.filter(bool), hostile)
def test_hostile_values_arrive_as_they_are(key: str, url: str) -> None:
    page = executed(embed.loader_script(Snippet(key, url)))

    assert page["config"]["apiKey"] == key
    assert len(page["scripts"]) == 1


METHODS = ("track", "identify", "page", "consent", "flush", "reset", "chat", "on")


def test_calls_before_the_script_has_loaded_are_kept_in_their_order() -> None:
    loader = embed.loader_script(Snippet(KEY, URL))
    calls = [("WebsiteTracker", method, number, {"a": "b"}) for number, method in enumerate(METHODS)]
    page = executed(loader, loader, calls=calls)

    assert page["globals"]["WebsiteTracker"]["q"] == [[method, number, {"a": "b"}] for _, method, number, _ in calls]


def test_an_object_that_is_there_already_is_left_alone() -> None:
    page = executed(embed.loader_script(Snippet(KEY, URL)), window={"WebsiteTracker": {"q": [["page"]], "mine": 1}})
    assert page["globals"] == {"WebsiteTracker": {"q": [["page"]], "mine": 1}}


def test_the_names_of_the_installation_are_in_every_snippet() -> None:
    named = Snippet(KEY, URL, script_name="site.js", global_name="SiteForms", ingest_path="forms/send")
    page = executed(embed.loader_script(named), calls=[("SiteForms", "track", "x")])

    assert page["config"] == {
        "apiKey": KEY, "apiUrl": URL, "version": "v1", "globalName": "SiteForms", "ingestPath": "forms/send"
    }  # fmt: skip
    assert page["scripts"][0]["src"] == f"{URL}/site.js"
    assert page["globals"] == {"SiteForms": {"q": [["track", "x"]]}}
    for make in (embed.embed_html, embed.gtm, embed.wordpress, embed.next_component):
        snippet = make(named)
        assert f"{URL}/site.js" in snippet
        assert "main-app" not in snippet
        assert '"SiteForms"' in snippet
        assert '"forms/send"' in snippet


@pytest.mark.parametrize(
    ("consent", "hint"),
    [
        (Consent(), {"mode": "none"}),
        (Consent(mode="optin"), {"mode": "optin"}),
        (Consent(mode="optout", respect_gpc=True), {"mode": "optout", "respectGpc": True}),
        (Consent(respect_gpc=True, respect_dnt=True), {"mode": "none", "respectGpc": True, "respectDnt": True}),
    ],
)
def test_the_clients_consent_holds_before_the_configuration_has_come(consent: Consent, hint: dict[str, Any]) -> None:
    page = executed(embed.loader_script(Snippet(KEY, URL, consent=consent)))
    assert page["config"]["consent"] == hint


def test_the_loader_is_es5_as_tag_managers_want_it() -> None:
    code = embed.loader_script(
        Snippet(KEY, URL, integrity="sha384-abc", consent=Consent(respect_gpc=True), global_name="SiteForms")
    )
    assert not re.search(r"=>|`|\b(?:const|let|class|async function)\b|\.\.\.|\?\.", code)


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

    assert ran.out == embed.embed_html(Snippet(client["apiKey"], URL, consent=Consent()))
    assert "</head>" in ran.err
    assert run("--quiet", "embed", "example.com").err == ""


def test_the_snippet_tells_the_clients_consent_mode(client: dict[str, Any], run: Run) -> None:
    run("client", "update", "example.com", "--set", "consent.mode=optin")
    for form in ("html", "gtm", "next", "wordpress"):
        assert 'mode: "optin"' in run("--json", "embed", "example.com", "--format", form).json["snippet"]


def test_the_snippet_uses_the_names_of_the_installation(
    client: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_SCRIPT_NAME", "site-forms.js")
    monkeypatch.setenv("TRACKER_GLOBAL_NAME", "SiteForms")
    monkeypatch.setenv("TRACKER_INGEST_PATH", "/forms/send/")
    printed = run("embed", "example.com").out
    assert f'"{URL}/site-forms.js"' in printed
    assert 'c.globalName = "SiteForms"' in printed
    assert 'c.ingestPath = "forms/send"' in printed


def test_a_test_key_is_embedded_on_demand(client: dict[str, Any], run: Run) -> None:
    assert "trackerctl key issue" in run("embed", "example.com", "--mode", "test", code=1).err
    key = run("--json", "key", "issue", "example.com", "--mode", "test").json["key"]

    assert run("--json", "embed", "example.com", "--mode", "test").json["apiKey"] == key
    assert "--format html" in run("embed", "example.com", "--mode", "test", "--format", "loader", code=2).err


def test_integrity_pins_the_script_that_is_served(
    client: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr("cli.embed._integrity", lambda consent: "sha384-abc")

    assert 's.integrity = "sha384-abc"' in run("embed", "example.com", "--integrity").out


def test_the_snippet_of_a_client_that_is_off_comes_with_a_warning(client: dict[str, Any], run: Run) -> None:
    run("client", "disable", "example.com")
    ran = run("-q", "embed", "example.com")

    assert client["apiKey"] in ran.out
    assert "trackerctl client enable example.com" in ran.err
