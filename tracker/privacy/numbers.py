"""Finds social security numbers, IBANs, passports and cards in a plain text (technical design §8.2).

Each is found by its form and its check digit where it has one, and otherwise only beside a word that says what it
is. A word beside a number also saves one: a phone's number stays, whatever its digits add up to.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tracker.privacy.checks import IBAN_LENGTHS, MAX_CARD_DIGITS, MIN_CARD_DIGITS, is_card, is_gtin, is_iban
from tracker.privacy.plain import Span
from tracker.privacy.secret_names import ARTICLE, CARD, PHONE

# No pattern below can match without six digits. The first of the two is the faster one, and decides most texts.
_FEW_DIGITS = re.compile(r"[\x00-/:-\x7f]*+(?:[0-9][\x00-/:-\x7f]*+){0,5}+\Z")
_SUSPECT = re.compile(r"\d(?:[\W_]{0,3}\d){5}")

_BEFORE, _BEHIND = 48, 24
MAX_PHONE_DIGITS = 15  # E.164

# The patterns begin with digits, which lets the engine skip the rest of a text quickly; what must stand in front is
# looked at afterwards.
_SSN = re.compile(r"\d{3}(?: ?- ?|\s)\d\d(?: ?- ?|\s)\d{4}(?![\d-])")
_NO_GROUP = re.compile(r"\D00\D")
_PHONE_HEAD, _PHONE_TAIL = re.compile(r"(?:\d\s|\+)\Z"), re.compile(r"\s?\d")
_NAMED_SSN = re.compile(r"\d{3}[\s.\-_/]{0,3}\d\d[\s.\-_/]{0,3}\d{4}(?!\d)(?<!\d{10})")
_SSN_WORDS = re.compile(r"(?i)(?<![a-z])(?:ssn|itin|social[\s_-]?sec\w*|(?:tax|taxpayer)[\s_-]?id)(?![a-z])")

_PASSPORT = re.compile(r"\b(?=(?:[A-Za-z]{0,9}\d){5})(?:\d{9}|(?=\d{0,9}[A-Za-z])[A-Za-z0-9]{7,10})\b")
_PASSPORT_WORDS = re.compile(
    r"(?i)(?<![a-z])(?:e?-?passport|(?:reise)?pass-?(?:nummer|nr)|reisepass|passeport|pasaporte|passaport[eo]|paspoort"
    r"|paszport)|паспорт|护照|護照|パスポート"
)
_OTHER_WORDS = re.compile(
    r"(?i)order|bestell|invoice|rechnung|commande|facture|pedido|factura|ordine|fattura|ticket|booking|case|ref|[;!?]"
)

_ALNUM_END = re.compile(r"[A-Za-z0-9]\Z")
_IBAN = re.compile(r"\d\d(?<=[A-Za-z]{2}\d\d)(?=[\s.\-_/]{0,3}[A-Za-z0-9])")

# A run of digit groups; which of them are a card is decided by `_cards`. A leading + makes it a phone's number.
_RUN = re.compile(r"\d(?:[\s.\-_/]{0,3}\d){12,}")
_GROUP = re.compile(r"\d+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_CHARS = 36
_MOST_CHARS = 4 * MAX_CARD_DIGITS
_WORD_END = re.compile(r"[A-Za-z0-9]+\Z")
_WORD_START = re.compile(r"[A-Za-z0-9]+")
_CARD_WORDS = re.compile(
    r"(?i)(?<![a-z])(?:(?:credit|debit|bank)?-?cards?|(?:kredit)?karten?(?:nummer|nr)?|carte|tarjeta|cart[aã]o|carta|kaart"
    r"|kart[aęy]|visa|master-?card|maestro|amex|american express|diners|discover)(?![a-z])|(?<![a-z\d])cc(?![a-z\d])"
)
_PHONE_BEFORE = re.compile(
    r"(?i)(?:phone|telefono?|telefone|mobile|mobil|handy|celular|móvil|whatsapp|wa\.me|tel|fax|sms|call)"
    r"[^\da-z]{0,3}(?:(?:no|nr|number|nummer|send)[^\da-z]{1,8})?$"
)
_ARTICLE_BEFORE = re.compile(r"(?i)(?:ean|gtin|upc|jan|isbn|barcode|siret)(?:-?1[34])?[^\da-z]{0,3}$")
# What USPS prints on parcels: 20 to 34 digits (Publication 199).
_PARCEL = re.compile(r"(?:420|9[1-5])")
_PARCEL_DIGITS = frozenset({20, 22, 26, 30, 34})


def is_suspect(view: str) -> bool:
    """Whether a plain text may hold a secret number."""
    if _FEW_DIGITS.match(view):
        return False
    # Passports alone have letters among their digits.
    return _SUSPECT.search(view) is not None or _may_name_passport(view)


def _may_name_passport(view: str) -> bool:
    return not view.isascii() or "pas" in view.lower()


def number_spans(view: str, about: int) -> list[Span]:
    """Spans of secret numbers.

    :param about: what `secret_names.about_name` says of the name that the text stands under.
    """
    spans: list[Span] = []
    lower = view.lower()
    if _SSN.search(view):
        spans += [found.span() for found in _SSN.finditer(view) if _is_ssn(view, found, about)]
    if "ssn" in lower or "itin" in lower or "soc" in lower or "tax" in lower:
        spans += [found.span() for found in _NAMED_SSN.finditer(view) if _names_ssn(view, found.span())]
    if _may_name_passport(view):
        spans += [found.span() for found in _PASSPORT.finditer(view) if _names_passport(view, found.span())]
    if _IBAN.search(view):
        spans += _ibans(view)
    if _RUN.search(view):
        for run in _RUN.finditer(view):
            spans += _cards(view, run.span(), about)
    return spans


def _is_ssn(view: str, found: re.Match[str], about: int) -> bool:
    """Areas, groups and serials of zeros were never given out; 9xx are the tax numbers of those who have no SSN."""
    start, end = found.span()
    text, before = found[0], view[max(0, start - 2) : start]
    if text[:3] in ("000", "666") or text.endswith("0000") or _NO_GROUP.search(text) or before[-1:].isdigit():
        return False
    if "-" in text:
        return before[-1:] != "-"
    # With spaces it may be a phone's number, or part of one.
    is_phone = about & PHONE or text[0] == "9" or _PHONE_HEAD.search(before) or _PHONE_TAIL.match(view, end)
    return not is_phone


def _names_ssn(view: str, span: Span) -> bool:
    start, end = span
    if view[start - 1 : start].isdigit():
        return False
    return bool(_SSN_WORDS.search(view, max(0, start - _BEFORE), start) or _SSN_WORDS.search(view, end, end + _BEHIND))


def _names_passport(view: str, span: Span) -> bool:
    """Whether the last thing said before is "passport" and not "order"; or the first thing behind."""
    start, end = span
    said = view[max(0, start - _BEFORE) : start]
    if words := list(_PASSPORT_WORDS.finditer(said)):
        between = said[words[-1].end() :]
        return not (_OTHER_WORDS.search(between) or any(map(str.isdigit, between)))
    said = view[end : end + _BEHIND]
    word = _PASSPORT_WORDS.search(said)
    return word is not None and not _OTHER_WORDS.search(said[: word.start()])


@lru_cache(maxsize=64)
def _iban_of(chars: int) -> re.Pattern[str]:
    return re.compile(rf"(?:[\s.\-_/]{{0,3}}[A-Za-z0-9]){{{chars}}}(?![A-Za-z0-9])")


def _ibans(view: str) -> list[Span]:
    starts = [check.start() - 2 for check in _IBAN.finditer(view)]
    return [(start, end) for start in starts if (end := _iban_end(view, start))]


def _iban_end(view: str, start: int) -> int | None:
    """Where the IBAN that begins with the two letters here ends, if it is one: words may follow it."""
    before = view[max(0, start - 5) : start]
    length = IBAN_LENGTHS.get(view[start : start + 2].upper())
    if length is None or (_ALNUM_END.search(before) and not before.lower().endswith("iban")):
        return None
    found = _iban_of(length).match(view, start)
    if found is None or not is_iban("".join(filter(str.isalnum, found[0]))):
        return None
    return None if _is_in_uuid(view, start, found.end()) else found.end()


class _Run:
    """Digit groups of a text, and what the words in front say of them."""

    __slots__ = ("article", "groups", "international", "named", "phone", "singles", "view")

    def __init__(self, view: str, span: Span, about: int) -> None:
        start, end = span
        before = view[max(0, start - _BEFORE) : start]
        self.view = view
        self.groups = [group.span() for group in _GROUP.finditer(view, start, end)]
        self.international = view[start - 1 : start] == "+"
        self.named = bool(about & CARD) or _CARD_WORDS.search(before) is not None
        self.phone = bool(about & PHONE) or _PHONE_BEFORE.search(before) is not None
        self.article = bool(about & ARTICLE) or _ARTICLE_BEFORE.search(before) is not None
        self.singles = end - start < _MOST_CHARS and all(stop - first == 1 for first, stop in self.groups)

    def holds_no_card(self) -> bool:
        digits = sum(stop - start for start, stop in self.groups)
        if self.international and digits <= MAX_PHONE_DIGITS:
            return True
        return not self.named and digits in _PARCEL_DIGITS and _PARCEL.match(self.view, self.groups[0][0]) is not None

    def card_end(self, first: int) -> int | None:
        """The group behind the longest card that begins with this group."""
        found, digits = None, ""
        anyhow = self.named and self.groups[first][0] - self.groups[0][0] <= _BEFORE
        for last in range(first, len(self.groups)):
            start, stop = self.groups[last]
            if len(digits) + stop - start > MAX_CARD_DIGITS:
                break
            digits += self.view[start:stop]
            groups = self.groups[first : last + 1]
            if not (anyhow or self.singles or _may_go_on(groups)):
                break
            long_enough = len(digits) >= MIN_CARD_DIGITS
            if long_enough and self._is_card(digits, first) and self._stands_alone(groups, anyhow):
                found = last + 1
        return found

    def _stands_alone(self, groups: list[Span], anyhow: bool) -> bool:
        """Whether these are no part of something longer, and cards are printed in such groups."""
        start, end = groups[0][0], groups[-1][1]
        grouped = len(groups) > 1 and not anyhow
        if _is_part_of_identifier(self.view, start, end, grouped=grouped) or _is_in_uuid(self.view, start, end):
            return False
        return anyhow or self._is_printed_so(groups)

    def _is_printed_so(self, groups: list[Span]) -> bool:
        if len(groups) == 1:
            start = groups[0][0]
            # What follows a digit and a dot is the fraction of a number.
            return not (start > self.groups[0][0] and self.view[start - 1] == ".")
        if self.singles:
            return len(groups) == len(self.groups)
        lengths = [stop - begin for begin, stop in groups]
        if lengths[0] == 6:
            return len(lengths) == 2
        if lengths[1] == 6:
            return len(lengths) == 3 and lengths[2] <= 6
        return all(length == 4 for length in lengths[:-1]) and lengths[-1] <= 6

    def _is_card(self, digits: str, first: int) -> bool:
        if self.phone and len(digits) <= MAX_PHONE_DIGITS:
            return False
        if first == 0 and self.international and len(digits) <= MAX_PHONE_DIGITS:
            return False
        if self.article and (len(digits) == 14 or (len(digits) == 13 and is_gtin(digits))):
            return False
        return is_card(digits, named=self.named)


def _may_go_on(groups: list[Span]) -> bool:
    """Whether more groups may follow these: four by four, 4-6-5 or 6-13."""
    return len(groups) == 1 or (len(groups) <= 5 and groups[0][1] - groups[0][0] in (4, 6))


def _is_part_of_identifier(view: str, start: int, end: int, *, grouped: bool) -> bool:
    """Whether letters with further digits are attached, as in hashes, UUIDs and click ids."""
    before = _WORD_END.search(view[max(0, start - _BEFORE) : start])
    behind = _WORD_START.match(view, end, end + _BEFORE)
    attached = (before[0] if before else "") + (behind[0] if behind else "")
    if grouped and behind and behind[0]:
        return True
    return any(map(str.isdigit, attached))


def _is_in_uuid(view: str, start: int, end: int) -> bool:
    around = _UUID.finditer(view, max(0, end - _UUID_CHARS), start + _UUID_CHARS)
    return any(found.start() <= start and end <= found.end() for found in around)


def _cards(view: str, span: Span, about: int) -> list[Span]:
    """The cards among groups of digits: people type expiry and code behind the number."""
    run = _Run(view, span, about)
    spans: list[Span] = []
    first = 0 if not run.holds_no_card() else len(run.groups)
    while first < len(run.groups):
        end = run.card_end(first)
        if end is None:
            first += 1
            continue
        spans.append((run.groups[first][0], run.groups[end - 1][1]))
        first = end
    return spans
