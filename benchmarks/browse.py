"""Time and memory of Browse on a catalogue of survey size.

python benchmarks/browse.py
python benchmarks/browse.py --data ~/galaxy-zoo --keep ~/survey         links to real pictures, left for the app itself
python benchmarks/browse.py --galaxies 20000                            a quick run
"""

import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

import make_survey
from measuring import resident_megabytes, timed, verdict_below
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import paths
from galaxy_explorer.app.query.filters.rmse import RmseRange
from galaxy_explorer.app.query.gallery import GALLERY_TILES
from galaxy_explorer.app.query.matching import match_galaxies
from galaxy_explorer.app.query.presets import presets
from galaxy_explorer.app.query.query import AGAINST_VOLUNTEERS, BETWEEN_NETWORKS, SORTS, BrowseQuery
from galaxy_explorer.app.services import preloading, result_cache, sources
from galaxy_explorer.app.services.answers import VOLUNTEERS, answers_of
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.networks import cards, names
from galaxy_explorer.catalogue import Catalogue, Measure, VoteRange
from galaxy_explorer.decision_tree import COLUMNS

ROOT = Path(__file__).resolve().parents[1]
FIVE = (
    VoteRange("Class1.2", 0.5),
    VoteRange("Class2.2", 0.6),
    VoteRange("Class4.1", 0.5),
    VoteRange("Class6.1", 0.0, 0.4, Measure.FRACTION),
    VoteRange("Class11.2", 0.2, 0.9),
)
URLS: dict[str, dict[str, Any]] = {
    "another page": {"page": "7"},
    "first sort by predictions": {"sort": BETWEEN_NETWORKS},
    "sorted": {"sort": "t04_yes"},
    "sorted by predictions": {"answers": "fcn", "sort": "t04_yes"},
    "surely barred, by predictions": {"answers": "fcn", "filter": ["t03_yes~50-100l"], "sort": "t03_yes~l"},
    "five filters": {
        "filter": [
            "t01_features-or-disk~50-100s",
            "t02_no~60-100s",
            "t04_yes~50-100s",
            "t06_yes~0-40f",
            "t11_2~20-90s",
        ],
        "sort": "t10_loose",
    },
}
SORT_SECONDS, PAGE_SECONDS, MEGABYTES = 0.3, 0.5, 500
EMBEDDINGS_MEGABYTES = 50  # the vectors themselves are 92
REPEATS = 3  # rounds; their median counts, because other processes disturb some of them
READS = 7  # of the predictions, which are then cached


def queries(answers: str) -> dict[str, BrowseQuery]:
    """Return every sort by some answers, alone and with five filters, searches, and the presets."""
    found = _queries() | (_interval_queries() if answers else {})
    return {name: replace(query, answers=answers) for name, query in found.items()}


def _interval_queries() -> dict[str, BrowseQuery]:
    """Return a sort and a filter by each answer's lower interval end, and one by the RMSE."""
    found = {f"{column} by lower end": BrowseQuery(sort=column, measure=Measure.LOWER) for column in COLUMNS}
    for column in COLUMNS:
        found[f"{column} surely"] = BrowseQuery(ranges=(VoteRange(column, 0.5, 1.0, Measure.LOWER),))
    return found | {"RMSE to the volunteers": BrowseQuery(filters=(RmseRange(0.1),))}


def _queries() -> dict[str, BrowseQuery]:
    """Return every sort alone and with five filters, searches, and the presets."""
    sorts = {name: BrowseQuery(sort=name) for name in SORTS}
    for column in COLUMNS:
        sorts[f"{column} by share"] = BrowseQuery(sort=column)
        sorts[f"{column} by fraction, ascending"] = BrowseQuery(sort=column, measure=Measure.FRACTION, ascending=True)
    filtered = {f"five filters, {name}": replace(query, ranges=FIVE) for name, query in sorts.items()}
    searches = {
        "search": BrowseQuery(search="1234"),
        "five filters and search": BrowseQuery(search="1234", ranges=FIVE),
    }
    return sorts | filtered | searches | {choice.name: choice.query for choice in presets()}


def measure_queries(catalogue: Catalogue, answers: str) -> None:
    """Measure filters and sorts by some answers, for the first time and repeated."""
    print(f"  answers of {answers or VOLUNTEERS}:")
    seconds, _ = timed(answers_of, catalogue, answers)
    print(f"  opened in {seconds:.2f} s")

    def seconds_of_all() -> dict[str, float]:
        return {name: timed(match_galaxies, catalogue, query)[0] for name, query in queries(answers).items()}

    first, *repeated = (seconds_of_all() for _ in range(1 + REPEATS))
    medians = {name: statistics.median(seconds[name] for seconds in repeated) for name in first}
    for title, seconds in (("first time", first), ("repeated", medians)):
        slowest = max(seconds, key=seconds.__getitem__)
        print(f"  {len(seconds)} filters and sorts, {title}: median {1e3 * statistics.median(seconds.values()):.0f} ms")
        verdict_below(f"slowest, s ({slowest})", seconds[slowest], SORT_SECONDS)


def measure_reads(catalogue: Catalogue) -> None:
    """Measure sorts that read all predictions again."""
    for sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        reads = []
        for _ in range(READS):
            result_cache.catalogue_results.clear()
            reads.append(timed(match_galaxies, catalogue, BrowseQuery(sort=sort))[0])
        print(f"  the sort “{sort}”, predictions read again: {min(reads):.2f} to {max(reads):.2f} s")
        verdict_below("median, s", statistics.median(reads), SORT_SECONDS)


def measure_embeddings(catalogue: Catalogue) -> None:
    """Measure the opening of the embeddings, which are mapped and not read."""
    for network in names():
        opened = []
        before = resident_megabytes()
        for _ in range(READS):
            result_cache.catalogue_results.clear()
            opened.append(timed(embeddings_of, catalogue, network)[0])
        print(f"  embeddings of {network}, opened: {min(opened):.2f} to {max(opened):.2f} s")
        verdict_below("median, s", statistics.median(opened), SORT_SECONDS)
        verdict_below("growth of memory, MB", resident_megabytes() - before, EMBEDDINGS_MEGABYTES)


def measure_thumbnails(catalogue: Catalogue) -> None:
    """Measure pages of thumbnails: made, read from disk, from memory."""

    def show(rows: np.ndarray) -> None:
        list(sources.galaxy_thumbnails(catalogue, list(catalogue.table.index[rows])))

    rows = np.random.default_rng(1).permutation(len(catalogue))[: 5 * GALLERY_TILES]
    for title in ("made", "from disk", "from memory"):
        if title == "from disk":
            sources._thumbnails.clear()
        slowest = max(timed(show, page)[0] for page in np.array_split(rows, 5))
        verdict_below(f"{GALLERY_TILES} thumbnails {title}, s", slowest, PAGE_SECONDS)


def measure_pages() -> None:
    """Measure runs of the complete page on the server, Streamlit included."""
    preloading.preload = lambda: None  # torch would be imported during the timings
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300).run()
    app.switch_page(paths.BROWSE)
    for name, params in URLS.items():
        for key in ("answers", "filter", "sort", "page"):
            app.query_params.pop(key, None)
        for key, value in params.items():
            app.query_params[key] = value
        result_cache.catalogue_results.clear()
        seconds, _ = timed(app.run)
        if app.exception or len(app.page_link) < GALLERY_TILES:
            raise RuntimeError(f"the page {params} shows an error or too few galaxies")
        print(f"  the complete page, {name}: {seconds:.2f} s")


def main(arguments: list[str] | None = None) -> None:
    """Print the figures next to their targets."""
    flags = make_survey.read_page_flags("Server time and memory of Browse.", arguments)
    with make_survey.first_source(flags) as folder:
        cards()  # imports torch, as every app does soon after its start
        before = resident_megabytes()
        seconds, catalogue = timed(sources.open_source, str(folder))
        print(f"{len(catalogue):,} galaxies, opened in {seconds:.1f} s, {resident_megabytes() - before:+.0f} MB")
        for answers in ("", *names()):
            measure_queries(catalogue, answers)
        measure_reads(catalogue)
        measure_embeddings(catalogue)
        measure_thumbnails(catalogue)
        measure_pages()
        verdict_below("memory growth in total, MB", resident_megabytes() - before, MEGABYTES)


if __name__ == "__main__":
    main()
