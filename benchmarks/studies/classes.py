"""Classes of one's own with the volunteers as the visitor, after 20, 50 and 100 marks.

python benchmarks/studies/classes.py --data ~/galaxy-zoo

A run splits the galaxies in halves. It begins with five members of one half, is offered ten galaxies of it at a time as
in the app, and marks each as the volunteers' votes say. Precision among the first 100 and average precision are
measured on the other half, from which nothing is marked. "random" marks random galaxies instead. The catalogue must
have been predicted by the networks, with embeddings.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.prediction import cached, open_embeddings
from galaxy_explorer.similarity.classifier import features, learn, random_rows, suggest

# A class: the column of its votes, and the vote fraction from which on a galaxy belongs to it.
CLASSES = {"rings": ("Class8.1", 0.3), "mergers": ("Class8.6", 0.3), "edge-on bulges": ("Class9.1", 0.5)}
MARKS = (20, 50, 100)
FIRST = 5  # members that the visitor begins with
TOP = 100
FEATURES = ("joined", "embeddings", "answers")


@dataclass(frozen=True)
class Data:
    """Galaxies with votes on a class, and what a network makes of them."""

    features: np.ndarray  # (N, D + 37)
    dimensions: int
    belongs: np.ndarray  # (N,) bool
    own: np.ndarray  # (N,) fractions of the class's answer that the network predicts


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--data", default="sample", help="a catalogue with votes and predictions (%(default)s)")
    add("--networks", nargs="+", default=["densenet", "fcn"], help="(%(default)s)")
    add("--features", nargs="+", default=["joined", "embeddings"], choices=FEATURES, help="(%(default)s)")
    add("--seeds", type=int, default=5, metavar="N", help="runs of each class (%(default)s)")
    return parser.parse_args(arguments)


def read_data(catalogue: Catalogue, network: str, name: str) -> Data:
    """Read the galaxies whose votes on a class are known; raise ValueError without embeddings."""
    tables = cached.tables_by(catalogue, network)
    embeddings = open_embeddings(catalogue, tables)
    if embeddings is None:
        raise ValueError(f"{catalogue.name} has no embeddings by {network}; predict it in the app first")
    column, bound = CLASSES[name]
    read = cached.open_columns(catalogue.table.index, tables)
    answers = np.stack([read(one)[embeddings.rows] for one in COLUMNS], axis=1)
    votes = catalogue.votes.fractions(column)[embeddings.rows]
    known = np.isfinite(votes)
    both = features(embeddings.vectors[known], answers[known])
    return Data(both, embeddings.vectors.shape[1], votes[known] >= bound, answers[known][:, INDEX[column]])


def chosen(data: Data, kind: str) -> Data:
    """Return the data with embeddings alone, or answers alone, as features."""
    parts = {"joined": slice(None), "embeddings": slice(data.dimensions), "answers": slice(data.dimensions, None)}
    return Data(data.features[:, parts[kind]], data.dimensions, data.belongs, data.own)


def scores_of(data: Data, pool: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """Learn from marked galaxies of the pool, and return the scores of all, (N,), in [0, 1]."""
    background = np.setdiff1d(pool[random_rows(len(pool), np.empty(0, int))], marked)
    model = learn(data.features[marked], data.belongs[marked], data.features[background], data.dimensions)
    return 0.5 * (1 + np.tanh(0.5 * (data.features @ model.weights + model.bias)))


def run(data: Data, seed: int, at_random: bool) -> Iterator[tuple[int, float, float]]:
    """Mark galaxies; yield number of marks, precision and average precision on the rest."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(data.belongs))
    pool, rest = np.array_split(shuffled, 2)
    marked = random.choice(pool[data.belongs[pool]], FIRST, replace=False)
    while True:
        scores = scores_of(data, pool, marked)
        if len(marked) in MARKS:
            yield len(marked), *quality(data.belongs[rest], scores[rest])
        if len(marked) >= MARKS[-1]:
            return
        wanted = min(10, min(count for count in MARKS if count > len(marked)) - len(marked))
        if at_random:
            offered = random.choice(np.setdiff1d(pool, marked), wanted, replace=False)
        else:
            of_pool = np.full(len(scores), np.nan)
            of_pool[pool] = scores[pool]
            offered = suggest(of_pool, marked, wanted)
        marked = np.concatenate([marked, offered])


def quality(belongs: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Return the precision among the first `TOP`, and the average precision."""
    first = np.argsort(-scores, kind="stable")[:TOP]
    return float(belongs[first].mean()), float(average_precision_score(belongs, scores))


def study(options: argparse.Namespace) -> pd.DataFrame:
    """Run the study; return one row for each run and number of marks."""
    catalogue, rows = open_catalogue(options.data), []
    for network in options.networks:
        for name in CLASSES:
            data = read_data(catalogue, network, name)
            about = {"network": network, "class": name, "share": data.belongs.mean()}
            for seed in range(options.seeds):
                rest = np.array_split(np.random.default_rng(seed).permutation(len(data.belongs)), 2)[1]
                own = quality(data.belongs[rest], data.own[rest])
                rows.append(about | {"way": "own answer", "marks": 0, "precision": own[0], "ap": own[1]})
                for kind in options.features:
                    for way in ("offered", "random") if kind == FEATURES[0] else ("offered",):
                        for marks, precision, ap in run(chosen(data, kind), seed, way == "random"):
                            found = {"way": f"{way}, {kind}", "marks": marks, "precision": precision, "ap": ap}
                            rows.append(about | found)
    return pd.DataFrame(rows)


def main() -> None:
    """Print mean and standard error over the runs, as a table in Markdown."""
    found = study(read_flags()).groupby(["network", "class", "way", "marks"], sort=False)
    print("| network | class | marked | marks | precision of the first 100 | average precision |")
    print("|---|---|---|---|---|---|")
    for group, runs in found:
        means, errors = runs[["precision", "ap"]].agg(["mean", "sem"]).to_numpy(float)
        cells = [f"{mean:.3f} ± {error:.3f}" for mean, error in zip(means, errors, strict=True)]
        print(f"| {' | '.join([*map(str, group), *cells])} |")


if __name__ == "__main__":
    main()
