"""The file as text: what is written can be read, and what cannot be used is refused with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.manifest.shapes import clients, manifests
from tracker.errors import InvalidError
from tracker.manifest.chunks import without_known
from tracker.manifest.emit import HEADER, client_text, flow, scalar
from tracker.manifest.read import load, read
from tracker.manifest.shape import ClientShape, Manifest, schema


def written(manifest: Manifest) -> str:
    return "\n".join([HEADER, *map(client_text, manifest.clients or ())]) + "\n"


@given(manifests)
def test_what_is_written_is_read_back(manifest: Manifest) -> None:
    assert (read(written(manifest)).clients or ()) == manifest.clients


@given(st.text())
def test_any_text_survives_as_a_scalar(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert load(f"- {scalar(text)}\n- {{a: {scalar(text)}}}") == [text, {"a": text}]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives(number: float) -> None:
    assert load(flow({"n": number})) == {"n": number}


@pytest.mark.parametrize(
    "text", ["yes", "No", "null", "on", "1", "1.5", "1e3", "0x1f", "2026-01-31", "~", "", "- x", "a: b"]
)
def test_quotes_what_yaml_would_take_for_something_else(text: str) -> None:
    assert load(f"[{scalar(text)}]") == [text]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\nclients:\n- domain: a.example\n  foo: 1", "foo"),
        ("version: 1\nclients:\n- domain: 5", "$.clients[0].domain"),
        ("version: 2", "$.version"),
        ("clients: []", "version"),
        ("version: 1\nversion: 1", "line 2"),
        ("version: 1\nclients: }", "line 2"),
        ("version: 1\nclients: &a [*a]", "references"),
        ("version: 1\nclients:\n- &a {domain: a.example}\n- *a", "line 3"),
        ("- !!python/object/apply:os.system [true]", "line 1"),
        (
            "version: 1\nclients:\n- {domain: a.example, crm: [{adapter: http, credentials: {key: plain}}]}",
            "credentials",
        ),
        ("just a text", "fit"),
        ("", "fit"),
    ],
)
def test_says_where_a_file_cannot_be_used(text: str, place: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read(text)
    assert place in refused.value.detail


@given(st.lists(clients, min_size=1, max_size=3, unique_by=lambda client: client.domain))
def test_leaves_out_what_is_known_and_keeps_every_line_in_its_place(found: list[ClientShape]) -> None:
    text = written(Manifest(version=1, clients=tuple(found)))
    first = found[0]
    rest = without_known(text, {client_text(first): first.domain})
    assert rest.found == {first.domain}
    assert (read(rest.text).clients or ()) == tuple(found[1:])
    assert rest.text.count("\n") == text.count("\n")


def test_the_second_of_two_equal_clients_is_not_taken_for_known() -> None:
    item = client_text(ClientShape(domain="a.example"))
    rest = without_known(f"{HEADER}\n{item}\n{item}\n", {item: "a.example"})
    assert [client.domain for client in read(rest.text).clients or ()] == ["a.example"]


def test_the_schema_is_json_and_names_every_part() -> None:
    found = schema()
    json.dumps(found)
    assert set(found["$defs"]) >= {"ClientShape", "FormShape", "FieldShape", "WebhookShape", "CrmShape"}
    assert found["$defs"]["ClientShape"]["additionalProperties"] is False
