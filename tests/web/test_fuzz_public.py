"""Whatever is sent to the endpoints that need no token, the answer is one that the OpenAPI document describes.

The ingest endpoint has a fuzz of its own, `test_fuzz_ingest`; the management API `manage/test_fuzz`.
"""

from __future__ import annotations

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error, status_code_conformance

from tests.fixtures.system import System
from tests.web.manage.test_fuzz import cases_of

CHECKS = [not_a_server_error, status_code_conformance]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_of_a_public_endpoint_is_a_described_one(system: System, mode: GenerationMode) -> None:
    client = system.new_client()
    system.serve(TRACKER_LIMIT_IP_READS_PER_MINUTE="0", TRACKER_LIMIT_CONFIG_PER_MINUTE="0")
    known = {"client_id": client["clientId"], "api_key": client["apiKey"], "apiKey": client["apiKey"]}
    schema = schemathesis.openapi.from_url(f"{system.url}/schema/openapi.json")
    public = [found.ok() for found in schema.get_all_operations()]
    public = [one for one in public if not one.definition.raw.get("security")]
    assert "/v1/track/events" in {one.path for one in public}
    statuses: set[int] = set()
    for operation in public:
        for number, case in enumerate(cases_of(operation, mode)):
            if number % 2 and case.path_parameters:
                case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
            # Of other headers some are answered by the server before the application sees them.
            case.headers = {}
            answer = case.call(base_url=system.url, allow_redirects=False)
            case.validate_response(answer, checks=CHECKS)
            statuses.add(answer.status_code)
    assert statuses & {200, 204, 302, 304}
    assert statuses & {400, 401, 404, 405, 415, 422}
