"""What redaction does to every card, time, phone number and structure that can be made up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.privacy.redact import REDACTED, redact_text, redact_value

R = REDACTED


def _with_check_digit(digits: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _cards(prefix: str, digits: int) -> st.SearchStrategy[str]:
    rest = digits - len(prefix) - 1
    return st.text("0123456789", min_size=rest, max_size=rest).map(lambda tail: _with_check_digit(prefix + tail))


# Issuer and length as the schemes publish them, not as the code has them.
cards = st.one_of(
    *(_cards(prefix, 16) for prefix in ("4", "51", "52", "53", "54", "55", "2221", "2720", "6011", "65", "3528", "62")),
    *(_cards(prefix, 15) for prefix in ("34", "37")),
    *(_cards(prefix, 14) for prefix in ("300", "305", "36", "38")),
    *(_cards(prefix, 19) for prefix in ("4", "6304", "62")),
    _cards("4", 13),
).filter(lambda card: len(set(card)) > 1)
separators = st.sampled_from(
    ["", " ", "-", ".", "_", "/", "  ", " - ", "\u00a0", "\u202f", "\u2009", "–", "‑", "−", "\u200b"]
)


def _grouped(card: str, separator: str) -> str:
    sizes = {15: (4, 6, 5), 14: (4, 6, 4)}.get(len(card), (4,) * 5)
    groups, start = [], 0
    for size in sizes:
        groups.append(card[start : start + size])
        start += size
    return separator.join(group for group in groups if group)


def _digits(value: Any) -> str:
    return "".join(char for char in repr(value) if char.isdigit())


@given(
    cards,
    separators,
    st.sampled_from(["", "card: ", "(", "x", "\n", "ann@shop.example "]),
    st.sampled_from(["", ".", ", cvv", " und so", ")"]),
)
def test_no_card_survives_with_any_separators_anywhere(card: str, separator: str, before: str, behind: str) -> None:
    shown = _grouped(card, separator)
    text = before + shown + behind
    assert redact_text(text) == before + R + behind
    value = {"a": [{"b": text}], shown: {"c": text}, "page": {"title": text, "referrer": f"https://a.example/{shown}"}}
    assert _digits(redact_value(value)) == ""


@given(cards, separators, st.sampled_from([quote, quote_plus, lambda text: quote(quote(text))]))
def test_no_card_survives_in_an_address(card: str, separator: str, encode: Any) -> None:
    shown = encode(_grouped(card, separator))
    for url in ("https://a.example/?n={}&x=y", "https://a.example/{}", "https://a.example/#n={}", "n={}", "/a?b={}#c"):
        assert redact_text(url.format(shown)) == url.format(R)


@given(cards, st.sampled_from(["０", "٠", "०"]))
def test_no_card_survives_in_the_digits_of_another_script(card: str, zero: str) -> None:
    assert redact_text("".join(chr(ord(zero) + int(digit)) for digit in card)) == R


@given(cards, st.lists(st.integers(1, 6), min_size=2, max_size=12), st.sampled_from(" -."))
def test_beside_the_word_card_any_groups_will_do(card: str, sizes: list[int], separator: str) -> None:
    groups, start = [], 0
    for size in sizes:
        groups.append(card[start : start + size])
        start += size
    shown = separator.join(group for group in (*groups, card[start:]) if group)
    assert redact_text(f"my card {shown}") == f"my card {R}"
    assert redact_value({"card_info": shown}) == {"card_info": R}


@given(st.text("0123456789", min_size=20))
def test_more_digits_than_a_card_has_are_none(digits: str) -> None:
    assert redact_text(digits) == digits


@given(st.integers(1, 899), st.integers(1, 99), st.integers(1, 9999), st.sampled_from(["-", " ", "–", "\u00a0", " - "]))
def test_no_social_security_number_survives(area: int, group: int, serial: int, separator: str) -> None:
    assume(area != 666)
    number = separator.join((f"{area:03}", f"{group:02}", f"{serial:04}"))
    assert redact_text(f"it is {number}.") == f"it is {R}."
    assert redact_text(f"https://a.example/?n={quote(number)}") == f"https://a.example/?n={R}"


@given(st.integers(0, 10**18 - 1), st.sampled_from(["", " ", "-", "\u00a0"]), st.booleans())
def test_no_german_iban_survives(account: int, separator: str, lower: bool) -> None:
    check = 98 - int(f"{account:018}131400") % 97
    iban = f"DE{check:02}{account:018}"
    shown = separator.join(iban[start : start + 4] for start in range(0, 22, 4))
    shown = shown.lower() if lower else shown
    assert redact_text(f"to {shown} now") == f"to {R} now"


@given(st.integers(0, 3_976_214_399_999))
def test_every_epoch_millisecond_until_2096_survives(at: int) -> None:
    assert redact_value({"at": at, "text": str(at)}) == {"at": at, "text": str(at)}


@given(st.datetimes())
def test_every_time_survives(moment: Any) -> None:
    text = f"{moment.isoformat()}Z {moment:%d.%m.%Y %H:%M} {moment:%Y-%m-%d}"
    assert redact_text(text) == text


@given(st.uuids(), st.uuids())
def test_every_uuid_survives(first: Any, second: Any) -> None:
    for text in (str(first), f"{first} {second}", f"https://a.example/{first}?id={second}", f"card {first}"):
        assert redact_text(text) == text
    # All digits, as one of many thousands is.
    digits = str(first).translate(str.maketrans("abcdef", "413289"))
    assert redact_value({"card_id": digits, "id": digits}) == {"card_id": digits, "id": digits}


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_every_coordinate_survives(longitude: float, latitude: float) -> None:
    for text in (f"{latitude:.7f}, {longitude:.7f}", f"geo:{latitude:.14f},{longitude:.14f}", f"@{latitude:.6f},15z"):
        assert redact_text(text) == text


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_every_international_phone_number_survives(phone: str) -> None:
    assert redact_text(phone) == phone
    assert redact_value({"phone": phone[1:]}) == {"phone": phone[1:]}


@given(st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="=%:@")))
def test_a_text_without_digits_and_names_is_not_changed(text: str) -> None:
    assert redact_text(text) == text


texts = st.text() | st.text("0123456789 -./%=&?#+[]REDACTEDabAB", max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(values)
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    once = redact_value(value)
    assert redact_value(once) == once


def _same_shape(stored: Any, value: Any) -> bool:
    """Whether each part is what it was, a text in its place, or replaced as a whole."""
    if stored == REDACTED:
        return True
    if isinstance(value, dict):
        pairs = zip(stored.values(), value.values(), strict=True)
        return all(_same_shape(one, other) for one, other in pairs)
    if isinstance(value, list):
        return all(_same_shape(one, other) for one, other in zip(stored, value, strict=True))
    return isinstance(stored, str) if isinstance(value, str) else stored == value


@given(values)
def test_nothing_gets_lost_beside_what_is_replaced(value: Any) -> None:
    assert _same_shape(redact_value(value), value)
