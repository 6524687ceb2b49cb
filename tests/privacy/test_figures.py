"""How well redaction does on the labelled table, and how long it takes on texts made to hurt."""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.privacy.cases import ACCEPTED, HARMLESS, SECRETS, measured
from tracker.privacy.checks import is_card
from tracker.privacy.redact import redact_text

PAGE = (Path(__file__).parents[2] / "docs/privacy.md").read_text(encoding="utf-8")


def test_the_table_is_large_enough_to_say_something() -> None:
    assert len(SECRETS) + len(HARMLESS) + len(ACCEPTED) >= 200
    assert len(HARMLESS) >= 90
    assert len(set(SECRETS + HARMLESS + ACCEPTED)) == len(SECRETS) + len(HARMLESS) + len(ACCEPTED)


def test_everything_secret_is_found_and_hardly_anything_else() -> None:
    figures = measured()
    print(f"recall {figures.recall:.3f}, precision {figures.precision:.3f}: {figures}")
    assert figures.recall == 1.0
    assert figures.precision >= 0.98
    # What is accepted here must fail, or it belongs to what survives.
    assert figures.replaced == len(ACCEPTED)


def test_the_page_about_privacy_tells_these_figures() -> None:
    figures = measured()
    row = f"| {figures.secrets} | {figures.harmless} | {figures.recall:.1%} | {figures.precision:.1%} |"
    assert row in PAGE


def _share(digits: int) -> float:
    """The share of random numbers of so many digits, without a leading zero, that count as cards."""
    rng = random.Random(digits)
    sample = 20_000
    return sum(is_card(str(rng.randrange(10 ** (digits - 1), 10**digits))) for _ in range(sample)) / sample


def test_the_page_tells_how_many_random_numbers_look_like_cards() -> None:
    rows = re.findall(r"(?m)^\| (\d\d) digits \| ([\d.]+) % \|$", PAGE)
    assert [int(digits) for digits, _ in rows] == list(range(13, 20))
    for digits, told in rows:
        assert 100 * _share(int(digits)) == pytest.approx(float(told), abs=0.06)


def _steps(function: Callable[[], object]) -> int:
    """How many lines of Python a call runs, whatever the machine does meanwhile."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        function()
    finally:
        sys.settrace(before)
    return count


HURTING = pytest.mark.parametrize(
    "part",
    [
        *("1 ", "4111 ", "41-", "4.1", "1   ", "4111111111111111 ", "DE89 ", "A1B2", "xy1", "123-45-6789", "４"),
        *("passport A123456 ", "ssn 123456789 ", "ean 4006384780329 ", "%20", "%2520", "%34", "&a=1", "?token="),
        *(";token=", "://a:b@", "a=b;", "+4", "1e1", "pas12345678"),
    ],
)


@HURTING
def test_the_work_grows_no_faster_than_the_text(part: str) -> None:
    def of(size: int) -> int:
        text = ("card " + part * size)[:size]
        return _steps(lambda: redact_text(text))

    # Eight times the text; what is quadratic would take 64 times the work.
    assert of(8_000) < 24 * of(1_000) + 2_000


@HURTING
def test_the_engine_takes_no_longer_than_the_text_asks_for(part: str) -> None:
    def of(size: int) -> float:
        text = ("card " + part * size)[:size]
        return min(_cpu_seconds(lambda: redact_text(text)) for _ in range(3))

    # The engine's own steps cannot be counted, so its CPU time is compared with itself.
    assert of(32_000) < 30 * of(4_000) + 0.05


def _cpu_seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started
