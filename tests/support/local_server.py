"""A real HTTP server on this machine that answers by a function, with faults to order."""

import gzip
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit


class Asked(NamedTuple):
    """A request as it came in."""

    role: str
    host: str
    path: str
    parameters: dict[str, str]
    query: str
    headers: dict[str, str]
    query_length: int  # characters, as they came over the wire


class Reply(NamedTuple):
    """What is answered when nothing goes wrong."""

    body: bytes
    content_type: str = "application/octet-stream"
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


# A fault sends something else than the reply, or sends it in another way.
Fault = Callable[["Handler", Reply], None]


class Handler(BaseHTTPRequestHandler):
    """Notes each request, and answers it or plays its fault."""

    server: "HTTPServer"

    def do_GET(self) -> None:
        """Answer."""
        play = self.server.play
        host, _, path = self.path.partition("?")[0].lstrip("/").partition("/")
        query = urlsplit(self.path).query
        parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        role, headers = play.role(host, path), dict(self.headers)
        asked = Asked(role, host, f"/{path}", parameters, unquote(query), headers, len(query))
        with play.lock:
            play.asked.append(asked)
        reply = play.reply(asked)
        with suppress(ConnectionError):  # whoever asked has gone
            play.faults.get(asked.role, send)(self, reply)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class HTTPServer(ThreadingHTTPServer):
    """Knows what it plays."""

    daemon_threads = True
    play: "Server"


class Server:
    """A server on a free port of this machine, for as long as its ``with`` lasts.

    ``faults`` maps a role, as `role` names it, to what goes wrong there; ``asked`` lists what came in.
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
        """Name the service that a request is for."""
        return f"{host}/{path}"

    def reply(self, asked: Asked) -> Reply:
        """Give what is answered when nothing goes wrong."""
        return Reply(b"no such page", "text/plain", 404)

    def count(self, role: str) -> int:
        """Count the requests to a service."""
        return sum(asked.role == role for asked in self.asked)


# Faults


def send(handler: Handler, reply: Reply) -> None:
    """No fault: the reply as it is."""
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
    """Close the connection without a word."""
    handler.close_connection = True


def slow(handler: Handler, reply: Reply) -> None:
    """Answer when nobody waits any more."""
    handler.server.play.closing.wait(10)


def drip(handler: Handler, reply: Reply) -> None:
    """Send a byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.play.closing.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def drip_headers(handler: Handler, reply: Reply) -> None:
    """Send a header now and then, for ever."""
    handler.send_response(200)
    handler.flush_headers()
    while not handler.server.play.closing.wait(0.05):
        handler.wfile.write(b"X-More: to come\r\n")


def stall(handler: Handler, reply: Reply) -> None:
    """Drip for a while, then say nothing more of what was promised."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(10):
        handler.wfile.write(b" ")
        handler.server.play.closing.wait(0.05)
    handler.server.play.closing.wait(10)


def enormous(handler: Handler, reply: Reply) -> None:
    """Never stop sending."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.play.closing.is_set():
        handler.wfile.write(b" " * 2**18)


def cut_off(handler: Handler, reply: Reply) -> None:
    """Promise the whole, send half, and close the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    handler.wfile.write(reply.body[: len(reply.body) // 2])
    handler.close_connection = True


def packed_in_pieces(handler: Handler, reply: Reply) -> None:
    """No fault either: compressed, and in chunks, as web servers like to send what they make on the fly."""
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
    """Send half of the file as if it were all."""
    send(handler, reply._replace(body=reply.body[: len(reply.body) // 2]))


def saying(body: bytes, content_type: str = "image/jpeg", status: int = 200, **headers: str) -> Fault:
    """Make a fault: another answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def say(handler: Handler, _reply: Reply) -> None:
        send(handler, Reply(body, content_type, status, named))

    return say


def once(fault: Fault) -> Fault:
    """Make a fault happen the first time alone."""
    left = [fault]

    def play(handler: Handler, reply: Reply) -> None:
        (left.pop() if left else send)(handler, reply)

    return play
