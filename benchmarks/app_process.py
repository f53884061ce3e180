"""The app as a process of its own, and the messages of a browser that visits it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ROOT = Path(__file__).parents[1]
START_TIMEOUT_S = 120
STEP_TIMEOUT_S = 120.0
# After the first visit the app imports torch and loads the networks; no message tells when that ends.
SETTLE_S = 20.0
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class AppProcess:
    """The app on a port of its own, which can be killed and started again.

    Parameters
    ----------
    environment : mapping of str to str
        All its environment variables.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the app, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"]
        command.append("--server.headless=true")
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL)
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            try:
                requests.get(f"{self.url}/_stcore/health", timeout=5)
            except requests.RequestException:
                time.sleep(0.2)  # before the next request
            else:
                return
        raise SystemExit(f"the app did not respond at {self.url} within {START_TIMEOUT_S} s")

    def kill(self) -> None:
        """Kill the app by SIGKILL, which it cannot notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def cpu_s(self) -> float:
        """Return the processor time that the app has taken (Linux)."""
        after_name = self._proc("stat").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self) -> float:
        """Return the resident memory of the app (Linux)."""
        return int(self._proc("status").split("VmRSS:")[1].split()[0]) / 1024.0

    def _proc(self, name: str) -> str:
        """Return a file of the process in /proc."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def connection(server: str, headers: Mapping[str, str] | None = None) -> connect:
    """Return a browser's connection to the app, to be opened by ``async with``."""
    stream = server.replace("http://", "ws://") + "/_stcore/stream"
    return connect(stream, subprotocols=[Subprotocol("streamlit")], max_size=None, additional_headers=headers)


class Browser:
    """A browser: a websocket with a cache of messages, and the pages that the app lists."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pages: dict[str, str] = {}  # page hashes by the URL path
        self._cached: dict[str, ForwardMsg] = {}

    async def run(self, request: BackMsg) -> list[ForwardMsg]:
        """Send a request to run a page; return the messages of the run, the last one if it restarts."""
        await self.socket.send(request.SerializeToString())
        messages: list[ForwardMsg] = []
        async with asyncio.timeout(STEP_TIMEOUT_S):
            while True:
                message = ForwardMsg()
                message.ParseFromString(await self.socket.recv())
                if message.WhichOneof("type") == "ref_hash":
                    message = self._cached[message.ref_hash]
                elif message.hash:
                    self._cached[message.hash] = message
                kind = message.WhichOneof("type")
                if kind == "new_session":
                    messages = []
                elif kind == "navigation":
                    self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
                elif kind == "script_finished" and message.script_finished in FINISHED:
                    return messages
                messages.append(message)
