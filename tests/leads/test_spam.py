"""What speaks for spam, and what an honest visitor may do without being taken for a program."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON
from tests.fixtures.world import make_settings
from tests.leads.test_merge import HOUR, facts
from tracker.errors import SettingsError
from tracker.leads.disposable import disposable_domains, spam_rules
from tracker.leads.merge import merge, new_lead
from tracker.leads.spam import REASONS, Evidence, SpamRules, fill_ms_of, in_order, spam_reasons

RULES = SpamRules(disposable=frozenset({"throwaway.example", "co.example.net"}))


def reasons(attributes: Mapping[str, str] | None = None, rules: SpamRules = RULES, **more: Any) -> tuple[str, ...]:
    answers = more.pop("answers", {})
    return spam_reasons(Evidence(attributes or {}, answers, **more), rules)


@pytest.mark.parametrize(
    "message",
    [
        "Hello, I would like an offer for 20 chairs.",
        "See https://shop.example/chairs and https://shop.example/tables, please: which is cheaper?",
        "https://acme.example",
        "www.acme.example/",
        "My order [12345] did not arrive <sic>; a<b and b>c",
        "Visit us at acme.example, acme.test or acme.invalid",
        "[urlaub] im Mai",
        "",
    ],
)
def test_honest_messages(message: str) -> None:
    assert reasons({"message": message, "email": "ann@example.com"}) == ()


@pytest.mark.parametrize(
    "message",
    [
        "Cheap https://a.test/1 http://b.test/2 www.c.test/3",
        "https://a.test/buy-pills-now",
        "look http://a.test/buy-pills-now-and-here",
        'Nice site <a class="x" href="https://a.test">here</a>',
        "[url=https://a.test]here[/url]",
        "[LINK]a.test[/LINK]",
        "<A\nHREF=x>",
    ],
)
def test_stuffed_messages(message: str) -> None:
    assert reasons({"message": message}) == ("links",)
    assert reasons({"message": message}, SpamRules(max_links=0)) == ()


def test_links_elsewhere() -> None:
    assert reasons({"firstName": "Win www.a.test now"}) == ("links",)
    assert reasons({"company": "www.acme.example"}) == ()
    assert reasons(answers={"website": "https://acme.example/about-us/team"}) == ()
    assert reasons(answers={"wishes": "https://a.test https://b.test https://c.test", "size": 3}) == ("links",)


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("x@throwaway.example", True),
        ("x@a.b.Throwaway.example", True),
        ("x@co.example.net", True),
        ("x@example.net", False),
        ("x@notthrowaway.example", False),
        ("x@throwaway.example.com", False),
        ("throwaway.example@example.com", False),
        ("", False),
    ],
)
def test_domains_that_nobody_keeps(email: str, found: bool) -> None:
    assert (reasons({"email": email}) == ("disposable_domain",)) is found


@pytest.mark.parametrize(
    ("told", "found"),
    [(0, True), (999.9, True), (1_000, False), (-5, False), (None, False), ("1", False), (True, False)],
)
def test_time_to_fill(told: Any, found: bool) -> None:
    assert (reasons(fill_ms=fill_ms_of(told)) == ("too_fast",)) is found
    assert reasons(fill_ms=fill_ms_of(told), rules=SpamRules(min_fill_ms=0)) == ()


def test_all_reasons_are_told_in_one_order() -> None:
    attributes = {"email": "x@throwaway.example", "message": "[url=x]"}
    assert reasons(attributes, trapped=True, fill_ms=1.0, no_token=True) == REASONS
    assert in_order({*REASONS, "later_version"}) == [*REASONS, "later_version"]


@given(text=st.text(alphabet="<a hrefw.htps:/[url=]\n\"'x", max_size=3_000))
def test_no_text_takes_long_or_fails(text: str) -> None:
    reasons({"message": text, "name": text}, answers={"x": text})


def test_a_long_text_is_read_once(benchmark_seconds: float = 0.5) -> None:
    from time import process_time

    for piece in ("<a ", "http://", "www.", "[url", "<a " + "x" * 190):
        started = process_time()
        reasons({"message": piece * (32_768 // len(piece))}, SpamRules(max_links=10**6))
        assert process_time() - started < benchmark_seconds


def test_the_list_is_that_of_the_package_or_of_a_file(tmp_path: Path) -> None:
    assert "mailinator.com" in disposable_domains()
    assert "gmail.com" not in disposable_domains()
    path = tmp_path / "domains.txt"
    path.write_text("# ours\n\nBad.Example\n@worse.example.\n", encoding="utf-8")
    rules = spam_rules(make_settings(disposable_domains_file=str(path), spam_min_fill_ms=5, spam_max_links=0))
    assert rules == SpamRules(5, 0, frozenset({"bad.example", "worse.example"}))


def test_a_list_that_cannot_be_read_is_told_of_at_the_start(tmp_path: Path) -> None:
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "none.txt", tmp_path, binary):
        with pytest.raises(SettingsError, match="TRACKER_DISPOSABLE_DOMAINS_FILE"):
            spam_rules(make_settings(disposable_domains_file=str(path)))


# -------------------------------------------------------------------------------------------------------- the lead


def test_a_lead_is_spam_while_its_latest_submission_is() -> None:
    lead = new_lead(facts(spam=("links",)))
    assert (lead["spam"], lead["spamReasons"]) == (True, ["links"])
    merge(lead, facts(NOON + HOUR, event_id="e2"))
    assert "spam" not in lead and "spamReasons" not in lead
    merge(lead, facts(NOON - HOUR, event_id="e0", spam=("too_fast",)))
    assert "spam" not in lead
    merge(lead, facts(NOON + 2 * HOUR, event_id="e3", spam=("honeypot", "links")))
    assert lead["spamReasons"] == ["honeypot", "links"]


def test_what_is_typed_adds_up_until_a_submission_decides() -> None:
    lead = new_lead(facts(status="partial", spam=("disposable_domain",)))
    merge(lead, facts(NOON + HOUR, "partial", event_id="e2"))
    merge(lead, facts(NOON + HOUR, "chat_inquiry", event_id="e3", spam=("links",)))
    assert lead["spamReasons"] == ["links", "disposable_domain"]
    merge(lead, facts(NOON, event_id="e4"))
    assert "spam" not in lead
    merge(lead, facts(NOON + 3 * HOUR, "partial", event_id="e5", spam=("links",)))
    assert "spam" not in lead


@given(
    events=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["submitted", "partial", "chat_inquiry"]),
            st.sets(st.sampled_from(REASONS), max_size=2),
        ),
        min_size=2,
        max_size=4,
    )
)
def test_the_order_of_arrival_does_not_matter(events: list[tuple[int, Any, set[str]]]) -> None:
    all_facts = [
        facts(NOON + hours * HOUR, status, event_id=f"e{number}", spam=tuple(in_order(spam)))
        for number, (hours, status, spam) in enumerate(events)
    ]
    ends = set()
    for order in permutations(all_facts):
        lead = new_lead(order[0])
        for each in order[1:]:
            merge(lead, each)
            merge(lead, each)
        ends.add((lead.get("spam"), tuple(lead.get("spamReasons", ()))))
    assert len(ends) == 1


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_somebody_says_wins_over_what_comes_later(by_hand: bool) -> None:
    lead = new_lead(facts(spam=() if by_hand else ("links",)))
    lead["edits"] = {"spam": {"value": by_hand}}
    merge(lead, facts(NOON + HOUR, event_id="e2", spam=() if by_hand else ("too_fast",)))
    assert lead["spam"] is by_hand
    assert lead.get("spamReasons") == (None if by_hand else ["too_fast"])
