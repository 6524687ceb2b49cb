"""Discovery of forms: gets a page, has it read, proposes, and makes what the operator accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from sqlalchemy import Engine

from tracker.config.read import load_client
from tracker.config.records import ClientRecord, FormRecord, KeyMode
from tracker.config.service import ConfigService, NewField, NewForm
from tracker.config.views import describe_field, describe_form, describe_mapping
from tracker.configtest.apart import ask
from tracker.configtest.fetch import FetchedPage, PageFetcher, check_html
from tracker.discovery.proposal import FormProposal, Proposal, propose
from tracker.errors import InvalidError, NotFoundError

ANY_PAGE = "*"
"""The page of a form that was read from a file."""
INSTEAD = "save the page and give the file"
PERMIT = "allow it with --allow-private"
_ROOT = Path(__file__).parents[2]
# Not as a script of this folder: `selectors.py` here would stand before the one that asyncio needs.
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from tracker.discovery.parse import main; main()"
_MAX_CONFIGURED = 200


class Place(msgspec.Struct, frozen=True):
    """Whose pages are fetched: hosts of the client, and this machine too where private addresses are allowed."""

    domain: str
    allowed_origins: tuple[str, ...]
    mode: KeyMode = "live"


def fetcher(allow_private: bool) -> PageFetcher:
    """A fetcher whose refusals speak to the command line."""
    return PageFetcher(allow_private, instead=INSTEAD, permit=PERMIT)


def read_file(path: Path) -> FetchedPage:
    """A page that somebody saved.

    :raises InvalidError: when it cannot be read, or is too large.
    """
    try:
        return FetchedPage("", check_html(path.read_bytes().decode("utf-8", "replace")), [])
    except OSError as error:
        fault = error.strerror or "cannot be read"
        raise InvalidError(f"{path}: {fault}; give a whole address, https://…, or a file with a saved page") from None


async def discover(
    page: FetchedPage, client: ClientRecord, page_url: str | None = None, rendered: bool = False
) -> Proposal:
    """What could be configured on a page.

    :param page_url: where its forms are said to be; ``None`` = where it came from, without query and fragment.
    :raises PageError: when its HTML cannot be read in time.
    """
    asked = [_asked(form) for form in client.forms[:_MAX_CONFIGURED]]
    question = msgspec.json.encode({"html": page.html, "configured": asked})
    answer = await ask(["-c", _PROGRAM, str(_ROOT)], question)
    read = msgspec.json.decode(answer, type=dict[str, Any])
    return propose(read, client, page_url or bare(page.url) or ANY_PAGE, rendered)


def accept(service: ConfigService, proposal: Proposal, form: FormProposal) -> dict[str, Any]:
    """Configure a proposed form, with its fields and their mappings. Again, it changes nothing.

    :return: the form as ``form show`` has it, each field with its ``mapping``, and whether it was ``created`` now.
    :raises InvalidError: when the page's author wrote what cannot be stored.
    """
    wanted = NewForm(
        form.form_name,
        form.page_url,
        form.form_selector,
        form.alternative_selectors,
        [
            NewField(
                field.field_selector,
                field.field_name,
                field.field_type,
                field.label,
                field.is_required,
                (*field.target.split(".", 1), field.transform) if field.target else None,  # type: ignore[arg-type]
            )
            for field in form.fields
            if field.is_wanted
        ],
    )
    made = service.create_whole_form(proposal.client_id, wanted)
    fields = []
    for field in made.fields:
        mapping = made.mappings.get(field.field_id)
        fields.append({**describe_field(field), "mapping": describe_mapping(mapping) if mapping else None})
    return {**describe_form(made.form), "fields": fields, "created": made.created}


def accept_all(service: ConfigService, proposal: Proposal) -> list[dict[str, Any]]:
    """Configure every form that is proposed, in the order of the page."""
    return [accept(service, proposal, form) for form in proposal.forms if form.state == "proposed"]


def load(service: ConfigService, engine: Engine, ref: str, allow_private: bool) -> tuple[ClientRecord, Place]:
    """A client with its active forms, and whose pages are fetched for it.

    :raises NotFoundError: when there is no such client.
    """
    row = service.get_client(ref)
    record = load_client(engine, row.client_id)
    if record is None:
        raise NotFoundError("the client is gone")
    return record, Place(row.domain, tuple(row.allowed_origins), "test" if allow_private else "live")


async def fetch(url: str, place: Place, allow_private: bool, render: bool) -> FetchedPage:
    """A page of the client, as the server sends it or as a browser has drawn it.

    :raises PageError: when it cannot be had.
    """
    page = await fetcher(allow_private).fetch(url, place)
    if not render:
        return page
    from tracker.discovery.render import render_page

    return await render_page(page.url, place, allow_private)


def bare(url: str) -> str:
    """An address without query and fragment, which may be another one at every visit."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _asked(form: FormRecord) -> dict[str, Any]:
    return {
        "selectors": [selector for selector in (form.form_selector, *form.alternative_selectors) if selector],
        "fields": [{"selector": field.field_selector, "name": field.field_name} for field in form.fields],
    }
