"""A client's own patterns, ready to be looked for (`tracker.config.patterns` says which are taken)."""

from __future__ import annotations

from typing import Any

import structlog

from tracker.config.patterns import PatternError, compile_pattern
from tracker.config.records import ClientRecord
from tracker.memo import by_identity
from tracker.privacy.plain import Span

log = structlog.get_logger(__name__)

# Finding all matches looks at the rest of a text once for each. Beyond so many looks at a whole text, or so many
# characters, the rest is replaced as it is: the time stays linear.
_LOOKS, _FREE_CHARS = 8, 1024
_PREFILTER_CHARS = 4096


class ClientPatterns:
    """Compiled patterns; those that RE2 does not take are left out."""

    def __init__(self, patterns: tuple[str, ...], client_id: str = "") -> None:
        self._compiled: list[Any] = []
        for number, pattern in enumerate(patterns, 1):
            try:
                self._compiled.append(compile_pattern(pattern))
            except PatternError:
                # Written by hand or by another version. Events go on; the pattern itself may be a secret.
                log.error("redact.unusable_pattern", client_id=client_id, number=number)
        self._any = _united([pattern.pattern for pattern in self._compiled])

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def spans(self, text: str) -> list[Span]:
        """What the patterns match in a text; matches of different patterns may overlap."""
        if not text.isascii():
            # RE2 reads UTF-8, which has no place for half a character.
            text = text.encode("utf-8", "replace").decode()
        if self._any is not None and len(text) <= _PREFILTER_CHARS and self._any.search(text) is None:
            return []
        return [span for pattern in self._compiled for span in _all(pattern, text)]


def _united(patterns: list[str]) -> Any:
    """One pattern that matches where any of several does, to ask once; ``None`` where that cannot be had."""
    try:
        return compile_pattern("|".join(f"(?:{pattern})" for pattern in patterns)) if len(patterns) > 1 else None
    except PatternError:
        return None


def _all(pattern: Any, text: str) -> list[Span]:
    spans: list[Span] = []
    place, left = 0, max(_LOOKS * len(text), _FREE_CHARS)
    while place < len(text) and (found := pattern.search(text, place)) is not None:
        start, end = found.span()
        if start < end:
            spans.append((start, end))
        left -= len(text) - place
        place = max(end, start + 1)
        if left < 0:
            return [*spans, (place, len(text))] if place < len(text) else spans
    return spans


@by_identity(1024)
def patterns_of(client: ClientRecord) -> ClientPatterns | None:
    """The extra patterns of a client, ``None`` where it has none that work."""
    return ClientPatterns(client.settings.redact_patterns, client.client_id) or None
