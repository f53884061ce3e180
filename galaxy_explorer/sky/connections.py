"""Connections that end when their time is over, whatever the other side does.

The time limits of requests are for each piece that arrives: a service that drips its headers or its answer, a
byte now and then, would hold a request for as long as it likes. So a clock beside the request shuts the socket.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from galaxy_explorer import __version__

USER_AGENT = f"galaxy-explorer/{__version__} (Galaxy Zoo viewer; python-requests)"
_here = threading.local()  # the watch over what this thread asks


class Watch:
    """Knows the connection of one request, and shuts it when the time is over."""

    def __init__(self) -> None:
        self.is_over = False
        self._connection: HTTPConnection | None = None
        self._socket: object = None  # a connection that is not to be kept forgets its own while the answer still comes
        self._lock = threading.Lock()
        self._done = False

    def sees(self, connection: HTTPConnection) -> None:
        """Take note of the connection that is used."""
        with self._lock:
            self._connection, self._socket = connection, connection.sock

    def end(self) -> None:
        """Shut the connection, unless the request has ended."""
        with self._lock:
            if self._done:
                return
            self.is_over = True
            now = self._socket or (self._connection and self._connection.sock)
            if isinstance(now, socket.socket):
                with suppress(OSError):  # it was not connected, or no longer is
                    socket.socket.shutdown(now, socket.SHUT_RDWR)  # not TLS's own, which would wait for an answer

    def done(self) -> None:
        """Leave the connection to others."""
        with self._lock:
            self._done = True


@contextmanager
def watched(seconds: float) -> Iterator[Watch]:
    """End what this thread asks when its time is over.

    Parameters
    ----------
    seconds : float
        From now.

    Yields
    ------
    Watch
        Its `is_over` tells whether the connection was shut: an answer is then cut off, whatever it looks like.
    """
    watch = Watch()
    clock = threading.Timer(seconds, watch.end)
    clock.daemon = True
    _here.watch = watch
    clock.start()
    try:
        yield watch
    finally:
        clock.cancel()
        watch.done()
        _here.watch = None


def _seen(connection: HTTPConnection) -> None:
    """Show a connection to the watch of this thread."""
    if watch := getattr(_here, "watch", None):
        watch.sees(connection)


class _Plain(HTTPConnection):
    """A connection that its watch knows."""

    def connect(self) -> None:
        """Connect."""
        _seen(self)
        super().connect()

    def getresponse(self) -> HTTPResponse:
        """Read the headers."""
        _seen(self)
        return super().getresponse()


class _Secure(HTTPSConnection):
    """The same with TLS."""

    def connect(self) -> None:
        """Connect."""
        _seen(self)
        super().connect()

    def getresponse(self) -> HTTPResponse:
        """Read the headers."""
        _seen(self)
        return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """Makes connections that are watched, through a proxy as well."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*arguments, **named)
        _watch_all(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> PoolManager:
        """Make those through a proxy."""
        manager = super().proxy_manager_for(*arguments, **named)
        _watch_all(manager)
        return manager


def _watch_all(manager: PoolManager) -> None:
    """Let a manager make pools of watched connections."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


@lru_cache(maxsize=2)
def session(standing_in: bool) -> requests.Session:
    """Make the session of this process: keeps connections, no cookies; a stand-in is asked without any proxy."""
    made = requests.Session()
    made.headers["User-Agent"] = USER_AGENT
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.trust_env = not standing_in
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter())
    return made
