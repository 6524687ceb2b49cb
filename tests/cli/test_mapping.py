"""``trackerctl mapping`` and ``crm describe``: on real stores, with a CRM that an installed package brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_leads_and_events import lead


@pytest.fixture
def crm(client: dict[str, Any], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account of a CRM whose adapter another package registers, as an installation of it would."""
    package = tmp_path / "site-packages"
    metadata = package / "sample_crm-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-crm\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[tracker.crm]\nsample = tests.crm.sample:SampleCrm\n")
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("SAMPLE_TOKEN", "t")
    arguments = ("crm", "create", "example.com", "--adapter", "sample", "--credential-env", "token=SAMPLE_TOKEN")
    made: dict[str, Any] = run("--json", *arguments).json
    return str(made["connectionId"])


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


# ------------------------------------------------------------------------------------------------------------ set, list


def test_a_field_is_sent_to_the_crm_through_a_pipeline(field: dict[str, Any], run: Run) -> None:
    made = run("--json", "mapping", "set", field["fieldId"], "Lead.Phone", "--transform", "trim|e164:US", "--required")
    assert (made.json["transform"], made.json["isRequired"]) == ("trim|e164:US", True)
    assert run("--json", "mapping", "show", made.json["mappingId"]).json == made.json


def test_a_source_is_sent_for_a_whole_client_and_again_changes_it(client: dict[str, Any], run: Run) -> None:
    arguments = ("mapping", "set", "--client", "example.com", "--source", "utmSource", "Lead.LeadSource")
    made = run("--json", *arguments).json
    assert (made["clientId"], made["source"], made["targetField"]) == (client["clientId"], "utmSource", "LeadSource")
    again = run("--json", *arguments, "--transform", "default:Web").json
    assert (again["mappingId"], again["transform"]) == (made["mappingId"], "default:Web")
    actions = [entry["action"] for entry in run("--json", "audit", "list", "--client", "example.com").json]
    assert actions[:2] == ["client_mapping.update", "client_mapping.create"]


def test_both_kinds_are_listed_shown_and_deleted(field: dict[str, Any], run: Run) -> None:
    of_field = run("--json", "mapping", "set", field["fieldId"], "Lead.Email").json
    wide = run("--json", "mapping", "set", "-c", "example.com", "--source", "=Web", "Lead.LeadSource").json
    listed = run("--json", "mapping", "list", "example.com").json
    assert [one["mappingId"] for one in listed] == [of_field["mappingId"], wide["mappingId"]]
    assert (listed[0]["formName"], listed[0]["fieldName"]) == ("Contact", "email")
    shown = rows(run("mapping", "list", "example.com").out)
    assert shown[1][:5] == [of_field["mappingId"], "email", "of", "Contact", "Lead.Email"]
    assert "=Web" in run("mapping", "show", wide["mappingId"]).out
    for ref in (field["fieldId"], wide["mappingId"]):
        run("mapping", "delete", ref, "--yes")
    assert run("--json", "mapping", "list", "example.com").json == []


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        ("trim|lowr", "lowr at position 6: there is no such function; did you mean lower?"),
        ("truncate", "truncate at position 1: takes a number of characters"),
    ],
)
def test_a_transform_that_does_not_exist_is_refused_at_once(
    field: dict[str, Any], run: Run, transform: str, message: str
) -> None:
    for target in ((field["fieldId"], "Lead.Email"), ("-c", "example.com", "--source", "email", "Lead.Email")):
        refused = run("--json", "mapping", "set", *target, "--transform", transform, code=1)
        assert message in refused.error["detail"]
    assert run("--json", "mapping", "list", "example.com").json == []


def test_a_source_that_does_not_exist_is_refused_with_the_nearest(client: dict[str, Any], run: Run) -> None:
    arguments = ("mapping", "set", "-c", "example.com", "--source", "utmsource", "Lead.LeadSource")
    assert "did you mean utmSource" in run("--json", *arguments, code=1).error["detail"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("field-id", "Lead"),
        ("field-id",),
        ("--client", "example.com", "Lead.Email"),
        ("--source", "email", "Lead.Email"),
        ("--client", "example.com", "--source", "email", "field-id", "Lead.Email"),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_use(client: dict[str, Any], run: Run, arguments: tuple[str, ...]) -> None:
    assert run("mapping", "set", *arguments, code=None).code == 2


# -------------------------------------------------------------------------------------------- test, check, describe


def some_leads(documents: Any, client: dict[str, Any], *phones: str, **more: Any) -> None:
    """The first phone is the newest lead's."""
    documents.leads.insert_many(
        [
            lead(number, client["clientId"], name="Ann Lee", phone=phone, **more)
            for number, phone in enumerate(phones, 1)
        ]
    )


def test_a_lead_is_shown_step_by_step_and_shortened(
    documents: Any, client: dict[str, Any], form: dict[str, Any], crm: str, run: Run
) -> None:
    tel = a_field(run, form, "tel")
    run("mapping", "set", tel, "Lead.Phone", "--transform", "trim|e164:US")
    run("mapping", "set", "-c", "example.com", "--source", "message", "Lead.Code__c")
    some_leads(documents, client, " (415) 555-2671 ", message="long " * 100)

    out = run("mapping", "test", "example.com").out
    assert "(415) 555-2671 → e164:US → +14155552671" in " ".join(out.split())
    assert "Lead.Email" in out
    assert "long " * 13 not in " ".join(out.split())
    (result,) = run("--json", "mapping", "test", "example.com", "00000001").json
    (record,) = result["records"]
    assert (record["entity"], record["sendable"]) == ("Lead", True)
    assert record["fields"]["Phone"] == "+14155552671"
    (step,) = [step for step in record["steps"] if step["target"] == "Lead.Phone"]
    assert step["steps"] == [["trim", "(415) 555-2671"], ["e164:US", "+14155552671"]]


def test_several_leads_are_tried_the_newest_first_and_those_of_tests_are_not(
    documents: Any, client: dict[str, Any], crm: str, run: Run
) -> None:
    some_leads(documents, client, "1", "2", "3")
    documents.leads.update_one({"phone": "1"}, {"$set": {"test": True}})
    found = run("--json", "mapping", "test", "example.com", "--last", "2").json
    assert [one["leadId"][:8] for one in found] == ["00000002", "00000003"]


def test_a_lead_of_another_client_is_not_tried(documents: Any, client: dict[str, Any], run: Run) -> None:
    documents.leads.insert_one(lead(1, "somebody-else"))
    assert run("--json", "mapping", "test", "example.com", "00000001", code=1).error["slug"] == "not-found"


def test_without_a_crm_what_is_mapped_is_shown_all_the_same(documents: Any, client: dict[str, Any], run: Run) -> None:
    run("mapping", "set", "-c", "example.com", "--source", "email", "Lead.Email", "--transform", "upper")
    some_leads(documents, client, "1")
    ran = run("mapping", "test", "example.com")
    assert "VISITOR1@EXAMPLE.COM" in ran.out
    assert "no CRM yet" in ran.err


def test_a_mapping_that_fits_passes_the_check(documents: Any, client: dict[str, Any], crm: str, run: Run) -> None:
    some_leads(documents, client, "1", "2")
    ran = run("mapping", "check", "example.com")
    assert "The mapping fits." in ran.out
    assert "2 of 2 leads would be taken." in ran.out


def test_what_the_crm_would_refuse_is_found_and_fails_the_check(
    documents: Any, client: dict[str, Any], form: dict[str, Any], crm: str, run: Run
) -> None:
    run("mapping", "set", a_field(run, form, "tel"), "Lead.Phones")
    run("mapping", "set", "-c", "example.com", "--source", "phone", "Lead.Code__c")
    some_leads(documents, client, "12345", "secret-phone")

    found = run("--json", "mapping", "check", "example.com", code=1).json
    assert (found["ok"], found["leads"], found["sendable"]) == (False, 2, 0)
    assert {(one["level"], one["field"], one["leads"]) for one in found["findings"]} == {
        ("error", "Phones", 0),
        ("error", "Code__c", 1),
    }
    out = run("mapping", "check", "example.com", code=1).out
    assert "secret-phone" not in out
    assert "did you mean Phone?" in out
    assert "[NO_SUCH_FIELD]" in out
    assert run("--json", "mapping", "check", "example.com", "--last", "0", code=1).json["leads"] == 0


def test_a_mapping_that_the_crm_would_refuse_is_not_saved_where_that_is_asked_first(
    documents: Any, client: dict[str, Any], form: dict[str, Any], crm: str, run: Run
) -> None:
    tel = a_field(run, form, "tel")
    some_leads(documents, client, "secret-phone")
    wide = ("mapping", "set", "-c", "example.com", "--source", "phone", "Lead.Code__c", "--check")
    refused = run("--json", *wide, code=1)
    assert "nothing was changed" in refused.error["detail"]
    assert "secret" not in refused.err
    assert run("--json", "mapping", "set", tel, "Lead.Phones", "--check", code=1).error["slug"] == "invalid"
    assert run("--json", "mapping", "list", "example.com").json == []
    run(*wide, "--transform", "truncate:5")
    run("mapping", "set", tel, "Lead.Phone", "--check")
    assert len(run("--json", "mapping", "list", "example.com").json) == 2


def test_a_client_without_a_crm_is_told_how_to_get_one(documents: Any, client: dict[str, Any], run: Run) -> None:
    assert "crm connect" in run("--json", "mapping", "check", "example.com", code=1).error["detail"]
    assert run("--json", "crm", "describe", "example.com", "Lead", code=1).error["slug"] == "not-found"


def test_the_fields_of_an_object_are_listed(client: dict[str, Any], crm: str, run: Run) -> None:
    found = run("--json", "crm", "describe", "example.com", "Lead").json
    (rating,) = [one for one in found["fields"] if one["name"] == "Rating"]
    assert (found["name"], rating["choices"], rating["length"]) == ("Lead", ["Hot", "Cold"], 40)
    listed = rows(run("crm", "describe", "example.com", "Lead").out)
    assert ["LastName", "Last", "Name", "text", "80", "required", "-"] in listed
    assert any(line[0] == "Score" and "read-only" in line for line in listed)
    assert "there is no Leed" in run("--json", "crm", "describe", "example.com", "Leed", code=1).error["detail"]


def a_field(run: Run, form: dict[str, Any], name: str) -> str:
    arguments = ("--selector", f"[name={name}]", "--name", name, "--type", "tel")
    return str(run("--json", "field", "create", form["formId"], *arguments).json["fieldId"])
