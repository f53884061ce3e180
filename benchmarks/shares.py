"""How many of the volunteers' shares the whiskers of the flow-chart hold, question by question.

python -m galaxy_explorer predict ~/galaxy-zoo --ids held-out.txt --spread --output predictions.parquet
python benchmarks/shares.py --data ~/galaxy-zoo --predictions predictions.parquet --weighted

The last column is the factor by which a question's whiskers would have to be longer to hold 68 %: `SHARE_SCALES` of the
flow-chart, times it, are those of other galaxies or another network.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from galaxy_explorer.app.compare.external_tables import read_table
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import QUESTIONS, SLICES, shares_from_fractions
from galaxy_explorer.evaluation.intervals import LEVEL
from galaxy_explorer.flow_chart import read_sources
from galaxy_explorer.training.data.sample_weights import importance_weights


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="The whiskers of shares against the volunteers' shares.")
    add = parser.add_argument
    add("--data", required=True, help="the catalogue that has the votes")
    add("--predictions", type=Path, required=True, metavar="FILE", help="Parquet, as predict --spread writes it")
    add("--weighted", action="store_true", help="weigh the galaxies against the selection of those with all scores")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print, for each question, of how many galaxies it was asked, what is held, and the factor that would hold 68 %."""
    flags = read_flags(arguments)
    fractions, spread, _ = read_table(flags.predictions)
    if spread is None:
        raise SystemExit(f"{flags.predictions} has no spread; write it with predict --spread, as Parquet")
    catalogue = open_catalogue(flags.data)
    rows = catalogue.table.index.get_indexer(fractions.index)
    everyone = catalogue.volunteer_fractions
    voted = shares_from_fractions(everyone[rows].astype(float))
    weights = (importance_weights(everyone) if flags.weighted else np.ones(len(everyone)))[rows]
    readings = [
        read_sources(ours, None, width, "network")[0]
        for ours, width in zip(fractions.to_numpy(float), spread.to_numpy(float), strict=True)
    ]
    apart = np.abs([reading.shares for reading in readings] - voted)  # NaN where a question was not asked
    distances = apart / np.maximum([np.asarray(reading.half_widths) for reading in readings], 1e-9)
    found = {}
    for question in QUESTIONS:
        distance = distances[:, SLICES[question.number]]
        known = ~np.isnan(distance)
        each = np.broadcast_to(weights[:, np.newaxis], distance.shape)[known]
        order = np.argsort(distance[known])
        factor = np.interp(LEVEL, np.cumsum(each[order]) / each.sum(), distance[known][order])
        asked, held = int(known.any(axis=1).sum()), np.average(distance[known] <= 1, weights=each)
        found[f"{question.number} {question.short}"] = asked, round(100 * held, 1), round(factor, 2)
    print(pd.DataFrame.from_dict(found, orient="index", columns=["galaxies", "held, %", "factor"]).to_string())


if __name__ == "__main__":
    main()
