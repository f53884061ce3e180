"""How fast Compare is over a catalogue of survey size, and how much memory it takes.

python benchmarks/compare.py
python benchmarks/compare.py --data ~/galaxy-zoo --keep ~/survey        links to real pictures, kept for the app itself
python benchmarks/compare.py --galaxies 20000                           a quick look
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

import survey
from measuring import resident_megabytes, verdict
from streamlit.testing.v1 import AppTest

from galaxy_explorer.views import background, compare_tables, comparing, resources

APP = Path(__file__).resolve().parent.parent / "app.py"
PAGE = "galaxy_explorer/views/compare.py"
FIRST_SECONDS, AGAIN_SECONDS, MEGABYTES = 2.0, 0.3, 500
REPEATS = 5


def timed(work: Callable[..., Any], *arguments: object) -> tuple[float, Any]:
    """Time one call, and give what it gives."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def load() -> None:
    """Load what the whole server loads once, whichever page asks for it first."""
    for name in resources.networks():
        background.network_key(name)


def draw(app: AppTest, extent: str | None = None) -> float:
    """Time a run of the page as the server does it, Streamlit included."""
    if extent:
        app.session_state["compare_extent"] = extent
    seconds, _ = timed(app.run)
    if app.exception or app.error or "All numbers" not in [heading.value for heading in app.subheader]:
        raise RuntimeError("the page is not as it should be")
    return seconds


def pages(app: AppTest, galaxies: int) -> None:
    """Time the page over the sample that is offered first, and over all galaxies: for the first time and again."""
    for name, extent in (("the sample", None), ("all galaxies", "all of them")):
        if extent and galaxies <= comparing.SAMPLE_SIZE:
            return
        first = draw(app, extent)
        verdict(f"{name}, first drawn, s", first, f"below {FIRST_SECONDS}", first < FIRST_SECONDS)
        again = statistics.median(draw(app) for _ in range(REPEATS))
        verdict(f"{name}, drawn again, s", again, f"below {AGAIN_SECONDS}", again < AGAIN_SECONDS)
    app.selectbox(key="worst_question").set_value(4)
    print(f"  the worst disagreements over another question: {draw(app):.2f} s")


def downloads(where: str) -> None:
    """Time the files of all numbers, which are made when they are asked for."""
    galaxies = resources.open_source(where)
    origins = comparing.origins_of(galaxies, resources.networks(), {})
    comparison = comparing.compare(galaxies, comparing.rows_with_votes(galaxies), origins)
    for ending in (".csv", ".parquet"):
        seconds, content = timed(compare_tables.galaxies_as, ending, comparison)
        print(f"  all numbers as {ending}: {seconds:.1f} s, {len(content) / 1e6:.0f} MB", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures beside what is wanted."""
    flags = survey.read_page_flags("Server time and memory of Compare.", arguments)
    with survey.first_source(flags) as folder:
        seconds, galaxies = timed(resources.open_source, str(folder))
        print(f"{len(galaxies):,} galaxies, opened in {seconds:.1f} s; networks loaded in {timed(load)[0]:.1f} s")
        before = resident_megabytes()
        app = AppTest.from_file(str(APP), default_timeout=300).run()
        app.switch_page(PAGE)
        pages(app, len(galaxies))
        grown = resident_megabytes() - before
        verdict("memory grown, MB", grown, f"below {MEGABYTES}", grown < MEGABYTES)
        downloads(str(folder))


if __name__ == "__main__":
    main()
