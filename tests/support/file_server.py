"""Fake HTTP server of the hosts of data sets, with their faults."""

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from galaxy_explorer.commands.fetching import downloads
from galaxy_explorer.sky import HttpClient, Limits


@dataclass
class ServedFile:
    """File and how it is served."""

    content: bytes
    ranges: bool = True
    is_silent: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    # Of the next responses in order: a status instead of the file; the number of bytes before the connection breaks.
    statuses: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)


@dataclass
class FileServer:
    """Settings of the fake server, and the requests it received."""

    address: str = ""
    files: dict[str, ServedFile] = field(default_factory=dict)  # by path
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers
    kaggle_status: int | None = 302  # of Kaggle's response: a redirect to the file, or an error; None for silence
    closing: threading.Event = field(default_factory=threading.Event)

    def ranges_of(self, path: str) -> list[str]:
        """Return the Range headers of the requests for a file, in order."""
        return [headers.get("range", "") for _, asked, headers in self.asked if asked.startswith(path)]

    def use(self, monkeypatch: pytest.MonkeyPatch, max_retries: int = 3) -> None:
        """Send downloads to this server, with retries at once."""
        limits = Limits(max_retries=max_retries, backoff_s=0, max_retry_after_s=60)
        monkeypatch.setattr(downloads, "CLIENT", HttpClient(downloads.HOSTS, self.address, limits))


class _Answers(BaseHTTPRequestHandler):
    """Handler of one connection."""

    server_version, sys_version, protocol_version = "Fake", "", "HTTP/1.1"
    play: FileServer

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _note(self) -> None:
        self.play.asked.append((self.command, self.path, {name.lower(): text for name, text in self.headers.items()}))

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    def _wait(self) -> None:
        """Send nothing before the client's timeout."""
        self.play.closing.wait(10)
        self.close_connection = True

    def do_POST(self) -> None:
        """Fake Kaggle: redirect a JSON request for a file to the file."""
        self._note()
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["fileName"]
        if self.play.kaggle_status is None:
            self._wait()
        elif self.play.kaggle_status != 302:
            message = json.dumps({"code": self.play.kaggle_status, "message": "no"}).encode()
            self._head(self.play.kaggle_status, len(message), Content_Type="application/json")
            self.wfile.write(message)
        else:
            self._head(302, 0, Location=f"{self.play.address}/storage/{name}")

    def do_GET(self) -> None:
        """Send a file or a range of it, with its faults."""
        self._note()
        file = self.play.files.get(self.path.partition("?")[0])
        if file is None:
            self._head(404, 0)
            return
        if file.is_silent:
            self._wait()
            return
        if file.statuses and (status := file.statuses.pop(0)) != 200:
            self._head(status, 0, **file.headers)
            return
        start, status, headers = self._part_of(file)
        content = file.content[start:]
        if status == 416:
            self._head(416, 0, Content_Range=f"bytes */{len(file.content)}")
            return
        self._head(status, len(content), **headers, **file.headers)
        if file.breaks and (end := file.breaks.pop(0)) < len(content):
            content = content[:end]
            self.close_connection = True
        self.wfile.write(content)

    def _part_of(self, file: ServedFile) -> tuple[int, int, dict[str, str]]:
        """Return the first byte to send, the status and headers."""
        headers = {"Accept_Ranges": "bytes"} if file.ranges else {}
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not (file.ranges and asked):
            return 0, 200, headers
        start, size = int(asked[1]), len(file.content)
        if start >= size:
            return start, 416, headers
        return start, 206, headers | {"Content_Range": f"bytes {start}-{size - 1}/{size}"}


class _Server(ThreadingHTTPServer):
    """Server that logs nothing when the client disconnects."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Log nothing."""


def md5(content: bytes) -> str:
    """Return the checksum that the host of a file would publish."""
    return hashlib.md5(content).hexdigest()


def zipped(files: dict[str, bytes], **attributes: int) -> bytes:
    """Return a zip file of files by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes.get(name, 0o644) << 16
            archive.writestr(member, content)
    return packed.getvalue()


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Run the fake server during a test."""
    play = FileServer()
    server = _Server(("127.0.0.1", 0), type("Answers", (_Answers,), {"play": play}))
    play.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield play
    finally:
        play.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
