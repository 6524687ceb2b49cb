"""Files against a database: what differs, what is changed, and that an export says all of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from sqlalchemy import event

from tests.manifest.conftest import Installation, paths
from tests.manifest.shapes import manifests
from tests.manifest.test_read_and_emit import written
from tracker.errors import InvalidError
from tracker.manifest.diff import Plan
from tracker.manifest.shape import Manifest

CREDENTIAL = "TRACKER_TEST_CREDENTIAL"
FILE = """version: 1
clients:
- domain: example.com
  name: Example
  origins: [https://www.example.com]
  forms:
  - name: Contact
    page: https://example.com/contact
    selector: "#contact"
    fields:
    - {name: email, selector: '[name=email]', type: email, required: true, mapping: Lead.Email}
    - {name: phone, selector: '[name=tel]', mapping: {to: Lead.Phone, transform: trim}}
"""


def set_all(installation: Installation, text: str) -> None:
    """Every variable that the file names."""
    for name in installation.manifest.missing_variables(text):
        kind = "whsec_" + "A" * 32 if "WEBHOOK" in name else "a credential"
        installation.environment[name] = kind


@running(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifest=manifests)
def test_an_export_makes_an_empty_database_the_same_again(installation: Installation, manifest: Manifest) -> None:
    installation.empty()
    installation.environment[CREDENTIAL] = "a credential"
    installation.apply(written(manifest))
    exported = installation.manifest.export()
    assert installation.manifest.plan(exported, prune=True) == Plan((), ())
    assert installation.manifest.plan(written(manifest), prune=True) == Plan((), ())

    installation.empty()
    set_all(installation, exported)
    installation.apply(exported)
    assert installation.manifest.export() == exported


@running(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=manifests, after=manifests)
def test_a_pruned_application_leaves_nothing_to_do(
    installation: Installation, before: Manifest, after: Manifest
) -> None:
    installation.empty()
    installation.environment[CREDENTIAL] = "a credential"
    installation.apply(written(before))
    installation.apply(written(after), prune=True)
    assert installation.manifest.plan(written(after), prune=True) == Plan((), ())
    assert sorted(client.domain for client in installation.service.list_clients()) == sorted(
        client.domain for client in after.clients or ()
    )


def test_makes_what_is_missing_and_nothing_the_second_time(installation: Installation) -> None:
    assert paths(installation.apply(FILE).changes) == [
        ("create", "client", "example.com"),
        ("create", "form", "example.com / Contact"),
        ("create", "field", "example.com / Contact / email"),
        ("create", "field", "example.com / Contact / phone"),
    ]
    [client] = installation.service.list_clients()
    [form] = installation.service.list_forms(client.client_id)
    fields = installation.service.list_fields(form.form_id)
    assert [(field.field_name, field.is_required, field.display_order) for field in fields] == [
        ("email", True, 0),
        ("phone", False, 1),
    ]
    mapping = installation.service.get_mapping(fields[1].field_id)
    assert (mapping.target_entity, mapping.target_field, mapping.transform) == ("Lead", "Phone", "trim")
    assert len(installation.service.list_keys(client.client_id)) == 1
    assert installation.apply(FILE).changes == ()


def test_shows_only_the_attributes_that_differ(installation: Installation) -> None:
    installation.apply(FILE)
    [change] = installation.manifest.plan(FILE.replace("Lead.Email", "Contact.Email")).changes
    assert (change.action, change.before, change.after) == (
        "update",
        {"mapping": "Lead.Email"},
        {"mapping": "Contact.Email"},
    )


def test_takes_an_absent_attribute_for_its_default(installation: Installation) -> None:
    installation.apply(FILE)
    plan = installation.apply(FILE.replace("  name: Example\n", "").replace(", required: true", ""))
    assert paths(plan.changes) == [
        ("update", "client", "example.com"),
        ("update", "field", "example.com / Contact / email"),
    ]
    [client] = installation.service.list_clients()
    assert client.name == "example.com"


def test_deletes_only_where_that_is_asked_for(installation: Installation) -> None:
    installation.apply(FILE)
    shorter = "\n".join(line for line in FILE.splitlines() if "phone" not in line)
    plan = installation.apply(shorter)
    assert (plan.changes, paths(plan.unlisted)) == ((), [("delete", "field", "example.com / Contact / phone")])
    assert paths(installation.apply(shorter, prune=True).changes) == paths(plan.unlisted)
    assert installation.manifest.plan(shorter, prune=True) == Plan((), ())
    assert paths(installation.apply("version: 1", prune=True).changes) == [("delete", "client", "example.com")]
    assert installation.service.list_clients() == []


def test_leaves_lists_alone_that_the_file_does_not_have(installation: Installation) -> None:
    installation.apply(FILE)
    only_client = "version: 1\nclients:\n- {domain: example.com, name: Example, origins: [https://www.example.com]}"
    assert installation.manifest.plan(only_client, prune=True) == Plan((), ())


def test_a_new_order_of_fields_is_a_change(installation: Installation) -> None:
    installation.apply(FILE)
    lines = FILE.splitlines()
    lines[-1], lines[-2] = lines[-2], lines[-1]
    swapped = "\n".join(lines)
    assert paths(installation.apply(swapped).changes) == [("update", "field", "example.com / Contact / email")]
    [client] = installation.service.list_clients()
    [form] = installation.service.list_forms(client.client_id)
    assert [field.field_name for field in installation.service.list_fields(form.form_id)] == ["phone", "email"]
    assert installation.manifest.plan(swapped).changes == ()


def test_a_failure_in_the_middle_leaves_nothing_behind(installation: Installation) -> None:
    plan = installation.manifest.plan(FILE)
    made = 0

    def fail(_: object) -> None:
        nonlocal made
        made += 1
        if made == 3:
            raise RuntimeError("the machine stops")

    with pytest.raises(RuntimeError):
        installation.manifest.apply(installation.service, plan.changes, fail)
    assert installation.service.list_clients() == []
    assert installation.audited() == []
    # The service is as usable as before.
    assert len(installation.apply(FILE).changes) == 4


SECRETIVE = """version: 1
clients:
- domain: example.com
  webhooks:
  - {url: https://hooks.example.com/a, secret: "${HOOK_SECRET}"}
  crm:
  - {adapter: salesforce, settings: {domain: test}, credentials: {password: "${SF_PASSWORD}", user: "${SF_USER}"}}
"""
SECRET = "whsec_" + "c2VjcmV0" * 5
PASSWORD = "hunter2-canary"


def test_takes_secrets_from_the_environment_and_shows_them_nowhere(installation: Installation) -> None:
    with pytest.raises(InvalidError, match="HOOK_SECRET, SF_PASSWORD, SF_USER"):
        installation.apply(SECRETIVE)
    assert installation.service.list_clients() == []

    installation.environment.update(HOOK_SECRET=SECRET, SF_PASSWORD=PASSWORD, SF_USER="ann")
    plan = installation.apply(SECRETIVE)
    [hook] = installation.service.list_webhooks()
    assert installation.service.webhook_secret(hook.endpoint_id) == SECRET
    assert installation.manifest.plan(SECRETIVE).changes == ()
    shown = f"{plan} {installation.manifest.export()} {installation.audited()} {installation.manifest.plan(SECRETIVE)}"
    assert SECRET not in shown
    assert PASSWORD not in shown


def test_a_changed_variable_is_a_change_of_which_the_value_is_not_shown(installation: Installation) -> None:
    installation.environment.update(HOOK_SECRET=SECRET, SF_PASSWORD=PASSWORD, SF_USER="ann")
    installation.apply(SECRETIVE)
    installation.environment["SF_PASSWORD"] = "another-canary"
    plan = installation.apply(SECRETIVE)
    [change] = plan.changes
    assert (change.kind, change.action, change.secrets, change.before, change.after) == ("crm", "update", True, {}, {})
    assert "canary" not in repr(plan)
    assert installation.manifest.plan(SECRETIVE).changes == ()
    # A machine without the variables can still compare and apply all else.
    installation.environment.clear()
    assert installation.manifest.plan(SECRETIVE).changes == ()


def test_asks_the_database_as_often_for_many_clients_as_for_one(installation: Installation) -> None:
    def statements() -> int:
        count = 0

        def add(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(installation.engine, "before_cursor_execute", add)
        installation.manifest.export()
        event.remove(installation.engine, "before_cursor_execute", add)
        return count

    installation.apply(FILE)
    one = statements()
    installation.apply(FILE + "\n".join(FILE.splitlines()[2:]).replace("example.com", "example.org") + "\n")
    assert len(installation.service.list_clients()) == 2
    assert statements() == one


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("domain: example.com", "domain: not a domain", "not a domain"),
        ('selector: "#contact"', 'selector: ""', "Contact"),
        ("mapping: Lead.Email", "mapping: Email", "mapping"),
        ("name: phone", "name: email", "twice"),
    ],
)
def test_refuses_values_that_the_services_would_refuse(
    installation: Installation, old: str, new: str, refusal: str
) -> None:
    with pytest.raises(InvalidError, match=refusal):
        installation.manifest.plan(FILE.replace(old, new))


MAPPED = """version: 1
clients:
- domain: example.com
  mappings:
  - {source: utmSource, to: Lead.LeadSource, transform: "trim | default:Web", required: true}
  - {source: "=EU", to: Lead.Region__c}
"""


def test_mappings_of_a_client_are_made_changed_and_pruned(installation: Installation) -> None:
    plan = installation.apply(MAPPED)
    assert [(change.kind, change.action) for change in plan.changes] == [
        ("client", "create"),
        ("mapping", "create"),
        ("mapping", "create"),
    ]
    assert plan.changes[1].path == "example.com / utmSource to Lead.LeadSource"
    assert installation.manifest.plan(MAPPED).changes == ()
    exported = installation.manifest.export()
    assert 'transform: "trim|default:Web"' in exported

    plan = installation.apply(MAPPED.replace(", required: true", "").replace('"=EU"', '"=US"'), prune=True)
    found = {(change.kind, change.action, change.path) for change in plan.changes}
    assert found == {
        ("mapping", "update", "example.com / utmSource to Lead.LeadSource"),
        ("mapping", "create", "example.com / =US to Lead.Region__c"),
        ("mapping", "delete", "example.com / =EU to Lead.Region__c"),
    }
    stored = installation.service.list_client_mappings("example.com")
    assert {(one.source, one.is_required) for one in stored} == {("utmSource", False), ("=US", False)}
    # A file without the list leaves them alone.
    assert installation.manifest.plan("version: 1\nclients:\n- domain: example.com\n", prune=True).changes == ()

    installation.empty()
    installation.apply(exported)
    assert installation.manifest.export() == exported


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("utmSource", "utm_source", "did you mean utmSource"),
        ("trim | ", "tirm | ", "did you mean trim"),
        ("to: Lead.Region__c", "to: Region__c", "\\$.clients"),
        ('{source: "=EU", to: Lead.Region__c}', "{source: utmSource, to: Lead.LeadSource}", "twice"),
    ],
)
def test_refuses_mappings_that_cannot_be_used(installation: Installation, old: str, new: str, refusal: str) -> None:
    with pytest.raises(InvalidError, match=refusal):
        installation.manifest.plan(MAPPED.replace(old, new))
