"""Load test of a class: pupils vote at once, and the server is killed in between.

python benchmarks/classroom.py --minutes 5               # 30 pupils, 10 galaxies each
python benchmarks/classroom.py --kills 20 --pupils 8     # SIGKILL at random times; every acknowledged vote is there

Pupils join by the code and answer by the messages that a browser sends. An answer is acknowledged when the next
question, or the end, has arrived; a vote, when the page says that the galaxy is saved.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # the package need not be installed

from app_process import SETTLE_S, AppProcess, Browser, connection  # noqa: E402

from galaxy_explorer.catalogue import open_catalogue  # noqa: E402
from galaxy_explorer.classroom import ClassGalaxy, Classroom, ClassStore  # noqa: E402
from galaxy_explorer.classroom.tables import ballots_of, votes_csv  # noqa: E402

GOAL_S = 1.0  # 95 % of the answers are acknowledged within this time
PLACE = re.compile(r"galaxy (\d+) of")
SAVED = re.compile(r"Galaxy (\d+) is saved")
ALL_SAVED = "galaxies are saved"
TOKEN = re.compile(r"galaxy_class_\w+=([\w-]+)")


@dataclass
class Pupil:
    """One pupil, what was acknowledged, and how long it took."""

    nickname: str
    token: str = ""
    votes: set[int] = field(default_factory=set)  # places of the galaxies whose votes were acknowledged
    sent: set[int] = field(default_factory=set)  # submitted, whether acknowledged or not
    answer_s: list[float] = field(default_factory=list)
    vote_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Phone:
    """A browser and the widgets that its page shows."""

    def __init__(self, socket: ClientConnection) -> None:
        self.browser = Browser(socket)
        self.page, self.query = "", ""
        self.shown: list[tuple[Element, str]] = []  # of the last run, with the fragment

    async def open(self, page: str, query: str) -> None:
        """Open a page of the app."""
        await self._send(BackMsg())  # the first page lists the others
        self.page, self.query = self.browser.pages[page], query
        await self._send(BackMsg())

    async def press(self, label: str, text: str = "") -> None:
        """Press a button, and fill the only text field if a text is given."""
        await self._press(next(one for one in self._buttons() if one[0].button.label == label), text)

    async def answer(self, place: int) -> None:
        """Press the button of an answer."""
        await self._press(self._answers()[place])

    def answers(self) -> int:
        """Return the number of answers to choose from."""
        return len(self._answers())

    def has(self, label: str) -> bool:
        """Return whether the page shows a button."""
        return any(each.button.label == label for each, _ in self._buttons())

    def text(self) -> str:
        """Return all texts of the last run."""
        elements = (element for element, _ in self.shown)
        bodies = [getattr(getattr(each, each.WhichOneof("type") or ""), "body", "") for each in elements]
        return " ".join(map(str, bodies))

    def _buttons(self) -> Iterator[tuple[Element, str]]:
        yield from (each for each in self.shown if each[0].WhichOneof("type") == "button")

    def _answers(self) -> list[tuple[Element, str]]:
        return [each for each in self._buttons() if "-answer_" in each[0].button.id]

    async def _press(self, found: tuple[Element, str], text: str = "") -> None:
        """Send the press of a button, as its fragment's run."""
        element, fragment = found
        request = BackMsg()
        states = request.rerun_script.widget_states.widgets
        if text:
            field_of_text = next(each for each, _ in self.shown if each.WhichOneof("type") == "text_input")
            state = states.add()
            state.id, state.string_value = field_of_text.text_input.id, text
        state = states.add()
        state.id, state.trigger_value = element.button.id, True
        request.rerun_script.fragment_id = fragment
        await self._send(request)

    async def _send(self, request: BackMsg) -> None:
        """Send a request to run the page, and wait for its end."""
        request.rerun_script.page_script_hash, request.rerun_script.query_string = self.page, self.query
        deltas = (each.delta for each in await self.browser.run(request) if each.WhichOneof("type") == "delta")
        self.shown = [
            (each.new_element, each.fragment_id) for each in deltas if each.WhichOneof("type") == "new_element"
        ]


async def take_part(
    server: AppProcess, classroom: Classroom, pupil: Pupil, pause_s: float, draw: random.Random
) -> None:
    """Join, or return by the cookie, and vote on all galaxies that are left."""
    headers = {"Cookie": f"galaxy_class_{classroom.code}={pupil.token}"} if pupil.token else {}
    async with connection(server.url, headers) as socket:
        phone = Phone(socket)
        await phone.open("join", f"code={classroom.code}")
        if not pupil.token:
            await phone.press("Join", pupil.nickname)
        if match := TOKEN.search(phone.text()):
            pupil.token = match[1]
        while ALL_SAVED not in phone.text():
            await vote(phone, classroom, pupil, pause_s, draw)


async def vote(phone: Phone, classroom: Classroom, pupil: Pupil, pause_s: float, draw: random.Random) -> None:
    """Answer all questions about one galaxy, and submit the answers."""
    found = PLACE.search(phone.text())
    if found is None:
        raise RuntimeError(f"the page asks about no galaxy: {phone.text()[-300:]}")
    place = int(found[1]) - 1
    while not phone.has("Submit"):
        await asyncio.sleep(draw.expovariate(1 / pause_s) if pause_s else 0)
        if not phone.answers():
            raise RuntimeError(f"the page has neither answers nor Submit: {phone.text()[-300:]}")
        start = time.perf_counter()
        await phone.answer(draw.randrange(phone.answers()))
        pupil.answer_s.append(time.perf_counter() - start)
    start = time.perf_counter()
    pupil.sent.add(place)
    await phone.press("Submit")
    saved = SAVED.search(phone.text())
    if ALL_SAVED in phone.text() or (saved and int(saved[1]) == place + 1):
        pupil.vote_s.append(time.perf_counter() - start)
        pupil.votes.add(place)
    else:
        pupil.errors.append(f"galaxy {place + 1} is not confirmed: {phone.text()[-200:]}")


async def run_pupils(server: AppProcess, classroom: Classroom, pupils: list[Pupil], pause_s: float, seed: int) -> None:
    """Run all pupils at once until they have finished or the server is gone."""

    async def run(number: int, pupil: Pupil) -> None:
        draw = random.Random(f"{seed} {number}")
        await asyncio.sleep(draw.random() * min(10.0, 5 * pause_s))  # they do not all join at the same moment
        try:
            await take_part(server, classroom, pupil, pause_s, draw)
        except (TimeoutError, OSError, WebSocketException) as error:
            pupil.errors.append(f"{type(error).__name__} {error}")

    await asyncio.gather(*(run(number, pupil) for number, pupil in enumerate(pupils)))


def start_class(store: ClassStore, count: int) -> Classroom:
    """Start a class on the bundled galaxies, repeated as needed."""
    sample = open_catalogue("sample")
    ids = [sample.table.index[number % len(sample)] for number in range(count)]
    galaxies = [ClassGalaxy(f"{number} {each}", 1.0, sample.picture_bytes(each)) for number, each in enumerate(ids)]
    code, _ = store.create("load test", "sample", galaxies)
    classroom = store.by_code(code)
    assert classroom is not None
    return classroom


def lost_votes(store: ClassStore, classroom: Classroom, pupils: list[Pupil]) -> int:
    """Return the number of acknowledged votes that the store lacks."""
    stored = {(vote.pupil_id, vote.place) for vote in store.votes(classroom.class_id)}
    ids = {pupil.nickname: pupil.pupil_id for pupil in store.pupils(classroom.class_id)}
    return sum((ids.get(pupil.nickname, 0), place) not in stored for pupil in pupils for place in pupil.votes)


def print_times(name: str, seconds: list[float]) -> bool:
    """Print the times of a step; return whether 95 % are within the goal."""
    if len(seconds) < 2:
        return False
    percentile, within = statistics.quantiles(seconds, n=20)[-1], sum(one <= GOAL_S for one in seconds) / len(seconds)
    print(
        f"  {name}: {len(seconds):,}, median {statistics.median(seconds):.3f} s, 95th percentile {percentile:.3f} s, "
        f"longest {max(seconds):.2f} s, {100 * within:.1f} % within {GOAL_S:g} s"
    )
    return within >= 0.95


def vote_under_load(flags: argparse.Namespace, server: AppProcess, store: ClassStore) -> bool:
    """Run all pupils within some minutes; print times and votes; return whether all is well."""
    classroom = start_class(store, flags.galaxies)
    pupils = [Pupil(f"pupil {number}") for number in range(flags.pupils)]
    presses = 5 * flags.galaxies  # a path has four to nine answers, and the slowest pupil must end in time
    asyncio.run(run_pupils(server, start_class(store, 1), [Pupil("first")], 0.0, flags.seed))
    time.sleep(SETTLE_S)
    taken = server.cpu_s()
    asyncio.run(run_pupils(server, classroom, pupils, 0.6 * 60 * flags.minutes / presses, flags.seed))
    taken = server.cpu_s() - taken
    galaxies, votes = store.galaxies(classroom.class_id), store.votes(classroom.class_id)
    table = votes_csv(galaxies, ballots_of(galaxies, store.pupils(classroom.class_id), votes))
    lines = table.decode("utf-8-sig").count("\n") - 1
    wanted = flags.pupils * flags.galaxies
    print(f"{flags.pupils} pupils, {flags.galaxies} galaxies each, on {os.cpu_count()} CPUs:")
    print(
        f"  votes: {wanted} wanted, {sum(len(pupil.votes) for pupil in pupils)} acknowledged, {len(votes)} stored, ",
        end="",
    )
    print(f"{lost_votes(store, classroom, pupils)} lost, {lines} lines in the CSV")
    fast = print_times("answers acknowledged", [one for pupil in pupils for one in pupil.answer_s])
    fast &= print_times("votes acknowledged", [one for pupil in pupils for one in pupil.vote_s])
    runs = sum(len(pupil.answer_s) + len(pupil.vote_s) for pupil in pupils)
    print(f"  processor time: {1000 * taken / max(1, runs):.0f} ms an answer, with the visits")
    errors = sorted({error for pupil in pupils for error in pupil.errors})
    print(f"  errors: {len(errors)}", *errors[:5], sep="\n    ")
    return fast and len(votes) == lines == wanted and not errors


def vote_under_kills(flags: argparse.Namespace, server: AppProcess, store: ClassStore) -> bool:
    """Kill the server while pupils vote; return whether every acknowledged vote is there."""
    draw, lost, total, sent = random.Random(flags.seed), 0, 0, 0
    for kill in range(flags.kills):
        classroom = start_class(store, flags.galaxies)
        pupils = [Pupil(f"pupil {number}") for number in range(flags.pupils)]
        asyncio.run(_vote_until_killed(server, classroom, pupils, draw, flags.seed + kill))
        server.start()
        acknowledged = sum(len(pupil.votes) for pupil in pupils)
        lost, total = lost + lost_votes(store, classroom, pupils), total + acknowledged
        sent += sum(len(pupil.sent) for pupil in pupils)
        print(
            f"  kill {kill + 1}: {acknowledged} acknowledged, {len(store.votes(classroom.class_id))} stored", flush=True
        )
        if kill == flags.kills - 1:  # the pupils return by their cookies and finish
            asyncio.run(run_pupils(server, classroom, pupils, 0.05, flags.seed))
            finished = len(store.votes(classroom.class_id)) == flags.pupils * flags.galaxies
            print(f"  after the last restart {'all' if finished else 'NOT all'} pupils have finished as themselves")
    print(f"{flags.kills} kills: {sent} votes submitted, {total} acknowledged, {lost} of them lost")
    return total > 0 and lost == 0 and finished


async def _vote_until_killed(
    server: AppProcess, classroom: Classroom, pupils: list[Pupil], draw: random.Random, seed: int
) -> None:
    """Kill the server at a random moment; end when all pupils have noticed."""
    voting = asyncio.create_task(run_pupils(server, classroom, pupils, 0.02, seed))
    wanted = draw.randint(1, len(pupils) * classroom.galaxies // 3)
    while sum(len(pupil.votes) for pupil in pupils) < wanted and not voting.done():
        await asyncio.sleep(0.02)
    await asyncio.sleep(draw.uniform(0.0, 0.5))
    server.kill()
    await voting


def main(arguments: list[str] | None = None) -> int:
    """Run the load test, or the kills; return 1 if a vote is lost or answers are slow."""
    parser = argparse.ArgumentParser(description="A class of pupils who vote at once.")
    add = parser.add_argument
    add("--pupils", type=int, default=30, metavar="N")
    add("--galaxies", type=int, default=10, metavar="N")
    add("--minutes", type=float, default=5.0, help="time that the pupils take (%(default)s)")
    add("--kills", type=int, default=0, metavar="N", help="kill the server N times instead")
    add("--seed", type=int, default=0)
    flags = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "GALAXY_EXPLORER_DATA"}
        environment |= {"XDG_DATA_HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        with (
            AppProcess(environment) as server,
            contextlib.closing(ClassStore(Path(folder, "galaxy-explorer", "classes.sqlite"))) as store,
        ):
            requests.get(server.url, timeout=30)
            good = (vote_under_kills if flags.kills else vote_under_load)(flags, server, store)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
