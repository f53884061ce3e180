"""Fake HTTP server on this machine, with faults that a test chooses."""

import gzip
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit


class Asked(NamedTuple):
    """A received request."""

    role: str
    host: str
    path: str
    parameters: dict[str, str]
    query: str
    headers: dict[str, str]
    query_length: int  # characters of the encoded query string


class Reply(NamedTuple):
    """The response without a fault."""

    body: bytes
    content_type: str = "application/octet-stream"
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


# A fault sends another response, or sends it in another way.
Fault = Callable[["Handler", Reply], None]


class Handler(BaseHTTPRequestHandler):
    """Record each request, then send the reply or its fault."""

    server: "HTTPServer"

    def do_GET(self) -> None:
        """Handle a request."""
        play = self.server.play
        host, _, path = self.path.partition("?")[0].lstrip("/").partition("/")
        query = urlsplit(self.path).query
        parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        role, headers = play.role(host, path), dict(self.headers)
        asked = Asked(role, host, f"/{path}", parameters, unquote(query), headers, len(query))
        with play.lock:
            play.asked.append(asked)
        reply = play.reply(asked)
        with suppress(ConnectionError):  # the client has disconnected
            play.faults.get(asked.role, send)(self, reply)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class HTTPServer(ThreadingHTTPServer):
    """Server that knows its fake."""

    daemon_threads = True
    play: "Server"


class Server:
    """Fake server on a free port, within a ``with`` block.

    ``faults`` maps a role (see `role`) to its fault; ``asked`` lists the received requests.
    """

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.play = self
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def role(self, host: str, path: str) -> str:
        """Return the name of the requested service."""
        return f"{host}/{path}"

    def reply(self, asked: Asked) -> Reply:
        """Return the response without a fault."""
        return Reply(b"no such page", "text/plain", 404)

    def count(self, role: str) -> int:
        """Return the number of requests to a service."""
        return sum(asked.role == role for asked in self.asked)


# Faults


def send(handler: Handler, reply: Reply) -> None:
    """Send the reply unchanged."""
    handler.send_response(reply.status)
    for name, value in {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body)),
        **reply.headers,
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(reply.body)


def hang_up(handler: Handler, reply: Reply) -> None:
    """Close the connection without a response."""
    handler.close_connection = True


def slow(handler: Handler, reply: Reply) -> None:
    """Send nothing before the client's timeout."""
    handler.server.play.closing.wait(10)


def drip(handler: Handler, reply: Reply) -> None:
    """Send a byte every 20 ms, without end."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.play.closing.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def drip_headers(handler: Handler, reply: Reply) -> None:
    """Send a header every 5 ms, without end."""
    handler.send_response(200)
    handler.flush_headers()
    while not handler.server.play.closing.wait(0.005):
        handler.wfile.write(b"X-More: to come\r\n")


def enormous(handler: Handler, reply: Reply, status: int = 200) -> None:
    """Send a body without end."""
    handler.send_response(status)
    handler.end_headers()
    while not handler.server.play.closing.is_set():
        handler.wfile.write(b" " * 2**18)


def cut_off(handler: Handler, reply: Reply) -> None:
    """Announce the complete body, send half, and close the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    handler.wfile.write(reply.body[: len(reply.body) // 2])
    handler.close_connection = True


def packed_in_pieces(handler: Handler, reply: Reply) -> None:
    """Send the reply compressed and chunked, as web servers send dynamic pages."""
    handler.protocol_version = "HTTP/1.1"
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    body = gzip.compress(reply.body)
    for start in range(0, len(body), 100):
        piece = body[start : start + 100]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


def half(handler: Handler, reply: Reply) -> None:
    """Send half of the body with a matching length."""
    send(handler, reply._replace(body=reply.body[: len(reply.body) // 2]))


def saying(body: bytes, content_type: str = "image/jpeg", status: int = 200, **headers: str) -> Fault:
    """Return a fault that sends another response."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def say(handler: Handler, _reply: Reply) -> None:
        send(handler, Reply(body, content_type, status, named))

    return say


def once(fault: Fault) -> Fault:
    """Return a fault that happens the first time only."""
    left = [fault]

    def play(handler: Handler, reply: Reply) -> None:
        (left.pop() if left else send)(handler, reply)

    return play
