"""Make the bundled survey of simulated galaxies, and its predictions by both networks.

python benchmarks/bundled_survey.py                  pictures, votes, parameters and predictions: the same each time
python benchmarks/bundled_survey.py --predictions    the predictions alone, after a network has changed
"""

import argparse
import shutil
import sys
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from galaxy_explorer import set_thread_policy
from galaxy_explorer.catalogue import SIMULATED, open_catalogue
from galaxy_explorer.cli import main as galaxy_explorer
from galaxy_explorer.models.checkpoints import available, load
from galaxy_explorer.prediction import PredictOptions, cached, predict_catalogue
from galaxy_explorer.progress import progress_bar

FOLDER = cached.BUNDLED_PREDICTIONS.parent
OPTIONS = ["--count", "400", "--seed", "21", "--balanced", "--format", "webp", "--quality", "82"]
MAX_BYTES = 4_000_000  # without predictions


def make_survey() -> None:
    """Replace the survey, except for its description."""
    new = FOLDER.with_name("simulated_survey.new")
    if galaxy_explorer(["simulate", "--to", str(new), *OPTIONS]):
        raise SystemExit(1)
    shutil.copy(FOLDER / "README.md", new)
    shutil.rmtree(FOLDER)
    new.rename(FOLDER)


def make_predictions() -> None:
    """Replace the predictions by all networks in ``weights/``; an interrupted run is resumed."""
    cached.BUNDLED_PREDICTIONS.mkdir(exist_ok=True)
    survey = open_catalogue(SIMULATED)
    done = {tables.network for tables in cached.tables_of(survey)}
    for name, weights in available().items():
        table = cached.BUNDLED_PREDICTIONS / f"{name}.parquet"
        if name in done:
            continue
        if table.exists():  # by other weights or of other pictures
            for file in cached.BUNDLED_PREDICTIONS.glob(f"{name}.*"):
                file.unlink()
        with progress_bar("galaxies", len(survey)) as bar:

            def show(count: int, _total: int, bar: tqdm = bar) -> None:
                bar.update(count - bar.n)

            predict_catalogue(load(str(weights)), survey, PredictOptions(progress=show), store=table, embeddings=True)
        cached.write_bundled_manifest(table, survey, name, weights)
    for lock in cached.BUNDLED_PREDICTIONS.glob(".*.lock"):
        lock.unlink()


def main() -> None:
    """Make what was asked for, and report its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", action="store_true", help="only the predictions")
    options = parser.parse_args()
    set_thread_policy()
    if not options.predictions:
        make_survey()
    make_predictions()
    size = sum(file.stat().st_size for file in FOLDER.glob("*.*") if file.is_file())
    print(f"{FOLDER.name}: {size / 1e6:.2f} MB")
    if size > MAX_BYTES:
        raise SystemExit(f"That is more than {MAX_BYTES / 1e6:.0f} MB; lower the quality")


if __name__ == "__main__":
    main()
