"""Admission: which key, from where, how fast (decisions §4, §7). Everything here happens before an event is read."""

from __future__ import annotations

import time
from hashlib import blake2s
from socket import AF_INET6, inet_pton

import msgspec

from tracker.config.cache import ConfigCache
from tracker.config.keys import hash_key, looks_like_key
from tracker.config.records import ClientSettings, KeyRecord
from tracker.errors import (
    ForbiddenError,
    SiteTokenError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from tracker.ingest.limits import Limiter, Refused, Spend
from tracker.ingest.origins import origin_allowed
from tracker.ingest.site_token import SiteTokens, TokenState, origin_of
from tracker.settings import Settings
from tracker.stores.redis import RedisError

_MAPPED = bytes(10) + b"\xff\xff"


class Caller(msgspec.Struct, frozen=True):
    """Who sends: the request's ``Origin`` header and the visitor's (or server's) address."""

    origin: str | None
    ip_address: str | None


class RateLimitError(TooManyRequestsError):
    """A 429 with the figures of the limit, for the ``RateLimit-*`` headers."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(
            f"at most {refused.limit} a minute; try again in {refused.retry_after} s", retry_after=refused.retry_after
        )
        self.refused = refused


class Gate:
    """Decides whether a request may pass."""

    def __init__(self, cache: ConfigCache, limiter: Limiter, settings: Settings) -> None:
        self._cache = cache
        self._limiter = limiter
        self._settings = settings
        self._address_key = blake2s(settings.secrets[0].encode(), person=b"limits").digest()
        self._tokens = SiteTokens(settings.secrets, settings.site_token_life_minutes * 60)

    async def identify(self, api_key: str | None) -> KeyRecord:
        """The record of a key.

        :raises UnauthorizedError: when it is missing, unknown, expired or revoked.
        :raises UnavailableError: when that cannot be told now.
        """
        if not api_key:
            raise UnauthorizedError("send the client's key as apiKey in the body or as X-API-Key header")
        if not looks_like_key(api_key):
            raise UnauthorizedError("that is not an API key of this service; `trackerctl embed <client>` prints one")
        key = await self._cache.key(hash_key(api_key))
        now = time.time()
        if key is None or (key.revoked_at is not None and key.revoked_at <= now):
            raise UnauthorizedError("the API key is unknown or revoked; `trackerctl key list <client>` shows the valid")
        if key.expires_at is not None and key.expires_at <= now:
            raise UnauthorizedError("the API key has expired; `trackerctl key issue <client>` makes a new one")
        return key

    @staticmethod
    def check_place(key: KeyRecord, origin: str | None) -> None:
        """Check the client's state and where the request comes from.

        :raises ForbiddenError: for an inactive client, a foreign origin, or a secret key from a browser.
        """
        if not key.client_active:
            raise ForbiddenError("the client is switched off; `trackerctl client enable` switches it on")
        if origin is None:
            if key.kind == "publishable" and key.settings.require_origin:
                raise ForbiddenError("the client takes events from browsers only (requireOrigin)")
        elif key.kind == "secret":
            raise ForbiddenError("a secret key is for servers; pages use the publishable key")
        elif not origin_allowed(key, origin):
            raise ForbiddenError("the page's origin is not the client's; `trackerctl client update --origin` adds it")

    def check_token(self, key: KeyRecord, origin: str | None, token: str | None) -> TokenState:
        """What the request's site token is worth, ``VALID`` where the client asks for none.

        An expired one is refused under ``prefer`` too: the browser script gets a fresh one and sends again.

        :raises SiteTokenError: without a valid one, where the client requires it; naming its state.
        """
        mode = key.settings.site_tokens
        if mode == "off" or key.kind == "secret":
            return TokenState.VALID
        state = self._tokens.state(token, key.client_id, key.key_id, origin or "", time.time())
        if state is TokenState.EXPIRED or (state is not TokenState.VALID and mode == "require"):
            raise SiteTokenError(state)
        return state

    def mint_token(self, key: KeyRecord, origin: str | None, referer: str | None) -> str | None:
        """The site token for the page that asks; ``None`` where its client has none, or no page of the client asks."""
        if key.settings.site_tokens == "off" or key.kind == "secret":
            return None
        page = origin_of(origin, referer)
        if page is None or not origin_allowed(key, page):
            return None
        return self._tokens.mint(key.client_id, key.key_id, page, time.time())

    async def spend_events(self, key: KeyRecord, caller: Caller, events: int) -> None:
        """Charge a batch to the key, and to the address unless a server sends.

        :raises RateLimitError: when either limit is reached.
        """
        own = key.settings
        by_key = _limit(own.limit_events_per_minute, self._settings.limit_events_per_minute)
        by_ip = _limit(own.limit_ip_events_per_minute, self._settings.limit_ip_events_per_minute)
        if key.kind == "secret" or not caller.ip_address:
            by_ip = 0
        address = self._address_name(caller.ip_address) if by_ip and caller.ip_address else ""
        await self._spend(Spend(events, (f"e:{key.key_id}", by_key), (f"i:{address}", by_ip)))

    async def spend_config_read(self, key: KeyRecord, ip_address: str | None = None) -> None:
        """Charge one read of the configuration to the key, and to the address unless a server reads.

        Config is served while Redis is away: a page without it would capture nothing at all.

        :raises RateLimitError: when either limit is reached.
        """
        own: ClientSettings = key.settings
        limit = _limit(own.limit_config_per_minute, self._settings.limit_config_per_minute)
        reader = ("", 0) if key.kind == "secret" else self._reader(ip_address)
        try:
            await self._spend(Spend(1, (f"c:{key.key_id}", limit), reader))
        except UnavailableError:
            return

    async def spend_read(self, ip_address: str | None) -> None:
        """Charge a loader script or a snippet, each of which asks the configuration database, to who reads it. Served
        while Redis is away.

        :raises RateLimitError: when the limit is reached.
        """
        try:
            await self._spend(Spend(1, self._reader(ip_address)))
        except UnavailableError:
            return

    async def spend_look(self, page: str, ip_address: str | None, limit: int) -> None:
        """Charge a look at one of the service's own pages to who looks.

        :param page: name of what is counted.
        :raises RateLimitError: when the limit a minute is reached.
        """
        address = self._address_name(ip_address) if ip_address else ""
        await self._spend(Spend(1, (f"p:{page}:{address}", limit)))

    def _reader(self, ip_address: str | None) -> tuple[str, int]:
        limit = self._settings.limit_ip_reads_per_minute
        return (f"r:{self._address_name(ip_address)}", limit) if limit and ip_address else ("", 0)

    def _address_name(self, ip_address: str) -> str:
        # A whole address must not stand in Redis, not even in the name of a counter that lives two minutes.
        return blake2s(subscriber(ip_address), key=self._address_key, digest_size=12).hexdigest()

    async def _spend(self, spend: Spend) -> None:
        try:
            refused = await self._limiter.spend(spend)
        except (RedisError, OSError) as error:
            raise UnavailableError("the queue does not answer; send the batch again", retry_after=2) from error
        if refused:
            raise RateLimitError(refused)


def subscriber(ip_address: str) -> bytes:
    """What of an address stands for one subscriber: all of an IPv4 address, the first 64 bits of an IPv6 one.

    Whoever has one IPv6 address has 2**64 of them (RFC 6177 §2: a site gets a /64 at least), and new ones at each
    request would never meet a limit.
    """
    if ":" not in ip_address:
        return ip_address.encode()
    try:
        packed = inet_pton(AF_INET6, ip_address.partition("%")[0])
    except (OSError, ValueError):
        return ip_address.encode("utf-8", "surrogatepass")
    # An IPv4 address inside an IPv6 one: the first 64 bits are the same for all.
    return packed if packed[:12] == _MAPPED else packed[:8]


def _limit(own: int | None, default: int) -> int:
    return default if own is None else own
