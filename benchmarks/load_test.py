"""Load test: visitors browse, open galaxies and request saliency maps at once.

python benchmarks/load_test.py --visitors 20 --minutes 3 --data ~/galaxy-zoo

Each galaxy is opened once, so that none is read from a cache, until all were opened.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import requests
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Checkbox_pb2 import Checkbox
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Selectbox_pb2 import Selectbox
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # the package need not be installed

from app_process import SETTLE_S, STEP_TIMEOUT_S, AppProcess, Browser, connection  # noqa: E402

from galaxy_explorer.catalogue import SAMPLE, open_catalogue  # noqa: E402

MAP = "Show where it looked"  # the switch of the saliency map
STEPS = ("browse", "galaxy", "saliency")
CACHED = ": all further ones came from the cache; use --data with more galaxies"


@dataclass
class Measurements:
    """Durations of the steps in seconds, and errors, of all visitors."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


@dataclass
class Screen:
    """Elements and errors that the server sent for one run of a page."""

    by_place: dict[tuple[int, ...], Element] = field(default_factory=dict)  # the last one at each delta path
    errors: list[str] = field(default_factory=list)

    @property
    def elements(self) -> list[Element]:
        """The elements that the page shows."""
        return list(self.by_place.values())

    def add(self, message: ForwardMsg) -> None:
        """Add what a message holds."""
        if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        self.by_place[tuple(message.metadata.delta_path)] = element  # the server drops a replaced element's pictures
        if element.WhichOneof("type") == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
            self.errors.append(element.alert.body)


class Visitor:
    """A visitor with one browser."""

    def __init__(self, server: str, socket: ClientConnection) -> None:
        self.server, self.browser = server, Browser(socket)

    async def run(self, query: str = "", page: str = "", widgets: dict[str, str | bool] | None = None) -> Screen:
        """Run a page by query and URL path, with widgets by id; download its pictures."""
        request = BackMsg()
        request.rerun_script.query_string = query
        request.rerun_script.page_script_hash = self.browser.pages.get(page, "")
        for name, value in (widgets or {}).items():
            state = request.rerun_script.widget_states.widgets.add()
            state.id = name
            if isinstance(value, bool):
                state.bool_value = value
            else:
                state.string_value = value
        return await self.send(request)

    async def send(self, request: BackMsg) -> Screen:
        """Send a request to run a page, and return what the page shows; download its pictures."""
        screen = Screen()
        for message in await self.browser.run(request):
            screen.add(message)
        async with asyncio.timeout(STEP_TIMEOUT_S):
            await asyncio.gather(*(self._download(url) for url in picture_urls(screen)))
        return screen

    async def _download(self, url: str) -> None:
        response = await asyncio.to_thread(requests.get, self.server + url, timeout=STEP_TIMEOUT_S)
        response.raise_for_status()


def picture_urls(screen: Screen) -> Iterator[str]:
    """Yield the paths of a screen's pictures on the server."""
    for element in screen.elements:
        if element.WhichOneof("type") == "imgs":
            yield from (image.url for image in element.imgs.imgs if image.url.startswith("/"))


def select_box(screen: Screen, label: str) -> Selectbox:
    """Return a select box by its label."""
    return next(each.selectbox for each in _elements(screen, "selectbox") if each.selectbox.label == label)


def switch(screen: Screen, label: str) -> Checkbox:
    """Return a switch by its label."""
    return next(each.checkbox for each in _elements(screen, "checkbox") if each.checkbox.label == label)


def _elements(screen: Screen, kind: str) -> Iterator[Element]:
    """Yield a screen's elements of a kind; raise LookupError after the last one."""
    yield from (element for element in screen.elements if element.WhichOneof("type") == kind)
    raise LookupError(f"the page lacks a {kind}: {'; '.join(screen.errors) or 'no error is shown'}")


async def visit(server: str, galaxies: Iterator[str], source: str, until: float, seed: int) -> Measurements:
    """Repeat the steps until a time, each time with the next galaxy and another answer."""
    measured, draw = Measurements(), random.Random(seed)
    await asyncio.sleep(draw.random())  # visitors do not start at the same moment
    async with connection(server) as socket:
        visitor = Visitor(server, socket)
        query = urllib.parse.urlencode({"source": source})
        await visitor.run()  # the first page lists the others
        while True:
            galaxy = urllib.parse.urlencode({"source": source, "galaxy": next(galaxies)})
            await timed("browse", visitor.run(query, "browse"), measured)
            screen = await timed("galaxy", visitor.run(galaxy, "galaxy"), measured)
            if screen is not None:
                try:
                    box = select_box(screen, "Explain answer")
                except LookupError as error:
                    measured.errors.append(f"saliency: {error}")
                else:
                    choice = {box.id: draw.choice(box.options), switch(screen, MAP).id: True}
                    await timed("saliency", visitor.run(galaxy, "galaxy", choice), measured)
            if time.monotonic() > until:
                return measured


async def timed(step: str, run: Awaitable[Screen], measured: Measurements) -> Screen | None:
    """Measure a step; return None after an error."""
    start = time.perf_counter()
    try:
        screen = await run
    except (TimeoutError, OSError, WebSocketException) as error:
        measured.errors.append(f"{step}: {type(error).__name__} {error}")
        return None
    measured.seconds[step].append(time.perf_counter() - start)
    measured.errors += [f"{step}: {error}" for error in screen.errors]
    return screen


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Response times of the app with many visitors at once.")
    add = parser.add_argument
    add("--visitors", type=int, default=30, metavar="N", help="at once (%(default)s)")
    add("--minutes", type=float, default=2.0, help="duration (%(default)s)")
    add("--data", type=Path, metavar="DIR", help="thousands of galaxies (default: the bundled nine)")
    return parser.parse_args(arguments)


async def drive(server: str, galaxies: Iterator[str], source: str, visitors: int, seconds: float) -> list[Measurements]:
    """Run all visitors; they share the galaxies."""
    until = time.monotonic() + seconds
    return await asyncio.gather(*(visit(server, galaxies, source, until, seed) for seed in range(visitors)))


def main(arguments: list[str] | None = None) -> int:
    """Print the time of each step, errors and memory; return 1 after an error."""
    flags = read_flags(arguments)
    ids = list(open_catalogue(flags.data or SAMPLE).ids)
    random.Random(0).shuffle(ids)
    galaxies, source = cycle(ids), flags.data.resolve().name if flags.data else SAMPLE
    with AppProcess(os.environ | ({"GALAXY_EXPLORER_DATA": str(flags.data)} if flags.data else {})) as app:
        asyncio.run(drive(app.url, galaxies, source, 1, 0.0))  # a first visitor, for whom torch is imported
        time.sleep(SETTLE_S)
        before, taken, own = app.resident_megabytes(), app.cpu_s(), time.process_time()
        measured = asyncio.run(drive(app.url, galaxies, source, flags.visitors, 60.0 * flags.minutes))
        after, taken, own = app.resident_megabytes(), app.cpu_s() - taken, time.process_time() - own
    print(f"{flags.visitors} visitors for {flags.minutes:g} minutes, without a pause between steps:")
    for step in STEPS:
        seconds = [each for visitor in measured for each in visitor.seconds[step]]
        if len(seconds) > 1:
            median, percentile = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
            print(f"  {step}: {len(seconds)} times, median {median:.2f} s, 95th percentile {percentile:.2f} s")
    opened = sum(len(visitor.seconds["galaxy"]) for visitor in measured)
    print(f"  galaxies opened: {opened:,}, of {len(ids):,} different ones{CACHED if opened >= len(ids) else ''}")
    rounds = max(1, opened)
    print(f"  processor time of the three steps: {taken / rounds:.2f} s, and {own / rounds:.2f} s of this script")
    print(f"  memory: {before:.0f} MB at the start, {after:.0f} MB at the end")
    errors = [error for visitor in measured for error in visitor.errors]
    print(f"  errors: {len(errors)}", *sorted(set(errors))[:10], sep="\n    ")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
