"""HTTP client: timeout, deadline, retry with back-off, size limit, concurrency limit.

A service that failed gets no requests for a cool-down (circuit breaker). Redirects lead to hosts of an allow-list.
requests and urllib3 are imported on first use, because opening a catalogue does not need them.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from threading import BoundedSemaphore, Semaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from galaxy_explorer import __version__
from galaxy_explorer.sky.errors import (
    DeadlineExceeded,
    InvalidResponse,
    NoConnection,
    Rejected,
    ServiceError,
    Timeout,
    Unavailable,
)

if TYPE_CHECKING:
    import requests
    from urllib3.util import Retry

MAX_CONCURRENT_REQUESTS = 4  # of this process, to all services together
MAX_REDIRECTS = 3
RETRY_STATUSES = (429, 500, 502, 503, 504)
USER_AGENT = f"galaxy-explorer/{__version__} (Galaxy Zoo viewer; python-requests)"
_CHUNK_BYTES = 2**16
_slots = BoundedSemaphore(MAX_CONCURRENT_REQUESTS)
_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))  # of time.monotonic


@dataclass(frozen=True)
class Limits:
    """Limits of a client, in seconds and counts."""

    connect_timeout_s: float = 4.0
    max_retries: int = 2  # after a lost connection, HTTP 429 or 5xx; a timeout is not retried
    backoff_s: float = 0.5  # urllib3's factor: no wait before the first retry, then 2 × 0.5 s, doubled each time
    max_retry_after_s: float = 5.0  # a longer Retry-After ends the attempts
    cool_down_s: float = 20.0  # without requests to a service that failed,
    max_cool_down_s: float = 600.0  # or up to this if its Retry-After is longer


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Limit all requests inside the block to a common deadline.

    Parameters
    ----------
    seconds : float
        From now. An earlier outer deadline stays. A new thread has none: run it in a copy of the context.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float:
    """Return the seconds until the deadline, at least 0; infinity without one."""
    return max(0.0, _deadline.get() - time.monotonic())


@contextmanager
def acquired(semaphore: Semaphore, message: str) -> Iterator[None]:
    """Hold a semaphore; raise DeadlineExceeded if it is not free before the deadline."""
    left = time_left()
    if not semaphore.acquire(timeout=None if left == float("inf") else left):
        raise DeadlineExceeded(message)
    try:
        yield
    finally:
        semaphore.release()


class HttpClient:
    """HTTP client for GET requests to a fixed set of hosts.

    Parameters
    ----------
    hosts : collection of str
        Hosts to which a redirect may lead, by https and its default port.
    base_url : str, optional
        A fake server for tests: ``https://HOST/PATH`` is requested as ``BASE_URL/HOST/PATH``.
    limits : Limits, optional
    """

    def __init__(self, hosts: Collection[str], base_url: str = "", limits: Limits | None = None) -> None:
        self.hosts = frozenset(hosts)
        self.base_url = base_url
        self.limits = limits or Limits()
        self._failures: dict[str, tuple[float, ServiceError]] = {}  # by endpoint: end of the cool-down, reason

    def get(self, url: str, *, name: str, timeout_s: float, max_bytes: int) -> bytes:
        """Return the decompressed content of a response with status 200.

        `timeout_s` is for the complete response with retries; the wait for a free slot is not counted. After `Timeout`
        or `Unavailable` the endpoint cools down: further requests raise the same error at once.
        """
        endpoint = url.partition("?")[0]
        self._raise_if_cooling_down(endpoint)
        with acquired(
            _slots, f"too many requests were waiting, so {name} was not asked before the deadline; try again"
        ):
            self._raise_if_cooling_down(endpoint)  # it may have failed while this request waited
            is_cut_short = time_left() < timeout_s
            try:
                with deadline(timeout_s), self.open(url, name=name, read_timeout_s=timeout_s) as response:
                    content = _read(response, name, max_bytes)
            except (Timeout, Unavailable) as error:
                if is_cut_short and isinstance(error, Timeout):
                    raise DeadlineExceeded(str(error)) from error
                self._start_cool_down(endpoint, error)
                raise
        self._failures.pop(endpoint, None)
        return content

    @contextmanager
    def open(
        self,
        url: str,
        *,
        name: str,
        read_timeout_s: float,
        headers: Mapping[str, str] | None = None,
        statuses: Collection[int] = (200,),
    ) -> Iterator["requests.Response"]:
        """Yield a streamed response with one of the `statuses`; follow redirects to allowed hosts.

        Errors of requests and urllib3, in the block as well, are raised as `ServiceError`. The deadline is checked
        before each request; `read_timeout_s` limits each wait for data.
        """
        import requests
        from urllib3.exceptions import HTTPError, TimeoutError

        try:
            for _ in range(MAX_REDIRECTS + 1):
                if not (left := time_left()):
                    raise _timeout(name)
                timeout = min(self.limits.connect_timeout_s, left), min(read_timeout_s, left)
                with self._send(url, name, headers=headers, timeout=timeout) as response:
                    if not response.is_redirect:
                        _check_status(response, name, statuses)
                        yield response
                        return
                    url = self._redirect_target(url, response.headers["location"], name)
        except (requests.RequestException, HTTPError) as error:
            if isinstance(error, requests.Timeout | TimeoutError) or not time_left():
                raise _timeout(name) from error
            raise NoConnection(
                f"there is no connection to {name}, or it broke off: check the network, or try again later"
            ) from error
        raise Rejected(f"{name} redirected more than {MAX_REDIRECTS} times; try again later")

    def reset_cool_down(self) -> None:
        """End the cool-down of every service, so that the next request is sent at once."""
        self._failures.clear()

    def is_allowed(self, url: str) -> bool:
        """Return whether a redirect may lead to a URL."""
        if self.base_url and url.startswith(f"{self.base_url}/"):
            return True
        parts = urlsplit(url)  # netloc is more than the host if there is a port or a user
        return parts.scheme == "https" and parts.netloc == parts.hostname and parts.hostname in self.hosts

    def _redirect_target(self, url: str, location: str, name: str) -> str:
        with suppress(ValueError):  # a location that cannot be parsed
            target = urljoin(url, location)
            if self.is_allowed(target):
                return target
        hosts = ", ".join(sorted(self.hosts))
        raise Rejected(f"{name} redirected to {location[:80]}; only {hosts} are allowed. Try again later")

    def _send(self, url: str, name: str, **options: Any) -> "requests.Response":
        if self.base_url and not url.startswith(f"{self.base_url}/"):
            url = f"{self.base_url}/{url.removeprefix('https://')}"
        try:
            return self._session.get(url, stream=True, allow_redirects=False, **options)
        except ValueError as error:  # requests parses the header Location
            raise InvalidResponse(f"{name} sent headers that cannot be read; try again later") from error

    def _raise_if_cooling_down(self, endpoint: str) -> None:
        until, failure = self._failures.get(endpoint, (0.0, None))
        if failure is not None and time.monotonic() < until:
            raise type(failure)(str(failure)) from failure  # a new exception: other threads hold the first

    def _start_cool_down(self, endpoint: str, failure: ServiceError) -> None:
        retry_after_s = min(getattr(failure, "retry_after_s", None) or 0.0, self.limits.max_cool_down_s)
        self._failures[endpoint] = time.monotonic() + max(self.limits.cool_down_s, retry_after_s), failure

    @cached_property
    def _session(self) -> "requests.Session":
        """Session of all threads: keeps connections alive, stores no cookies."""
        import requests
        from requests.adapters import HTTPAdapter

        session = requests.Session()
        session.headers["User-Agent"] = USER_AGENT
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.trust_env = not self.base_url  # a fake server is not behind a proxy
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=_retry_policy(self.limits)))
        return session


def _retry_policy(limits: Limits) -> "Retry":
    """Return urllib3's retry policy, bounded by the deadline and the longest Retry-After."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError, ResponseError, TimeoutError
    from urllib3.util import Retry

    class BoundedRetry(Retry):
        def get_retry_after(self, response: Any) -> float | None:
            return retry_after_s(response.headers)

        def increment(
            self, method: Any = None, url: Any = None, response: Any = None, error: Any = None, *rest: Any, **pool: Any
        ) -> "BoundedRetry":
            if isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError):
                raise error  # the time of this request is used up
            retry = super().increment(method, url, response, error, *rest, **pool)
            wait_s = self.get_retry_after(response) if response else None
            if wait_s is None:
                wait_s = retry.get_backoff_time()
            if wait_s > limits.max_retry_after_s or wait_s >= time_left():
                raise MaxRetryError(pool["_pool"], url, error or ResponseError("no time for a retry"))
            if response:
                response.close()  # urllib3 would read it to its end, which may not come
            return retry

    return BoundedRetry(
        total=limits.max_retries,
        status_forcelist=RETRY_STATUSES,
        backoff_factor=limits.backoff_s,
        raise_on_status=False,
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None if not valid."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return Retry().parse_retry_after(headers.get("Retry-After", ""))
    except (InvalidHeader, OverflowError):
        return None


def _check_status(response: "requests.Response", name: str, statuses: Collection[int]) -> None:
    status = response.status_code
    if status in statuses:
        return
    if status == 429 or status >= 500:
        raise Unavailable(
            f"{name} is unavailable (HTTP {status}); try again in a minute", retry_after_s(response.headers)
        )
    raise Rejected(f"{name} rejected the request (HTTP {status}); try again later")


def _read(response: "requests.Response", name: str, max_bytes: int) -> bytes:
    """Read the decompressed content in chunks; check size and deadline after each."""
    content = bytearray()
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        content += chunk
        if len(content) > max_bytes:
            raise InvalidResponse(
                f"{name} sent more than {max_bytes / 2**20:.0f} MiB, expected far less; try again later"
            )
        if not time_left():
            raise _timeout(name)
    return bytes(content)


def _timeout(name: str) -> Timeout:
    return Timeout(f"{name} gave no complete response within the timeout; try again later")
