"""Forms whose words are not English, each in one of four usual layouts, with names that tell nothing."""

from collections.abc import Sequence
from html import escape

from tests.browser.matrix.shape import Shape, Step, lead, other, secret, shape

LAYOUTS = {
    "label before": '<div class="row"><label for="{id}">{text}</label><input id="{id}" name="{id}"></div>',
    "label around": '<p><label>{text}<br><input name="{id}"></label></p>',
    "text before": '<div class="r"><div class="c1">{text}:</div><div class="c2"><input name="{id}"></div></div>',
    "placeholder": '<div><input name="{id}" placeholder="{text}*"></div>',
}

# Rows: (label, what it is), where "-" is nothing that a lead has and "!" a secret.
Rows = Sequence[tuple[str, str]]


def _localised(name: str, layout: str, rows: Rows, send: str) -> Shape:
    fields, steps = [], []
    for index, (text, what) in enumerate(rows):
        field_id = f"f{index}_7c"
        html = LAYOUTS[layout].format(id=field_id, text=escape(text))
        # Messages are written into an area, as everywhere.
        fields.append(
            html.replace("<input", "<textarea").replace("></", "></textarea></", 1) if what == "message" else html
        )
        steps.append(_step(what, field_id))
    body = "".join(fields)
    return shape(name, f'<form onsubmit="return false">{body}<button>{send}</button></form>', *steps)


def _step(what: str, field_id: str) -> Step:
    if what == "-":
        return other(field_id)
    return secret(field_id) if what == "!" else lead(what, field_id)


GERMAN = (
    _localised(
        "German, Vorname and Name side by side",
        "label before",
        [
            ("Anrede", "-"),
            ("Vorname *", "first_name"),
            ("Name *", "last_name"),
            ("Firma", "company"),
            ("Telefonnummer", "phone"),
            ("E-Mail-Adresse *", "email"),
            ("Straße und Hausnummer", "-"),
            ("Ihre Nachricht an uns", "message"),
        ],
        "Absenden",
    ),
    _localised(
        "German, one name",
        "text before",
        [
            ("Ihr Name", "full_name"),
            ("Unternehmen", "company"),
            ("Ihre E-Mail", "email"),
            ("Rückrufnummer", "phone"),
            ("Betreff", "-"),
            ("Postleitzahl", "-"),
        ],
        "Senden",
    ),
    _localised(
        "German, placeholders",
        "placeholder",
        [
            ("Vor- und Nachname", "full_name"),
            ("Mobilnummer", "phone"),
            ("Mail", "email"),
            ("Ort", "-"),
            ("Geburtsdatum", "-"),
            ("Passwort", "!"),
        ],
        "Registrieren",
    ),
)

FRENCH = (
    _localised(
        "French, Nom and Prénom",
        "label before",
        [
            ("Nom *", "last_name"),
            ("Prénom *", "first_name"),
            ("Société", "company"),
            ("Adresse e-mail *", "email"),
            ("Téléphone", "phone"),
            ("Code postal", "-"),
            ("Objet", "-"),
            ("Votre message", "message"),
        ],
        "Envoyer",
    ),
    _localised(
        "French, one name",
        "placeholder",
        [
            ("Nom complet", "full_name"),
            ("Courriel", "email"),
            ("Numéro de portable", "phone"),
            ("Ville", "-"),
            ("Mot de passe", "!"),
            ("Entreprise", "company"),
        ],
        "S'inscrire",
    ),
    _localised(
        "French, Nom de famille",
        "label around",
        [
            ("Nom de famille", "last_name"),
            ("Prénom", "first_name"),
            ("Adresse électronique", "email"),
            ("Tél.", "phone"),
            ("Nom de l'événement", "-"),
        ],
        "Valider",
    ),
)

SPANISH = (
    _localised(
        "Spanish, Nombre and Apellidos",
        "label before",
        [
            ("Nombre", "first_name"),
            ("Apellidos", "last_name"),
            ("Correo electrónico", "email"),
            ("Teléfono móvil", "phone"),
            ("Empresa", "company"),
            ("Ciudad", "-"),
            ("Mensaje", "message"),
        ],
        "Enviar",
    ),
    _localised(
        "Spanish, one name",
        "text before",
        [
            ("Nombre y apellidos", "full_name"),
            ("Tu correo", "email"),
            ("Número de teléfono", "phone"),
            ("Asunto", "-"),
            ("Contraseña", "!"),
        ],
        "Enviar",
    ),
    _localised(
        "Spanish, placeholders",
        "placeholder",
        [("Nombre completo", "full_name"), ("Email", "email"), ("Celular", "phone"), ("Código postal", "-")],
        "Suscribirme",
    ),
)

PORTUGUESE = (
    _localised(
        "Portuguese, Nome and Sobrenome",
        "label before",
        [
            ("Nome", "first_name"),
            ("Sobrenome", "last_name"),
            ("E-mail", "email"),
            ("Celular", "phone"),
            ("Empresa", "company"),
            ("Cidade", "-"),
            ("Mensagem", "message"),
        ],
        "Enviar",
    ),
    _localised(
        "Portuguese, one name",
        "placeholder",
        [
            ("Nome completo", "full_name"),
            ("Telemóvel", "phone"),
            ("Endereço de e-mail", "email"),
            ("Assunto", "-"),
            ("Senha", "!"),
        ],
        "Cadastrar",
    ),
    _localised(
        "Portuguese, Primeiro nome and Apelido",
        "label around",
        [("Primeiro nome", "first_name"), ("Apelido", "last_name"), ("Telefone", "phone"), ("O seu email", "email")],
        "Seguinte",
    ),
)

ITALIAN = (
    _localised(
        "Italian, Nome and Cognome",
        "label before",
        [
            ("Nome", "first_name"),
            ("Cognome", "last_name"),
            ("Indirizzo e-mail", "email"),
            ("Cellulare", "phone"),
            ("Azienda", "company"),
            ("Città", "-"),
            ("Messaggio", "message"),
        ],
        "Invia",
    ),
    _localised(
        "Italian, one name",
        "text before",
        [
            ("Nome e cognome", "full_name"),
            ("La tua email", "email"),
            ("Numero di telefono", "phone"),
            ("Oggetto", "-"),
            ("Parola d'ordine", "!"),
        ],
        "Iscriviti",
    ),
)

DUTCH = (
    _localised(
        "Dutch, Voornaam and Achternaam",
        "label before",
        [
            ("Voornaam", "first_name"),
            ("Tussenvoegsel", "-"),
            ("Achternaam", "last_name"),
            ("E-mailadres", "email"),
            ("Telefoonnummer", "phone"),
            ("Bedrijfsnaam", "company"),
            ("Woonplaats", "-"),
            ("Bericht", "message"),
        ],
        "Versturen",
    ),
    _localised(
        "Dutch, one name",
        "placeholder",
        [
            ("Uw naam", "full_name"),
            ("Uw e-mailadres", "email"),
            ("Mobiel nummer", "phone"),
            ("Postcode", "-"),
            ("Wachtwoord", "!"),
            ("Bedrijf", "company"),
        ],
        "Verzenden",
    ),
)

POLISH = (
    _localised(
        "Polish, Imię and Nazwisko",
        "label before",
        [
            ("Imię", "first_name"),
            ("Nazwisko", "last_name"),
            ("Adres e-mail", "email"),
            ("Numer telefonu", "phone"),
            ("Nazwa firmy", "company"),
            ("Miasto", "-"),
            ("Treść wiadomości", "message"),
        ],
        "Wyślij",
    ),
    _localised(
        "Polish, one name",
        "text before",
        [
            ("Imię i nazwisko", "full_name"),
            ("E-mail", "email"),
            ("Telefon kontaktowy", "phone"),
            ("Temat", "-"),
            ("Hasło", "!"),
            ("Firma", "company"),
        ],
        "Wyślij",
    ),
)

SHAPES = (*GERMAN, *FRENCH, *SPANISH, *PORTUGUESE, *ITALIAN, *DUTCH, *POLISH)
