"""Words that the browser script is known to read wrongly; test_recognition fails when one of these is closed."""

from __future__ import annotations

from typing import NamedTuple

RARE = "Words that few pages use, or one language alone, are left out for the size of the script."
EXAMPLE = "An example of an address stands where others say what is asked."
AROUND = "The words of a role stand among others that make something else of them, in an order that few pages use."


class Gap(NamedTuple):
    """
    :param read_as: the role that the input is given, ``None`` for none.
    :param why: the cause, in a sentence.
    """

    read_as: str | None
    why: str


# By group and words of the case.
GAPS = {
    "French: Courriel": Gap(None, RARE),
    "Portuguese: Primeiro nome": Gap(None, RARE),
    "Dutch: Volledige naam": Gap(None, RARE),
    "placeholders: you@example.com": Gap(None, EXAMPLE),
    "messages: Gift message": Gap("message", AROUND),
    "traps: Position in the company": Gap("company", AROUND),
}
