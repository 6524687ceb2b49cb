"""Roles of lead fields: what the words on an input say, in eight languages, and what they do not say.

All cases stand on one page, each in a form of its own, since what is beside an input counts (``FELLOWS``). They are
sent with `captureUnrecognised`: a field without a role arrives too, so that nothing passes only because it was lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import escape
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.matrix.drive import DRAIN
from tests.browser.recognition_cases import CASES as PLAIN
from tests.browser.recognition_cases import LABEL, VALUES, Case
from tests.browser.recognition_gaps import GAPS
from tests.browser.recognition_traps import FELLOWS, TRAPS
from tests.browser.sdk_host import SdkHost
from tests.fixtures.browser import leave

CASES = [*PLAIN, *TRAPS]

Fields = dict[str, list[tuple[str, str | None]]]

# Each submission is sent at once; a browser lets a page have 64 KB of such requests under way.
AT_ONCE = 20

FILL = """([values, from]) => { [...document.forms].slice(from, from + values.length).forEach((form, index) => {
  [...form.querySelectorAll('input, textarea')].forEach((input, n) => {
    input.focus(); input.value = values[index][n];
    for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, { bubbles: true }));
    input.blur(); });
  form.requestSubmit(); }) }"""


def _name(case: Case) -> str:
    return f"{case.group}: {case.words}"


def _form(number: int, inputs: str) -> str:
    return f'<form id="form-{number}" onsubmit="return false">{inputs}<button>Send</button></form>'


def _case_html(number: int, case: Case) -> str:
    return _form(number, case.markup.format(w=escape(case.words, quote=True), n=f"q{number}"))


def _fellows_html(number: int, fellows: list[tuple[str, str | None]]) -> str:
    rows = (LABEL.format(w=words, n=f"q{number}_{n}") for n, (words, _) in enumerate(fellows))
    return _form(number, "".join(f"<p>{row}</p>" for row in rows))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def recognised(chromium: Browser) -> AsyncIterator[Fields]:
    """By form, the values that arrived with the roles they have."""
    host = SdkHost()
    host.config["captureUnrecognised"] = True
    host.config["features"]["partialCapture"] = False
    forms = [_case_html(number, case) for number, case in enumerate(CASES)]
    forms += [_fellows_html(len(CASES) + number, fellows) for number, fellows in enumerate(FELLOWS)]
    values = [[case.value] for case in CASES] + [[VALUES[role] for _, role in fellows] for fellows in FELLOWS]
    context = await chromium.new_context()
    page = await context.new_page()
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", "".join(forms)))
    await (await answer.value).finished()
    for start in range(0, len(forms), AT_ONCE):
        await page.evaluate(FILL, [values[start : start + AT_ONCE], start])
        await page.evaluate(DRAIN)
    await host.until(lambda: len(host.events("form_submission")) >= len(forms), "a submission of each form")
    arrived: Fields = {}
    for event in host.events("form_submission"):
        payload = event["payload"]
        roles = payload.get("roles", {})
        arrived[payload["formId"]] = [(value, roles.get(name)) for name, value in payload["fields"].items()]
    yield arrived
    await leave(context.close())
    host.close()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("number", "case"),
    [pytest.param(number, case, id=_name(case)) for number, case in enumerate(CASES)],
)
async def test_gives_an_input_the_role_that_its_words_mean(recognised: Fields, number: int, case: Case) -> None:
    found = recognised[f"form-{number}"]
    # A field that is sensitive as well ("name on card") may be missing; in a role it may not be.
    right = found == [(case.value, case.role)] or (case.role is None and found == [])
    if gap := GAPS.get(_name(case)):
        assert not right, (
            f"{_name(case)!r} is no gap any more: remove it from GAPS in tests/browser/recognition_gaps.py"
        )
        assert found == [(case.value, gap.read_as)]
    else:
        assert right, f"expected {case.role}, found {found}"


def test_every_gap_is_one_of_a_case() -> None:
    assert set(GAPS) <= {_name(case) for case in CASES}
    assert len({_name(case) for case in CASES}) == len(CASES)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("number", "fellows"),
    [
        pytest.param(len(CASES) + number, fellows, id=" and ".join(words for words, _ in fellows))
        for number, fellows in enumerate(FELLOWS)
    ],
)
async def test_reads_a_name_by_what_stands_beside_it(
    recognised: Fields, number: int, fellows: list[tuple[str, str | None]]
) -> None:
    assert recognised[f"form-{number}"] == [(VALUES[role], role) for _, role in fellows]


def test_has_cases_in_all_languages_and_enough_of_them() -> None:
    languages = {"English", "German", "French", "Spanish", "Portuguese", "Italian", "Dutch", "Polish"}
    assert languages <= {case.group for case in CASES}
    spellings = len(CASES) + sum(map(len, FELLOWS))
    assert spellings >= 150
    help_line = f"{spellings} spellings of fields"
    assert help_line in (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
