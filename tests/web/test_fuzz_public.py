"""Whatever is sent to the endpoints that need no token, none of them fails.

The ingest endpoint has a fuzz of its own, `test_fuzz_ingest`; the management API `manage/test_fuzz`.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from tests.fixtures.system import System
from tests.web.manage.test_fuzz import cases_of


def some(operation: Any, mode: GenerationMode) -> list[Any]:
    """Requests; none where every request is a good one."""
    try:
        return cases_of(operation, mode)
    except Unsatisfiable:
        return []


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_public_endpoint_fails_whatever_it_is_sent(system: System, mode: GenerationMode) -> None:
    client = system.new_client()
    system.serve(TRACKER_LIMIT_IP_READS_PER_MINUTE="0", TRACKER_LIMIT_CONFIG_PER_MINUTE="0")
    known = {"client_id": client["clientId"], "api_key": client["apiKey"], "apiKey": client["apiKey"]}
    schema = schemathesis.openapi.from_url(f"{system.url}/schema/openapi.json")
    public = [found.ok() for found in schema.get_all_operations()]
    public = [one for one in public if not one.definition.raw.get("security")]
    assert "/v1/track/events" in {one.path for one in public}
    statuses: set[int] = set()
    for operation in public:
        for number, case in enumerate(some(operation, mode)):
            if number % 2 and case.path_parameters:
                case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
            # Of other headers some are answered by the server before the application sees them.
            case.headers = {}
            answer = case.call(base_url=system.url, allow_redirects=False)
            case.validate_response(answer, checks=[not_a_server_error])
            statuses.add(answer.status_code)
    assert statuses & {400, 401, 404, 405, 415, 422}, statuses
