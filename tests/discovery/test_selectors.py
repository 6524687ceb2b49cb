"""Selectors find their element and nothing else, and rest on what a person wrote where there is any."""

from __future__ import annotations

from html import escape as html_escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.discovery.pages import only_form, proposed
from tracker.discovery.selectors import by_person, classes, escape


@pytest.mark.parametrize(
    "value",
    [
        "contact-form",
        "contactForm",
        "wpcf7-f123-p45-o1",
        "wpforms-form-1234",
        "gform_1",
        "signUpForm",
        "mktoForm_1045",
        "html5-form",
        "h2o",
        "mce-EMAIL",
        "billing_address_1",
        "footerNewsletter2",
        "hs-form-iframe-0",
    ],
)
def test_what_people_write_is_taken(value: str) -> None:
    assert by_person(value)


@pytest.mark.parametrize(
    "value",
    [
        "css-1x2y3z",
        "ember123",
        ":r1:",
        ":R2pl:",
        "«r3»",
        "sc-bdVaJa",
        "bdVaJa",
        "Form_form__x7Kq2",
        "9f86d081",
        "jss42",
        "radix-:r5:",
        "ui-id-3",
        "svelte-1tky8bj",
        "form_1699999999999",
        "550e8400-e29b-41d4-a716-446655440000",
        "mui-12",
        "headlessui-combobox-input-7",
    ],
)
def test_what_tools_make_is_not(value: str) -> None:
    assert not by_person(value)


def test_of_classes_the_telling_one_comes_first_and_states_and_utilities_never() -> None:
    assert classes("mt-4 flex md:w-1/2 is-open ng-pristine wide newsletter-form wide css-1x2y3z") == [
        "newsletter-form",
        "wide",
    ]


@pytest.mark.parametrize(
    ("form", "expected", "basis"),
    [
        ("<form id=contact name=c action=/send>", "#contact", "id"),
        ("<form id=:r1: name=contact>", 'form[name="contact"]', "name"),
        ("<form id=ember12 data-form-id=contact>", 'form[data-form-id="contact"]', "data"),
        ("<form data-netlify>", "form[data-netlify]", "data"),
        ("<form data-v-7ba5bd90 action=/send>", 'form[action="/send"]', "action"),
        ("<form action='/send?token=8f3a'>", 'form[action^="/send"]', "action"),
        ("<form aria-label='Contact us'>", 'form[aria-label="Contact us"]', "aria"),
        ("<form class='css-1x2y3z mt-4 contact-form'>", "form.contact-form", "class"),
    ],
)
def test_the_best_of_what_is_on_a_form_is_taken(form: str, expected: str, basis: str) -> None:
    found = only_form(f"<div>{form}<input name=email></form></div>")
    assert (found.form_selector, found.basis) == (expected, basis)


def test_each_alternative_rests_on_something_else() -> None:
    found = only_form("<main id=page><form id=contact name=c class=contact-form action=/send><input name=email></form>")
    assert found.form_selector == "#contact"
    assert found.alternative_selectors == ['form[name="c"]', 'form[action="/send"]', "form.contact-form"]


def test_a_form_without_a_name_is_found_by_what_it_stands_in() -> None:
    page = "<section id=contact><div><form><input name=email></form></div></section><form><input name=q></form>"
    first, second = proposed(page)
    assert (first.form_selector, first.basis) == ("#contact form", "ancestor")
    assert second.basis == "nth"


def test_a_selector_that_finds_two_is_not_taken() -> None:
    twice = proposed(
        "<form class=box action=/a><input name=email></form><form class=box action=/b><input name=email></form>"
    )
    assert [form.form_selector for form in twice] == ['form[action="/a"]', 'form[action="/b"]']


def test_only_what_nothing_else_tells_apart_is_found_by_its_place() -> None:
    page = "<form id=a>" + "<p><input></p>" * 3 + "</form>"
    fields = only_form(page).fields
    assert {field.basis for field in fields} == {"nth"}
    tree = LexborHTMLParser(page)
    assert [len(tree.css(field.field_selector)) for field in fields] == [1, 1, 1]
    assert len({field.field_selector for field in fields}) == 3


def test_an_input_that_stands_elsewhere_and_names_its_form_is_found() -> None:
    page = "<form id=f><input name=email></form><input name=phone form=f><form id=g><input name=phone></form>"
    first, _ = proposed(page)
    assert [(field.field_name, field.field_selector) for field in first.fields] == [
        ("email", '[name="email"]'),
        ("phone", '[name="phone"]'),
    ]


NAMES = st.text(min_size=1, max_size=20)
ELEMENT = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "name", "class", "aria-label", "action", "data-kind", "placeholder"), NAMES)
)


def markup(tag: str, attributes: dict[str, str]) -> str:
    return (
        f"<{tag}" + "".join(f' {name}="{html_escape(value, quote=True)}"' for name, value in attributes.items()) + ">"
    )


@given(st.lists(st.tuples(ELEMENT, st.lists(ELEMENT, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_every_selector_of_any_page_finds_one_element(forms: list[tuple[dict[str, str], list[dict[str, str]]]]) -> None:
    html = "".join(
        f"<div>{markup('form', form)}{''.join(markup('input', field) for field in fields)}</form></div>"
        for form, fields in forms
    )
    tree = LexborHTMLParser(html)
    found = proposed(html)
    assert len(found) == len(forms)
    places = []
    for form in found:
        for selector in (form.form_selector, *form.alternative_selectors):
            assert ":has" not in selector
            assert [node.tag for node in tree.css(selector)] == ["form"], selector
        place = tree.css(form.form_selector)[0]
        places.append(place.mem_id)
        for field in form.fields:
            assert len(place.css(field.field_selector)) == 1, field.field_selector
        assert len({field.field_selector for field in form.fields}) == len(form.fields)
    assert len(set(places)) == len(forms)


@given(
    st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
        lambda t: " " not in t
    )
)
def test_an_escaped_name_is_the_name(name: str) -> None:
    tree = LexborHTMLParser(f'<form id="{html_escape(name, quote=True)}"></form><form id=x></form>')
    if not name.isspace() and name != "x":
        assert len(tree.css(f"#{escape(name)}")) == 1
