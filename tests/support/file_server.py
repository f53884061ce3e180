"""A real HTTP server on this machine that plays the hosts of data sets, with their faults."""

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

from galaxy_explorer.commands import downloads


@dataclass
class ServedFile:
    """A file, and how it is served."""

    content: bytes
    etag: str = '"first"'
    ranges: bool = True
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    # Of the answers to come, one after the other: a status in place of the file, or after how many bytes it breaks off.
    statuses: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)


@dataclass
class FileServer:
    """What a test tells the server, and what the server was asked."""

    address: str = ""
    files: dict[str, ServedFile] = field(default_factory=dict)  # by path
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers
    kaggle_status: int = 302  # of the answer to Kaggle's own question for a file: on to the file, or an error

    def ranges_of(self, path: str) -> list[str]:
        """Give the Range headers of the questions for a file, in their order."""
        return [headers.get("range", "") for _, asked, headers in self.asked if asked.startswith(path)]

    def may_be_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this server count as the one host that downloads come from; waiting takes no time."""
        monkeypatch.setattr(downloads, "HOSTS", ("127.0.0.1",))
        monkeypatch.setattr(downloads, "SCHEMES", ("http",))
        monkeypatch.setattr(downloads, "PAUSES", (0, 0, 0))


class _Answers(BaseHTTPRequestHandler):
    """Answers one connection after another."""

    server_version, sys_version, protocol_version = "Played", "", "HTTP/1.1"
    play: FileServer

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _note(self) -> None:
        self.play.asked.append((self.command, self.path, {name.lower(): text for name, text in self.headers.items()}))

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    def do_POST(self) -> None:
        """Play Kaggle: a question in JSON for a file, answered with the way to it."""
        self._note()
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["fileName"]
        if self.play.kaggle_status != 302:
            message = json.dumps({"code": self.play.kaggle_status, "message": "no"}).encode()
            self._head(self.play.kaggle_status, len(message), Content_Type="application/json")
            self.wfile.write(message)
        else:
            self._head(302, 0, Location=f"{self.play.address}/storage/{name}")

    def do_GET(self) -> None:
        """Give a file or a part of it, with its faults."""
        self._note()
        file = self.play.files.get(self.path.partition("?")[0])
        if file is None:
            self._head(404, 0)
            return
        if file.statuses and (status := file.statuses.pop(0)) != 200:
            self._head(status, 0, **file.headers)
            return
        start, status, headers = self._part_of(file)
        content = file.content[start:]
        if status == 416:
            self._head(416, 0, Content_Range=f"bytes */{len(file.content)}")
            return
        self._head(status, len(content), ETag=file.etag, Content_Type=file.kind, **headers, **file.headers)
        if file.breaks and (end := file.breaks.pop(0)) < len(content):
            content = content[:end]
            self.close_connection = True
        self.wfile.write(content)

    def _part_of(self, file: ServedFile) -> tuple[int, int, dict[str, str]]:
        """Find where the answer begins, with its status and headers."""
        headers = {"Accept_Ranges": "bytes"} if file.ranges else {}
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not (file.ranges and asked) or self.headers.get("If-Range", file.etag) != file.etag:
            return 0, 200, headers
        start, size = int(asked[1]), len(file.content)
        if start >= size:
            return start, 416, headers
        return start, 206, headers | {"Content_Range": f"bytes {start}-{size - 1}/{size}"}


class _Server(ThreadingHTTPServer):
    """Keeps quiet when the other side goes away in the middle, as it does where a test lets it fail."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Keep quiet."""


def md5(content: bytes) -> str:
    """Give the checksum that the host of a file would state."""
    return hashlib.md5(content).hexdigest()


def zipped(files: dict[str, bytes], **attributes: int) -> bytes:
    """Pack files into a zip file, by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes.get(name, 0o644) << 16
            archive.writestr(member, content)
    return packed.getvalue()


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Run the server for as long as a test takes."""
    play = FileServer()
    server = _Server(("127.0.0.1", 0), type("Answers", (_Answers,), {"play": play}))
    play.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield play
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
