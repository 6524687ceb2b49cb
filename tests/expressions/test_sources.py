"""Where a mapped value comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidError
from tracker.expressions.sources import ATTRIBUTES, Source, parse_source
from tracker.leads.documents import Lead
from tracker.leads.facts import CAMPAIGN_NAMES


def test_an_attribute_an_answer_and_a_constant_are_told_apart() -> None:
    assert parse_source(" utmSource ") == Source("attribute", "utmSource")
    assert parse_source("fields.budget") == Source("field", "budget")
    assert parse_source("=Web form") == Source("constant", "Web form")
    assert parse_source("==") == Source("constant", "=")


def test_an_answer_is_found_under_its_stored_name() -> None:
    assert parse_source("fields.a.b") == Source("field", "a\uff0eb")
    assert parse_source("fields.$set") == Source("field", "\uff04set")


def test_a_misspelt_attribute_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidError, match="did you mean utmSource"):
        parse_source("utm_source")
    with pytest.raises(InvalidError, match=r"fields\.NAME"):
        parse_source("")


@pytest.mark.parametrize("text", ["fields.", "=", "clientId", "crmErrors", "history", "attribution", "a\nb", "=" * 256])
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_source(text)


def test_every_attribute_is_one_of_a_stored_lead() -> None:
    plain = {name for name in ATTRIBUTES if "." not in name}
    assert plain <= Lead.model_fields.keys()
    assert {f"attribution.first.{name}" for name in CAMPAIGN_NAMES} <= ATTRIBUTES


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        source = parse_source(text)
    except InvalidError:
        return
    assert source.name
