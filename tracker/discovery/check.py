"""Whether the configured forms of a client are still on their pages: a redesign is found before leads are lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import msgspec

from tracker.config.records import ClientRecord, FieldRecord, FormRecord
from tracker.configtest.fetch import FetchedPage, PageError, PageGoneError
from tracker.configtest.page import Parser

Status = Literal["found", "alternative", "gone", "unreachable", "unchecked"]

_AT_ONCE = 4
_PATTERN = frozenset("*?[")

Fetch = Callable[[str], Awaitable[FetchedPage]]


class SelectorCheck(msgspec.Struct, rename="camel", frozen=True):
    """One selector of a form.

    :ivar count: how often it finds a form or what holds inputs; 0 when it cannot be read.
    """

    selector: str
    found: bool
    count: int


class FieldCheck(msgspec.Struct, rename="camel", frozen=True):
    """One configured input of a form."""

    field_id: str
    field_name: str
    field_selector: str
    status: Literal["found", "gone"]
    detail: str


class FormCheck(msgspec.Struct, rename="camel", frozen=True):
    """What became of a configured form.

    :ivar status: ``found`` by its selector, found by an ``alternative`` only, ``gone`` (it, or its page),
        ``unreachable`` when its page could not be had, ``unchecked`` when no page to fetch is named.
    :ivar lost: whether leads are lost: the form is gone, or one of its inputs is.
    """

    form_id: str
    form_name: str
    page_url: str
    status: Status
    detail: str
    lost: bool
    selectors: list[SelectorCheck]
    fields: list[FieldCheck]


async def check_forms(client: ClientRecord, fetch: Fetch, page: str | None = None) -> list[FormCheck]:
    """Look at the page of every active form, each page once.

    :param fetch: gets a page by its address.
    :param page: look for all forms on this one instead.
    """
    addresses = [_address(client, form, page) for form in client.forms]
    by_page: dict[str, list[FormRecord]] = {}
    for form, address in zip(client.forms, addresses, strict=True):
        if address is not None:
            by_page.setdefault(address, []).append(form)
    free, parser = asyncio.Semaphore(_AT_ONCE), Parser()
    checked = await asyncio.gather(*(_checked(free, parser, fetch, url, forms) for url, forms in by_page.items()))
    results = {check.form_id: check for checks in checked for check in checks}
    return [results.get(form.form_id) or _unchecked(form) for form in client.forms]


async def _checked(
    free: asyncio.Semaphore, parser: Parser, fetch: Fetch, url: str, forms: Sequence[FormRecord]
) -> list[FormCheck]:
    async with free:
        try:
            found = await parser.read((await fetch(url)).html, list(forms))
        except PageGoneError as error:
            return [_without_page(form, url, "gone", error.detail) for form in forms]
        except PageError as error:
            return [_without_page(form, url, "unreachable", error.detail) for form in forms]
    return [_form(form, url, seen) for form, seen in zip(forms, found["forms"], strict=True)]


def _form(form: FormRecord, url: str, seen: dict[str, Any]) -> FormCheck:
    given = [selector for selector in (form.form_selector, *form.alternative_selectors) if selector]
    selectors = [SelectorCheck(text, bool(count), count) for text, count in zip(given, seen["held"], strict=True)]
    status: Status = "gone"
    detail = "no selector finds it any more"
    first = next((place for place, one in enumerate(selectors) if one.found), None)
    if first is not None:
        status = "alternative" if first else "found"
        detail = f"only {selectors[first].selector} finds it" if first else ""
        if seen["holds"] > 1:
            detail = f"{detail}; " * bool(detail) + f"{seen['holds']} forms are found, and all count as this one"
    fields = _fields(form, seen) if first is not None else []
    if first is not None and len(fields) < len(form.fields):
        detail += "; " * bool(detail) + f"only the first {len(fields)} inputs were looked for"
    lost = status == "gone" or any(field.status == "gone" for field in fields)
    return FormCheck(form.form_id, form.form_name, url, status, detail, lost, selectors, fields)


def _fields(form: FormRecord, seen: dict[str, Any]) -> list[FieldCheck]:
    return [_field(field, counts) for field, counts in zip(form.fields, seen["fields"], strict=False)]


def _field(field: FieldRecord, counts: dict[str, Any]) -> FieldCheck:
    if counts["inside"]:
        return FieldCheck(field.field_id, field.field_name, field.field_selector, "found", "")
    detail = "finds nothing in the form"
    if counts["inside"] is None:
        detail = "no CSS selector that can be read"
    elif counts["outside"]:
        detail = "found only outside the form"
    return FieldCheck(field.field_id, field.field_name, field.field_selector, "gone", detail)


def _without_page(form: FormRecord, url: str, status: Literal["gone", "unreachable"], detail: str) -> FormCheck:
    return FormCheck(form.form_id, form.form_name, url, status, detail, status == "gone", [], [])


def _unchecked(form: FormRecord) -> FormCheck:
    detail = "its page is a pattern; name one that it is on with --page"
    return FormCheck(form.form_id, form.form_name, form.page_url, "unchecked", detail, False, [], [])


def _address(client: ClientRecord, form: FormRecord, page: str | None) -> str | None:
    """Where the form is; ``None`` when its page is a pattern."""
    wanted = (page or form.page_url).strip()
    if page is None and (_PATTERN & set(wanted.partition("?")[0]) or not wanted):
        return None
    if wanted.startswith("//"):
        return f"https:{wanted}"
    return wanted if "://" in wanted else f"https://{client.domain}/{wanted.lstrip('/')}"
