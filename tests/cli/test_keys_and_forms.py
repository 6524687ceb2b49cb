"""``trackerctl key``, ``form``, ``field`` and ``mapping``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Run
from tracker.config.keys import looks_like_key

NO_ID = "00000000-0000-4000-8000-000000000000"


def test_a_secret_key_is_printed_once(client: dict[str, Any], run: Run) -> None:
    issued = run("--json", "key", "issue", "example.com", "--kind", "secret").json

    assert looks_like_key(issued["key"])
    assert issued["key"].startswith("sk_live_")
    assert issued["key"] not in run("--json", "key", "list", "example.com").out
    assert issued["key"] not in run("key", "list", "example.com").out


def test_people_are_told_to_keep_a_secret_key(client: dict[str, Any], run: Run) -> None:
    ran = run("key", "issue", "example.com", "--kind", "secret")

    assert "sk_live_" in ran.out
    assert "not shown again" in ran.err
    assert run("key", "issue", "example.com").err == ""


def test_a_key_may_end_by_itself(client: dict[str, Any], run: Run) -> None:
    issued = run("--json", "key", "issue", "example.com", "--mode", "test", "--expires", "2099-12-31").json

    assert issued["key"].startswith("pk_test_")
    assert issued["expiresAt"] == "2099-12-31T00:00:00.000Z"
    assert run("key", "issue", "example.com", "--expires", "2001-01-01", code=2).out == ""


def test_rotating_leaves_the_old_key_its_grace(client: dict[str, Any], run: Run) -> None:
    fresh = run("--json", "key", "rotate", client["keyId"], "--grace", "24h").json

    keys = {key["keyId"]: key for key in run("--json", "key", "list", "example.com").json}
    assert keys[client["keyId"]]["status"] == "expiring"
    assert keys[fresh["keyId"]]["status"] == "active"
    assert run("--json", "embed", "example.com").json["apiKey"] == fresh["key"] != client["apiKey"]


def test_rotating_without_grace_ends_the_old_key(client: dict[str, Any], run: Run) -> None:
    run("key", "rotate", client["keyId"], "--grace", "0")

    assert [key["status"] for key in run("--json", "key", "list", "example.com").json] == ["revoked", "active"]


def test_people_are_told_to_replace_the_snippet_after_rotating(client: dict[str, Any], run: Run) -> None:
    ran = run("key", "rotate", client["keyId"])

    assert "works for 7 more days" in ran.out
    assert f"trackerctl embed {client['clientId']}" in ran.err


def test_revoking_needs_consent_and_ends_the_key(client: dict[str, Any], run: Run) -> None:
    run("key", "revoke", client["keyId"], code=2)
    revoked = run("--json", "key", "revoke", client["keyId"], "--yes").json

    assert revoked["status"] == "revoked"
    assert run("embed", "example.com", code=1).out == ""


@pytest.mark.parametrize(
    "command",
    [
        ("key", "rotate", NO_ID),
        ("key", "revoke", NO_ID, "--yes"),
        ("form", "show", NO_ID),
        ("form", "delete", NO_ID, "--yes"),
        ("field", "list", NO_ID),
        ("field", "create", NO_ID, "--selector", "#a", "--name", "a"),
        ("field", "delete", NO_ID, "--yes"),
        ("mapping", "set", NO_ID, "Lead.Email"),
        ("mapping", "show", NO_ID),
        ("mapping", "delete", NO_ID, "--yes"),
    ],
)
def test_what_does_not_exist_is_not_found(client: dict[str, Any], run: Run, command: tuple[str, ...]) -> None:
    ran = run("--json", *command, code=1)

    assert ran.error["slug"] == "not-found"
    assert "trackerctl " in ran.error["detail"]


def test_a_form_is_stored_as_it_was_described(client: dict[str, Any], run: Run) -> None:
    created = run(
        *("--json", "form", "create", "example.com", "--name", "Newsletter", "--page-url", "/news"),
        *("--selector", "form.news", "--alternative", "#news", "--alternative", "[data-news]", "--no-partial-capture"),
    ).json

    [listed] = run("--json", "form", "list", "example.com").json
    assert listed == created
    assert listed["formName"] == "Newsletter"
    assert listed["alternativeSelectors"] == ["#news", "[data-news]"]
    assert listed["partialCapture"] is False


def test_a_form_is_shown_with_its_fields(field: dict[str, Any], run: Run) -> None:
    shown = run("--json", "form", "show", field["formId"]).json

    assert shown["fields"] == [field]
    assert field["fieldId"] in run("form", "show", field["formId"]).out


def test_deleting_a_form_names_its_fields_and_takes_them_along(field: dict[str, Any], run: Run) -> None:
    assert "1 field" in run("form", "delete", field["formId"], code=2).err
    run("form", "delete", field["formId"], "--yes")

    assert run("--json", "form", "list", "example.com").json == []
    run("mapping", "show", field["fieldId"], code=1)


def test_a_field_is_stored_as_it_was_described(form: dict[str, Any], run: Run) -> None:
    created = run(
        *("--json", "field", "create", form["formId"], "--selector", "#phone", "--name", "phone", "--type", "tel"),
        *("--label", "Phone", "--order", "7", "--validation", '{"maxLength": 20}'),
    ).json

    assert created["fieldType"] == "tel"
    assert created["label"] == "Phone"
    assert created["displayOrder"] == 7
    assert created["validationRules"] == {"maxLength": 20}
    assert created["isRequired"] is False


@pytest.mark.parametrize("rules", ["{", "[1]", "7"])
def test_validation_rules_must_be_a_json_object(form: dict[str, Any], run: Run, rules: str) -> None:
    arguments = ("--selector", "#a", "--name", "a", "--validation", rules)
    assert "JSON object" in run("field", "create", form["formId"], *arguments, code=2).err


def test_deleting_a_field_deletes_it(field: dict[str, Any], run: Run) -> None:
    run("field", "delete", field["fieldId"], code=2)
    run("field", "delete", field["fieldId"], "-y")

    assert run("--json", "field", "list", field["formId"]).json == []


def test_a_mapping_is_set_replaced_shown_and_deleted(field: dict[str, Any], run: Run) -> None:
    run("mapping", "set", field["fieldId"], "Lead.Email")
    run("mapping", "set", field["fieldId"], "Lead.Phone", "--transform", "trim", "--required")

    shown = run("--json", "mapping", "show", field["fieldId"]).json
    assert (shown["targetEntity"], shown["targetField"]) == ("Lead", "Phone")
    assert (shown["transform"], shown["isRequired"]) == ("trim", True)
    assert "Lead.Phone" in run("mapping", "show", field["fieldId"]).out
    assert "Lead.Phone" in run("mapping", "delete", field["fieldId"], code=2).err
    run("mapping", "delete", field["fieldId"], "--yes")
    run("mapping", "show", field["fieldId"], code=1)


def test_a_custom_object_may_have_underscores_and_the_attribute_dots(field: dict[str, Any], run: Run) -> None:
    mapping = run("--json", "mapping", "set", field["fieldId"], "My_Object__c.Parent__r.Email").json
    assert (mapping["targetEntity"], mapping["targetField"]) == ("My_Object__c", "Parent__r.Email")


@pytest.mark.parametrize("target", ["LeadEmail", "Lead.", ".Email", "."])
def test_a_target_needs_object_and_attribute(field: dict[str, Any], run: Run, target: str) -> None:
    assert "Lead.Phone" in run("mapping", "set", field["fieldId"], target, code=2).err


def test_lists_fit_eighty_columns_with_whole_ids(
    field: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    long = ("--name", "A form with a long name " * 4, "--page-url", "https://example.com/" + "p" * 90)
    run("form", "create", "example.com", *long, "--selector", "form#" + "s" * 60)
    run("key", "issue", "example.com", "--kind", "secret", "--expires", "90d")
    monkeypatch.setenv("COLUMNS", "80")

    for command in (
        ("form", "list", "example.com"),
        ("field", "list", field["formId"]),
        ("key", "list", "example.com"),
    ):
        out = run(*command).out
        assert max(len(line) for line in out.splitlines()) <= 80
        for one in run("--json", *command).json:
            assert next(value for name, value in one.items() if name in ("keyId", "fieldId", "formId")) in out


def test_a_form_asks_for_drafts_and_takes_that_back(form: dict[str, Any], run: Run) -> None:
    assert form["draft"] is False
    assert run("--json", "form", "update", form["formId"], "--draft").json["draft"] is True
    after = run("--json", "form", "update", form["formId"], "--no-partial-capture").json
    assert (after["draft"], after["partialCapture"]) == (True, False)
    assert "drafts" in run("form", "show", form["formId"]).out
    assert run("--json", "form", "update", form["formId"], "--no-draft").json["draft"] is False
    run("form", "update", form["formId"], code=2)
    options = ("--name", "Other", "--page-url", "/other", "--selector", "#other", "--draft")
    assert run("--json", "form", "create", "example.com", *options).json["metadata"] == {"draft": True}
