"""How good a lead is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.builders import a_client, a_field, a_form
from tracker.leads.quality import quality_of

CLIENT = a_client(a_form("f", a_field("email", required=True), a_field("terms", required=True), a_field("note")))
FULL = {"email": "ann@x", "terms": True}


@pytest.mark.parametrize(
    ("form", "status", "fields", "email", "quality"),
    [
        ("f", "submitted", FULL, "ann@x", "high"),
        ("f", "submitted", {**FULL, "terms": False}, "ann@x", "medium"),
        ("f", "submitted", {**FULL, "terms": ""}, "ann@x", "medium"),
        ("f", "submitted", {"email": "ann@x"}, "ann@x", "medium"),
        ("f", "submitted", {**FULL, "terms": 0}, "ann@x", "medium"),
        (None, "submitted", {}, "ann@x", "high"),
        ("unknown", "submitted", {}, None, "medium"),
        ("f", "partial", FULL, "ann@x", "medium"),
        ("f", "partial", FULL, None, "low"),
        (None, "chat_inquiry", FULL, "ann@x", "low"),
    ],
)
def test_quality(form: str | None, status: str, fields: dict[str, Any], email: str | None, quality: str) -> None:
    assert quality_of(CLIENT, form, status, fields, email) == quality
