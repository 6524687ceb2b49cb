"""An event that is nobody's."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import a_draft, page_view, submission
from tracker.pipeline.event_document import event_document
from tracker.privacy.strip import strip_person
from tracker.settings import Settings

SECRET = "canary4711"
ADDRESS = f"{SECRET}@shop.example"
NAMES = st.sampled_from(
    ("email", "name", "x", "text", "userId", "traits", "roles", "url", "form", "consent", "utmSource")
)
PLACES = st.sampled_from(("payload", "fields", "metadata", "traits", "page", "top"))


def stored(event: dict[str, Any], **batch: Any) -> dict[str, Any]:
    draft = a_draft(event, **batch)
    strip_person(draft, "suppressed")
    return event_document(draft, Settings())


@given(PLACES, NAMES, st.sampled_from((ADDRESS, [ADDRESS], {"deep": [{"er": ADDRESS}]})))
@settings(max_examples=200)
def test_leaves_no_address_wherever_it_was(place: str, name: str, value: Any) -> None:
    event = submission("ann@shop.example", sessionId="s", visitorId="v")
    if place == "top":
        event[name] = value
    elif place == "fields":
        event["payload"]["form"]["fields"][name] = value
    elif place == "payload":
        event["payload"][name] = value
    else:
        event["payload" if place in ("traits", "page") else place] = (
            {place: {name: value}} if place in ("traits", "page") else {name: value}
        )
    assert SECRET not in json.dumps(stored(event), default=str)


def test_leaves_what_counts() -> None:
    event = submission(
        ADDRESS,
        sessionId="s-1",
        visitorId="v-1",
        payload={"formProgress": {"percentComplete": 50, "lastField": ADDRESS}, "trigger": "blur", "note": "hello"},
        metadata={"referrer": f"https://mail.example/read?to={ADDRESS}", "utmSource": "news", "screen": "1x1"},
    )
    event["payload"]["page"] = {
        "url": f"https://{SECRET}:pw@shop.example/contact?utm_campaign=may&email={ADDRESS}#top",
        "path": "/contact",
        "title": "Contact",
    }
    kept = stored(event, user_agent="Mozilla/5.0", ip_address="192.0.2.0", country="DE", city="Ulm")
    assert kept["payload"] == {
        "form": {"formId": "contact", "fields": {}},
        "page": {
            "url": "https://shop.example/contact?utm_campaign=may",
            "path": "/contact",
            "title": "Contact",
        },
        "trigger": "blur",
        "formProgress": {"percentComplete": 50},
    }
    assert kept["metadata"] == {"utmSource": "news", "referrer": "https://mail.example/"}
    assert kept["sessionId"] == "s-1"
    assert kept["geo"] == {"country": "DE"}
    assert kept["stripped"] == "suppressed"
    assert not {"visitorId", "userAgent", "ipAddress", "leadId"} & kept.keys()


def test_leaves_the_source_of_a_visit() -> None:
    draft = a_draft(page_view("https://shop.example/?utm_source=news&gclid=1&token=x", visitorId="v-1"))
    strip_person(draft, "suppressed")
    assert draft.touch["utmSource"] == "news"
    assert draft.touch["landingPage"] == "https://shop.example/?utm_source=news&gclid=1"
