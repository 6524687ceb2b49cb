"""Which events are dropped as a crawler's."""

from __future__ import annotations

from typing import Any

import crawleruseragents
import msgspec
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import a_batch, a_client, drafted
from tracker.config.records import ClientRecord, ClientSettings
from tracker.pipeline import bots
from tracker.pipeline.bots import is_bot
from tracker.pipeline.devices import device_of
from tracker.pipeline.outcome import Drop, Outcome

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0 Safari/537.36"
LISTED = [instance for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for instance in entry["instances"]]


def keeping_bots() -> ClientRecord:
    return msgspec.structs.replace(a_client(), settings=ClientSettings(keep_bots=True))


def outcome(client: ClientRecord | None = None, metadata: Any = None, **batch: Any) -> Outcome:
    """How an event ends, as far as the steps decide."""
    client = client or a_client()
    event = {"type": "custom"} | ({"metadata": metadata} if metadata is not None else {})
    try:
        drafted(client, a_batch(client, event, **batch))
    except Drop as drop:
        return drop.outcome
    return Outcome.STORED


def test_every_crawler_of_the_list_is_a_bot() -> None:
    assert len(LISTED) > 1000
    assert [agent for agent in LISTED if not is_bot(agent)] == []


@pytest.mark.parametrize("agent", [FIREFOX, IPHONE, "", "Mozilla/5.0", "nonsense"])
def test_browsers_and_what_nobody_knows_are_none(agent: str) -> None:
    assert not is_bot(agent)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=512) | st.sampled_from(LISTED))
def test_decides_as_the_list_itself_does(agent: str) -> None:
    assert is_bot(agent) == bool(agent and crawleruseragents.is_crawler(agent))


def test_a_list_that_re2_cannot_read_is_read_by_its_own_matcher(monkeypatch: pytest.MonkeyPatch) -> None:
    # Matches nothing: the list's own matcher is made once, from what it finds then, and other tests ask it too.
    unknown = "(?!)"
    later = [*crawleruseragents.CRAWLER_USER_AGENTS_DATA, {"pattern": unknown, "instances": []}]
    monkeypatch.setattr(crawleruseragents, "CRAWLER_USER_AGENTS_DATA", later)
    with pytest.raises(re2.error):
        re2.compile(unknown)
    matcher = bots._matcher.__wrapped__()
    assert (bool(matcher(GOOGLEBOT)), bool(matcher(FIREFOX))) == (True, False)


@pytest.mark.parametrize("agent", [GOOGLEBOT, HEADLESS, "curl/8.5.0", "python-requests/2.32"])
def test_drops_a_crawlers_event(agent: str) -> None:
    assert outcome(user_agent=agent) is Outcome.DROPPED_BOT


@pytest.mark.parametrize("agent", [FIREFOX, IPHONE, "", None])
def test_keeps_a_visitors_event(agent: str | None) -> None:
    assert outcome(user_agent=agent) is Outcome.STORED


def test_keeps_a_crawlers_event_of_a_client_that_wants_it_and_says_what_it_is() -> None:
    assert outcome(keeping_bots(), user_agent=HEADLESS) is Outcome.STORED
    assert (device_of(HEADLESS).device, device_of(GOOGLEBOT).device, device_of(FIREFOX).device) == (
        "bot",
        "bot",
        "desktop",
    )


def test_keeps_what_comes_with_a_test_key() -> None:
    assert outcome(user_agent=HEADLESS, test=True) is Outcome.STORED


@pytest.mark.parametrize(
    ("header", "own", "server", "end"),
    [
        # A server's HTTP library is no visitor; the user agent in the event is one's.
        ("python-requests/2.32", None, True, Outcome.STORED),
        ("python-requests/2.32", FIREFOX, True, Outcome.STORED),
        ("python-requests/2.32", GOOGLEBOT, True, Outcome.DROPPED_BOT),
        (FIREFOX, GOOGLEBOT, True, Outcome.DROPPED_BOT),
        (GOOGLEBOT, None, True, Outcome.STORED),
        # With a publishable key it is who sends, and a browser's header is believed before the event.
        ("python-requests/2.32", FIREFOX, False, Outcome.STORED),
        (GOOGLEBOT, FIREFOX, False, Outcome.DROPPED_BOT),
        (FIREFOX, GOOGLEBOT, False, Outcome.STORED),
        (None, GOOGLEBOT, False, Outcome.DROPPED_BOT),
        ("curl/8.5.0", 7, False, Outcome.DROPPED_BOT),
        ("curl/8.5.0", "", False, Outcome.DROPPED_BOT),
    ],
)
def test_only_the_visitors_own_user_agent_counts(header: Any, own: Any, server: bool, end: Outcome) -> None:
    metadata = {"userAgent": own} if own is not None else None
    assert outcome(metadata=metadata, user_agent=header, server=server) is end


def test_metadata_of_any_kind_costs_no_event() -> None:
    assert [outcome(metadata=odd, user_agent=FIREFOX, server=True) for odd in (None, "text", [1], 7)] == [
        Outcome.STORED
    ] * 4
