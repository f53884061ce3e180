"""Whether a saliency map shows what the network goes by: its brightest part is painted over with sky.

python benchmarks/saliency.py --data ~/galaxy-zoo --ids held-out.txt

The answers are those of the likeliest path from its second on. Of each, the log-odds against the other answers of its question
are measured before and after, and once more with the same shape turned by a quarter, to either side, painted over instead:
what a map finds beyond "the galaxy is in the middle" is the difference.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.decision_tree import QUESTION_OF, most_likely_path
from galaxy_explorer.images import tta_views
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency import METHODS, AnswerLogOdds, saliency_map

PAINTED = 0.125  # of the square that the network sees
VIEWS = 8
ANSWERS = slice(1, 4)  # of the likeliest path


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Saliency maps judged by painting over their brightest part.")
    add = parser.add_argument
    add("--data", default="sample", help="a catalogue (%(default)s)")
    add("--ids", type=Path, metavar="FILE", help="only these galaxies, which no network should have learnt from")
    add("--galaxies", type=int, default=100, metavar="N", help="how many of them, drawn by a seed (%(default)s)")
    add("--weights", nargs="+", default=["fcn", "densenet"], metavar="NAME|FILE", help="networks (%(default)s)")
    add("--methods", nargs="+", default=["Grad-CAM"], choices=METHODS, help="(%(default)s)")
    return parser.parse_args(arguments)


def log_odds(network: GalaxyNetwork, inputs: np.ndarray, column: str) -> float:
    """Give an answer's log-odds, the mean over the views of one ``(3, H, H)`` input."""
    with torch.inference_mode():
        logits = network.answer_logits(torch.from_numpy(tta_views(inputs[np.newaxis], VIEWS)[:, 0]))
    return float(np.mean([AnswerLogOdds(column)(one).item() for one in logits]))


def brightest(heat: np.ndarray) -> np.ndarray:
    """Mark the brightest part of a map; of places equally bright, the first."""
    marked = np.zeros(heat.size, bool)
    marked[np.argsort(-heat, axis=None, kind="stable")[: round(PAINTED * heat.size)]] = True
    return marked.reshape(heat.shape)


def losses(network: GalaxyNetwork, inputs: np.ndarray, method: str) -> Iterator[dict[str, object]]:
    """Tell what one galaxy's answers lose when their map's brightest part is painted over, and when as much elsewhere is."""
    rim = np.concatenate([inputs[:, :4].reshape(3, -1), inputs[:, -4:].reshape(3, -1)], axis=1)
    sky = np.median(rim, axis=1)[:, np.newaxis]
    with torch.inference_mode():
        fractions = network(torch.from_numpy(tta_views(inputs[np.newaxis], VIEWS)[:, 0])).mean(dim=0).numpy()
    for column, _ in most_likely_path(fractions)[ANSWERS]:
        heat = saliency_map(network, inputs, column, method=method, views=VIEWS).heat
        if not heat.any():
            continue
        lost = []
        for quarters in (0, 1, 3):
            painted = inputs.copy()
            painted[:, np.rot90(brightest(heat), quarters)] = sky
            lost.append(log_odds(network, inputs, column) - log_odds(network, painted, column))
        elsewhere = (lost[1] + lost[2]) / 2
        yield {"question": QUESTION_OF[column].number, "own": lost[0], "elsewhere": elsewhere}


def main(arguments: list[str] | None = None) -> None:
    """Print, for each network and method, what is lost by question and over all."""
    flags = read_flags(arguments)
    catalogue = open_catalogue(flags.data)
    ids = read_ids(flags.ids) if flags.ids else list(catalogue.ids)
    ids = sorted(np.random.default_rng(0).permutation(ids)[: flags.galaxies])
    for name in flags.weights:
        model = load(name)
        for method in flags.methods:
            found = pd.DataFrame(
                loss
                for galaxy in tqdm(ids, desc=f"{name}, {method}", leave=False)
                for loss in losses(model.network, model.inputs(catalogue.picture(galaxy), catalogue.field), method)
            )
            found["lowered"], found["more"] = found["own"] > 0, found["own"] > found["elsewhere"]
            table = found.groupby("question").mean()
            table.loc["all"] = found.drop(columns="question").mean()
            table.insert(0, "answers", [*found["question"].value_counts(sort=False).sort_index(), len(found)])
            print(f"{name}, {method}, {len(ids)} galaxies:\n{table.round(2).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()
