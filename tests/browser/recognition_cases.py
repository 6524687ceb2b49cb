"""What the author of a page says about one input, and the role that a reader would give it: for test_recognition.

Each row of a group is `(words, role)`; ``None`` is no role. The words stand where the group says: in a label, as the
name, … A third part is what a visitor types, where the usual value of the role would give the answer away.
"""

from __future__ import annotations

from typing import NamedTuple

VALUES = {
    "email": "ann.lee@example.org",
    "phone": "+49 30 9018 2044",
    "first_name": "Annelie",
    "last_name": "Lindqvist",
    "full_name": "Annelie Lindqvist",
    "company": "Lindqvist & Sons",
    "message": "Please call me back about the lanterns.",
    # Fits a name, a company and a message alike: only the words can tell.
    None: "Lindenhof Quarz",
}

# Where the words stand; {w} is replaced by them.
LABEL = "<label>{w} <input name='{n}'></label>"
NAME = "<input name='{w}'>"
PLACEHOLDER = "<input placeholder='{w}'>"
AUTOCOMPLETE = "<input name='{n}' autocomplete='{w}'>"
ARIA = "<input aria-label='{w}'>"
AREA = "<label>{w} <textarea name='{n}'></textarea></label>"


class Case(NamedTuple):
    """One input alone in its form."""

    group: str
    markup: str
    words: str
    role: str | None
    value: str


Row = tuple[str, str | None] | tuple[str, str | None, str]


def cases(group: str, markup: str, *rows: Row) -> list[Case]:
    return [Case(group, markup, row[0], row[1], row[2] if len(row) == 3 else VALUES[row[1]]) for row in rows]


CASES = [
    *cases(
        "English",
        LABEL,
        ("E-mail", "email"),
        ("Email address *", "email"),
        ("Work email", "email"),
        ("Enter your e-mail", "email"),
        ("Phone", "phone"),
        ("Telephone (optional)", "phone"),
        ("Mobile number", "phone"),
        ("Cell phone", "phone"),
        ("Daytime phone number", "phone"),
        ("First name", "first_name"),
        ("Given name(s)", "first_name"),
        ("Forename", "first_name"),
        ("Last name", "last_name"),
        ("Surname:", "last_name"),
        ("Family name", "last_name"),
        ("Name", "full_name"),
        ("Your name", "full_name"),
        ("Full name (required)", "full_name"),
        ("Company", "company"),
        ("Organization", "company"),
        ("Organisation name", "company"),
        ("Business name", "company"),
    ),
    *cases(
        "German",
        LABEL,
        ("E-Mail-Adresse", "email"),
        ("Ihre E-Mail", "email"),
        ("Telefonnummer", "phone"),
        ("Mobil", "phone"),
        ("Handynummer", "phone"),
        ("Vorname", "first_name"),
        ("Nachname", "last_name"),
        ("Familienname", "last_name"),
        ("Ihr Name", "full_name"),
        ("Vor- und Nachname", "full_name"),
        ("Firma", "company"),
        ("Unternehmen", "company"),
        ("Firmenname", "company"),
    ),
    *cases(
        "French",
        LABEL,
        ("Adresse e-mail", "email"),
        ("Courriel", "email"),
        ("Téléphone", "phone"),
        ("Numéro de téléphone portable", "phone"),
        ("Prénom", "first_name"),
        ("Nom de famille", "last_name"),
        ("Nom complet", "full_name"),
        ("Nom et prénom", "full_name"),
        ("Votre nom", "full_name"),
        ("Société", "company"),
        ("Entreprise", "company"),
    ),
    *cases(
        "Spanish",
        LABEL,
        ("Correo electrónico", "email"),
        ("Teléfono", "phone"),
        ("Móvil", "phone"),
        ("Número de celular", "phone"),
        ("Apellidos", "last_name"),
        ("Primer apellido", "last_name"),
        ("Nombre completo", "full_name"),
        ("Nombre y apellidos", "full_name"),
        ("Empresa", "company"),
        ("Nombre de la empresa", "company"),
    ),
    *cases(
        "Portuguese",
        LABEL,
        ("Endereço de e-mail", "email"),
        ("Telefone", "phone"),
        ("Telemóvel", "phone"),
        ("Celular / WhatsApp", "phone"),
        ("Primeiro nome", "first_name"),
        ("Sobrenome", "last_name"),
        ("Nome completo", "full_name"),
        ("Empresa", "company"),
    ),
    *cases(
        "Italian",
        LABEL,
        ("Indirizzo e-mail", "email"),
        ("Telefono", "phone"),
        ("Cellulare", "phone"),
        ("Cognome", "last_name"),
        ("Nome e cognome", "full_name"),
        ("Nome completo", "full_name"),
        ("Azienda", "company"),
        ("Nome azienda", "company"),
    ),
    *cases(
        "Dutch",
        LABEL,
        ("E-mailadres", "email"),
        ("Telefoonnummer", "phone"),
        ("Mobiel nummer", "phone"),
        ("Voornaam", "first_name"),
        ("Achternaam", "last_name"),
        ("Uw naam", "full_name"),
        ("Volledige naam", "full_name"),
        ("Bedrijf", "company"),
        ("Bedrijfsnaam", "company"),
    ),
    *cases(
        "Polish",
        LABEL,
        ("Adres e-mail", "email"),
        ("Numer telefonu", "phone"),
        ("Telefon komórkowy", "phone"),
        ("Imię", "first_name"),
        ("Nazwisko", "last_name"),
        ("Imię i nazwisko", "full_name"),
        ("Firma", "company"),
        ("Nazwa firmy", "company"),
    ),
    *cases(
        "messages",
        AREA,
        ("Message", "message"),
        ("Your message (optional)", "message"),
        ("Comments", "message"),
        ("How can we help? Your enquiry", "message"),
        ("Ihre Nachricht", "message"),
        ("Votre message", "message"),
        ("Mensaje", "message"),
        ("Mensagem", "message"),
        ("Messaggio", "message"),
        ("Bericht", "message"),
        ("Wiadomość", "message"),
        ("Gift message", None),
    ),
    *cases(
        "names",
        NAME,
        ("email", "email"),
        ("userEmail", "email"),
        ("EMAIL", "email"),
        ("contact[email_address]", "email"),
        ("e-mail", "email"),
        ("phone", "phone"),
        ("phoneNumber", "phone"),
        ("tel", "phone"),
        ("your-tel", "phone"),
        ("mobile_phone", "phone"),
        ("fname", "first_name"),
        ("firstName", "first_name"),
        ("user[first_name]", "first_name"),
        ("lname", "last_name"),
        ("lastname", "last_name"),
        ("billing_last_name", "last_name"),
        ("name", "full_name"),
        ("your-name", "full_name"),
        ("fullName", "full_name"),
        ("company", "company"),
        ("companyName", "company"),
        ("billing[company]", "company"),
        ("organisation", "company"),
        ("q1", None),
        ("address1", None),
        ("zipcode", None),
        ("subject", None),
    ),
    *cases(
        "placeholders",
        PLACEHOLDER,
        ("E-mail*", "email"),
        ("you@example.com", "email"),
        ("Phone number", "phone"),
        ("First name*", "first_name"),
        ("Last name", "last_name"),
        ("Name *", "full_name"),
        ("Company name", "company"),
        ("Town", None),
        ("Search…", None),
        ("MM/DD/YYYY", None),
    ),
    *cases(
        "autocomplete",
        AUTOCOMPLETE,
        ("email", "email"),
        ("section-a shipping email", "email"),
        ("tel", "phone"),
        ("work tel", "phone"),
        ("tel-national", "phone"),
        ("given-name", "first_name"),
        ("billing family-name", "last_name"),
        ("name", "full_name"),
        ("organization", "company"),
        ("additional-name", None),
        ("nickname", None),
        ("organization-title", None),
        ("street-address", None),
        ("postal-code", None),
        ("bday", None),
        ("url", None),
    ),
    *cases(
        "aria-label",
        ARIA,
        ("Email address", "email"),
        ("Phone", "phone"),
        ("Given name", "first_name"),
        ("Surname", "last_name"),
        ("Search this site", None),
    ),
]
