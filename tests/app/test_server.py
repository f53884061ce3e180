"""The server around the pages: bounds of uploads, and the end of sessions whose visitors have left."""

import asyncio
import importlib.util
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from app_server import served
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from galaxy_explorer.app import server

LOAD_TEST = Path(__file__).parents[2] / "benchmarks" / "load_test.py"


def run(coroutine: Coroutine) -> Any:
    """Run a coroutine in a thread of its own: the browser tests leave an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class FakeRuntime:
    """Sessions and uploaded files as Streamlit's runtime holds them."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, SimpleNamespace]] = {}
        self.uploaded_file_mgr = SimpleNamespace(file_storage=self.files)
        self.active: set[str] = set()
        self.closed: list[str] = []
        self.is_active_session = self.active.__contains__
        self.close_session = self.closed.append

    def keep(self, session: str, size: int) -> None:
        """Keep an uploaded file."""
        self.files.setdefault(session, {})[str(time.monotonic_ns())] = SimpleNamespace(data=bytes(size))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """A runtime without visitors."""
    fake = FakeRuntime()
    monkeypatch.setattr(runtime, "get_instance", lambda: fake)
    monkeypatch.setattr(server, "_last_seen", {})
    monkeypatch.setattr(server, "MAX_SESSION_BYTES", 100)
    monkeypatch.setattr(server, "MAX_TOTAL_BYTES", 250)
    return fake


@pytest.fixture
def put(fake: FakeRuntime) -> Callable[..., int]:
    """A function that uploads a file of some bytes for a session, and returns the HTTP status."""

    async def keep(scope: dict, receive: Callable, send: Callable) -> None:
        fake.keep(scope["path"].split("/")[-2], int(dict(scope["headers"])[b"content-length"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})

    limit = server.UploadLimit(keep)

    def request(session: str, size: int | str, method: str = "PUT", start: str = "") -> int:
        """Send one request."""
        statuses, headers = [], [(b"content-length", str(size).encode())] if size != "" else []
        path = f"{start}/_stcore/upload_file/{session}/{time.monotonic_ns()}"
        scope = {"type": "http", "method": method, "path": path, "headers": headers}

        async def receive() -> dict:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            statuses.append(message.get("status"))

        run(limit(scope, receive, send))
        return statuses[0]

    return request


def test_the_uploads_of_a_session_are_bounded_before_they_are_kept(fake: FakeRuntime, put: Callable[..., int]) -> None:
    assert [put("mine", 60), put("mine", 60), put("mine", 40), put("mine", 1)] == [204, 413, 204, 413]
    assert put("other", 100) == 204
    assert put("third", 100) == 413  # beyond the bound of all
    assert sum(len(file.data) for files in fake.files.values() for file in files.values()) == 200
    fake.files["mine"].clear()  # by the × next to a file
    assert put("mine", 100) == 204


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/", "source=sample&filter=t01_smooth~50-100s", "browse?source=sample&filter=t01_smooth~50-100s"),
        ("/", "search=a%20b&page=2", "browse?search=a%20b&page=2"),
        ("/", "source=sample&galaxy=0012", "galaxy?source=sample&galaxy=0012"),
        ("/sky/", "source=sample", "browse?source=sample"),
        ("/start", "", "./"),
        ("/sky/start", "", "./"),
        ("/", "embed=true", None),
        ("/", "token=secret", None),
        ("/", "", None),
        ("/browse", "source=sample", None),
    ],
)
def test_an_earlier_deep_link_is_redirected_to_its_page(
    path: str, query: str, location: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[dict] = []

    async def passed_on(scope: dict, receive: Callable, send: Callable) -> None:
        await send({"headers": []})

    async def send(message: dict) -> None:
        messages.append(message)

    monkeypatch.setattr(server.st, "get_option", lambda name: "sky" if name == "server.baseUrlPath" else None)
    scope = {"type": "http", "path": path, "query_string": query.encode()}
    run(server.EarlierLinks(passed_on)(scope, lambda: None, send))
    headers = dict(messages[0]["headers"])
    assert headers.get(b"location", b"").decode() == (location or "")


def test_an_upload_under_a_base_path_is_bounded_and_one_of_unknown_length_is_refused(put: Callable[..., int]) -> None:
    assert put("mine", 101, start="/galaxies") == 413
    assert put("mine", "") == 411
    assert put("mine", "-5") == 411
    assert put("mine", 101, method="DELETE") == 204


def test_uploads_under_way_count(fake: FakeRuntime) -> None:
    statuses, release = [], asyncio.Event()

    async def wait(scope: dict, receive: Callable, send: Callable) -> None:
        await release.wait()
        await send({"status": 204})

    async def send(message: dict) -> None:
        statuses.append(message.get("status"))
        release.set()

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def two_at_once() -> None:
        limit, headers = server.UploadLimit(wait), [(b"content-length", b"60")]
        scope = {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/mine/1", "headers": headers}
        await asyncio.gather(limit(scope, receive, send), limit(scope, receive, send))

    run(two_at_once())
    assert {status for status in statuses if status} == {413, 204}


def test_what_a_visitor_removes_is_dropped_by_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = MemoryUploadedFileManager("")
    monkeypatch.setattr(
        server, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine", uploaded_file_mgr=manager)
    )
    for session, number in (("mine", "1"), ("mine", "2"), ("other", "3")):
        manager.add_file(session, UploadedFileRec(number, "a.jpg", "", b"x"))
    server.drop_uploads(["1"])
    assert [list(manager.file_storage[session]) for session in ("mine", "other")] == [["2"], ["3"]]
    server.drop_uploads()
    assert list(manager.file_storage) == ["other"]


def test_a_session_is_closed_some_time_after_its_visitor_has_left(fake: FakeRuntime) -> None:
    server._last_seen.update(mine=0.0, other=0.0)
    fake.active.update({"mine", "other"})
    grace = server.GRACE * server.st.get_option("server.disconnectedSessionTTL")
    assert server.close_disconnected(1000.0) == 0
    fake.active.remove("mine")
    assert server.close_disconnected(1000.0 + grace - 1) == 0  # it may reconnect
    assert server.close_disconnected(1000.0 + grace + 1) == 1
    assert fake.closed == ["mine"]
    assert list(server._last_seen) == ["other"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that closes a session 3 to 8 seconds after its visitor has left."""
    with served(tmp_path_factory.mktemp("cache"), STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="6") as url:
        yield url


def status(url: str) -> int:
    """The HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_pictures_of_a_closed_page_are_gone_without_another_visitor(address: str) -> None:
    spec = importlib.util.spec_from_file_location("load_test", LOAD_TEST)
    load_test = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load_test)

    async def visit() -> list[str]:
        """Open Browse, and return the addresses of its pictures."""
        stream = f"{address.replace('http', 'ws')}/_stcore/stream"
        async with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:
            return list(load_test.picture_urls(await load_test.Visitor(address, socket).run()))

    pictures = run(visit())
    assert pictures
    end = time.monotonic() + 120
    while (left := [url for url in pictures if status(address + url) != 404]) and time.monotonic() < end:
        time.sleep(0.5)
    assert not left


def test_a_page_under_a_foreign_name_that_resolves_to_this_machine_is_refused(address: str) -> None:
    async def connected(host: str) -> bool:
        """Whether the app talks to a browser that has the page open under a host name."""
        port = address.rsplit(":", 1)[1]
        there = {"host": "localhost", "port": port, "origin": f"http://{host}:{port}", "subprotocols": ["streamlit"]}
        try:
            async with connect(f"ws://{host}:{port}/_stcore/stream", **there):
                return True
        except InvalidStatus as error:
            return error.response.status_code != 403

    hosts = ("localhost", "127.0.0.1", "[::1]", "evil.example", "127.0.0.1.nip.io")
    assert [run(connected(host)) for host in hosts] == [True, True, True, False, False]
