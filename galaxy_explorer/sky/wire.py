"""How services are asked: within limits of time, size and number, and with manners.

requests and urllib3 are imported where they are used: Browse and training do without them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from galaxy_explorer import __version__
from galaxy_explorer.sky.errors import Busy, Malformed, Offline, Refused, Slow, Unavailable
from galaxy_explorer.sky.hosts import Service, asked, may_be_asked, stand_in

if TYPE_CHECKING:
    import requests

AT_ONCE = 4  # requests of this process under way
USER_AGENT = f"galaxy-explorer/{__version__} (Galaxy Zoo viewer; python-requests)"
_PIECE = 2**16


@dataclass(frozen=True)
class Limits:
    """Times in seconds, and counts, beside those of each service."""

    connect: float = 4.0
    longest_answer: float = 30.0  # whatever a service's own patience
    attempts: int = 3
    back_off: float = 0.5  # before the second attempt; doubled for each further one
    longest_wait: float = 5.0  # that a service may ask for before the next attempt
    redirects: int = 3
    rest: float = 20.0  # for which a service that failed is left alone,
    longest_rest: float = 600.0  # or longer where it asks for it


LIMITS = Limits()
_turns = BoundedSemaphore(AT_ONCE)
_ends: ContextVar[float] = ContextVar("ends", default=float("inf"))
_resting: dict[str, tuple[float, Unavailable]] = {}


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give everything that is asked inside a common time limit.

    Parameters
    ----------
    seconds : float
        From now. An outer limit that ends sooner stays. A thread begins without one: run it in a copy of the context.
    """
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def ask_again() -> None:
    """Forget which services failed just now, so that the next request goes out at once."""
    _resting.clear()


def fetch(service: Service, url: str) -> bytes:
    """Fetch an answer.

    Parameters
    ----------
    service : Service
        Who is asked.
    url : str
        One of its URLs.

    Returns
    -------
    bytes
        The whole answer. Whether it is what was asked for is not known yet.

    Raises
    ------
    Unavailable
        One of its kinds, if there is no answer. A service that failed is then left alone for a while
        (`Limits.rest`), in which this is raised at once.
    """
    until, failure = _resting.get(service.address, (0.0, None))
    if failure is not None and time.monotonic() < until:
        raise type(failure)(str(failure)) from failure  # a new one: others may be looking at the first
    own_end = time.monotonic() + min(service.patience_seconds, LIMITS.longest_answer)
    end = min(own_end, _ends.get())
    try:
        content = _with_retries(service, url, end)
    except (Offline, Slow, Busy) as error:
        if not (isinstance(error, Slow) and end < own_end):  # our own hurry is not the service's fault
            asked_for = min(getattr(error, "wait_seconds", None) or 0.0, LIMITS.longest_rest)
            _resting[service.address] = (time.monotonic() + max(LIMITS.rest, asked_for), error)
        raise
    _resting.pop(service.address, None)
    return content


def _with_retries(service: Service, url: str, end: float) -> bytes:
    """Ask, and ask again after a failure that may pass, for as long as there is time."""
    for attempt in range(1, LIMITS.attempts + 1):
        try:
            with _turn(service, end):
                return _follow(service, url, end)
        except (Offline, Busy) as error:
            wait = getattr(error, "wait_seconds", None)
            wait = LIMITS.back_off * 2 ** (attempt - 1) if wait is None else wait
            if attempt == LIMITS.attempts or wait > LIMITS.longest_wait or time.monotonic() + wait >= end:
                raise
        time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _turn(service: Service, end: float) -> Iterator[None]:
    """Wait until fewer than `AT_ONCE` requests are under way."""
    if not _turns.acquire(timeout=max(0.0, min(end - time.monotonic(), 3600.0))):
        raise _slow(service)
    try:
        yield
    finally:
        _turns.release()


def _follow(service: Service, url: str, end: float) -> bytes:
    """Ask once, going where we are sent as long as that is within the table."""
    for _ in range(LIMITS.redirects + 1):
        answer = _ask(service, url, end)
        if isinstance(answer, bytes):
            return answer
        url = _way_on(service, url, answer)
    raise Refused(f"{service.name} sent us on {LIMITS.redirects + 1} times without an answer; try again later")


def _ask(service: Service, url: str, end: float) -> bytes | str:
    """Send one request; give the answer, or the address that we are sent on to."""
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    left = end - time.monotonic()
    if left <= 0:
        raise _slow(service)
    try:
        with _session(bool(stand_in())).get(
            asked(url), stream=True, allow_redirects=False, timeout=(min(LIMITS.connect, left), left)
        ) as response:
            if response.is_redirect:
                return response.headers["location"]
            _check_status(service, response)
            return _content(service, response, end)
    except (requests.Timeout, ReadTimeoutError) as error:
        raise _slow(service) from error
    except (requests.ConnectionError, HTTPError) as error:
        raise Offline(
            f"there is no connection to {service.name}, or it broke off: check the network, or try again later"
        ) from error
    except requests.RequestException as error:
        raise Malformed(f"{service.name} answered in a way that cannot be followed; try again later") from error


@lru_cache(maxsize=2)
def _session(standing_in: bool) -> "requests.Session":
    """Make the session of this process: keeps connections, no cookies; a stand-in is asked without any proxy."""
    import requests

    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not standing_in
    return session


def _check_status(service: Service, response: "requests.Response") -> None:
    """Refuse every answer but a plain one."""
    status = response.status_code
    if status == 429 or status >= 500:
        raise Busy(
            f"{service.name} cannot answer just now (HTTP {status}); try again in a minute",
            _wait_asked_for(response.headers.get("retry-after", "")),
        )
    if status != 200:
        raise Refused(f"{service.name} refused the question (HTTP {status}); try another place or source")


def _wait_asked_for(text: str) -> float | None:
    """Read a Retry-After header, seconds or a date; None where there is none that can be read."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _content(service: Service, response: "requests.Response", end: float) -> bytes:
    """Take an answer piece by piece, as it comes, so that one that drips or never ends is cut off."""
    content = bytearray()
    while piece := response.raw.read1(_PIECE, decode_content=True):
        content += piece
        if len(content) > service.most_bytes:
            raise Malformed(
                f"{service.name} answered with more than {service.most_bytes / 2**20:.0f} MiB, far more than was "
                "asked for; try another source"
            )
        if time.monotonic() > end:
            raise _slow(service)
    return bytes(content)


def _way_on(service: Service, url: str, location: str) -> str:
    """Give the address that we are sent on to, if it leads to a host of the table."""
    target = urljoin(url, location)
    if not may_be_asked(target):
        raise Refused(
            f"{service.name} sent us on to {urlsplit(target).hostname or 'nowhere'}, which is not among the hosts that "
            "are asked; try another source"
        )
    return target


def _slow(service: Service) -> Slow:
    """Say that the time is over."""
    return Slow(f"{service.name} gave no answer in time; try again, or another source")
