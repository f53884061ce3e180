"""How fast Browse is on a catalogue of survey size, and how much memory it takes.

python benchmarks/browse.py
python benchmarks/browse.py --data ~/galaxy-zoo --keep ~/survey         links to real pictures, kept for the app itself
python benchmarks/browse.py --galaxies 20000                            a quick look
"""

import argparse
import contextlib
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from measuring import resident_megabytes, verdict
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue, VoteRange, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, fractions_from_shares, shares_from_fractions
from galaxy_explorer.views import predicted, resources
from galaxy_explorer.views.gallery import PAGE_SIZE
from galaxy_explorer.views.picking import pick
from galaxy_explorer.views.ready_made import READY_MADE
from galaxy_explorer.views.selections import BESIDE_ANSWERS, View

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


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Server time and memory of Browse.")
    add = parser.add_argument
    add("--galaxies", type=int, default=240_000, metavar="N", help="(%(default)s)")
    add("--data", default="sample", metavar="DIR", help="galaxies whose pictures and votes are taken (%(default)s)")
    add("--keep", type=Path, metavar="DIR", help="make the catalogue there, or take the one that is there")
    return parser.parse_args(arguments)


def write_survey(folder: Path, origin: Catalogue, count: int) -> None:
    """Fill a new folder with links to a catalogue's pictures under ids of their own, and with scores for all.

    The votes are those of the galaxies, shaken a little, so that hardly two are alike; they obey the tree.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    voted = origin.table[np.isfinite(origin.volunteer_fractions).all(axis=1)]
    drawn = voted.iloc[random.integers(0, len(voted), count)]
    shares = shares_from_fractions(drawn[list(COLUMNS)].to_numpy(dtype=float))
    shares = np.where(np.isnan(shares), 0.0, shares) * random.uniform(0.8, 1.2, shares.shape) + 1e-4
    for where in SLICES.values():
        shares[:, where] /= shares[:, where].sum(axis=1, keepdims=True)
    ids = pd.Index([f"{number:018}" for number in range(count)], name="GalaxyID")
    scores = pd.DataFrame(fractions_from_shares(shares), ids, list(COLUMNS))
    scores.to_csv(folder / "scores.csv", float_format="%.6f")
    root = origin.root.resolve()
    for galaxy_id, name in zip(ids, drawn["picture"], strict=True):
        os.symlink(root / name, folder / f"{galaxy_id}.jpg")


def write_predictions(galaxies: Catalogue) -> None:
    """Keep made-up predictions of two networks for all galaxies, as the background worker would."""
    for seed, network in enumerate(("one", "other")):
        noise = np.random.default_rng(seed).normal(0, 0.05, (len(galaxies), len(COLUMNS)))
        table = pd.DataFrame(np.clip(galaxies.volunteer_fractions + noise, 0, 1), columns=list(COLUMNS)).astype(
            "float32"
        )
        table.insert(0, "GalaxyID", galaxies.ids)
        store = predicted.folder() / f"benchmark-{network}.parquet"
        store.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(store, compression="zstd")
        predicted.note(store, galaxies, network, Path(__file__))


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
    reading = {name for name in first if name in BESIDE_ANSWERS[2:]}  # read from disk once, and then kept
    for title, seconds in (("first time", first), ("again", again)):
        left = {name: value for name, value in seconds.items() if title == "again" or name not in reading}
        worst = max(left, key=left.__getitem__)
        print(f"  {len(left)} filters and sorts, {title}: median {1e3 * statistics.median(left.values()):.0f} ms")
        verdict(f"slowest, s ({worst})", left[worst], f"below {SORT_SECONDS}", left[worst] < SORT_SECONDS)
    for name in sorted(reading):
        print(f"  predictions read from disk for the sort “{name}”: {first[name]:.2f} s, once")


def pages(galaxies: Catalogue) -> None:
    """Time pages of thumbnails: made, read from disk, from memory."""

    def show(rows: np.ndarray) -> None:
        list(resources.galaxy_thumbnails(galaxies, list(galaxies.table.index[rows])))

    random = np.random.default_rng(1).permutation(len(galaxies))
    batches = np.array_split(random[: 5 * PAGE_SIZE], 5)
    for title in ("made", "from disk", "from memory"):
        if title == "from disk":
            resources._thumbnails.clear()
        seconds = [seconds_of(show, rows) for rows in batches]
        verdict(
            f"{PAGE_SIZE} thumbnails {title}, s", max(seconds), f"below {PAGE_SECONDS}", max(seconds) < PAGE_SECONDS
        )


def whole_page(where: Path) -> None:
    """Time runs of the page as the server does them, Streamlit included, thumbnails new each time."""
    os.environ["GALAXY_EXPLORER_DATA"] = str(where)
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    seconds = {}
    addresses: dict[str, dict[str, Any]] = {
        "another page": {"page": "7"},
        "sorted": {"sort": "t04_yes"},
        "five filters": {"filter": ["t01_features-or-disk~50-100s", "t02_no~60-100s", "t04_yes~50-100s",
                                    "t06_yes~0-40f", "t11_2~20-90s"], "sort": "t10_loose"},
    }  # fmt: skip
    for name, address in addresses.items():
        for key in ("filter", "sort", "page"):
            app.query_params.pop(key, None)
        for key, value in address.items():
            app.query_params[key] = value
        seconds[name] = seconds_of(app.run)
        if app.exception or len(app.page_link) < PAGE_SIZE:
            raise RuntimeError(f"the page {address} is not as it should be")
    for name in addresses:
        print(f"  the whole page, {name}: {seconds[name]:.2f} s")


def main(arguments: list[str] | None = None) -> None:
    """Print the figures beside what is wanted."""
    flags = read_flags(arguments)
    logging.disable(logging.WARNING)  # Streamlit misses its server at every call
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        stack.callback(os.environ.pop, "XDG_CACHE_HOME", None)
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        folder = flags.keep or Path(temporary) / "survey"
        if not folder.exists():
            write_survey(folder, open_catalogue(flags.data), flags.galaxies)
        before = resident_megabytes()
        start = time.perf_counter()
        galaxies = resources.open_source(str(folder))
        opened = resident_megabytes()
        print(f"{len(galaxies):,} galaxies, opened in {time.perf_counter() - start:.1f} s, {opened - before:+.0f} MB")
        write_predictions(galaxies)
        orders(galaxies)
        pages(galaxies)
        whole_page(folder)
        grown = resident_megabytes() - before
        verdict("memory grown in all, MB", grown, f"below {MEGABYTES}", grown < MEGABYTES)


if __name__ == "__main__":
    main()
