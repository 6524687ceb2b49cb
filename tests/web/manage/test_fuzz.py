"""Whatever is sent to the management API, valid or not, the answer is one that its OpenAPI document describes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.deadletters.letters import a_letter, bury
from tests.fixtures.processes import wait_until
from tests.fixtures.system import System, submission
from tests.web.manage.test_nouns import CLIENT_MAPPING, CRM, FIELD, FORM, MAPPING, WEBHOOK
from tests.webhooks.scene import a_delivery
from tracker.access.tokens import Scope, issue_token
from tracker.settings import Settings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Of each kind, for each operation.
EXAMPLES = 6
HEADERS = ("If-Match", "If-None-Match", "Idempotency-Key")


class Caller:
    """Calls as an operator, and knows the ids of one thing of each kind."""

    def __init__(self, system: System) -> None:
        self.system = system
        own = Settings(secret_keys=system.settings["TRACKER_SECRET_KEYS"])
        token = issue_token(own, Scope("admin"), ttl=timedelta(minutes=30), subject="fuzz").token
        self.headers = {"Authorization": f"Bearer {token}"}
        self.client = system.new_client()

    def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.system.http.post(path, json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def ids(self) -> dict[str, str]:
        """By the names that paths give them."""
        client = self.client["clientId"]
        form = self.make(f"/v1/clients/{client}/forms", FORM)["formId"]
        field = self.make(f"/v1/forms/{form}/fields", FIELD)["fieldId"]
        hook = self.make(f"/v1/clients/{client}/webhooks", WEBHOOK)["endpointId"]
        delivery = a_delivery(client, hook)
        self.system.database["webhook_deliveries"].insert_one(delivery)
        async with redis.asyncio.Redis.from_url(self.system.settings["TRACKER_REDIS_URL"]) as store:
            (letter,) = await bury(store, a_letter(client))
        return {
            "client_id": client,
            "form_id": form,
            "field_id": field,
            "mapping_id": self.make(f"/v1/fields/{field}/mapping", MAPPING)["mappingId"],
            "client_mapping_id": self.make(f"/v1/clients/{client}/mappings", CLIENT_MAPPING)["mappingId"],
            "endpoint_id": hook,
            "delivery_id": delivery["_id"],
            "connection_id": self.make(f"/v1/clients/{client}/crm", CRM)["connectionId"],
            "key_id": self.make(f"/v1/clients/{client}/keys", {})["keyId"],
            "lead_id": self.a_lead(),
            "letter_id": letter.id,
            "request_id": self.an_erasure(),
        }

    def an_erasure(self) -> str:
        path = f"/v1/leads/{self.a_lead()}/gdpr-delete"
        request_id: str = self.system.http.delete(path, headers=self.headers).json()["requestId"]
        return request_id

    def a_lead(self) -> str:
        self.system.post(self.client["apiKey"], [submission("ann@shop.example")])
        worker = self.system.work()
        wait_until(lambda: self.system.database["leads"].count_documents({}))
        worker.terminate()
        lead = self.system.database["leads"].find_one({})
        assert lead is not None
        return str(lead["leadId"])


def cases_of(operation: Any, mode: GenerationMode) -> list[Any]:
    """Some requests; none when there is nothing of that kind to send."""
    found: list[Any] = []

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


@pytest.mark.parametrize("mode", list(GenerationMode))
async def test_every_answer_is_a_described_one(system: System, mode: GenerationMode) -> None:
    caller = Caller(system)
    system.serve(TRACKER_LIMIT_MANAGEMENT_PER_MINUTE="0")
    ids = await caller.ids()
    schema = schemathesis.openapi.from_url(f"{system.url}/schema/openapi.json")
    managed = [found.ok() for found in schema.get_all_operations()]
    managed = [one for one in managed if one.definition.raw.get("security")]
    # What deletes comes last, so that all others meet what there is.
    managed.sort(key=lambda one: (one.method.upper() == "DELETE", one.path.count("/") * -1))
    statuses: set[int] = set()
    sent = 0
    for operation in managed:
        names = re.findall(r"\{(\w+)\}", operation.path)
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.headers or names):
            continue
        for number, case in enumerate(cases_of(operation, mode)):
            if number % 3:
                # Past the doors: what is there, by who may, under no condition.
                case.path_parameters = {name: ids[name] for name in names}
            # Of other headers some are answered by the server before the application sees them.
            known = (
                {} if number % 3 else {name: value for name, value in (case.headers or {}).items() if name in HEADERS}
            )
            case.headers = known
            answer = case.call(base_url=system.url, headers=caller.headers)
            case.validate_response(answer, checks=CHECKS)
            statuses.add(answer.status_code)
            sent += 1
    assert sent > 4 * len(managed)
    assert {404, 422} <= statuses
    assert statuses & {200, 201, 204}
