"""What an answer of Salesforce says went wrong, in our words. Pure.

Salesforce repeats what it was sent in its messages ("data value too large: …"). For the codes that matter to us the
text is ours; of any other, what may be a value is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError

from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, RecordError, RefusedError, RetryLaterError

# What passes by itself: locks, a busy instance, two of us at once.
RETRYABLE = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "EXCEEDED_MAX_SEMAPHORE_COUNT",
     "LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED", "TXN_IN_PROGRESS", "UNKNOWN_EXCEPTION"}
)  # fmt: skip
DUPLICATE = "DUPLICATES_DETECTED"
CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"
_GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "MALFORMED_ID", "INVALID_CROSS_REFERENCE_KEY", "INVALID_ID_FIELD"})
# A call with one such record is refused as a whole by some versions.
ABOUT_A_RECORD = frozenset(
    {"JSON_PARSER_ERROR", "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "NUMBER_OUTSIDE_VALID_RANGE"}
)

_TEXTS = {
    "REQUIRED_FIELD_MISSING": "{fields} must have a value; map something to it, or give it a default",
    "STRING_TOO_LONG": "the value for {fields} is longer than the field; truncate:n in its transform cuts it",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "the value for {fields} is none of the picklist's",
    "INVALID_EMAIL_ADDRESS": "{fields} takes only an e-mail address, and Salesforce does not take this one for one",
    "INVALID_FIELD": "Salesforce has no such field, or its user may not see it: {fields}",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "Salesforce lets its user not write {fields}",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "the value for {fields} is of another type than the field",
    "JSON_PARSER_ERROR": "a value is of another type than its field; `trackerctl mapping check` finds which",
    "NUMBER_OUTSIDE_VALID_RANGE": "the number for {fields} is too large for it",
    "INSUFFICIENT_ACCESS_OR_READONLY": "the user of the connection may not write this record",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "the user of the connection may not use what {fields} points to",
    "INVALID_CROSS_REFERENCE_KEY": "{fields} points to a record that is not there",
    "DUPLICATE_VALUE": "another record has the same value in {fields}, which must be unique",
    "DUPLICATE_EXTERNAL_ID": "several records have this external id; make the field unique in Salesforce",
    "UNABLE_TO_LOCK_ROW": "the record was locked by another change; it is tried again",
    "STORAGE_LIMIT_EXCEEDED": "the org's storage is full",
    DUPLICATE: "a duplicate rule of the org says that this record is there already",
    CONVERTED: "the lead was converted in Salesforce, and its contact cannot be seen by the user of the connection",
}
# The third is simple-salesforce's own, for an answer that holds neither a session nor a reason.
_SIGN_IN_LATER = frozenset(
    {"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "UNKNOWN_EXCEPTION_CODE", "temporarily_unavailable", "server_error"}
)
_SIGN_IN_LIMITED = frozenset({"REQUEST_LIMIT_EXCEEDED", "LOGIN_RATE_EXCEEDED", "login_rate_exceeded"})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,79}")
_SHOWN = 300
# E-mail addresses, what is in quotes, numbers like those of telephones, and ids of records.
_LIKE_VALUES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\S+@\S+",
        r"\"[^\"]*\"",
        r"'[^']*'",
        r"\+?\d[\d\s().-]{3,}\d",
        r"\b(?=\w*\d)[a-zA-Z0-9]{15}(?:[A-Z0-9]{3})?\b",
    )
)


class Fault(NamedTuple):
    """One error of one record, as Salesforce tells it; the message is not for anybody's eyes yet.

    :ivar matches: entity and id of the records that a duplicate rule found, the best first.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()

    @property
    def gone(self) -> bool:
        """Whether the record that was to be changed is not there (any more)."""
        return self.code in _GONE and set(self.fields) <= {"Id", "id"}


class RefusedCallError(RefusedError):
    """A call that Salesforce refuses as a whole.

    :ivar faults: its errors, for the record when it was about one.
    """

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)

    @property
    def about_a_record(self) -> bool:
        """Whether one record may be at fault, and the others of the call not."""
        return any(fault.code in ABOUT_A_RECORD for fault in self.faults)


def read_faults(errors: Any) -> tuple[Fault, ...]:
    """The errors of a record or of a call, from either of the shapes in which REST tells them."""
    items = errors if isinstance(errors, list) else [errors]
    return tuple(_fault(item) for item in items if isinstance(item, Mapping))


def _fault(item: Mapping[str, Any]) -> Fault:
    fields = item.get("fields")
    # The REST guide itself spells it both ways.
    duplicate = item.get("duplicateResult") or item.get("duplicateResut")
    return Fault(
        code=_code(item.get("statusCode") or item.get("errorCode") or item.get("error")),
        message=str(item.get("message") or ""),
        fields=tuple(name for name in fields if isinstance(name, str)) if isinstance(fields, list) else (),
        matches=tuple(_matches(duplicate)) if isinstance(duplicate, Mapping) else (),
    )


def _matches(duplicate: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    found = []
    for result in duplicate.get("matchResults") or ():
        for match in result.get("matchRecords") or ():
            record = match.get("record") or {}
            kind = (record.get("attributes") or {}).get("type") or result.get("entityType")
            if kind and record.get("Id"):
                found.append((float(match.get("matchConfidence") or 0), str(kind), str(record["Id"])))
    return [(kind, crm_id) for _, kind, crm_id in sorted(found, key=lambda one: -one[0])]


def record_error(faults: Sequence[Fault], values: Mapping[str, Any], external_id_field: str | None) -> RecordError:
    """The first of a record's errors, for the lead.

    :param values: what was sent, none of which the text holds.
    """
    if not faults:
        return RecordError("UNKNOWN", "Salesforce did not take the record and does not say why", retryable=True)
    first = faults[0]
    race = first.code == "DUPLICATE_VALUE" and external_id_field is not None and external_id_field in first.message
    lock = "UNABLE_TO_LOCK_ROW" in first.message
    fields = tuple(dict.fromkeys(name for fault in faults if fault.code == first.code for name in fault.fields))
    text = _TEXTS.get(first.code)
    named = text.format(fields=", ".join(fields) or "a field") if text else without_values(first.message, values)
    return RecordError(first.code, named, retryable=first.code in RETRYABLE or race or lock, fields=fields)


def without_values(message: str, values: Mapping[str, Any]) -> str:
    """A message of Salesforce with all taken out that may come from a record."""
    text = message
    told = {str(value) for value in values.values() if value is not None and not isinstance(value, bool | list)}
    told |= {part for value in values.values() if isinstance(value, list) for part in value}
    told |= {word for value in told for word in value.split() if len(word) > 3}
    for value in sorted(told, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", text, flags=re.IGNORECASE) if value.strip() else text
    for pattern in (
        r"\S+@\S+",
        r"\"[^\"]*\"",
        r"'[^']*'",
        r"\+?\d[\d\s().-]{3,}\d",
        r"\b[a-zA-Z0-9]{15}(?:[A-Z0-9]{3})?\b",
    ):
        text = re.sub(pattern, "…", text)
    text = " ".join(text.split())
    return text[:_SHOWN] or "Salesforce does not say why"


def call_error(error: SalesforceError) -> CrmError:
    """What an answer with a status of 300 to 499 means for the whole call."""
    if isinstance(error, SalesforceAuthenticationFailed):
        return sign_in_error(error.code)
    faults = read_faults(error.content)
    codes = {fault.code for fault in faults}
    if "REQUEST_LIMIT_EXCEEDED" in codes:
        # The limit of calls at a time passes within seconds, that of the day does not.
        at_once = any("concurrent" in fault.message.lower() for fault in faults)
        return RateLimitedError("the org has no API calls left", retry_after=30.0 if at_once else None)
    if codes & RETRYABLE:
        return RetryLaterError(f"Salesforce is busy ({_told(codes)})")
    if error.status == 401:
        return CredentialsError("Salesforce does not take the session; connect again with `trackerctl crm connect`")
    if error.status == 403:
        return CredentialsError(f"Salesforce does not let the user of the connection do this ({_told(codes)})")
    if 300 <= error.status < 400 and not codes:
        return RefusedCallError("Salesforce redirects to another host; give the org's My Domain as domain")
    return RefusedCallError(f"Salesforce refused the call with {error.status} ({_told(codes)})", faults)


def sign_in_error(code: object) -> CrmError:
    """Why Salesforce does not let us in; the texts of the answer may hold the user's name."""
    text = _code(code)
    if text in _SIGN_IN_LIMITED:
        return RateLimitedError("Salesforce takes no more sign-ins for now")
    if text in _SIGN_IN_LATER:
        return RetryLaterError(f"Salesforce could not sign in ({text})")
    if text == "UNSUPPORTED_API_VERSION":
        return RefusedCallError("Salesforce does not know this api_version for signing in")
    hint = _SIGN_IN_HINTS.get(text, "give new credentials with `trackerctl crm connect`")
    return CredentialsError(f"Salesforce does not let us sign in ({text}): {hint}")


_SIGN_IN_HINTS = {
    "INVALID_LOGIN": "user name, password or security token are wrong, the user is locked, or the domain is another",
    "LOGIN_MUST_USE_SECURITY_TOKEN": "the security token is missing or was reset",
    "INVALID_OPERATION": "the org has SOAP login() switched off; use auth jwt or client_credentials",
    "invalid_grant": "the user has not approved the connected app, is inactive, or the audience is another",
    "invalid_client": "consumer key or secret are wrong",
    "invalid_client_id": "the consumer key is wrong",
    "invalid_app_access": "the user is not admitted to the connected app",
}


def _told(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes)) or "without a code"


def _code(given: object) -> str:
    text = str(given or "")
    return text if _CODE.fullmatch(text) else f"HTTP {text}" if re.fullmatch(r"\d{3}", text) else "UNKNOWN"
