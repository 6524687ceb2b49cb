"""Names of countries in many languages, by their ISO 3166 codes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_MAX_CHARS = 80
# Said every day and in neither table.
_COMMON = {"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "holland": "NL"}


def country_code(text: str) -> str | None:
    """The two letters of a country by its code, three-letter code or name; ``None`` for what is none.

    :param text: ``us``, ``USA``, ``United States of America``, ``Deutschland``.
    """
    return None if len(text) > _MAX_CHARS else _codes().get(_squeezed(text))


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    # Half a second of imports that most processes never need.
    import pycountry
    from phonenumbers.geodata.locale import LOCALE_DATA

    codes: dict[str, str] = {}
    for region, names in LOCALE_DATA.items():
        for name in names.values():
            if not name.startswith("*"):  # "the same as in that language"
                codes.setdefault(_squeezed(name), region)
    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name", "alpha_3", "alpha_2"):
            if known := getattr(country, attribute, None):
                codes[_squeezed(known)] = country.alpha_2
    return codes | {_squeezed(name): region for name, region in _COMMON.items()}


def _squeezed(name: str) -> str:
    """Without accents, dots and spaces: U.S.A. is USA."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain.casefold() if letter.isalnum())
