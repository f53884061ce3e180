"""Coverage of the flow-chart's 68 % intervals of answer shares, by question.

python -m galaxy_explorer predict ~/galaxy-zoo --ids hold-out.txt --spread --output predictions.parquet
python benchmarks/studies/shares.py --data ~/galaxy-zoo --predictions predictions.parquet --weighted

The last column is the factor by which a question's intervals would have to be longer to hold 68 %: `SHARE_SCALES` of
the flow-chart, times it, are those of other galaxies or another network.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.app.compare.external_tables import read_table
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import QUESTIONS, SLICES, shares_from_fractions
from galaxy_explorer.evaluation.intervals import LEVEL
from galaxy_explorer.flow_chart import read_sources
from galaxy_explorer.training.data.sample_weights import importance_weights


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals of answer shares, by question.")
    add = parser.add_argument
    add("--data", required=True, help="the catalogue with the votes")
    add("--predictions", type=Path, required=True, metavar="FILE", help="Parquet, written by predict --spread")
    add("--weighted", action="store_true", help="use importance weights against the selection of fully scored galaxies")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print the number of galaxies, the coverage and the factor for 68 % of each question."""
    flags = read_flags(arguments)
    fractions, spread, _ = read_table(flags.predictions)
    if spread is None:
        raise SystemExit(f"{flags.predictions} has no intervals; write it with predict --spread, as Parquet")
    catalogue = open_catalogue(flags.data)
    rows = catalogue.table.index.get_indexer(fractions.index)
    volunteers = catalogue.volunteer_fractions
    weights = (importance_weights(volunteers) if flags.weighted else np.ones(len(volunteers)))[rows]
    readings = [
        read_sources(predicted, None, half_width, "network")[0]
        for predicted, half_width in zip(fractions.to_numpy(float), spread.to_numpy(float), strict=True)
    ]
    # NaN where no vote reached the question.
    errors = np.abs([reading.shares for reading in readings] - shares_from_fractions(volunteers[rows].astype(float)))
    half_widths = np.array([reading.half_widths for reading in readings], dtype=float)
    distances = errors / np.maximum(half_widths, 1e-9)
    table = {}
    for question in QUESTIONS:
        distance = distances[:, SLICES[question.number]]
        known = ~np.isnan(distance)
        weight = np.broadcast_to(weights[:, np.newaxis], distance.shape)[known]
        order = np.argsort(distance[known])
        factor = np.interp(LEVEL, np.cumsum(weight[order]) / weight.sum(), distance[known][order])
        galaxies, coverage = int(known.any(axis=1).sum()), np.average(distance[known] <= 1, weights=weight)
        table[f"{question.number} {question.short}"] = galaxies, round(100 * coverage, 1), round(factor, 2)
    print(pd.DataFrame.from_dict(table, orient="index", columns=["galaxies", "coverage, %", "factor"]).to_string())


if __name__ == "__main__":
    main()
