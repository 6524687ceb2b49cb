"""What is proposed for the forms of a page. Pure: what ``parse.py`` read in, views for CLI and API out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from tracker.config.models import SELECTOR_CHARS
from tracker.config.records import ClientRecord, FormRecord
from tracker.discovery.roles import TARGETS, Said, is_secret, roles_of

Fate = Literal["captured", "unrecognised", "redacted", "hidden", "disabled", "ignored"]
State = Literal["proposed", "unlikely", "configured"]

_CONFIGURED: tuple[State, str] = ("configured", "")
_REACHABLE = ("email", "phone")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_MAX_NAME = 80


class FieldProposal(msgspec.Struct, rename="camel", kw_only=True):
    """An input of a form, or the buttons that are one question.

    :ivar role: as the browser script recognises it without any configuration.
    :ivar target: ``Lead.Email``; ``None`` = it stays in the lead's other fields.
    :ivar fate: what the script does with it: ``captured`` in its role, ``unrecognised`` (captured once it is
        configured), ``redacted``, or left alone because it is ``hidden``, ``disabled`` or to be ``ignored``.
    :ivar field_id: of the configured field that finds this input.
    """

    field_name: str
    field_selector: str
    basis: str
    field_type: str
    label: str | None
    is_required: bool
    role: str | None
    target: str | None
    transform: str | None
    fate: Fate
    field_id: str | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it is made when the form is accepted."""
        return self.fate in ("captured", "unrecognised")


class FormProposal(msgspec.Struct, rename="camel", kw_only=True):
    """A form on the page.

    :ivar number: its place on the page, from 1.
    :ivar state: ``configured`` already, ``proposed``, or ``unlikely`` to bring a lead, for the ``reason``.
    :ivar basis: what the selector rests on; ``nth`` = its place, which an addition to the page may change.
    """

    number: int
    kind: Literal["form", "group"]
    state: State
    reason: str
    form_id: str | None
    form_name: str
    page_url: str
    form_selector: str
    alternative_selectors: list[str]
    basis: str
    fields: list[FieldProposal]


class Proposal(msgspec.Struct, rename="camel", kw_only=True):
    """All forms of a page.

    :ivar frames: addresses of frames, whose forms are not on this page.
    :ivar left_out: forms beyond what is looked at on one page.
    :ivar strays: inputs in no form and near no button: what is typed is captured, but no submission.
    """

    client_id: str
    page_url: str
    title: str
    rendered: bool
    forms: list[FormProposal]
    frames: list[str]
    left_out: int
    strays: int


def propose(read: dict[str, Any], client: ClientRecord, page_url: str, rendered: bool = False) -> Proposal:
    """Turn what a page holds into what could be configured.

    :param read: the answer of ``tracker/discovery/parse.py``, asked with the client's forms.
    """
    forms = [_form(number, form, client, page_url) for number, form in enumerate(read["forms"], start=1)]
    _tell_apart([form for form in forms if form.state != "configured"])
    return Proposal(
        client_id=client.client_id,
        page_url=page_url,
        title=_printable(read["title"]),
        rendered=rendered,
        forms=forms,
        frames=read["frames"],
        left_out=read["left"],
        strays=read["strays"],
    )


def _form(number: int, form: dict[str, Any], client: ClientRecord, page_url: str) -> FormProposal:
    known = None if form["configured"] is None else client.forms[form["configured"]]
    fields = _fields(form["fields"], known, client.config.capture_unrecognised)
    selectors = [(text, basis) for text, basis in form["selectors"] if len(text) <= SELECTOR_CHARS]
    best = selectors[0] if selectors else ("", "nth")
    state, reason = _judged(form, fields, bool(selectors)) if known is None else _CONFIGURED
    return FormProposal(
        number=number,
        kind=form["kind"],
        state=state,
        reason=reason,
        form_id=known.form_id if known else None,
        form_name=known.form_name if known else _name(form, number),
        page_url=page_url,
        form_selector=best[0],
        alternative_selectors=[text for text, _ in selectors[1:]],
        basis=best[1],
        fields=fields,
    )


def _judged(form: dict[str, Any], fields: Sequence[FieldProposal], findable: bool) -> tuple[State, str]:
    if not findable:
        return "unlikely", "no selector is short enough to be stored; give the form an id"
    shown = [field for field in fields if field.fate not in ("hidden", "disabled", "ignored")]
    if not any(field.role in _REACHABLE for field in shown):
        return "unlikely", "no e-mail or phone is asked for"
    passwords = sum(field.field_type == "password" for field in shown)
    if passwords == 1 and {field.role for field in shown} <= {"email", None}:
        return "unlikely", "it looks like a login"
    return "proposed", ""


def _fields(fields: list[dict[str, Any]], known: FormRecord | None, captures_all: bool) -> list[FieldProposal]:
    said = [Said(field["type"], field["texts"]) for field in fields]
    # What the script leaves alone is not beside anything.
    present = [place for place, one in enumerate(fields) if one["fate"] == "open" or one["configured"] is not None]
    roles = dict(zip(present, roles_of([said[place] for place in present]), strict=True))
    taken: set[str] = set()
    found = []
    for place, field in enumerate(fields):
        role = roles.get(place)
        configured = None if known is None or field["configured"] is None else known.fields[field["configured"]]
        target = TARGETS.get(role or "")
        found.append(
            FieldProposal(
                field_name=configured.field_name if configured else _key(field, role, taken),
                field_selector=field["selector"],
                basis=field["basis"],
                field_type=field["type"] if _KIND.fullmatch(field["type"]) else "text",
                label=_printable(field["label"]) or None,
                is_required=field["required"],
                role=role,
                target=f"{target.entity}.{target.field}" if target else None,
                transform=target.transform if target else None,
                fate=_fate(field, said[place], bool(role or configured or captures_all)),
                field_id=configured.field_id if configured else None,
            )
        )
    return found


def _fate(field: dict[str, Any], said: Said, kept: bool) -> Fate:
    if field["fate"] == "ignored" or (field["fate"] != "open" and field["configured"] is None):
        fate: Fate = field["fate"]
        return fate
    if field["redact"] or is_secret(said):
        return "redacted"
    return "captured" if kept else "unrecognised"


def _key(field: dict[str, Any], role: str | None, taken: set[str]) -> str:
    """The name that the script sends it under."""
    name = _printable(field["name"] or field["id"] or role or field["type"])[:250] or "field"
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _name(form: dict[str, Any], number: int) -> str:
    spoken = re.sub(r"[\W_]+", " ", form["name"] or form["id"]).strip()
    return (_printable(form["title"]) or spoken[:1].upper() + spoken[1:] or f"Form {number}")[:_MAX_NAME]


def _printable(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _tell_apart(forms: Sequence[FormProposal]) -> None:
    """Several forms of a page may have the same heading."""
    names = [form.form_name for form in forms]
    for form in forms:
        if names.count(form.form_name) > 1:
            form.form_name = f"{form.form_name} ({form.number})"
