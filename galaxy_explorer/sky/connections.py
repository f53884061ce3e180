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
from typing import TYPE_CHECKING, Any

from galaxy_explorer import __version__

if TYPE_CHECKING:
    import requests

USER_AGENT = f"galaxy-explorer/{__version__} (Galaxy Zoo viewer; python-requests)"
_here = threading.local()  # the watch over what this thread asks


class Watch:
    """Knows the connection of one request, and shuts it when the time is over."""

    def __init__(self) -> None:
        self.is_over = False
        self._connection: Any = None
        self._socket: Any = None  # a connection that is not to be kept forgets its own while the answer still comes
        self._lock = threading.Lock()
        self._done = False

    def sees(self, connection: Any) -> None:
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


def _seen(connection: Any) -> None:
    """Show a connection to the watch of this thread."""
    if watch := getattr(_here, "watch", None):
        watch.sees(connection)


def _shown(base: Any) -> Any:
    """Make a class of connections that show themselves to the watch of their thread, out of one of urllib3's."""

    def connect(self: Any) -> None:
        _seen(self)
        base.connect(self)

    def getresponse(self: Any) -> Any:
        _seen(self)
        return base.getresponse(self)

    return type(base.__name__, (base,), {"connect": connect, "getresponse": getresponse})


def _show_connections(manager: Any) -> Any:
    """Let a manager of pools, of a proxy as well, make connections that are watched."""
    if not hasattr(manager, "is_watched"):
        manager.pool_classes_by_scheme = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": _shown(pool.ConnectionCls)})
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }
        manager.is_watched = True
    return manager


@lru_cache(maxsize=2)
def session(standing_in: bool) -> "requests.Session":
    """Make the session of this process: keeps connections, no cookies; a stand-in is asked without any proxy."""
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
            super().init_poolmanager(*arguments, **named)
            _show_connections(self.poolmanager)

        def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
            return _show_connections(super().proxy_manager_for(*arguments, **named))

    made = requests.Session()
    made.headers["User-Agent"] = USER_AGENT
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.trust_env = not standing_in
    for scheme in ("http://", "https://"):
        made.mount(scheme, Adapter())
    return made
