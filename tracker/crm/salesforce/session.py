"""A session with a Salesforce org: signing in, once more when it has expired, and what every answer tells.

All but `Connection.aside` blocks. simple-salesforce does the talking. What it leaves open is here: time limits, the
sign-in at a host with a port, answers that concern the whole account (429, 5xx, the budget), and that a session which
is refused is renewed once and not over and over, which locks a user out.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar
from xml.parsers.expat import ExpatError

import jwt
import requests
from simple_salesforce.api import Salesforce as Api
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession, SalesforceOperationError
from simple_salesforce.login import SalesforceLogin
from simple_salesforce.util import Usage as ApiUsage

from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, RefusedError, RetryLaterError, Usage
from tracker.crm.salesforce.faults import call_error, sign_in_error
from tracker.crm.salesforce.options import Options, host_of
from tracker.errors import InvalidError

T = TypeVar("T")
P = ParamSpec("P")

AT_ONCE = 4
"""Calls to an org at a time: enough to hide the way there and back, and far from the org's own limit of 25."""

DAY_SECONDS = 86_400.0
_CONNECT_SECONDS = 10.0
_ASSERTION_SECONDS = 180
_CLIENT = "trackerctl"


class Transport(requests.Session):
    """HTTP with time limits; ends with our errors where an answer is none.

    :ivar usage: the budget, as the last answer told it.
    :ivar timeout_seconds: without a sign of life from the other side.
    """

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self.usage: Usage | None = None
        self.timeout_seconds = timeout_seconds

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, without redirects: what is sent is for one host only.

        :raises RetryLaterError: without an answer, or with a status of 408 or 500 and above.
        :raises RateLimitedError: with a status of 429.
        """
        kwargs.setdefault("timeout", (min(_CONNECT_SECONDS, self.timeout_seconds), self.timeout_seconds))
        kwargs["allow_redirects"] = False
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.exceptions.SSLError:
            raise RetryLaterError("the certificate of Salesforce's host is not one that is trusted here") from None
        except requests.Timeout:
            raise RetryLaterError(f"Salesforce did not answer within {self.timeout_seconds:g} s") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema):
            raise RefusedError("the domain or instance_url of the connection is no address") from None
        except requests.RequestException:
            raise RetryLaterError("the connection to Salesforce broke off or could not be made") from None
        self._hear(response)
        if response.status_code == requests.codes.too_many_requests:
            raise RateLimitedError("Salesforce takes no more calls for now", retry_after=_retry_after(response))
        away = response.status_code == requests.codes.request_timeout or response.status_code >= 500
        # A refused SOAP sign-in is a 500 as well, with the reason in it.
        if away and b"exceptionCode" not in response.content[:4_000]:
            text = f"Salesforce answered with {response.status_code}"
            raise RetryLaterError(text, retry_after=_retry_after(response))
        return response

    def _hear(self, response: requests.Response) -> None:
        told = Api.parse_api_usage(response.headers.get("Sforce-Limit-Info", ""))
        heard = told.get("api-usage")
        if isinstance(heard, ApiUsage):
            self.usage = Usage(heard.used, heard.total, DAY_SECONDS)


class Connection:
    """An org, signed in to when it is first needed. May be used by several threads at once.

    :param secrets: as `options.split` gives them.
    """

    def __init__(self, options: Options, secrets: Mapping[str, str], timeout_seconds: float) -> None:
        self.options = options
        self.http = Transport(timeout_seconds)
        self._secrets = secrets
        self._api: Api | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def instance(self) -> str:
        """The host that answers; empty before the first sign-in."""
        return self._api.sf_instance if self._api else ""

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One call of the REST API; the decoded answer, ``None`` if it has none.

        :param path: below ``/services/data/vXX.X/``.
        :raises CrmError: one of those of the protocol.
        """
        more: dict[str, Any] = {"json": json} if json is not None else {}
        if headers:
            more["headers"] = dict(headers)

        def ask(api: Api) -> Any:
            return api.restful(path, params=dict(params) if params else None, method=method, **more)

        return self.run(ask)

    def run(self, task: Callable[[Api], T]) -> T:
        """Do something with simple-salesforce, once more with a new session where the old one has expired.

        :raises CrmError: one of those of the protocol, for any failure.
        """
        return _translated(lambda: self._run(task))

    async def aside(self, task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that blocks in one of `AT_ONCE` threads."""
        if self._threads is None:
            # Its own: an org that does not answer must not hold up what else is done in threads here.
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="salesforce")
            self._closed = threading.Event()
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(task, *args, **kwargs))

    def pause(self, seconds: float) -> None:
        """Wait, for the org to do something.

        :raises RetryLaterError: when the connection is closed meanwhile.
        """
        if self._closed.wait(seconds):
            raise RetryLaterError("the connection was closed before Salesforce was done")

    def close(self) -> None:
        """Give back threads and connections, which the next call makes anew; the session stays valid."""
        self._closed.set()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        self.http.close()

    def _run(self, task: Callable[[Api], T]) -> T:
        api = self._signed_in(None)
        try:
            return task(api)
        except SalesforceExpiredSession:
            if self.options.auth == "session":
                raise CredentialsError("the session has expired; give a new session_id, or another auth") from None
        return task(self._signed_in(api))

    def _signed_in(self, expired: Api | None) -> Api:
        with self._lock:
            # Another thread may have renewed it while this one waited.
            if self._api is None or self._api is expired:
                session_id, host = self._sign_in()
                self._api = Api(
                    session_id=session_id,
                    instance_url=f"https://{host}",
                    version=self.options.api_version,
                    session=self.http,
                    object_pairs_hook=dict,
                )
            return self._api

    def _sign_in(self) -> tuple[str, str]:
        """The session's id, and the host of the instance."""
        base = f"https://{self.options.host}"
        match self.options.auth:
            case "session":
                return self._secrets["session_id"], self.options.host
            case "password":
                # "scratch_url" is the one way to name a whole host to simple-salesforce.
                found = SalesforceLogin(
                    username=self._secrets["username"],
                    password=self._secrets["password"],
                    security_token=self._secrets["security_token"],
                    sf_version=self.options.soap_version,
                    session=self.http,
                    client_id=_CLIENT,
                    scratch_url=base,
                )
            case "jwt":
                grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
                found = self._token({"grant_type": grant, "assertion": self._assertion()})
            case "client_credentials":
                found = self._token(
                    {
                        "grant_type": "client_credentials",
                        "client_id": self._secrets["consumer_key"],
                        "client_secret": self._secrets["consumer_secret"],
                    }
                )
        session_id, host = found
        if not session_id or not host:
            raise RetryLaterError("Salesforce answered the sign-in with something that is no session")
        return session_id, host.strip("/")

    def _token(self, form: dict[str, str]) -> tuple[str, str]:
        """Ask for a token. (simple-salesforce's own way knows no port, and warns with the consumer key in the text.)"""
        response = self.http.post(f"https://{self.options.host}/services/oauth2/token", form)
        told = response.json()
        if response.status_code != requests.codes.ok:
            raise sign_in_error(told["error"])
        return str(told["access_token"]), host_of(told["instance_url"], "instance_url")

    def _assertion(self) -> str:
        """A JWT as Salesforce's OAuth 2.0 JWT bearer flow wants it: three minutes at most, RS256."""
        claims = {
            "iss": self._secrets["consumer_key"],
            "sub": self._secrets["username"],
            "aud": self.options.audience,
            "exp": int(time.time()) + _ASSERTION_SECONDS,
        }
        return jwt.encode(claims, self._secrets["private_key"], algorithm="RS256")


def _translated(task: Callable[[], T]) -> T:
    """Run a task; of what may go wrong in it, only our errors come out, without the content of any answer."""
    try:
        return task()
    except CrmError:
        raise
    except SalesforceError as error:
        raise call_error(error) from None
    except SalesforceOperationError:
        raise RetryLaterError("Salesforce did not do the bulk job") from None
    except (ValueError, ExpatError, AttributeError, KeyError, IndexError, TypeError, InvalidError):
        # simple-salesforce reads answers without looking whether they are what they should be.
        raise RetryLaterError("Salesforce answered with something that is not what was asked for") from None


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
