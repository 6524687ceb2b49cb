"""Texts that make a regular expression look at the same place again and again (ReDoS)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from tests.fixtures.builders import a_client, a_key
from tracker.ingest.origins import origin_allowed
from tracker.leads.emails import normalise_email
from tracker.leads.phones import to_e164
from tracker.pipeline.bots import is_bot
from tracker.pipeline.devices import device_of
from tracker.pipeline.touch import touch_of
from tracker.privacy.anonymise import cut_addresses
from tracker.privacy.mentions import emails_in, phones_in
from tracker.privacy.plain import plain
from tracker.privacy.redact import redactor_of
from tracker.privacy.strip import _bare_url

REDACTOR = redactor_of(a_client())
READERS: dict[str, Callable[[str], object]] = {
    "redact": REDACTOR.value,
    "redact a name": lambda text: REDACTOR.value({text[:200]: text}),
    "plain": plain,
    "emails": emails_in,
    "phones": lambda text: phones_in(text, "DE"),
    "an e-mail": normalise_email.__wrapped__,
    "a phone": lambda text: to_e164.__wrapped__(text, "DE"),
    "a bot": is_bot,
    "a device": device_of,
    "a source": lambda text: touch_of({"url": text, "referrer": text}, {"utmSource": text}),
    "an address": lambda text: cut_addresses({"x": text}),
    "a bare url": _bare_url,
    "an origin": lambda text: origin_allowed(a_key(), text),
}
# Repetitions of what such expressions consist of, and an end that none of them takes.
PARTS = [
    "a", "1", " ", "%25", "%2", "%40", "@", ".", "-", "a@", "a.", "@a.", "1-", "1 ", "+1", "(1", "=", "a=",
    "&a=", "?a=1", "://", ":a@", "://a:", "/", "\\", "#", ";", "\u200b", "\uff11", "\u2011", "DE1", "0.", "::",
    "1:", "ffff:", "[", "{", "Mozilla/", "(a;", "bot", "x-", "\n", "\t", "eyJ.", "'", "\"", "<", "a,b",
]  # fmt: skip
ENDS = ("", "!", "@", "\x00", "é")


FRESH = itertools.count()


def seconds(read: Callable[[str], object], text: str) -> float:
    text += f"{next(FRESH):x}"  # some of them remember texts
    started = time.process_time()
    read(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", READERS)
def test_no_text_takes_more_than_in_proportion(name: str) -> None:
    read = READERS[name]
    slow = {}
    for part in PARTS:
        for end in ENDS:
            short, long = (
                min(seconds(read, part * (size // len(part)) + end) for _ in range(2)) for size in (2_000, 16_000)
            )
            # Eight times as much text; looking again from each place would take 64 times as long.
            if long > 24 * short + 0.02:
                slow[part + "…" + end] = (round(short, 4), round(long, 4))
    assert slow == {}
