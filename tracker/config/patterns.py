"""Extra patterns of a client that redaction replaces: regular expressions of RE2, which match in linear time.

No pattern can stall a worker: RE2 does not backtrack, and the size of what it compiles is limited here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tracker.errors import InvalidError

MAX_PATTERNS = 20
MAX_PATTERN_CHARS = 500
# RE2's own measure of a compiled pattern; the time for one character is proportional to it at worst.
MAX_INSTRUCTIONS = 2000
_MAX_BYTES = 1 << 20
_PROBES = ("", "a", "A", "1", " ", "-", "a b", "a1-b2", "@.")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")


class PatternError(ValueError):
    """RE2 cannot take a pattern; the message says why, as the end of a sentence about it."""


def compile_pattern(pattern: str) -> Any:
    """A compiled pattern with ``search(text, pos)``.

    :raises PatternError: when RE2 cannot take it.
    """
    import re2  # most commands of the CLI have no use for it

    options = re2.Options()
    options.max_mem = _MAX_BYTES
    # Its errors go to standard error otherwise, with the pattern in them.
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise PatternError(_reason(error)) from None
    except UnicodeEncodeError:
        raise PatternError("holds half of a character") from None


def redact_patterns(given: Iterable[str]) -> list[str]:
    """A client's extra patterns as they are stored: checked, without repetitions, in the order given.

    :raises InvalidError: naming the pattern by its place, and what is wrong with it.
    """
    known = list(dict.fromkeys(given))
    if len(known) > MAX_PATTERNS:
        raise InvalidError(f"a client has {MAX_PATTERNS} redact patterns at most")
    instructions = sum(_checked(pattern, number).programsize for number, pattern in enumerate(known, 1))
    if instructions > MAX_INSTRUCTIONS:
        raise InvalidError(
            f"the redact patterns are too large together: {instructions} instructions of {MAX_INSTRUCTIONS};"
            " use smaller repetitions than {1,500} and ASCII classes instead of \\p{…}"
        )
    return known


def _checked(pattern: str, number: int) -> Any:
    if not pattern or len(pattern) > MAX_PATTERN_CHARS or _UNSTORABLE.search(pattern):
        raise InvalidError(f"redact pattern {number} must be 1 to {MAX_PATTERN_CHARS} printable characters")
    try:
        compiled = compile_pattern(pattern)
    except PatternError as error:
        raise InvalidError(f"redact pattern {number} {error}") from None
    if any(found.start() == found.end() for probe in _PROBES for found in compiled.finditer(probe)):
        raise InvalidError(f"redact pattern {number} matches the empty text; write + instead of *, or name a character")
    return compiled


def _reason(error: Exception) -> str:
    message = error.args[0].decode("utf-8", "replace") if error.args else ""
    what = message.rpartition(": ")[2]
    if what in _LOOKAROUND:
        return f"uses {what}, and lookaheads and lookbehinds are not supported; match the text itself (RE2 syntax)"
    if re.fullmatch(r"\\[1-9]|\(\?P[=>]?", what):
        return "refers back to a group, and backreferences are not supported; write the repetition out (RE2 syntax)"
    if "too large" in message or "repetition size" in message:
        return "is too large; use smaller repetitions than {1,500} and ASCII classes instead of \\p{…}"
    return f"is no regular expression of RE2: {message}"
