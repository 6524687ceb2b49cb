"""Requests to the ingest endpoint as no browser sends them, for `test_fuzz_ingest`.

hypothesis chooses the kind and a seed; the bytes are made from the seed. Drawn one by one, 50,000 bodies of several
kilobytes would take hours to generate, and a failure is repeated by its seed all the same.
"""

from __future__ import annotations

import gzip
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

TYPES = (
    "form_submission", "form_interaction", "form_start", "form_abandon", "page_view", "pageview", "session_start",
    "session_end", "chat_message", "identify", "tracker_initialized", "custom", "consent", "video_played",
)  # fmt: skip
_ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202etxt",
    "\r\nX-Evil: 1",
    "$where",
    "$set",
    "a.b",
    "_id",
    "__proto__",
    "constructor",
    "clientId",
    "crmSynced",
    "../../etc/passwd",
    "%00",
    "%zz",
    "{{7*7}}",
    "<script>",
    "😀" * 40,
    "é" * 300,
    "İ" * 50,
    "ǅ" * 20,
    "1e999",
    "0x10",
    "true",
    "null",
    "\u2028\u2029",
    "ann@shop.example",
    "+49 170 1234567",
    "4111 1111 1111 1111",
    "https://shop.example/?a=b&email=ann%40shop.example#x",
    "//",
    "http://[::1",
    "data:,x",
    "a" * 5_000,
)
_ODD_NUMBERS = (
    "0",
    "-0",
    "-1",
    "1e308",
    "1e309",
    "-1e309",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "1.7976931348623157e308",
    "18446744073709551616",
    "123456789012345678901234567890",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "1.",
    ".5",
    "1e",
    "8640000000000001",
    "-62135596800001",
    "253402300800000",
    "1e15",
    "0.1",
)
_MEDIA = (
    "application/json",
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/json; charset=utf-16",
    "text/html",
    "",
    "/",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "APPLICATION/JSON",
)
_ENCODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "GZIP", "")


@dataclass(slots=True)
class Body:
    """A request.

    :ivar chunk: bytes in a chunk; 0 = sent whole, with its length.
    :ivar name: which kind, for a failure's message.
    """

    name: str
    data: bytes
    headers: dict[str, str] = field(default_factory=dict)
    chunk: int = 0


def bodies(api_key: str) -> st.SearchStrategy[Body]:
    """One request of any kind; most of them with a key that is known, so that they come past the door."""
    seeds = st.integers(0, 2**63)
    return st.builds(lambda kind, seed: _made(kind, seed, api_key), st.sampled_from(sorted(KINDS)), seeds)


def _made(kind: str, seed: int, api_key: str) -> Body:
    rng = random.Random(seed)
    body = KINDS[kind](rng, api_key)
    body.name = f"{kind}:{seed}"
    if rng.random() < 0.05:
        body.chunk = rng.choice((1, 7, 1_000, 65_536)) if len(body.data) < 5_000 else 65_536
    if rng.random() < 0.04:
        body.headers["Content-Type"] = rng.choice(_MEDIA)
    if rng.random() < 0.03:
        body.headers["Origin"] = rng.choice(
            ("null", "https://evil.example", "https://localhost", "ht tp://", "a" * 3_000)
        )
    if rng.random() < 0.02:
        body.headers["X-API-Key"] = rng.choice((api_key, "", "x" * 5_000, "pk_live_é", api_key[:-1]))
    return body


# ---------------------------------------------------------------------------------------------------------- good events


def _text(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(_ODD_TEXTS)
    return "".join(rng.choices(string.ascii_letters + string.digits + " .-@äß漢", k=rng.randrange(1, 30)))


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(10 if depth < 4 else 7)
    if kind < 4:
        return _text(rng)
    if kind == 4:
        return rng.choice((0, -1, 2**31, 2**63 - 1, -(2**63), 1.5, -0.0, 1e300))
    if kind == 5:
        return rng.choice((True, False, None))
    if kind == 6:
        return rng.randrange(10**12)
    if kind == 7:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {_text(rng): _value(rng, depth + 1) for _ in range(rng.randrange(5))}


def _event(rng: random.Random) -> dict[str, Any]:
    fields = {
        rng.choice(("email", "phone", "name", "message", _text(rng))): _text(rng) for _ in range(rng.randrange(5))
    }
    page = {"url": rng.choice(("https://localhost/a?b=c", _text(rng))), "title": _text(rng), "referrer": _text(rng)}
    return {
        "id": f"fuzz-{rng.getrandbits(64):x}",
        "type": rng.choice(TYPES),
        "timestamp": 1_790_000_000_000 + rng.randrange(10**9),
        "sessionId": f"s-{rng.randrange(200)}",
        "visitorId": f"v-{rng.randrange(100)}",
        "payload": {"form": {"formId": "contact", "formName": _text(rng), "fields": fields}, "page": page},
        "metadata": {"consent": {"state": rng.choice(("granted", "denied", _text(rng))), "version": _text(rng)}},
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def _batch(rng: random.Random, api_key: str, *events: Any, **more: Any) -> dict[str, Any]:
    return {"apiKey": api_key, "events": list(events) or [_event(rng) for _ in range(rng.randrange(1, 4))], **more}


def _plain(data: bytes) -> Body:
    return Body("", data, {"Content-Type": "text/plain"})


def _good(rng: random.Random, key: str) -> Body:
    return _plain(_dump(_batch(rng, key, sentAt=rng.choice((None, 1_790_000_000_000, 10**400, -5, 1e300)))))


# ------------------------------------------------------------------------------------------------------------- bad ones


def _raw(rng: random.Random, key: str) -> Body:
    return _plain(rng.randbytes(rng.choice((0, 1, 10, 100, 3_000))))


def _mutated(rng: random.Random, key: str) -> Body:
    """A good one with some bytes changed, left out, doubled or moved."""
    data = bytearray(_dump(_batch(rng, key)))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(1, 9)]
            case 2:
                data[at:at] = data[at : at + rng.randrange(1, 60)]
            case 3:
                data[at:at] = rng.choice(
                    (b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", b"\xff", b"\xed\xa0\x80")
                )
            case _:
                data = data[: max(at, 1)] if rng.random() < 0.3 else data
        data = data or bytearray(b"{")
    return _plain(bytes(data))


def _swapped(rng: random.Random, key: str) -> Body:
    """Any value, anywhere in an event or its envelope, of another type."""
    batch = _batch(rng, key)
    for _ in range(rng.randrange(1, 4)):
        place: Any = rng.choice([*batch["events"], *batch["events"], batch]) if batch.get("events") else batch
        while isinstance(place, dict) and place:
            name = rng.choice(list(place))
            if not isinstance(place[name], dict) or not place[name] or rng.random() < 0.4:
                if not (place is batch and name == "apiKey" and rng.random() < 0.9):
                    place[name] = _value(rng)
                break
            place = place[name]
        if not isinstance(batch.get("events"), list):
            break
    return _plain(_dump(batch))


def _numbers(rng: random.Random, key: str) -> Body:
    """Numbers that JSON, a clock or a 64-bit integer does not know."""
    event = _event(rng)
    names = ["timestamp", "number", rng.choice(("sentAt", "id", "sessionId"))]
    event["payload"]["form"]["fields"]["number"] = "@number@"
    for name in rng.sample(names, rng.randrange(1, 3)):
        event[name] = "@number@"
    text = json.dumps(_batch(rng, key, event, sentAt="@number@" if rng.random() < 0.3 else None))
    while '"@number@"' in text:
        text = text.replace('"@number@"', rng.choice(_ODD_NUMBERS), 1)
    return _plain(text.encode())


def _nested(rng: random.Random, key: str) -> Body:
    """As deep as can be: lists, objects, and brackets that never close."""
    depth = rng.choice((5, 8, 9, 50, 1_000, 20_000, 200_000))
    opened, closed = rng.choice((("[", "]"), ('{"a":', "}"), ('[{"":', "}]")))
    middle = rng.choice(("1", '"x"', "{}", ""))
    value = opened * depth + middle + closed * (depth if rng.random() < 0.7 else 0)
    where = rng.choice(("event", "field", "batch", "alone"))
    if where == "alone":
        return _plain(value.encode())
    event = _event(rng)
    event["payload"]["form"]["fields"]["deep"] = "@deep@"
    batch = _batch(rng, key, "@deep@" if where == "event" else event)
    if where == "batch":
        batch["more"] = "@deep@"
    return _plain(json.dumps(batch).replace('"@deep@"', value, 1).encode())


def _large(rng: random.Random, key: str) -> Body:
    """Near and beyond the limits: of bytes in a body and an event, of events, of fields."""
    match rng.randrange(4):
        case 0:
            event = _event(rng)
            event["payload"]["text"] = "x" * rng.choice((31_000, 33_000, 1_000_000, 1_100_000))
            return _plain(_dump(_batch(rng, key, event)))
        case 1:
            return _plain(_dump(_batch(rng, key, *([{"type": "custom"}] * rng.choice((49, 50, 51, 5_000))))))
        case 2:
            event = _event(rng)
            event["payload"]["form"]["fields"] = {
                f"f{number}": number for number in range(rng.choice((150, 250, 3_000)))
            }
            return _plain(_dump(_batch(rng, key, event)))
        case _:
            return _plain(b" " * rng.choice((100_000, 1_048_576, 1_048_577, 1_500_000)))


def _keys(rng: random.Random, key: str) -> Body:
    """Names of fields that would collide in a weak hash table: one after the other in numbers, or of equal length."""
    number = rng.choice((190, 2_000))
    names = rng.choice(
        (
            [str(2**61 * count) for count in range(1, number)],
            [
                f"{'Aa' if count % 2 else 'BB'}{count >> 1:b}".replace("0", "Aa").replace("1", "BB")
                for count in range(number)
            ],
            ["\x00" * count for count in range(1, min(number, 180))],
        )
    )
    event = _event(rng)
    event["payload"]["form"]["fields"] = dict.fromkeys(names, "x")
    return _plain(_dump(_batch(rng, key, event)))


def _doubled(rng: random.Random, key: str) -> Body:
    """Names that come twice, in the envelope and in an event."""
    event = _dump(_event(rng)).decode()
    name, value = rng.choice(
        (("type", '"page_view"'), ("payload", "[]"), ("id", "7"), ("id", f'"twice-{rng.random()}"'))
    )
    event = rng.choice((f'{{"{name}": {value}, {event[1:]}', f'{event[:-1]}, "{name}": {value}}}'))
    outer = rng.choice(("", '"events": [], ', '"apiKey": "x", ', '"events": [{"type": "custom"}], '))
    return _plain(f'{{{outer}"apiKey": {json.dumps(key)}, "events": [{event}]}}'.encode())


def _surrogates(rng: random.Random, key: str) -> Body:
    """Halves of characters, as escapes and as bytes, and other texts that are no UTF-8."""
    odd = rng.choice(
        (
            b"\\ud83d",
            b"\\ude00\\ud83d",
            b"\\\\ud83d",
            b"\xed\xa0\xbd",
            b"\xff",
            b"\xc0\x80",
            b"\xf4\x90\x80\x80",
            b"\\u0000",
        )
    )
    event = _event(rng)
    event[rng.choice(("id", "visitorId", "sessionId", "type"))] = "x@odd@"
    event["payload"]["form"]["fields"]["@odd@"] = "a@odd@b"
    return _plain(_dump(_batch(rng, key, event)).replace(b"@odd@", odd))


def _zipped(rng: random.Random, key: str) -> Body:
    """gzip: whole, cut, doubled, with rubbish behind, a bomb, and what is none at all."""
    data = gzip.compress(_dump(_batch(rng, key)), 1)
    match rng.randrange(7):
        case 0:
            data = data[: rng.randrange(len(data))]
        case 1:
            data += rng.choice((data, rng.randbytes(20), b"\0"))
        case 2:
            data = BOMB
        case 3:
            data = gzip.compress(gzip.compress(data))
        case 4:
            data = rng.randbytes(300)
        case 5:
            changed = bytearray(data)
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            data = bytes(changed)
        case _:
            pass
    body = _plain(data)
    body.headers["Content-Encoding"] = "gzip" if rng.random() < 0.8 else rng.choice(_ENCODINGS)
    return body


def _no_envelope(rng: random.Random, key: str) -> Body:
    """JSON that is something else."""
    value = rng.choice(
        ([], {}, None, "text", 7, {"events": None}, {"events": {}}, {"apiKey": key}, {"events": []}, _value(rng))
    )
    if rng.random() < 0.3:
        value = {"apiKey": rng.choice((None, 7, [], "", "pk_live_" + "x" * 43)), "events": [_event(rng)]}
    return _plain(_dump(value))


# 64 MiB of zeroes in 64 KiB.
BOMB = gzip.compress(b"\0" * 2**26, 9)

KINDS: dict[str, Callable[[random.Random, str], Body]] = {
    "good": _good,
    "raw": _raw,
    "mutated": _mutated,
    "mutated more": _mutated,
    "types swapped": _swapped,
    "types swapped more": _swapped,
    "numbers": _numbers,
    "nested": _nested,
    "large": _large,
    "field names": _keys,
    "doubled names": _doubled,
    "surrogates": _surrogates,
    "gzip": _zipped,
    "no envelope": _no_envelope,
}
