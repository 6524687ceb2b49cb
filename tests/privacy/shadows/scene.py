"""A system with a CRM, an endpoint of its own and webhooks that repeat what they are told; and canaries in every input.

What is sent, typed and set is made here, with an `Aviary` that notes each value; what becomes of it is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx

from tests.fixtures.forks import CLI, run_forked
from tests.fixtures.hubspot import HubSpotServer
from tests.fixtures.processes import service_environment
from tests.fixtures.receiver import Received, Receiver, Reply
from tests.fixtures.system import System
from tests.privacy.shadows.canaries import Aviary

POISONED = Path(__file__).with_name("poisoned_worker.py")
IDS = {"sessionId": "shadow-session", "visitorId": "shadow-visitor"}


@dataclass
class Scene:
    """One run.

    :ivar printed: what commands wrote that are not meant to show a person, by name; :ivar answers: what the service
        answered with, bodies and headers.
    """

    system: System
    aviary: Aviary
    hubspot: HubSpotServer
    receiver: Receiver
    temporary: Path
    printed: dict[str, str] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)
    key: str = ""
    client_id: str = ""
    draft_form: str = ""
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Of our processes."""
        return {**self.system.settings, "TMPDIR": str(self.temporary)}

    def cli(self, name: str, *arguments: str, stdin: str = "", code: int | None = 0, **more: str) -> str:
        """Run a command and keep what it wrote; returns its standard output."""
        environment = service_environment(**{**self.environment, **more})
        done = run_forked(CLI, *arguments, env=environment, cwd=self.system.folder, stdin=stdin)
        assert code is None or done.returncode == code, (name, done.stderr)
        self.printed[f"{name} {len(self.printed)}"] = done.stdout + done.stderr
        return done.stdout

    def quietly(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that is meant to show a secret."""
        out = json.loads(self.cli("secret", "--json", *arguments, stdin=stdin))
        self.printed.popitem()
        return out

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the service, and keep its answer."""
        try:
            answer = self.system.http.request(method, path, **more)
        except httpx.RemoteProtocolError:
            # The server closes a connection on which it has refused a body that is too large.
            answer = self.system.http.request(method, path, **more)
        lines = [f"{name}: {value}" for name, value in answer.headers.items()]
        self.answers.append("\n".join([str(answer.status_code), *lines]).encode() + b"\n\n" + answer.content)
        return answer


# ---------------------------------------------------------------------------------------------------------- setting up


def configure(scene: Scene) -> None:
    """Names, accounts, webhooks and keys, given as operators give them: arguments, standard input, environment."""
    plant, system = scene.aviary, scene.system
    made = system.new_client()
    scene.client_id = made["clientId"]
    scene.key = plant.known("key", "publishable key", made["apiKey"])
    plant.known("key", "secret key", scene.quietly("key", "issue", "localhost", "--kind", "secret")["key"])
    scene.cli(
        "client update", "client", "update", "localhost", "--name", plant.word("site", "name of a client", "Shop ")
    )
    form = json.loads(
        scene.cli("form", "--json", "form", "create", "localhost", "--name", plant.word("site", "form", "Form "),
                  "--page-url", "/contact", "--selector", "form")
    )["formId"]  # fmt: skip
    scene.cli("field", "field", "create", form, "--name", "email", "--selector", "[name=email]", code=None)
    scene.draft_form = json.loads(
        scene.cli("form", "--json", "form", "create", "localhost", "--name", "Draft", "--page-url", "/offer",
                  "--selector", "#offer", "--draft")
    )["formId"]  # fmt: skip
    scene.hubspot.token = plant.word("credential", "token of a CRM", "pat-na1-")
    scene.cli("crm connect", "crm", "connect", "localhost", "hubspot", "--from-json", "-",
              stdin=json.dumps(scene.hubspot.document()))  # fmt: skip
    endpoint = {
        "url": scene.receiver.url("/crm"),
        "token": plant.word("credential", "token of an endpoint"),
        "allow_private": True,
    }
    scene.cli(
        "crm connect",
        "crm",
        "connect",
        "localhost",
        "http",
        "--from-json",
        "-",
        "--no-check",
        stdin=json.dumps(endpoint),
    )
    bad = json.dumps(
        {
            "access_token": plant.word("credential", "refused token"),
            "base_url": scene.hubspot.url,
            "allow_private": True,
        }
    )
    scene.cli("crm connect refused", "crm", "connect", "localhost", "hubspot", "--from-json", "-", stdin=bad, code=1)
    broken = '{"access_token": "' + plant.word("credential", "broken JSON") + '", '
    scene.cli(
        "crm connect broken", "crm", "connect", "localhost", "hubspot", "--from-json", "-", stdin=broken, code=None
    )
    address = scene.receiver.url("/hooks?key=" + plant.word("hook", "address of a webhook"))
    hook = scene.quietly("webhook", "create", "localhost", address)
    plant.known("hook", "secret of a webhook", hook["secret"].removeprefix("whsec_"))
    issued = scene.quietly("token", "issue", "--scope", "admin")["token"]
    scene.token = issued
    plant.known("token", "management token", issued.rpartition(".")[2])
    repeat(scene)


def repeat(scene: Scene) -> None:
    """Let the other systems say what they were told: in errors, and in answers."""
    seen: list[str] = []

    def answer(request: Received) -> Reply:
        seen.append(request.path)
        body = b"cannot take " + request.body
        if request.path.startswith("/crm"):
            status = (400, 500, 422, 200)[len([one for one in seen if one.startswith("/crm")]) % 4]
            records = json.loads(request.body or b"[]")
            told = [
                {"leadId": one.get("leadId"), "outcome": "failed",
                 "error": {"code": "BAD", "message": body.decode(), "fields": [body.decode()], "retryable": False}}
                for one in (records if isinstance(records, list) else [records])
            ]  # fmt: skip
            return Reply(
                status,
                {"X-Echo": request.body[:60].hex()},
                json.dumps({"results": told}).encode() if status == 200 else body,
            )
        return Reply(500 if len(seen) % 2 else 200, {}, body)

    scene.receiver.answer = answer


# -------------------------------------------------------------------------------------------------------------- events


def good_events(plant: Aviary) -> list[dict[str, Any]]:
    """Events that are taken, with something in every part that a page or a visitor fills in."""
    query = urlencode({"email": plant.email("query of a page"), "token": plant.word("token", "query of a page"),
                       "password": plant.word("password", "query of a page"),
                       "q": plant.word("text", "query of a page")})  # fmt: skip
    fragment = "access_token=" + plant.word("token", "fragment of a page")
    path = "/u/" + quote(plant.email("path of a page"))
    page = {
        "url": f"https://localhost{path}?{query}#{fragment}",
        "title": f"Orders of {plant.email('title')} card {plant.card('title')}",
        "referrer": "https://other.example/?session="
        + plant.word("token", "referrer")
        + "&m="
        + plant.email("referrer"),
    }
    fields = {
        "email": plant.email("field"), "phone": plant.phone("field"), "name": plant.word("name", "field", "Ann "),
        "message": f"{plant.word('text', 'message')} my card {plant.card('message')} mail {plant.email('message')}",
        "password": plant.word("password", "field"), "passwort": plant.word("password", "German field"),
        "card_number": plant.card("field"), "cvv": plant.word("password", "security code"),
        "api_key": plant.word("token", "field"), plant.word("text", "name of a field"): "x",
        "company": plant.word("text", "company"),
    }  # fmt: skip
    tracking = {"utm_source": plant.email("campaign"), "utm_campaign": plant.word("text", "campaign")}
    form = {"formId": "contact", "formName": plant.word("text", "form name"), "fields": fields}
    return [
        _event("page_view", page=page),
        _event("page_view", page={"url": "https://localhost/?" + urlencode(tracking)}),
        _event("form_interaction", form={"formId": "contact", "fields": {"email": fields["email"]}}),
        _event("form_submission", form=form, page=page),
        _event("identify", traits={"email": fields["email"], "plan": plant.word("text", "trait")}),
        _event(
            "chat_message",
            message=f"call {plant.phone('chat')}, card {plant.card('chat')}, {plant.word('text', 'chat')}",
        ),
        _event(
            "custom",
            note={"secret": plant.word("password", "nested")},
            ip=plant.known("token", "address in an event", "198.51.100.213"),
        ),
    ]


def draft_event(scene: Scene) -> dict[str, Any]:
    """What somebody typed into a form with drafts and did not send."""
    plant = scene.aviary
    fields = {"email": plant.email("draft"), "phone": plant.phone("draft"), "message": plant.word("text", "draft")}
    event = _event("form_interaction", form={"formId": scene.draft_form, "fields": fields})
    return event | {"sessionId": "draft-session", "visitorId": "draft-visitor"}


def spoiled_events(plant: Aviary) -> list[dict[str, Any]]:
    """Events at which the pipeline raises; what is in them stays in the dead letters as it was sent."""
    return [
        _event(kind, form={"formId": "contact", "fields": {
            "email": plant.email(kind), "phone": plant.phone(kind), "message": plant.word("text", kind),
            "name": plant.word("name", kind), "password": plant.word("password", kind), "card": plant.card(kind),
            "token": plant.word("token", kind)}})
        for kind in ("spoiled_step", "spoiled_store")
    ]  # fmt: skip


def refused_events(plant: Aviary) -> list[Any]:
    """Events that are refused one by one; outlines of them are kept."""
    typed = {
        "email": plant.email("refused"), "phone": plant.phone("refused"), "text": plant.word("text", "refused"),
        "password": plant.word("password", "refused"), "card": plant.card("refused"),
        plant.email("refused field name"): "x",
    }  # fmt: skip
    url = "https://localhost/" + plant.email("refused path") + "?token=" + plant.word("token", "refused query")
    return [
        {
            "type": 7,
            "payload": {"form": {"fields": typed}, "page": {"url": url, "title": plant.word("text", "refused title")}},
        },
        {"type": plant.word("site", "refused type", "Not A Type "), "id": plant.email("refused id")},
        {"type": "custom", "sessionId": {"x": plant.email("refused session")}},
        {"id": plant.word("token", "refused id with a token", "token=")},
        plant.email("not an object"),
    ]


def headers(plant: Aviary) -> dict[str, str]:
    """What a request says beside its body."""
    return {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0 "
        + plant.word("agent", "User-Agent"),
        "Referer": "https://localhost/" + plant.word("token", "Referer"),
        "Cookie": "session=" + plant.word("token", "Cookie"),
        "Authorization": "Basic " + plant.word("token", "Authorization of a page"),
        "X-Forwarded-For": plant.known("token", "X-Forwarded-For", "203.0.113.219"),
        "X-Custom": plant.word("token", "another header"),
    }


def _event(kind: str, **payload: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "type": kind, **IDS, "payload": payload}


# ------------------------------------------------------------------------------------------------------------- requests


def post(scene: Scene, events: list[Any], **more: str) -> httpx.Response:
    """Send a batch as a browser does."""
    body = json.dumps({"apiKey": scene.key, "events": events})
    return scene.send("POST", "/v1/track/events", content=body, headers={"Content-Type": "text/plain", **more})


def bad_requests(scene: Scene) -> None:
    """What is refused as a whole: by its key, origin, size, type and shape; at every endpoint by its path and query."""
    plant = scene.aviary
    path = "/v1/track/events"
    mail = plant.email("refused body")
    for content in (
        f'{{"apiKey": "{scene.key}", "events": [{{"email": "{mail}", ',
        json.dumps({"apiKey": scene.key, "events": mail}),
        json.dumps({"apiKey": plant.word("key", "unknown key", "pk_live_"), "events": [{"type": "custom", "x": mail}]}),
        json.dumps([mail]),
        mail * 60_000,
    ):
        assert scene.send("POST", path, content=content).status_code >= 400
    good = json.dumps({"apiKey": scene.key, "events": [{"type": "custom"}]})
    origin = f"https://{plant.word('token', 'foreign Origin')}.example"
    assert (
        scene.send(
            "POST", path, content=good, headers={"Content-Type": "text/html; x=" + plant.word("token", "type")}
        ).status_code
        == 415
    )
    foreign = httpx.post(scene.system.url + path, content=good, headers={"Origin": origin})
    assert foreign.status_code == 403
    scene.answers.append(foreign.content)
    scene.send("POST", path, content=good, headers={"X-API-Key": plant.word("key", "X-API-Key", "pk_live_")})
    query = urlencode({"email": plant.email("query"), "token": plant.word("token", "query")})
    unknown = plant.word("key", "config path", "pk_live_")
    for one in (f"/v1/config/{unknown}", f"/v1/config/{scene.key}", "/health", "/demo", "/example", "/main-app.v1.js",
                f"/script/{scene.client_id}.js", "/none/" + quote(plant.email("no path")), "/metrics"):  # fmt: skip
        # A page and a script print the key that belongs in them; their answers are not searched for it.
        scene.system.http.get(f"{one}?{query}")
    bearer = {"Authorization": f"Bearer {scene.token}"}
    forged = {"Authorization": "Bearer e30.e30." + plant.word("token", "forged token")}
    scene.send("GET", "/v1/clients", headers=forged)
    scene.send("GET", f"/v1/clients?{query}", headers=forged)
    idempotent = {**bearer, "Idempotency-Key": plant.word("token", "Idempotency-Key")}
    scene.send(
        "POST",
        f"/v1/clients/{scene.client_id}/keys",
        json={"kind": plant.word("text", "refused body of the API")},
        headers=idempotent,
    )
    scene.send("POST", f"/v1/clients/{scene.client_id}/webhooks", content=f'{{"url": "{mail}', headers=idempotent)
    scene.system.http.get("/v1/leads?" + urlencode({"email": plant.email("query of the API")}), headers=bearer)


def commands(scene: Scene) -> None:
    """Commands that are called wrongly, and commands that are not meant to show a person."""
    plant = scene.aviary
    mail, number = plant.email("argument"), plant.phone("argument")
    scene.cli("lead list", "lead", "list", "--email", mail)
    scene.cli("suppress", "gdpr", "suppress", "-", stdin=mail + "\n")
    scene.cli("suppress", "gdpr", "suppress", "--phone", number)
    scene.cli("export", "gdpr", "export", "-", "--output", "none.zip", stdin=mail + "\n")
    for name, *call in (
        ("status", "status"), ("doctor", "doctor"), ("client list", "client", "list"), ("dlq list", "dlq", "list"),
        ("client show", "client", "show", "localhost"), ("crm list", "crm", "list"),
        ("crm status", "crm", "status", "localhost"), ("webhook list", "webhook", "list"),
        ("outcomes", "event", "outcomes"), ("rejected", "event", "rejected", "localhost"),
        ("audit", "audit", "list"), ("key list", "key", "list"), ("config export", "config", "export"),
        ("retention", "retention", "show"), ("analytics", "analytics", "show", "localhost"),
    ):  # fmt: skip
        # A person reads the one, a program the other; both come from the same document.
        for shape in ((), ("--json",)) if name in ("dlq list", "doctor") else (("--json",),):
            scene.cli(name, *shape, *call, code=None)
    wrong = plant.word("credential", "password of a store")
    wrongly = {
        "TRACKER_MONGODB_URL": f"mongodb://u:{wrong}@127.0.0.1:1/?serverSelectionTimeoutMS=200",
        "TRACKER_CONFIG_DB_URL": f"mysql+pymysql://u:{wrong}@127.0.0.1:1/x",
        "TRACKER_REDIS_URL": f"redis://u:{wrong}@127.0.0.1:1/0",
    }
    scene.cli("status of a wrong store", "status", code=None, **wrongly)
    scene.cli("status of no URL", "status", code=None, TRACKER_REDIS_URL=f"{wrong}://x", TRACKER_DEBUG="1")
    scene.cli("a short secret", "client", "list", code=None, TRACKER_SECRET_KEYS=wrong[:9])
