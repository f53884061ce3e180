"""Visitors at once: browse, open a galaxy, ask for a saliency map, over and over, as browsers do it over websockets.

python benchmarks/app.py --visitors 20 --minutes 2
"""

import argparse
import asyncio
import contextlib
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Selectbox_pb2 import Selectbox
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from galaxy_explorer.catalogue import SAMPLE, open_catalogue  # noqa: E402

START_SECONDS = 60
PATIENCE = 120.0  # seconds after which an answer counts as an error
STEPS = ("browse", "galaxy", "saliency")


@dataclass
class Measured:
    """What all visitors saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


@dataclass
class Screen:
    """What the server sent for one run of a page."""

    elements: list[Element] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)  # page hashes by the last part of their address
    problems: list[str] = field(default_factory=list)

    def take(self, message: ForwardMsg) -> None:
        """Take a message in."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        self.elements.append(element)
        if element.WhichOneof("type") == "exception":
            self.problems.append(f"{element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
            self.problems.append(element.alert.body)


class Visitor:
    """One browser: a websocket, and the messages that it remembers."""

    def __init__(self, address: str, socket: ClientConnection) -> None:
        self.address, self.socket = address, socket
        self.known: dict[str, ForwardMsg] = {}
        self.pages: dict[str, str] = {}

    async def run(self, query: str = "", page: str = "", widgets: dict[str, str] | None = None) -> Screen:
        """Ask for a run of a page, wait for its end, and fetch the pictures on it.

        Parameters
        ----------
        query : str
            The query of the page's address.
        page : str
            Its last part; empty for the first page.
        widgets : dict of str to str, optional
            What was chosen in select boxes, by their ids.
        """
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_script_hash = self.pages.get(page, "")
        for name, value in (widgets or {}).items():
            state = asked.rerun_script.widget_states.widgets.add()
            state.id, state.string_value = name, value
        await self.socket.send(asked.SerializeToString())
        screen = Screen()
        async with asyncio.timeout(PATIENCE):
            while True:
                message = ForwardMsg()
                message.ParseFromString(await self.socket.recv())
                if message.WhichOneof("type") == "ref_hash":
                    message = self.known[message.ref_hash]
                elif message.hash:
                    self.known[message.hash] = message
                screen.take(message)
                if message.WhichOneof("type") == "script_finished":
                    break
            await asyncio.gather(*(self._fetch(url) for url in pictures_of(screen)))
        self.pages = screen.pages or self.pages
        return screen

    async def _fetch(self, url: str) -> None:
        """Fetch a picture, as a browser does."""
        answer = await asyncio.to_thread(requests.get, self.address + url, timeout=PATIENCE)
        answer.raise_for_status()


def pictures_of(screen: Screen) -> Iterator[str]:
    """Name the pictures of a screen that are on the server."""
    for element in screen.elements:
        if element.WhichOneof("type") == "imgs":
            yield from (image.url for image in element.imgs.imgs if image.url.startswith("/"))


def box_named(screen: Screen, label: str) -> Selectbox:
    """Find a select box by its label."""
    for element in screen.elements:
        if element.WhichOneof("type") == "selectbox" and element.selectbox.label == label:
            return element.selectbox
    raise LookupError(f"the page has no select box “{label}”: {'; '.join(screen.problems) or 'no error is shown'}")


async def visit(address: str, galaxies: list[str], source: str, until: float, seed: int, measured: Measured) -> None:
    """Go through the steps until the time is over, each time with another galaxy and another answer."""
    chance = random.Random(seed)
    await asyncio.sleep(chance.random())  # people do not come at the same moment
    websocket = address.replace("http://", "ws://") + "/_stcore/stream"
    async with connect(websocket, subprotocols=[Subprotocol("streamlit")], max_size=None) as socket:
        visitor = Visitor(address, socket)
        query = urllib.parse.urlencode({"source": source})
        await visitor.run(query)  # the first page of all, which tells the others' names
        while True:
            galaxy = urllib.parse.urlencode({"source": source, "galaxy": chance.choice(galaxies)})
            await timed("browse", visitor.run(query), measured)
            screen = await timed("galaxy", visitor.run(galaxy, "galaxy"), measured)
            if screen is not None:
                try:
                    box = box_named(screen, "Explain answer")
                except LookupError as error:
                    measured.errors.append(f"saliency: {error}")
                else:
                    choice = {box.id: chance.choice(box.options)}
                    await timed("saliency", visitor.run(galaxy, "galaxy", choice), measured)
            if time.monotonic() > until:
                break


async def timed(step: str, run: Awaitable[Screen], measured: Measured) -> Screen | None:
    """Time a step; what went wrong is kept beside the times."""
    start = time.perf_counter()
    try:
        screen = await run
    except (TimeoutError, OSError, WebSocketException) as error:
        measured.errors.append(f"{step}: {type(error).__name__} {error}")
        return None
    measured.seconds[step].append(time.perf_counter() - start)
    measured.errors += [f"{step}: {problem}" for problem in screen.problems]
    return screen


@contextlib.contextmanager
def served(data: Path | None) -> Iterator[tuple[str, int]]:
    """Run the app; give its address and the number of its process."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = os.environ | ({"GALAXY_EXPLORER_DATA": str(data)} if data else {})
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        address = f"http://localhost:{port}"
        try:
            _wait(address)
            yield address, server.pid
        finally:
            server.terminate()


def _wait(address: str) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{address}/_stcore/health", timeout=5)
            return
        time.sleep(0.2)
    raise SystemExit(f"the app did not answer at {address} within {START_SECONDS} s")


def resident_megabytes(process: int) -> float:
    """Read a process's resident memory (Linux alone)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024.0


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Visitors at once, and how long they wait.")
    add = parser.add_argument
    add("--visitors", type=int, default=20, metavar="N", help="at once (%(default)s)")
    add("--minutes", type=float, default=2.0, help="for so long (%(default)s)")
    add("--data", type=Path, metavar="DIR", help="the galaxies (default: the bundled sample)")
    return parser.parse_args(arguments)


async def drive(address: str, data: Path | None, visitors: int, seconds: float) -> Measured:
    """Send the visitors."""
    galaxies, source = open_catalogue(data or SAMPLE).ids, data.resolve().name if data else SAMPLE
    measured, until = Measured(), time.monotonic() + seconds
    visits = (visit(address, galaxies, source, until, seed, measured) for seed in range(visitors))
    await asyncio.gather(*visits)
    return measured


def main(arguments: list[str] | None = None) -> int:
    """Print the median and the 95th percentile of each step, errors and memory; 1 where there was an error."""
    flags = read_flags(arguments)
    with served(flags.data) as (address, process):
        asyncio.run(drive(address, flags.data, 1, 0.0))  # a first visitor, for whom torch is imported
        before = resident_megabytes(process)
        measured = asyncio.run(drive(address, flags.data, flags.visitors, 60.0 * flags.minutes))
        after = resident_megabytes(process)
    print(f"{flags.visitors} visitors for {flags.minutes:g} minutes, without a pause between steps:")
    for step in STEPS:
        seconds = measured.seconds[step]
        if len(seconds) > 1:
            percentile = statistics.quantiles(seconds, n=20)[-1]
            print(
                f"  {step}: {len(seconds)} times, median {statistics.median(seconds):.2f} s, 95th percentile {percentile:.2f} s"
            )
    print(f"  memory: {before:.0f} MB at the start, {after:.0f} MB at the end")
    print(f"  errors: {len(measured.errors)}")
    for problem in sorted(set(measured.errors))[:10]:
        print(f"    {problem}")
    return 1 if measured.errors else 0


if __name__ == "__main__":
    sys.exit(main())
