"""How services are asked: within limits of time, size and number, and with manners.

requests and urllib3 are imported where they are used: Browse and training do without them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from galaxy_explorer.sky.connections import Watch, session, watched
from galaxy_explorer.sky.errors import Busy, Hurried, Malformed, Offline, Refused, SkyError, Slow, Unavailable
from galaxy_explorer.sky.hosts import Service, asked, may_be_asked, stand_in

if TYPE_CHECKING:
    import requests

AT_ONCE = 4  # requests of this process under way
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
    patience = min(service.patience_seconds, LIMITS.longest_answer)
    for attempt in range(1, LIMITS.attempts + 1):
        _leave_alone(service)
        with _turn(service):
            _leave_alone(service)  # it may have failed while we waited
            begun = time.monotonic()
            try:
                content = _follow(service, url, min(begun + patience, _ends.get()))
            except (Offline, Slow, Busy) as error:
                failure = error
            else:
                _resting.pop(service.address, None)
                return content
        if isinstance(failure, Slow) and _ends.get() < begun + patience:
            raise Hurried(str(failure)) from failure
        patience -= time.monotonic() - begun
        wait = _wait_before_next(failure, attempt, min(patience, time_left()))
        if wait is None:
            _let_rest(service, failure)
            raise failure
        patience -= wait
        time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def time_left() -> float:
    """Give the seconds that are left of the common time limit, 0 or more; infinity where there is none."""
    return max(0.0, _ends.get() - time.monotonic())


def _leave_alone(service: Service) -> None:
    """Raise what a service failed with just now, while it rests."""
    until, failure = _resting.get(service.address, (0.0, None))
    if failure is not None and time.monotonic() < until:
        raise type(failure)(str(failure)) from failure  # a new one: others may be looking at the first


def _let_rest(service: Service, failure: Unavailable) -> None:
    """Leave a service that failed alone for a while."""
    asked_for = min(getattr(failure, "wait_seconds", None) or 0.0, LIMITS.longest_rest)
    _resting[service.address] = (time.monotonic() + max(LIMITS.rest, asked_for), failure)


def _wait_before_next(failure: Unavailable, attempt: int, left: float) -> float | None:
    """Give the seconds until the next attempt; None where there is none, or no time for it."""
    if isinstance(failure, Slow) or attempt == LIMITS.attempts:
        return None
    asked_for = getattr(failure, "wait_seconds", None)
    wait = LIMITS.back_off * 2 ** (attempt - 1) if asked_for is None else asked_for
    return None if wait > LIMITS.longest_wait or wait >= left else wait


@contextmanager
def _turn(service: Service) -> Iterator[None]:
    """Wait until fewer than `AT_ONCE` requests are under way. It is our queue: the service's patience has not begun."""
    left = time_left()
    if not _turns.acquire(timeout=None if left == float("inf") else left):
        raise Hurried(
            f"{service.name} was not asked in time, because too many questions were waiting, those of other visitors "
            "among them; try again"
        )
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
    with watched(left) as watch:
        try:
            with session(bool(stand_in())).get(
                asked(url), stream=True, allow_redirects=False, timeout=(min(LIMITS.connect, left), left)
            ) as response:
                return _answer(service, response, watch)
        except SkyError:
            raise
        except (requests.RequestException, HTTPError, ValueError) as error:  # ValueError: where to go on is no address
            if watch.is_over or isinstance(error, requests.Timeout | ReadTimeoutError):
                raise _slow(service) from error
            if isinstance(error, requests.ConnectionError | HTTPError):
                raise Offline(
                    f"there is no connection to {service.name}, or it broke off: check the network, or try again later"
                ) from error
            raise Malformed(f"{service.name} answered in a way that cannot be followed; try again later") from error


def _answer(service: Service, response: "requests.Response", watch: Watch) -> bytes | str:
    """Take an answer, or the address that we are sent on to, if it came whole before the time was over."""
    if watch.is_over:  # what looks like the end of the headers is where they were cut off
        raise _slow(service)
    if response.is_redirect:
        return response.headers["location"]
    _check_status(service, response)
    content = _content(service, response)
    if watch.is_over:
        raise _slow(service)
    return content


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
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return Retry().parse_retry_after(text)
    except (InvalidHeader, OverflowError):
        return None


def _content(service: Service, response: "requests.Response") -> bytes:
    """Take an answer piece by piece, as it comes, so that one that never ends is cut off."""
    content = bytearray()
    while piece := response.raw.read1(_PIECE, decode_content=True):
        content += piece
        if len(content) > service.most_bytes:
            raise Malformed(
                f"{service.name} answered with more than {service.most_bytes / 2**20:.0f} MiB, far more than was "
                "asked for; try another source"
            )
    return bytes(content)


def _way_on(service: Service, url: str, location: str) -> str:
    """Give the address that we are sent on to, if it leads to a host of the table."""
    try:
        target = urljoin(url, location)
        allowed, host = may_be_asked(target), urlsplit(target).hostname
    except ValueError as error:
        raise Refused(f"{service.name} sent us on to an address that cannot be read; try another source") from error
    if not allowed:
        raise Refused(
            f"{service.name} sent us on to {host or 'nowhere'}, which is not among the hosts that are asked; try another source"
        )
    return target


def _slow(service: Service) -> Slow:
    """Say that the time is over."""
    return Slow(f"{service.name} gave no answer in time; try again, or another source")
