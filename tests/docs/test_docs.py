"""The pages say what is true of the code."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

import pytest

from tests.docs.text import (
    PAGES,
    ROOT,
    VARIABLES,
    check_command,
    command_lines,
    fences,
    inline_code,
    named_variables,
    prose,
)
from tracker import errors
from tracker.app import create_app
from tracker.config.keys import looks_like_key
from tracker.errors import TrackerError
from tracker.ingest.wire import RefusalReason, read_batch, read_events
from tracker.leads.roles import ATTRIBUTE_OF_ROLE
from tracker.pipeline.outcome import Outcome
from tracker.settings import Settings

API = (ROOT / "docs/http-api.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchor(heading: str) -> str:
    """The id that a heading gets on the usual code hosts."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def table_below(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading of the API page."""
    section = re.split(rf"(?m)^#+ {re.escape(heading)}$", API)[1]
    rows = re.search(r"(?m)^\| ---.*\n((?:\|.*\n)+)", section)
    assert rows, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]


def first_column(heading: str) -> list[str]:
    return [re.sub(r"^`|`$", "", row[0]) for row in table_below(heading)]


@by_page
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, fragment = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if fragment:
            headings = re.findall(r"(?m)^#+ (.+)$", prose(linked.read_text(encoding="utf-8")))
            assert fragment in map(anchor, headings), target


@by_page
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    wrong = {
        " ".join(words): problem
        for words in command_lines(page.read_text(encoding="utf-8"))
        if (problem := check_command(words))
    }
    assert wrong == {}


def test_commands_are_found_in_pages_and_wrong_ones_are_told() -> None:
    page = "Run `trackerctl lead\nlist`.\n\n```sh\n.venv/bin/trackerctl client create --domain x  # go\n```\n"
    assert list(command_lines(page)) == [["client", "create", "--domain", "x"], ["lead", "list"]]
    assert check_command(["lead", "lost"]) == "lead has no lost"
    assert check_command(["client", "create", "--host", "x"]) == "there is no option --host"
    assert check_command(["leads"]) == "there is no leads"
    assert len(list(command_lines((ROOT / "README.md").read_text(encoding="utf-8")))) > 8


@by_page
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    assert named_variables(page.read_text(encoding="utf-8")) <= VARIABLES | {"TRACKER_…"}


@by_page
def test_json_in_pages_is_json(page: Path) -> None:
    for language, body in fences(page.read_text(encoding="utf-8")):
        if language == "json":
            json.loads(body)


@by_page
def test_make_targets_that_a_page_names_exist(page: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z.]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    text = page.read_text(encoding="utf-8")
    shown = [line for language, body in fences(text) if language == "sh" for line in body.splitlines()]
    named = {found[1] for code in [*inline_code(text), *shown] if (found := re.match(r" *make ([a-z.]+)", code))}
    assert named <= targets


@by_page
def test_files_that_a_page_names_exist(page: Path) -> None:
    # Files of the repository: with one of its folders in front. A name alone may be a file of the reader's.
    folders = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir() and path.name[0] != ".")
    for code in inline_code(page.read_text(encoding="utf-8")):
        if re.fullmatch(rf"(?:{folders})/[\w./@*-]*", code) and "*" not in code:
            assert (ROOT / code).exists() or code.startswith("dist/"), code


@by_page
def test_no_page_names_a_path_of_somebodys_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:home|root|work|Users)/", page.read_text(encoding="utf-8"))


def test_the_refusal_reasons_are_those_of_the_code() -> None:
    assert first_column("Reasons") == _values(RefusalReason)


def test_the_outcomes_are_those_of_the_code() -> None:
    assert first_column("Outcomes") == _values(Outcome)


def _values(members: type[StrEnum]) -> list[str]:
    return [member.value for member in members]


def test_the_error_table_has_the_statuses_and_slugs_of_the_code() -> None:
    shown = {(int(row[0]), row[1].strip("`")) for row in table_below("Errors")}
    known = {
        (kind.status, kind.slug)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TrackerError)
    }
    assert shown <= known
    # Not from the service to its callers: a defect, a conflict of configuration, a start that fails.
    assert {slug for _, slug in known - shown} == {"internal", "conflict", "settings"}


def test_the_limits_are_the_defaults_of_the_settings() -> None:
    units = {"KiB": 1024, "MiB": 1024 * 1024}
    for _, shown, setting in table_below("Limits"):
        number, _, unit = shown.replace(",", "").partition(" ")
        name = setting.strip("`").removeprefix("TRACKER_").lower()
        assert int(number) * units.get(unit, 1) == Settings.model_fields[name].default, setting


def served_rows() -> list[str]:
    """The endpoints of browsers and those of the management."""
    table = re.compile(r"(?m)^## Endpoints\n\n(?:\|.*\n){2}((?:\|.*\n)+)")
    pages = [API, (ROOT / "docs/api.md").read_text(encoding="utf-8")]
    found = [table.search(page) for page in pages]
    assert all(found)
    return [row.split("`")[1] for one in found if one for row in one[1].splitlines()]


def test_the_endpoints_are_those_of_the_service() -> None:
    settings = Settings(
        config_db_url="sqlite://",
        mongodb_url="mongodb://127.0.0.1:1",
        redis_url="redis://127.0.0.1:1",
        secret_keys="kq7Lw0xV5mZ2rT9bN4cH8sJ3gF6dP1aY",
    )
    served = {
        re.sub(r"\{[^}]+\}", "{}", route.path.replace(":str", ""))
        for route in create_app(settings).routes
        if not route.path.startswith("/schema/")
    }
    shown = {
        re.sub(r"\{[^}]+\}", "{}", found[1])
        for cell in served_rows()
        if (found := re.fullmatch(r"(?:GET|POST|DELETE|OPTIONS) (\S+)", cell))
    }
    # In the router the loader's ending is part of its parameter.
    assert {path.replace("/script/{}.js", "/script/{}") for path in shown} == served


def test_the_example_batch_is_accepted() -> None:
    example = next(body for language, body in fences(API) if language == "json")
    batch = read_batch(example.encode())
    accepted, refused = read_events(batch.events, Settings())
    assert len(accepted) == 1
    assert refused == []
    assert batch.apiKey is not None
    assert looks_like_key(batch.apiKey)


def test_the_roles_are_those_of_the_code() -> None:
    row = next(row for row in table_below("Sending events") if row[0] == "`payload.roles`")
    assert set(re.findall(r"`(\w+)`", row[1])) == set(ATTRIBUTE_OF_ROLE)


def test_the_checklists_are_there() -> None:
    headings = re.findall(r"(?m)^### To add (.+)$", ARCHITECTURE)
    assert headings == [
        "an event type",
        "a pipeline step",
        "a CLI command",
        "a setting",
        "an index",
        "an endpoint",
    ]


def test_the_readme_opens_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = fences(readme)[0][1]
    assert re.findall(r"(?m)^make (\w+)", first) == ["dev", "test"]
    assert readme.index("```sh") < readme.index("## ")
