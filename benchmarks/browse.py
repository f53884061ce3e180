"""How fast Browse is on a catalogue of survey size, and how much memory it takes.

python benchmarks/browse.py
python benchmarks/browse.py --data ~/galaxy-zoo --keep ~/survey         links to real pictures, kept for the app itself
python benchmarks/browse.py --galaxies 20000                            a quick look
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

import survey
from measuring import resident_megabytes, verdict
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.browse.gallery import GALLERY_TILES
from galaxy_explorer.app.browse.matching import pick
from galaxy_explorer.app.browse.presets import READY_MADE
from galaxy_explorer.app.browse.query import AGAINST_VOLUNTEERS, BESIDE_ANSWERS, BETWEEN_NETWORKS, View
from galaxy_explorer.app.services import result_cache, sources
from galaxy_explorer.catalogue import Catalogue, VoteRange
from galaxy_explorer.decision_tree import COLUMNS

FIVE = (
    VoteRange("Class1.2", 0.5),
    VoteRange("Class2.2", 0.6),
    VoteRange("Class4.1", 0.5),
    VoteRange("Class6.1", 0.0, 0.4, as_share=False),
    VoteRange("Class11.2", 0.2, 0.9),
)
APP = Path(__file__).resolve().parent.parent / "app.py"
SORT_SECONDS, PAGE_SECONDS, MEGABYTES = 0.3, 0.5, 500
REPEATS = 3  # rounds of which the median counts: another process's spell hits one of them
READINGS = 7  # of the predictions, which are read once and then kept


def seconds_of(work: Callable[..., object], *arguments: object) -> float:
    """Time one call."""
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def views() -> dict[str, View]:
    """Name what is asked for: every sort by itself, and all of it over a pile of five filters."""
    sorts = {name: View(sort=name) for name in BESIDE_ANSWERS}
    for column in COLUMNS:
        sorts[f"{column} by share"] = View(sort=column)
        sorts[f"{column} by fraction, rising"] = View(sort=column, as_share=False, upward=True)
    piled = {f"five filters, {name}": replace(view, ranges=FIVE) for name, view in sorts.items()}
    searched = {"search": View(search="1234"), "five filters and search": View(search="1234", ranges=FIVE)}
    return sorts | piled | searched | {choice.name: choice.view for choice in READY_MADE}


def orders(galaxies: Catalogue) -> None:
    """Time filters and sorts, for the first time and again."""
    first = {name: seconds_of(pick, galaxies, view) for name, view in views().items()}
    rounds = [{name: seconds_of(pick, galaxies, view) for name, view in views().items()} for _ in range(REPEATS)]
    again = {name: statistics.median(seconds[name] for seconds in rounds) for name in first}
    for title, seconds in (("first time", first), ("again", again)):
        worst = max(seconds, key=seconds.__getitem__)
        print(f"  {len(seconds)} filters and sorts, {title}: median {1e3 * statistics.median(seconds.values()):.0f} ms")
        verdict(f"slowest, s ({worst})", seconds[worst], f"below {SORT_SECONDS}", seconds[worst] < SORT_SECONDS)
    for sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        readings = []
        for _ in range(READINGS):
            result_cache.of_catalogues().clear()
            readings.append(seconds_of(pick, galaxies, View(sort=sort)))
        print(f"  the sort “{sort}”, predictions read anew: {min(readings):.2f} to {max(readings):.2f} s")
        middle = statistics.median(readings)
        verdict("median, s", middle, f"below {SORT_SECONDS}", middle < SORT_SECONDS)


def pages(galaxies: Catalogue) -> None:
    """Time pages of thumbnails: made, read from disk, from memory."""

    def show(rows: np.ndarray) -> None:
        list(sources.galaxy_thumbnails(galaxies, list(galaxies.table.index[rows])))

    random = np.random.default_rng(1).permutation(len(galaxies))
    batches = np.array_split(random[: 5 * GALLERY_TILES], 5)
    for title in ("made", "from disk", "from memory"):
        if title == "from disk":
            sources._thumbnails.clear()
        seconds = [seconds_of(show, rows) for rows in batches]
        verdict(
            f"{GALLERY_TILES} thumbnails {title}, s", max(seconds), f"below {PAGE_SECONDS}", max(seconds) < PAGE_SECONDS
        )


def whole_page() -> None:
    """Time runs of the page as the server does them, Streamlit included, thumbnails new each time."""
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    seconds = {}
    addresses: dict[str, dict[str, Any]] = {
        "another page": {"page": "7"},
        "first sort by predictions": {"sort": BETWEEN_NETWORKS},
        "sorted": {"sort": "t04_yes"},
        "five filters": {"filter": ["t01_features-or-disk~50-100s", "t02_no~60-100s", "t04_yes~50-100s",
                                    "t06_yes~0-40f", "t11_2~20-90s"], "sort": "t10_loose"},
    }  # fmt: skip
    for name, address in addresses.items():
        for key in ("filter", "sort", "page"):
            app.query_params.pop(key, None)
        for key, value in address.items():
            app.query_params[key] = value
        result_cache.of_catalogues().clear()
        seconds[name] = seconds_of(app.run)
        if app.exception or len(app.page_link) < GALLERY_TILES:
            raise RuntimeError(f"the page {address} is not as it should be")
    for name in addresses:
        print(f"  the whole page, {name}: {seconds[name]:.2f} s")


def main(arguments: list[str] | None = None) -> None:
    """Print the figures beside what is wanted."""
    flags = survey.read_page_flags("Server time and memory of Browse.", arguments)
    with survey.first_source(flags) as folder:
        before = resident_megabytes()
        start = time.perf_counter()
        galaxies = sources.open_source(str(folder))
        opened = resident_megabytes()
        print(f"{len(galaxies):,} galaxies, opened in {time.perf_counter() - start:.1f} s, {opened - before:+.0f} MB")
        orders(galaxies)
        pages(galaxies)
        whole_page()
        grown = resident_megabytes() - before
        verdict("memory grown in all, MB", grown, f"below {MEGABYTES}", grown < MEGABYTES)


if __name__ == "__main__":
    main()
