"""The command line and the API give the same object for the same operation."""

from __future__ import annotations

from typing import Any

from tests.fixtures.system import System
from tracker.access.tokens import read_token
from tracker.settings import Settings


def test_what_the_api_shows_is_what_json_prints(system: System) -> None:
    client = system.new_client()["clientId"]
    system.serve()
    issued = system.cli("token", "issue", "--scope", "admin", "--subject", "dashboard")
    access = read_token(Settings(secret_keys=system.settings["TRACKER_SECRET_KEYS"]), issued["token"])
    assert (access.subject, access.scope.kind) == ("dashboard", "admin")
    headers = {"Authorization": f"Bearer {issued['token']}"}

    def api(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = system.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    form = api("POST", f"/v1/clients/{client}/forms", {"formName": "F", "pageUrl": "/", "formSelector": "form"})
    assert system.cli("form", "list", client) == api("GET", f"/v1/clients/{client}/forms")["items"] == [form]
    webhook = api("POST", f"/v1/clients/{client}/webhooks", {"url": "https://crm.example.com/hooks"})
    shown = {name: value for name, value in webhook.items() if name != "secret"}
    assert system.cli("webhook", "show", webhook["endpointId"]) == api("GET", f"/v1/webhooks/{webhook['endpointId']}")
    assert shown == api("GET", f"/v1/webhooks/{webhook['endpointId']}")
    assert system.cli("client", "list") == api("GET", "/v1/clients")["items"]
    assert system.cli("key", "list", client) == api("GET", f"/v1/clients/{client}/keys")["items"]
    entries = api("GET", f"/v1/audit?clientId={client}")
    assert "api:dashboard" in {entry["actor"] for entry in entries["items"]}
    printed = system.cli("audit", "list", "--client", client)
    assert (printed["items"] if isinstance(printed, dict) else printed) == entries["items"]
