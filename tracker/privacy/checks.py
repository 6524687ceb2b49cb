"""Check digits and number ranges: what tells a card or an IBAN from other digits."""

from __future__ import annotations

import re

MIN_CARD_DIGITS, MAX_CARD_DIGITS = 13, 19

# Issuer ranges (ISO/IEC 7812) by number of digits, of the schemes that issue such numbers. Most digits that pass the
# Luhn check by chance (one in ten) begin with none of these: IMEIs, SIRETs, barcodes, times, parcels.
_LONG = r"30|36|38|39|35(?:2[89]|[3-8]\d)|50|5[678]|6"  # Diners, JCB, Maestro, Discover, UnionPay
_ISSUERS = {
    13: re.compile("4"),
    14: re.compile(r"30[0-5]|309|36|38|39"),
    15: re.compile(r"34|37|2131|1800"),
    16: re.compile(rf"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-5]|{_LONG}|81|82|8600|9417|9704|9792|9860"),
    17: re.compile(_LONG),
    18: re.compile(_LONG),
    19: re.compile(rf"4|{_LONG}"),
}

# Length of an IBAN by country (SWIFT IBAN registry, ISO 13616).
IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD FK",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def passes_luhn(digits: str) -> bool:
    """The mod 10 check of ISO/IEC 7812-1, Annex B."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(map(int, digits[-1::-2])) + sum(map(int, doubled))) % 10 == 0


_DOUBLED = str.maketrans("0123456789", "0246813579")


def is_card(digits: str, *, named: bool = False) -> bool:
    """Whether digits are a card's number: 13 to 19 of them, Luhn, and an issuer's range.

    :param named: the field or the text says that it is a card; then any issuer will do.
    """
    issuers = _ISSUERS.get(len(digits))
    if issuers is None or digits.count(digits[0]) == len(digits):
        return False
    # Times begin with 1 until 2096 and are never of 15 digits; cards that begin so (airlines') always are.
    if not (issuers.match(digits) or (named and (digits[0] not in "01" or len(digits) == 15))):
        return False
    return passes_luhn(digits)


def is_gtin(digits: str) -> bool:
    """The check digit of articles (GS1 General Specifications §7.9)."""
    total = sum(map(int, digits[-2::-2])) * 3 + sum(map(int, digits[-3::-2]))
    return (total + int(digits[-1])) % 10 == 0


def is_iban(compact: str) -> bool:
    """The mod 97 check of ISO 7064, and the length that the country has.

    :param compact: without separators, in either case.
    """
    compact = compact.upper()
    if len(compact) != IBAN_LENGTHS.get(compact[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
