"""Finding and taking out what names one person."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import quote

import bson
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.needles import ERASED, Needles

ANN = Needles(["ann@shop.example", "o'brien@bücher.example"], ["+491701234567"], ["visitor-1"])

# what stands there, and what is left: None = the value goes
HELD: tuple[tuple[str, str | None], ...] = (
    ("ann@shop.example", None),
    ("ANN@Shop.Example", None),
    ("'ann@shop.example'", None),
    ("ask ann@shop.example.", f"ask {ERASED}."),
    ("https://a.example/?e=Ann%40shop.example&x=1", f"https://a.example/?e={ERASED}&x=1"),
    ("https://a.example/?e=ann%2540shop%252Eexample", f"https://a.example/?e={ERASED}"),
    ("mailto:ann@shop.example?subject=x", f"mailto:{ERASED}?subject=x"),
    ("ann\uff20\uff53hop.example", None),
    ("\U0001d41ann@shop.example", None),
    ("ann@shop\uff0eexample", None),
    ("\u0660\u0661\u0667\u0660 1234567", None),
    ("O'Brien@BÜCHER.example", None),
    ("o'brien@xn--bcher-kva.example", None),
    ("a ann@shop.example b ann@shop.example", f"a {ERASED} b {ERASED}"),
    ("0170 1234567", None),
    ("+49 (0)170/123 45 67", None),
    ("0049-170-1234567", None),
    ("call 01701234567 now", f"call {ERASED} now"),
    ("visitor-1", None),
)
OTHERS = (
    "joann@shop.example",
    "jo.ann@shop.example",
    "o'ann@shop.example",
    "ann@shop.example.org",
    "ann@shop.examples",
    "ann@shop.example-shop.org",
    "brien@bücher.example",
    "0170 12345678",
    "visitor-11",
    "",
)


@pytest.mark.parametrize(("text", "left"), HELD, ids=[str(number) for number in range(len(HELD))])
def test_an_address_is_found_and_taken_out_however_it_is_written(text: str, left: str | None) -> None:
    assert ANN.in_text(text)
    kept = {"other": "stays"}
    assert ANN.without({**kept, "value": text}) == kept | ({} if left is None else {"value": left})
    assert not ANN.in_value(ANN.without({"value": text, text: 1, "list": [text, {"deep": text}]}))


@pytest.mark.parametrize("text", OTHERS, ids=[str(number) for number in range(len(OTHERS))])
def test_what_is_somebody_elses_is_left_alone(text: str) -> None:
    assert not ANN.in_text(text)
    document = {"value": text, "deep": [{"er": text}]}
    assert ANN.without(document) == document


def test_a_number_that_is_a_phone_number_goes() -> None:
    for number in (1701234567, 491701234567, 491701234567.0):
        assert ANN.without({"phone": number, "n": 1}) == {"n": 1}
        assert ANN.maybe_in(bson.encode({"phone": number}))
    assert ANN.maybe_in(msgspec.msgpack.encode({"phone": 491701234567}))
    assert ANN.without({"n": True, "x": 17.5}) == {"n": True, "x": 17.5}


def test_json_in_bytes_is_read() -> None:
    body = b'{"a":{"email":"ann@shop.example"},"b":"joann@shop.example"}'
    assert ANN.without({"payload": body}) == {"payload": b'{"a":{},"b":"joann@shop.example"}'}
    other = b'{"b":"joann@shop.example"}'
    assert ANN.without({"payload": other}) == {"payload": other}
    assert ANN.without({"payload": b"\x00ann@shop.example\xff"}) == {}


@given(
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    text=st.sampled_from([text for text, _ in HELD]),
    upper=st.booleans(),
)
def test_bytes_are_never_missed_where_a_document_holds_one(before: str, after: str, text: str, upper: bool) -> None:
    """What the quick look at bytes leaves out is never decoded: so it may err to one side only."""
    value = before + (text.upper() if upper else text) + after
    for document in ({"a": value}, {"url": f"https://a.example/?q={quote(value)}"}):
        if not ANN.in_value(document):
            continue
        encoded = json.dumps(document).encode("utf-8", "surrogatepass")
        assert ANN.maybe_in(encoded)
        assert ANN.maybe_in(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        with contextlib.suppress(bson.errors.InvalidDocument, UnicodeEncodeError):
            assert ANN.maybe_in(bson.encode(document))
        assert not ANN.in_value(ANN.without(document))
