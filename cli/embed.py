"""``trackerctl embed``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import output
from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, Mode
from cli.output import emit_raw, hint, warn

if TYPE_CHECKING:
    from tracker.config.records import Consent

app = Noun()

Format = Literal["html", "plain", "loader", "gtm", "next", "nextjs", "wordpress"]
Name = Literal["html", "loader", "gtm", "next", "wordpress"]
# Other words for the same, by which people look for them.
_SAME: dict[str, Name] = {"plain": "html", "nextjs": "next"}

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
        Format,
        typer.Option(
            "--format", help="What to paste it into; plain is html. loader is one tag that names this service."
        ),
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
    copy: Annotated[
        bool,
        typer.Option(
            "--copy", help="Also put it on the clipboard, if the terminal allows (OSC 52).", show_default=False
        ),
    ] = False,
) -> None:
    """Print the snippet that goes into a site's pages, and nothing else on stdout.

    What the pages' Content-Security-Policy must allow is on stderr, and `csp` with --json.
    """
    form = _SAME.get(form, form)
    if form == "loader" and (mode == "test" or integrity):
        raise UsageError("--format loader always takes the live key and the current script; use --format html for this")
    from tracker.embed import loader_tag

    service = current().service
    row = service.get_client(client)
    key = service.publishable_key(row.client_id, mode)
    url = current().settings.public_url
    data = {"clientId": row.client_id, "domain": row.domain, "format": form, "mode": mode, "apiKey": key, "apiUrl": url}
    snippet, policy = (
        (loader_tag(row.client_id, url), _policy()) if form == "loader" else _snippet(form, key, row.config, integrity)
    )
    emit_raw({**data, "snippet": snippet, "csp": policy}, snippet)
    if copy:
        _copy(snippet)
    hint(f"\n{_WHERE[form]}\nPages with a Content-Security-Policy must allow:\n  {policy}")
    if not row.is_active:
        warn(f"{row.domain} is switched off, its key is refused; trackerctl client enable {row.domain}")


def _snippet(form: str, key: str, config: dict[str, Any], integrity: bool) -> tuple[str, str]:
    """The snippet, and the policy that lets it run."""
    from tracker import embed as snippets
    from tracker.config.read import widget_config

    make = {
        "html": snippets.embed_html,
        "gtm": snippets.gtm,
        "next": snippets.next_component,
        "wordpress": snippets.wordpress,
    }[form]
    consent = widget_config(config).consent
    snippet = snippets.snippet_of(current().settings, key, consent, _integrity(consent) if integrity else None)
    # Tag Manager and Next.js put the script in by themselves, under a policy that they already need.
    inline = snippets.inline_script(snippet) if form in ("html", "wordpress") else None
    return make(snippet), _policy(inline)


def _policy(inline: str | None = None) -> str:
    from tracker.embed import content_security_policy

    return content_security_policy(current().settings.public_url, inline)


def _copy(snippet: str) -> None:
    if output.copy(snippet):
        hint("\nIt is on the clipboard, unless the terminal does not allow it.")
    else:
        warn("nothing was copied: stdout is no terminal; leave out the pipe, or use --output json")


def _integrity(consent: Consent) -> str:
    from tracker.assets import browser_script
    from tracker.embed import VERSION, records_consent

    return browser_script(VERSION, record=records_consent(consent)).integrity
