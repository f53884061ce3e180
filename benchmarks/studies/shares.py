"""Check of both ends of the 68 % intervals of answer shares, by question and mass.

python -m galaxy_explorer predict ~/galaxy-zoo --ids validation.txt --output predictions.parquet
python benchmarks/studies/shares.py --data ~/galaxy-zoo --predictions predictions.parquet --weights densenet

Of shares whose upper end is neither 0 nor 1, 84 % should be at or below it; of those whose lower end is above 0,
16 % below it. The changes are those by ends that are 2 % nearer to or farther from the prediction.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.evaluation.interval_check import check_intervals
from galaxy_explorer.models.checkpoints import find, read_card
from galaxy_explorer.prediction import read_fractions

FIGURES = {
    "votes": "shares",
    "upper_inside": "below upper, %",
    "upper_change": "change",
    "lower_above_0": "below lower, %",
    "lower_change": "change ",
}


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Check of the intervals of answer shares.")
    add = parser.add_argument
    add("--data", required=True, help="the catalogue with the votes")
    add("--predictions", type=Path, required=True, metavar="FILE", help="table written by predict")
    add("--weights", required=True, metavar="NAME", help="name or checkpoint of the network that predicted")
    add("--views", type=int, default=8, help="TTA views of the predictions (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print the check of each group of shares."""
    flags = read_flags(arguments)
    interval_model = read_card(find(flags.weights)).interval_model(flags.views)
    if interval_model is None:
        raise SystemExit(f"the model card of {flags.weights} has no interval model; fit one with train --update-card")
    fractions = read_fractions(flags.predictions)
    votes = open_catalogue(flags.data).subset(fractions.index).volunteer_fractions
    checked = check_intervals(interval_model, fractions.to_numpy(float), votes.astype(float))["shares"]
    table = pd.DataFrame(checked).T.reindex(columns=list(FIGURES))
    table.iloc[:, 1:] *= 100
    print(table.rename(columns=FIGURES).astype({"shares": int}).round(1).to_string())


if __name__ == "__main__":
    main()
