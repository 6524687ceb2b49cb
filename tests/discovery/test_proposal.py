"""What is proposed for the forms of a page."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.discovery.pages import CONTACT, fields_of, only_form, proposed
from tests.fixtures.builders import a_client, a_field, a_form
from tracker.config.records import ClientRecord
from tracker.configtest.fetch import FetchedPage, PageError
from tracker.discovery.service import discover, read_file
from tracker.errors import InvalidError
from tracker.leads.roles import split_fields


def test_a_contact_form_is_proposed_with_roles_and_targets() -> None:
    form = only_form(CONTACT)
    assert (form.state, form.form_name, form.form_selector) == ("proposed", "Talk to us", "#contact")
    assert [(one.field_name, one.field_type, one.is_required, one.role, one.target) for one in form.fields] == [
        ("name", "text", False, "full_name", "Lead.LastName"),
        ("email", "email", True, "email", "Lead.Email"),
        ("message", "textarea", False, "message", "Lead.Description"),
    ]
    assert form.fields[0].transform == "last_name"


@pytest.mark.parametrize(
    ("inputs", "fate"),
    [
        ("<input name=x>", "unrecognised"),
        ("<input name=x type=password>", "redacted"),
        ("<label>Card number <input name=x></label>", "redacted"),
        ("<div data-tracker-redact><input name=x></div>", "redacted"),
        ("<div data-tracker-ignore><input name=x></div>", "ignored"),
        ("<input name=x disabled>", "disabled"),
        ("<fieldset disabled><input name=x></fieldset>", "disabled"),
        ("<input name=x tabindex=-1>", "hidden"),
        ("<input name=x hidden>", "hidden"),
        ("<div style='position:absolute; left:-9999px'><input name=x></div>", "hidden"),
        ("<div style='display: none'><input name=x></div>", "hidden"),
        ("<div style='opacity: 0.5'><input name=x></div>", "unrecognised"),
        # A later step of the form, not a trap.
        ("<div style='display:none'><input name=x><input name=y></div>", "unrecognised"),
    ],
)
def test_what_the_script_leaves_alone_is_said(inputs: str, fate: str) -> None:
    field = fields_of(f"<form>{inputs}<input name=email></form>")["x"]
    assert field.fate == fate
    assert field.is_wanted is (fate == "unrecognised")


def test_hidden_inputs_and_buttons_are_no_fields() -> None:
    buttons = "<input type=submit><input type=image><button>x</button>"
    form = only_form(f"<form><input type=hidden name=token value=secret><input name=email>{buttons}</form>")
    assert [field.field_name for field in form.fields] == ["email"]
    assert "secret" not in str(msgspec.json.encode(form))


def test_no_value_of_the_page_is_in_the_proposal() -> None:
    page = "<form id=f><input name=email value=ann@example.org><textarea name=message>Call me on 555</textarea></form>"
    encoded = msgspec.json.encode(only_form(page))
    assert b"ann@example.org" not in encoded
    assert b"Call me" not in encoded


def test_buttons_of_one_name_are_one_field() -> None:
    page = "<form id=f><input name=email>" + "".join(f"<input type=radio name=plan value={n}>" for n in range(3))
    field = fields_of(page)["plan"]
    assert (field.field_selector, field.field_type) == ('[name="plan"]', "radio")


def test_inputs_of_one_name_get_the_names_that_the_script_gives_them() -> None:
    assert list(fields_of("<form><input name=email><input name=mail><input name=mail>")) == ["email", "mail", "mail_"]


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<form role=search><input name=q></form>", "no e-mail or phone is asked for"),
        ("<form><input name=email><input type=password name=pw></form>", "it looks like a login"),
    ],
)
def test_what_brings_no_lead_is_not_proposed(html: str, reason: str) -> None:
    form = only_form(html)
    assert (form.state, form.reason) == ("unlikely", reason)


def test_a_sign_up_with_a_name_is_proposed() -> None:
    page = "<form><input name=fullName><input name=email><input type=password name=pw></form>"
    assert only_form(page).state == "proposed"


def test_inputs_outside_any_form_belong_to_what_holds_them_and_a_button() -> None:
    page = "<div class=newsletter-box><p><input name=email></p><button>Subscribe</button></div><p><input name=lost></p>"
    form = only_form(page)
    assert (form.kind, form.form_selector) == ("group", "div.newsletter-box")


def test_forms_of_one_heading_are_told_apart() -> None:
    one = "<form id=a{0}><h2>Write\tto us</h2><input name=email></form>"
    assert [form.form_name for form in proposed(one.format(1) + one.format(2))] == [
        "Write to us (1)",
        "Write to us (2)",
    ]


def known() -> ClientRecord:
    form = msgspec.structs.replace(
        a_form("form-1", a_field("email")), form_selector="#old", alternative_selectors=("section form",)
    )
    return a_client(form)


def test_a_configured_form_is_recognised_by_any_of_its_selectors() -> None:
    page = (
        "<section><form id=new><input name=email><input name=city></form></section><form id=b><input name=email></form>"
    )
    first, second = proposed(page, known())
    assert (first.state, first.form_id, second.state) == ("configured", "form-1", "proposed")
    assert [field.field_id for field in first.fields] == ["field-email", None]


def test_a_configured_field_is_captured_though_it_has_no_role() -> None:
    form = msgspec.structs.replace(a_form("form-1", a_field("city")), form_selector="#f")
    fields = fields_of("<form id=f><input name=city hidden><input name=town></form>", a_client(form))
    assert (fields["city"].fate, fields["town"].fate) == ("captured", "unrecognised")


async def test_a_page_is_read_in_a_process_of_its_own() -> None:
    proposal = await discover(FetchedPage("https://shop.example/contact?utm=1#x", CONTACT, []), a_client())
    assert (proposal.page_url, proposal.title) == ("https://shop.example/contact", "Contact")
    assert [form.form_selector for form in proposal.forms] == ["#contact"]


async def test_a_page_that_keeps_the_parser_busy_is_given_up() -> None:
    with pytest.raises(PageError, match="too tangled"):
        await discover(FetchedPage("", "<div>" * 200_000 + CONTACT, []), a_client())


async def test_inputs_that_belong_to_nothing_are_counted() -> None:
    page = "<div><p><input name=email></p><p><input name=phone></p><input type=hidden></div>"
    proposal = await discover(FetchedPage("", page, []), a_client())
    assert (proposal.forms, proposal.strays) == ([], 2)


async def test_of_a_page_with_very_many_forms_the_rest_is_counted() -> None:
    page = "".join(f"<form id=contact-{number}><input name=email></form>" for number in range(100))
    proposal = await discover(FetchedPage("", page, []), a_client())
    assert (len(proposal.forms), proposal.left_out) == (60, 40)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="No such file"):
        read_file(tmp_path / "none.html")


def test_the_target_of_a_whole_name_leaves_the_lead_its_whole_name() -> None:
    proposal = only_form(CONTACT).fields[0]
    assert proposal.target is not None
    field = a_field("name", crm=proposal.target.partition(".")[2])
    assert field.mapping is not None
    field = msgspec.structs.replace(field, mapping=msgspec.structs.replace(field.mapping, transform=proposal.transform))
    client = a_client(a_form("form-1", field))
    attributes, rest = split_fields(client, "form-1", {"name": "Annelie Lindqvist"}, {})
    assert (attributes, rest) == ({"name": "Annelie Lindqvist"}, {})
