"""``trackerctl embed``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, Mode
from cli.output import emit_raw, hint, warn

app = Noun()

Format = Literal["html", "loader", "gtm", "next", "wordpress"]

_WHERE = {
    "html": "Paste it before </head> of every page.",
    "loader": "Paste it before </head> of every page; the service must answer there.",
    "gtm": "New tag in Google Tag Manager: type Custom HTML, trigger All Pages.",
    "next": "Save it as components/WebsiteTracker.jsx and use it in the root layout.",
    "wordpress": "Add it to functions.php of the theme, or to a code snippets plugin.",
}


@app.command("embed")
def embed(
    client: ClientArgument,
    form: Annotated[
        Format, typer.Option("--format", help="What to paste it into; loader is one tag that names this service.")
    ] = "html",
    mode: Annotated[Mode, typer.Option(help="Of the key; test data never reaches a CRM.")] = "live",
    integrity: Annotated[
        bool,
        typer.Option(
            "--integrity",
            help="Pin the script to its present bytes; an upgrade needs a new snippet.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Print the snippet that goes into a site's pages, and nothing else on stdout."""
    if form == "loader" and (mode == "test" or integrity):
        raise UsageError("--format loader always takes the live key and the current script; use --format html for this")
    from tracker.embed import loader_tag

    service = current().service
    row = service.get_client(client)
    key = service.publishable_key(row.client_id, mode)
    url = current().settings.public_url
    data = {"clientId": row.client_id, "domain": row.domain, "format": form, "mode": mode, "apiKey": key, "apiUrl": url}
    snippet = loader_tag(row.client_id, url) if form == "loader" else _snippet(form, key, row.config, integrity)
    emit_raw({**data, "snippet": snippet}, snippet)
    hint(f"\n{_WHERE[form]}")
    if not row.is_active:
        warn(f"{row.domain} is switched off, its key is refused; trackerctl client enable {row.domain}")


def _snippet(form: Format, key: str, config: dict[str, Any], integrity: bool) -> str:
    from tracker import embed as snippets
    from tracker.config.read import widget_config

    make = {
        "html": snippets.embed_html,
        "gtm": snippets.gtm,
        "next": snippets.next_component,
        "wordpress": snippets.wordpress,
    }[form]
    consent = widget_config(config).consent
    return make(snippets.snippet_of(current().settings, key, consent, _integrity() if integrity else None))


def _integrity() -> str:
    from tracker.assets import browser_script
    from tracker.embed import VERSION

    return browser_script(VERSION).integrity
