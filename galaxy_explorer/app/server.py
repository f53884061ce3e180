"""Server around the pages: bounds on uploads, and the end of sessions of closed pages."""

import asyncio
import ctypes
import gc
import logging
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from galaxy_explorer.app.paths import page_of_link

MAX_SESSION_BYTES = 350_000_000  # of a session's uploaded files: 300 MB of pictures, and a score table
MAX_TOTAL_BYTES = 3_000_000_000  # of all sessions' uploaded files
CHECK_INTERVAL_S = 5.0
GRACE = 0.5  # of server.disconnectedSessionTTL: later Streamlit no longer finds the session to close it
HEALTH_PATH = "/_stcore/health"  # probes of containers ask by address
UPLOAD_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+/?$")
LOCAL = {"localhost", "127.0.0.1", "::1", "[::1]"}

_last_seen: dict[str, float] = {}  # time at which each session was last known to be connected


def register_session() -> None:
    """Register the session that runs a page, to be closed after its visitor has left."""
    context = get_script_run_ctx()
    if context is not None and runtime.exists():
        _last_seen[context.session_id] = time.monotonic()


def drop_uploads(file_ids: Iterable[str] | None = None) -> None:
    """Drop uploaded files of the session that runs a page from the server's memory.

    Parameters
    ----------
    file_ids : iterable of str, optional
        Ids of the files; all files of the session if omitted.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    manager: Any = context.uploaded_file_mgr
    if file_ids is None:
        manager.remove_session_files(context.session_id)
    for file_id in file_ids or ():
        manager.remove_file(context.session_id, file_id)


class HostCheck:
    """ASGI middleware that refuses requests for a host name that the app does not answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it to Streamlit."""
        host = dict(scope.get("headers", ())).get(b"host", b"").decode("latin-1")
        if scope["type"] != "http" or is_host_allowed(host) or scope["path"].endswith(HEALTH_PATH):
            await self._app(scope, receive, send)
            return
        message = (
            f"Galaxy Explorer does not answer under the name {host!r}. Open it under a name that it was started for, "
            "or add this one with the option --server.allowedHosts; see docs/hosting.md."
        )
        await PlainTextResponse(message, 403)(scope, receive, send)


class UploadLimit:
    """ASGI middleware that refuses an upload beyond the bounds before its bytes are kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._receiving: Counter[str] = Counter()  # bytes under way, by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it to Streamlit."""
        path = UPLOAD_PATH.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if path is None:
            await self._app(scope, receive, send)
            return
        session, length = path[1], dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            await PlainTextResponse("Content-Length is required", 411)(scope, receive, send)
            return
        size = int(length)
        own, total = _held_bytes(session)
        if (
            own + self._receiving[session] + size > MAX_SESSION_BYTES
            or total + self._receiving.total() + size > MAX_TOTAL_BYTES
        ):
            while (await receive()).get("more_body"):  # or the browser may see a broken connection instead
                pass
            await PlainTextResponse("Too many bytes are uploaded already", 413)(scope, receive, send)
            return
        self._receiving[session] += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._receiving[session] -= size
            self._receiving += Counter()  # drops the zeros


class EarlierLinks:
    """ASGI middleware that redirects earlier deep links, ``/?source=…``, to their page.

    A page of the app could only switch to another one, and Back would then lead to the link again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it to Streamlit."""
        app, base = self._app, (st.get_option("server.baseUrlPath") or "").strip("/")
        if scope["type"] == "http" and scope["path"] in ("/start", f"/{base}/start"):
            app = RedirectResponse("./")  # Streamlit reserves the path, and answers that there is no such page
        if scope["type"] == "http" and scope["path"] in ("/", f"/{base}/"):
            query = scope["query_string"].decode("ascii", "replace")
            if page := page_of_link(parse_qs(query, keep_blank_values=True)):
                app = RedirectResponse(f"{page}?{query}")
        await app(scope, receive, send)


def _held_bytes(session: str) -> tuple[int, int]:
    """Return the bytes of uploaded files of one session, and of all."""
    manager: Any = runtime.get_instance().uploaded_file_mgr
    held = {
        key: sum(len(file.data) for file in list(files.values())) for key, files in list(manager.file_storage.items())
    }
    return held.get(session, 0), sum(held.values())


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Close the sessions of visitors who have left, as long as the server runs."""
    _warn_of_hosts()
    _exit_with_status_0()
    task = asyncio.create_task(_close_sessions())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _warn_of_hosts() -> None:
    """Warn if the app listens to other machines and answers none of them."""
    address, hosts = st.get_option("server.address"), st.get_option("server.allowedHosts")
    if address not in LOCAL and hosts and set(hosts) <= LOCAL:
        logging.getLogger(__name__).warning(
            "The app listens at %s and answers this machine only. Add the name or address that visitors type, for "
            "example --server.allowedHosts %s; see docs/hosting.md.",
            address,
            "galaxies.example.org" if address in (None, "0.0.0.0", "::") else address,
        )


def _exit_with_status_0() -> None:
    """Make Ctrl-C end the app quietly: uvicorn raises the signal again after its end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        uvicorn: Any = getattr(signal.getsignal(number), "__self__", None)

        def stop(*_: object, uvicorn: Any = uvicorn) -> None:
            uvicorn.force_exit = uvicorn.should_exit  # by the second signal
            uvicorn.should_exit = True

        if hasattr(uvicorn, "should_exit"):
            signal.signal(number, stop)


async def _close_sessions() -> None:
    """Close disconnected sessions after a while; Streamlit waits for another to end."""
    while True:
        await asyncio.sleep(CHECK_INTERVAL_S)
        if close_disconnected(time.monotonic()):
            await asyncio.to_thread(return_memory)


def close_disconnected(now: float) -> int:
    """Close the sessions that have been disconnected long enough; return their number."""
    server, grace = runtime.get_instance(), GRACE * st.get_option("server.disconnectedSessionTTL")
    closed = 0
    for session, seen in list(_last_seen.items()):
        if server.is_active_session(session):
            _last_seen[session] = now
        elif now - seen >= grace:
            server.close_session(session)
            del _last_seen[session]
            closed += 1
    return closed


def return_memory() -> None:
    """Return the memory of closed sessions to the system."""
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()  # or cycles of a session that lived when a network was loaded would never be collected
    gc.collect()
    if frozen:
        gc.freeze()
    with suppress(AttributeError, OSError):  # glibc alone has it; without it freed pages stay with the process
        ctypes.CDLL(None).malloc_trim(0)
