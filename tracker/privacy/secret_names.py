"""What the name of a field or of a URL's parameter says about its value (technical design §7.2).

Names are taken apart as the browser script does it (``jsbundle/src/words.js``), and compared word by word, so that
"shipping" is no PIN and "passenger" no password. Languages: English, German, French, Spanish, Portuguese, Italian,
Dutch, Polish.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# What a name says of the numbers in its value, as flags. An article's or a company's number (GTIN, SIRET) has a check
# digit of its own.
NOTHING, CARD, PHONE, ARTICLE = 0, 1, 2, 4

_BOUNDARY = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=\d)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)")
_NOT_WORD = re.compile(r"[\W_]+")
_STROKES = str.maketrans("łø", "lo")

# Long stems are safe anywhere in a word, which compounds of German and Dutch need.
_STEMS = (
    "passw|kennwort|wachtwoord|contrasen|geheimzahl|geheimnummer|"
    "kreditkart|karten ?nummer|kartenpruf|kaartnummer|creditcard|debitcard|cardnumber|cardnum|"
    "(?:credit|debit) card|(?:^| )card ?(?:numb|nr |no |num |code |pin |verif|secur)|"
    "social ?security|sozialversicherung|burgerservice|securitycode|"
    "passport|reisepass|passeport|pasaporte|passaport|paspoort|paszport|personalausweis"
)
_WORDS = (
    "pwd pass passcode passphrase passnummer passnr mdp motdepasse senha clave haslo palavrapasse "
    "pin otp totp tan ssn itin nss nuss niss bsn pesel cvv cvc csc cvn ccn ccnum ccnumber iban "
    "secret token apikey cryptogramme cccvc cccsc cccvv"
)
_PHRASES = (
    "security (?:code|question|answer)|social sec|cc (?:number|num|no|nr|csc|cvc|cvv|exp)|"
    "(?:one time|verification|auth|authentication|sms) (?:code|password)|api key|private key|access key|"
    "mot de passe|mot passe|code secret|code confidentiel|securite sociale|carte (?:bancaire|bleue)|"
    "carte (?:de )?credit|numero (?:de )?(?:la )?carte|"
    "tarjeta (?:de )?(?:credito|debito)|numero (?:de )?(?:la )?tarjeta|codigo (?:de )?(?:seguridad|seguranca)|"
    "seguridad social|seguranca social|palavra (?:passe|chave)|cartao (?:de )?(?:credito|debito)|"
    "numero (?:do )?cartao|carta (?:di )?credito|numero (?:della )?carta|codice (?:di )?(?:sicurezza|segreto)|"
    "numer karty|karta kredytowa|karty kredytowej|kod (?:bezpieczenstwa|pin)"
)
_SECRET = re.compile(rf"{_STEMS}| (?:{'|'.join(_WORDS.split())}|{_PHRASES}) ")
_PARAMETER = re.compile(r" (?:key|auth|authorization|bearer|jwt|session|sig|signature|hmac|jsessionid|phpsessid) ")
_ABOUT = {
    CARD: re.compile(r"card|kreditkarte| (?:karte|carte|tarjeta|cartao|carta|kaart|karta|visa|amex) "),
    PHONE: re.compile(r"phone|telef|mobil|celular|whatsapp| (?:tel|cell|handy|movil|fax|msisdn|sms) "),
    ARTICLE: re.compile(r"barcode|strichcode| (?:ean|gtin|upc|jan|isbn|siret|siren) "),
}


def words(name: str) -> str:
    """``billing[firstName2]`` → ``" billing first name 2 "``: lower case, no accents, single spaces around words."""
    spaced = _BOUNDARY.sub(" ", name)
    decomposed = unicodedata.normalize("NFKD", spaced).lower().translate(_STROKES)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return f" {_NOT_WORD.sub(' ', plain).strip()} "


@lru_cache(maxsize=16_384)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name is replaced whatever it holds."""
    return _SECRET.search(words(name)) is not None


@lru_cache(maxsize=16_384)
def is_secret_parameter(name: str) -> bool:
    """Likewise for a parameter of a URL, where keys, sessions and signatures travel too."""
    said = words(name)
    return _SECRET.search(said) is not None or _PARAMETER.search(said) is not None


@lru_cache(maxsize=16_384)
def about_name(name: str) -> int:
    """What numbers under this name are likely to be: some of `CARD`, `PHONE` and `ARTICLE`, or `NOTHING`."""
    said = words(name)
    return sum(flag for flag, pattern in _ABOUT.items() if pattern.search(said))
