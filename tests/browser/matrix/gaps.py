"""What the browser script is known not to manage, shape by shape; `test_matrix` fails when one of these is closed.

A gap is told to the value, so that a new problem in the same shape is seen. By default no secret leaves any shape: that
is no gap that could be written down here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.browser.matrix.problem import Outcome, Problem, Trouble

HOW_TO_CLOSE = "correct GAPS in tests/browser/matrix/gaps.py"


class Gap(NamedTuple):
    """Steps of a shape, named by where they are (`Step.at`), whose values do not become what they should.

    :param why: the cause, in a sentence.
    :param unread: leads whose role is not seen: missing by default, without role when everything is captured.
    :param misread: leads that arrive in another role than theirs.
    :param no_lead: values that are no leads and arrive in the role of one, by default as well.
    :param captured: secrets that leave when the client chose to capture everything.
    """

    why: str
    unread: tuple[str, ...] = ()
    misread: tuple[str, ...] = ()
    no_lead: tuple[str, ...] = ()
    captured: tuple[str, ...] = ()

    def expected(self, everything: bool) -> set[tuple[Trouble, str]]:
        """The problems that the shape has in this mode, no more and no less."""
        found = {(Trouble.UNREAD if everything else Trouble.MISSING, at) for at in self.unread}
        found |= {(trouble, at) for at in self.misread for trouble in (Trouble.UNREAD, Trouble.MISREAD)}
        found |= {(Trouble.MISREAD, at) for at in self.no_lead}
        alone = ((Trouble.LEAK, self.captured) if everything else (Trouble.UNASKED, self.no_lead),)
        return found | {(trouble, at) for trouble, places in alone for at in places}


def complaints(name: str, gap: Gap | None, outcomes: Sequence[Outcome]) -> list[str]:
    """What a shape's test fails with: problems that are no gap, gaps that are closed, and any leak by default.

    :param outcomes: by default, and with everything captured.
    """
    found: list[str] = []
    for mode, everything, outcome in zip(("by default", "everything captured"), (False, True), outcomes, strict=True):
        expected = gap.expected(everything) if gap else set()
        found += [f"{mode}: {problem.text}" for problem in _new(outcome.problems, expected, everything)]
        for trouble, at in sorted(expected - {(problem.trouble, problem.at) for problem in outcome.problems}):
            found.append(f"{mode}: {name!r} is no longer {trouble} at {at!r}: {HOW_TO_CLOSE}")
    return found


def _new(problems: Sequence[Problem], expected: set[tuple[Trouble, str]], everything: bool) -> list[Problem]:
    never = () if everything else (Trouble.LEAK, Trouble.STORED)
    return [one for one in problems if (one.trouble, one.at) not in expected or one.trouble in never]


BESIDE = (
    "The words stand beside the input and are no label of it: a table cell, a paragraph, a heading, a line of text."
)
EXAMPLE = "An example of an address stands where others say what is asked."
RARE = "Words that few pages use, or one language alone, are left out for the size of the script."
GIFT = "A gift message is worded and written like one to the site."
PREFIX = "The name of every input holds the builder's name, and that holds a word for e-mail."
NUMBERS = "Everything is captured, and a number of national identity, tax or a bank's routing looks like any other."
CODES = "Everything is captured, and the words for a code or key are rare, or stand around boxes of a digit each."
FOREIGN_SECRET = "Everything is captured, and the words for a secret are of one language alone."
BESIDE_SECRET = f"{BESIDE} Everything captured, that holds for a secret too."

GAPS: dict[str, Gap] = {
    # leads
    "text in the element before": Gap(BESIDE, unread=("f1", "f2", "f3")),
    "text nodes and line breaks": Gap(BESIDE, unread=("z1", "z2", "z3")),
    "table with two columns": Gap(BESIDE, unread=("T1", "T2", "T3", "T4", "S1")),
    "definition list": Gap(BESIDE, unread=("p[0]", "p[1]", "p[2]")),
    "name in two parts under one label": Gap(BESIDE, unread=("n_3",)),
    "a page of divs, without any form": Gap(BESIDE, unread=(".i1", ".i2", ".i3")),
    "German, one name": Gap(BESIDE, unread=("f0_7c", "f1_7c", "f2_7c", "f3_7c")),
    "Spanish, one name": Gap(BESIDE_SECRET, unread=("f0_7c", "f1_7c", "f2_7c"), captured=("f4_7c",)),
    "Italian, one name": Gap(BESIDE_SECRET, unread=("f0_7c", "f1_7c", "f2_7c"), captured=("f4_7c",)),
    "Polish, one name": Gap(BESIDE_SECRET, unread=("f0_7c", "f1_7c", "f2_7c", "f5_7c"), captured=("f4_7c",)),
    "chat-like quiz that appends questions": Gap(EXAMPLE, unread=(".c0",)),
    "French, one name": Gap(RARE, unread=("f1_7c", "f2_7c")),
    "French, Nom de famille": Gap(RARE, unread=("f2_7c", "f3_7c")),
    "Portuguese, Primeiro nome and Apelido": Gap(RARE, unread=("f0_7c",)),
    "TYPO3 powermail": Gap(PREFIX, misread=("tx_powermail_pi1[field][name]",)),
    "guest checkout with gift message and coupon": Gap(GIFT, no_lead=("gift_message",)),
    # secrets, where the client chose to capture everything
    "identity numbers of Europe": Gap(NUMBERS, captured=("t1", "t2", "t3", "t4", "t5")),
    "passport and tax number of an application": Gap(NUMBERS, captured=("passport_no", "tax_id", "nino")),
    "donation with amounts": Gap(NUMBERS, captured=("routing_number",)),
    "one-time code in six boxes": Gap(CODES, captured=(".o1", ".o2", ".o3", ".o4", ".o5", ".o6")),
    "verification code by its label": Gap(CODES, captured=("s2",)),
    "API token settings": Gap(CODES, captured=("input[name=apiKey]",)),
    "sign-in in German": Gap(FOREIGN_SECRET, captured=("#s",)),
    "Portuguese, one name": Gap(FOREIGN_SECRET, captured=("f4_7c",)),
}
