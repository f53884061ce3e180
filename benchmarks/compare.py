"""How fast Compare is over a catalogue of survey size, and how much memory it takes.

python benchmarks/compare.py
python benchmarks/compare.py --data ~/galaxy-zoo --keep ~/survey        links to real pictures, kept for the app itself
python benchmarks/compare.py --galaxies 20000                           a quick look
"""

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

import make_survey
from measuring import resident_megabytes, timed, verdict
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.compare import comparison as compare_comparison
from galaxy_explorer.app.compare import tables
from galaxy_explorer.app.paths import COMPARE
from galaxy_explorer.app.services import networks, prediction_jobs, preloading, sources
from galaxy_explorer.app.state import Key

APP = Path(__file__).resolve().parent.parent / "app.py"
FIRST_SECONDS, AGAIN_SECONDS, MEGABYTES = 2.0, 0.3, 500
REPEATS = 5


def load() -> None:
    """Load what the whole server loads once, whichever page asks for it first."""
    for name in networks.networks():
        prediction_jobs.network_key(name)


def draw(app: AppTest, extent: str | None = None) -> float:
    """Time a run of the page as the server does it, Streamlit included."""
    if extent:
        app.session_state[Key.COMPARE_SIZE] = extent
    seconds, _ = timed(app.run)
    if app.exception or app.error or "Downloads" not in [heading.value for heading in app.subheader]:
        raise RuntimeError("the page shows an error, or no numbers")
    return seconds


def pages(app: AppTest, galaxies: int) -> None:
    """Time the first and later runs of the page, over its sample and over all galaxies."""
    for name, extent in (("the sample", None), ("all galaxies", "all")):
        if extent and galaxies <= compare_comparison.SAMPLE_SIZE:
            return
        first = draw(app, extent)
        verdict(f"{name}, first drawn, s", first, f"below {FIRST_SECONDS}", first < FIRST_SECONDS)
        again = statistics.median(draw(app) for _ in range(REPEATS))
        verdict(f"{name}, drawn again, s", again, f"below {AGAIN_SECONDS}", again < AGAIN_SECONDS)
    app.selectbox(key="worst_question").set_value(4)
    print(f"  the worst disagreements over another question: {draw(app):.2f} s")


def downloads(where: str) -> None:
    """Time the files of all numbers, which are made when they are asked for."""
    galaxies = sources.open_source(where)
    origins = compare_comparison.origins_of(galaxies, networks.networks(), {})
    comparison = compare_comparison.compare(galaxies, compare_comparison.rows_with_votes(galaxies), origins)
    for ending in (".csv", ".parquet"):
        seconds, content = timed(tables.galaxies_as, ending, comparison)
        print(f"  all numbers as {ending}: {seconds:.1f} s, {len(content) / 1e6:.0f} MB", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures next to their targets."""
    flags = make_survey.read_page_flags("Server time and memory of Compare.", arguments)
    with make_survey.first_source(flags) as folder:
        seconds, galaxies = timed(sources.open_source, str(folder))
        print(f"{len(galaxies):,} galaxies, opened in {seconds:.1f} s; networks loaded in {timed(load)[0]:.1f} s")
        before = resident_megabytes()
        preloading.preload = lambda: None  # torch would be imported during the timings
        app = AppTest.from_file(str(APP), default_timeout=300).run()
        app.switch_page(COMPARE)
        pages(app, len(galaxies))
        grown = resident_megabytes() - before
        verdict("memory grown, MB", grown, f"below {MEGABYTES}", grown < MEGABYTES)
        downloads(str(folder))


if __name__ == "__main__":
    main()
