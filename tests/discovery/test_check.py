"""Which configured forms are still on their pages."""

from __future__ import annotations

import msgspec
import pytest

from tests.discovery.pages import CONTACT
from tests.fixtures.builders import a_client, a_field, a_form
from tracker.config.records import FormRecord
from tracker.configtest.fetch import FetchedPage, PageError, PageGoneError
from tracker.discovery.check import FormCheck, check_forms


class Pages:
    """Pages by address; an error is raised. Counts what is asked for."""

    def __init__(self, **pages: str | PageError) -> None:
        self.pages = {f"https://shop.example/{name}": page for name, page in pages.items()}
        self.asked: list[str] = []

    async def __call__(self, url: str) -> FetchedPage:
        self.asked.append(url)
        page = self.pages[url]
        if isinstance(page, PageError):
            raise page
        return FetchedPage(url, page, [])


def form(name: str, selector: str, *alternatives: str, page: str = "/contact", field: str = "email") -> FormRecord:
    return msgspec.structs.replace(
        a_form(name, a_field(field)), form_selector=selector, alternative_selectors=alternatives, page_url=page
    )


async def checked(html: str | PageError, *forms: FormRecord) -> FormCheck:
    (check, *_) = await check_forms(a_client(*forms), Pages(contact=html))
    return check


async def test_a_form_that_is_there_is_found() -> None:
    check = await checked(CONTACT, form("a", "#contact"))
    assert (check.status, check.lost, check.detail) == ("found", False, "")
    assert [(field.field_name, field.status) for field in check.fields] == [("email", "found")]


async def test_a_form_that_a_redesign_renamed_is_found_by_its_alternative() -> None:
    check = await checked(CONTACT, form("a", "#old-contact", "form[action='/send']"))
    assert (check.status, check.lost) == ("alternative", False)
    assert [(one.found, one.count) for one in check.selectors] == [(False, 0), (True, 1)]


@pytest.mark.parametrize("html", ["<p>soon</p>", "<form id=other><input name=email></form>", "<p id=contact>x</p>"])
async def test_a_form_that_is_gone_loses_leads(html: str) -> None:
    check = await checked(html, form("a", "#contact", "form.contact"))
    assert (check.status, check.lost, check.fields) == ("gone", True, [])


async def test_an_input_that_is_gone_loses_leads_too() -> None:
    check = await checked(CONTACT, form("a", "#contact", field="telephone"))
    assert (check.status, check.lost, check.fields[0].status) == ("found", True, "gone")


async def test_a_selector_that_is_none_finds_nothing() -> None:
    assert (await checked(CONTACT, form("a", "form[["))).status == "gone"


async def test_a_form_found_by_all_of_its_selectors_is_one_form() -> None:
    assert (await checked(CONTACT, form("a", "#contact", "form[action='/send']"))).detail == ""


async def test_two_forms_for_one_selector_are_said() -> None:
    assert "2 forms are found" in (await checked(CONTACT * 2, form("a", "form"))).detail


async def test_an_input_that_names_its_form_from_elsewhere_is_found() -> None:
    check = await checked("<form id=contact><p></form><input name=email form=contact>", form("a", "#contact"))
    assert check.fields[0].status == "found"


@pytest.mark.parametrize(
    ("error", "status", "lost"), [(PageError("slow"), "unreachable", False), (PageGoneError("404"), "gone", True)]
)
async def test_a_page_that_cannot_be_had_is_not_a_form_that_is_gone(error: PageError, status: str, lost: bool) -> None:
    check = await checked(error, form("a", "#contact"))
    assert (check.status, check.lost, check.detail) == (status, lost, error.detail)


async def test_each_page_is_fetched_once_in_the_order_of_the_forms() -> None:
    pages = Pages(contact=CONTACT, demo="<form id=demo><input name=email></form>")
    forms = [form("a", "#contact"), form("b", "#demo", page="https://shop.example/demo"), form("c", "#contact")]
    checks = await check_forms(a_client(*forms), pages)
    assert [(check.form_id, check.status) for check in checks] == [("a", "found"), ("b", "found"), ("c", "found")]
    assert sorted(pages.asked) == ["https://shop.example/contact", "https://shop.example/demo"]


async def test_a_form_of_a_pattern_is_looked_for_where_the_operator_says() -> None:
    client, pages = a_client(form("a", "#contact", page="/products/*")), Pages(contact=CONTACT)
    (unchecked,) = await check_forms(client, pages)
    assert (unchecked.status, unchecked.lost, pages.asked) == ("unchecked", False, [])
    (found,) = await check_forms(client, pages, "/contact")
    assert found.status == "found"
