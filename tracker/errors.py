"""The error tree: every refusal says its HTTP status, a stable slug and what to do.

``tracker.web.problems`` renders these as RFC 9457 problem documents, ``cli.main`` as one line and an exit code.
A detail never holds a value that a visitor typed nor a key.
"""

from __future__ import annotations

from typing import ClassVar


class TrackerError(Exception):
    """Base of everything that is refused on purpose.

    :param detail: one sentence for a person, without personal data.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class UnreadableError(TrackerError):
    """The body is not what the endpoint reads (not JSON, wrong shape)."""

    status, slug, title = 400, "unreadable", "The request could not be read"


class UnauthorizedError(TrackerError):
    """No key, or one that is unknown, expired or revoked."""

    status, slug, title = 401, "unauthorized", "The API key was not accepted"


class SiteTokenError(TrackerError):
    """A batch without the site token that its client asks for, or with one that is over or not for this page."""

    status, slug, title = 401, "site-token", "The page's site token was not accepted"

    def __init__(self, state: str) -> None:
        """:param state: what it turned out to be, of `tracker.ingest.site_token.TokenState`."""
        detail = f"it is {state}: read the configuration again and send the batch with its siteToken"
        # By this the browser script tells it from a key that is revoked: it tries again.
        super().__init__(detail, retry_after=1)
        self.state = state


class UnauthenticatedError(TrackerError):
    """No management token, or one that is not valid."""

    status, slug, title = 401, "unauthenticated", "The token was not accepted"


class ForbiddenError(TrackerError):
    """A known key used from the wrong place, or for a client that is switched off."""

    status, slug, title = 403, "forbidden", "Not allowed"


class NotFoundError(TrackerError):
    """Nothing under that name or id."""

    status, slug, title = 404, "not-found", "Not found"


class MethodNotAllowedError(TrackerError):
    """The path exists, but not for this HTTP method."""

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class TooSlowError(TrackerError):
    """The request did not arrive in time (RFC 9110 §15.5.9)."""

    status, slug, title = 408, "too-slow", "The request took too long to arrive"


class ConflictError(TrackerError):
    """It exists already, or is in use."""

    status, slug, title = 409, "conflict", "In conflict with what exists"


class StaleError(TrackerError):
    """It has changed since the caller read it (``If-Match``, RFC 9110 §13.1.1)."""

    status, slug, title = 412, "stale", "Changed in the meantime"


class TooLargeError(TrackerError):
    """Over a size limit of decisions §7."""

    status, slug, title = 413, "too-large", "Too large"


class UnsupportedMediaError(TrackerError):
    """A content type or encoding that is not read."""

    status, slug, title = 415, "unsupported-media-type", "Content type not supported"


class InvalidError(TrackerError):
    """Readable, but what it says cannot be done."""

    status, slug, title = 422, "invalid", "Not valid"


class TooManyRequestsError(TrackerError):
    """A rate limit was reached; ``retry_after`` says for how many seconds."""

    status, slug, title = 429, "too-many-requests", "Rate limit reached"


class UnavailableError(TrackerError):
    """A store does not answer; the same call will work later."""

    status, slug, title = 503, "unavailable", "Temporarily unavailable"


class SettingsError(TrackerError):
    """The settings do not allow a start; the detail says how to mend them."""

    slug, title = "settings", "Settings are missing or wrong"
