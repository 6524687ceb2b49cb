"""Does what a shape's visitor does in a real page, and gathers all that left the page meanwhile."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

from playwright.async_api import Locator, Page, Request

from tests.browser.matrix.problem import Outcome, Problem, Trouble
from tests.browser.matrix.search import is_in
from tests.browser.matrix.shape import Kind, Shape, Step
from tests.browser.sdk_host import Event, SdkHost

FILE_CONTENT = "Content of a file, for nobody's eyes: zq-5512-kestrel"
FORM_EVENTS = ("form_submission", "form_interaction")
ARRIVAL_SECONDS = 4.0
DRAIN_SECONDS = 15

# What is none of these is the name of an input: names have dots, brackets and spaces too.
_SELECTOR = re.compile(r"[.#\[]|x-|(input|button|textarea)($|[\[: ,])")

# As most pages do today: the submission is handled by script. In the bubbling phase: handlers of the page come first.
HANDLED = "<script>document.addEventListener('submit', event => event.preventDefault())</script>"

# Each shape has a visitor of its own, and no queue that an earlier one has left and that would be sent again.
FRESH = "if (window === top && location.pathname === '/shape') localStorage.clear()"

# Asks the script to send what it holds, and waits until its queue on the device is empty, for so many seconds at most.
DRAIN = """async (seconds = 15) => {
  window.WebsiteTracker?.flush();
  const waits = () => Object.keys(localStorage).some(key => key.startsWith('_crm_q_'));
  const end = Date.now() + seconds * 1000;
  while (waits() && Date.now() < end) await new Promise(done => setTimeout(done, 10));
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]);
}"""


class Recorder:
    """All that left a page and its iframes for other places than the site itself."""

    def __init__(self, page: Page, host: SdkHost) -> None:
        self._host = host
        self._asked: list[str] = []
        self._posts_before = self._asked_before = 0
        self._errors: list[str] = []
        page.on("request", self._record)
        page.on("pageerror", lambda error: self._errors.append(str(error)))

    def _record(self, request: Request) -> None:
        if not request.url.startswith((self._host.url, "data:", "blob:", "about:")):
            self._asked += [request.url, request.post_data or ""]

    def begin(self) -> None:
        """From here on `sent` and `events` are those of a new shape."""
        self._posts_before, self._asked_before = len(self._host.posts), len(self._asked)
        self._errors.clear()

    @property
    def errors(self) -> list[str]:
        return list(self._errors)

    @property
    def events(self) -> list[Event]:
        return [event for post in self._host.posts[self._posts_before :] for event in post.events]

    @property
    def sent(self) -> list[str]:
        """Bodies and addresses, as the browser and as the server saw them."""
        arrived = [part for post in self._host.posts[self._posts_before :] for part in (post.path, post.body)]
        return list(dict.fromkeys(text for text in [*self._asked[self._asked_before :], *arrived] if text))


async def act(page: Page, shape: Shape) -> None:
    """The steps of the visitor."""
    for step in shape.steps:
        await _do(locate(page, step.at).first, step)


def locate(page: Page, at: str) -> Locator:
    """The element of a selector; a plain name is that of an input."""
    frame, _, inner = at.rpartition(" >>> ")
    selector = inner if _is_selector(inner) else f'[name="{inner}"]'
    return page.locator(frame).content_frame.locator(selector) if frame else page.locator(selector)


def _is_selector(at: str) -> bool:
    return _SELECTOR.match(at) is not None


async def _do(element: Locator, step: Step) -> None:
    match step.do:
        case "fill":
            await element.fill(step.value)
        case "press":
            await element.click()
        case "choose":
            await element.select_option(label=step.value)
        case "tick":
            await element.check()
        case "attach":
            await element.set_input_files(
                {"name": step.value, "mimeType": "application/pdf", "buffer": FILE_CONTENT.encode()}
            )
        case "key":
            await element.press(step.value)


async def run(page: Page, host: SdkHost, recorder: Recorder, shape: Shape, everything: bool) -> Outcome:
    """Open the shape's page, do its steps, and judge what arrived.

    :param everything: the client of the host has `captureUnrecognised`.
    """
    for path, body in shape.frames.items():
        host.add_page(path, body, tracked=False)
    for path, body in shape.landing.items():
        host.add_page(path, body)
    url = host.add_page("/shape", shape.html + ("" if shape.navigates else HANDLED))
    recorder.begin()
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(url)
    await (await answer.value).finished()
    await act(page, shape)
    if shape.navigates:
        await page.wait_for_url(lambda address: not address.endswith("/shape"))
    stored = await page.evaluate(DRAIN, _drain_seconds(shape))
    await _arrived(recorder, shape)
    return _judge(shape, recorder, stored, everything)


def _drain_seconds(shape: Shape) -> float:
    """What a page sent as it left stays in the queue, its answer unheard; a next page has its own events to send."""
    return DRAIN_SECONDS if not shape.navigates else 2 if shape.landing else 0


async def _arrived(recorder: Recorder, shape: Shape) -> None:
    """Wait until all leads are there, or for so long that they will not come: `_judge` tells what is missing.

    A queue that is empty has been acknowledged, so only what a page sends as it leaves can still be under way.
    """
    deadline = time.monotonic() + (ARRIVAL_SECONDS if shape.navigates else ARRIVAL_SECONDS / 10)
    while _missing(shape, recorder.events) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _missing(shape: Shape, events: Sequence[Event]) -> list[Problem]:
    """What is to arrive and has not: each lead in its role, in one submission where the shape submits."""
    kinds = ("form_submission",) if shape.submits else FORM_EVENTS
    arrived = [_roles(event) for event in events if event["type"] in kinds]
    if not shape.submits:
        return _not_in(shape, set().union(*arrived))
    if not arrived:
        return [Problem(Trouble.NO_SUBMISSION, "", "no form_submission arrived"), *_not_in(shape, set())]
    return min((_not_in(shape, one) for one in arrived), key=len)


def _not_in(shape: Shape, arrived: set[tuple[str, str]]) -> list[Problem]:
    as_what: dict[str, list[str]] = {}
    for value, role in sorted(arrived):
        as_what.setdefault(value, []).append(role or "no role")
    lacking = [step for step in shape.values(Kind.LEAD) if (step.value.strip(), step.role) not in arrived]
    return [_lacking(step, as_what.get(step.value.strip(), [])) for step in lacking]


def _lacking(step: Step, as_what: list[str]) -> Problem:
    what = f"{step.role} {step.value.strip()!r} at {step.at}"
    if as_what:
        return Problem(Trouble.UNREAD, step.at, f"{what} arrived as {' and '.join(as_what)}")
    return Problem(Trouble.MISSING, step.at, f"{what} is missing")


def _roles(event: Event) -> set[tuple[str, str]]:
    """Values of an event with the roles they arrived in, the empty one for none."""
    payload = event["payload"]
    return {(value, payload.get("roles", {}).get(name, "")) for name, value in payload.get("fields", {}).items()}


def _judge(shape: Shape, recorder: Recorder, stored: str, everything: bool) -> Outcome:
    events, sent = recorder.events, recorder.sent
    meant = [step.value for step in shape.values(Kind.LEAD, Kind.OTHER, Kind.REPEAT)]
    leaks = [value for value in shape.never if is_in(value, sent, meant)]
    lost = _missing(shape, events)
    lacking = sum(problem.trouble is not Trouble.NO_SUBMISSION for problem in lost)
    leads = len(shape.values(Kind.LEAD))
    outcome = Outcome(list(lost), leads, leads - lacking, len(shape.never), leaks)
    kept = [value for value in shape.never if is_in(value, [stored], meant)]
    outcome.problems += [Problem(Trouble.LEAK, shape.at(value), f"left the page: {value!r}") for value in leaks]
    outcome.problems += [Problem(Trouble.STORED, shape.at(value), f"stored on the device: {value!r}") for value in kept]
    outcome.problems += [Problem(Trouble.ERROR, "", f"error in the page: {error}") for error in recorder.errors]
    outcome.problems += _wrong_roles(shape, events)
    outcome.problems += _not_sent(shape, events) if everything else _sent_unasked(shape, sent)
    if is_in(FILE_CONTENT, [*sent, stored]):
        outcome.problems.append(Problem(Trouble.LEAK, "", "the content of a file left the page"))
    return outcome


def _sent_unasked(shape: Shape, sent: list[str]) -> list[Problem]:
    leads = [step.value for step in shape.values(Kind.LEAD)]
    return [
        Problem(Trouble.UNASKED, step.at, f"left the page though it is no lead: {step.value!r}")
        for step in shape.values(Kind.OTHER, Kind.WITHHELD)
        if is_in(step.value, sent, leads)
    ]


def _wrong_roles(shape: Shape, events: Sequence[Event]) -> list[Problem]:
    """Values that arrived in a role which is not theirs."""
    right = {(step.value.strip(), step.role) for step in shape.values(Kind.LEAD, Kind.REPEAT)}
    in_roles = {pair for event in events if event["type"] in FORM_EVENTS for pair in _roles(event) if pair[1]}
    return [
        Problem(Trouble.MISREAD, shape.at(value), f"{value!r} is no {role}") for value, role in sorted(in_roles - right)
    ]


def _not_sent(shape: Shape, events: Sequence[Event]) -> list[Problem]:
    arrived = {value for event in events if event["type"] in FORM_EVENTS for value, _ in _roles(event)}
    return [
        Problem(Trouble.LOST, step.at, f"did not arrive though everything is captured: {step.value!r}")
        for step in shape.values(Kind.OTHER)
        if step.value.strip() not in arrived
    ]
