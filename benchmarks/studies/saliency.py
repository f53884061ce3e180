"""Deletion tests of saliency maps: the brightest part is painted over with sky, and ROAD.

python benchmarks/studies/saliency.py --data ~/galaxy-zoo --ids hold-out.txt

The answers are those of the likeliest path from its second on. The loss of an answer's log-odds is measured with the
brightest part of its map painted over, and with the same shape rotated by a quarter turn to either side. The
difference is what a map shows beyond "the galaxy is in the middle"; by chance the own shape is worth more than a
rotated one in half of the cases. Answers with an empty map are left out.

ROAD (Rong et al. 2022, arXiv:2202.00449) removes parts of the picture that are replaced by what their surroundings
suggest, so that the hole itself is not seen: half of the log-odds without the faintest parts minus those without the
brightest ones, the mean over the parts `REMOVED`. By chance it is 0.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.decision_tree import QUESTION_OF, most_likely_path
from galaxy_explorer.images import DEFAULT_VIEWS, tta_views
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency import METHODS, AnswerLogOdds, saliency_map

PAINTED = 0.125  # of the network's input
REMOVED = (0.2, 0.5, 0.8)  # of the input, in ROAD
ANSWERS = slice(1, 4)  # of the likeliest path


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Deletion test of saliency maps.")
    add = parser.add_argument
    add("--data", default="sample", help="a catalogue (%(default)s)")
    add("--ids", type=Path, metavar="FILE", help="only these galaxies; no network should be trained on them")
    add("--galaxies", type=int, default=100, metavar="N", help="number of galaxies, drawn at random (%(default)s)")
    add("--weights", nargs="+", default=["fcn", "densenet"], metavar="NAME|FILE", help="models (%(default)s)")
    add("--methods", nargs="+", default=["Grad-CAM"], choices=METHODS, help="(%(default)s)")
    return parser.parse_args(arguments)


def log_odds(network: GalaxyNetwork, inputs: np.ndarray, target: AnswerLogOdds) -> float:
    """Return an answer's log-odds, the mean over the TTA views of one ``(3, H, H)`` input."""
    with torch.inference_mode():
        logits = network.answer_logits(torch.from_numpy(tta_views(inputs[np.newaxis])[:, 0]))
    return float(np.mean([target(one).item() for one in logits]))


def brightest(heat: np.ndarray, part: float = PAINTED) -> np.ndarray:
    """Return a mask of the brightest part of a map; the first of equally bright pixels."""
    mask = np.zeros(heat.size, bool)
    mask[np.argsort(-heat, axis=None, kind="stable")[: round(part * heat.size)]] = True
    return mask.reshape(heat.shape)


def road(network: GalaxyNetwork, inputs: np.ndarray, target: AnswerLogOdds, heat: np.ndarray) -> float:
    """Return ROAD of a map: log-odds without its faintest parts minus without its brightest."""
    impute, picture, gains = NoisyLinearImputer(), torch.from_numpy(inputs), []
    torch.manual_seed(0)  # of the imputer's noise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # grad-cam passes tensors to numpy
        for part in REMOVED:
            most, least = (
                log_odds(network, impute(picture, torch.from_numpy(~removed).float()).numpy(), target)
                for removed in (brightest(heat, part), ~brightest(heat, 1 - part))
            )
            gains.append((least - most) / 2)
    return float(np.mean(gains))


def losses(network: GalaxyNetwork, inputs: np.ndarray, method: str) -> Iterator[dict[str, object]]:
    """Yield the losses of one galaxy's answers, by the own and by the rotated shape."""
    rim = np.concatenate([inputs[:, :4].reshape(3, -1), inputs[:, -4:].reshape(3, -1)], axis=1)
    sky = np.median(rim, axis=1)[:, np.newaxis]
    with torch.inference_mode():
        fractions = network(torch.from_numpy(tta_views(inputs[np.newaxis])[:, 0])).mean(dim=0).numpy()
    for column, _ in most_likely_path(fractions)[ANSWERS]:
        target = AnswerLogOdds(column)
        heat = saliency_map(network, inputs, target, method=method, views=DEFAULT_VIEWS).heat
        if not heat.any():
            continue
        before, after = log_odds(network, inputs, target), []
        for quarter_turns in (0, 1, 3):
            painted = inputs.copy()
            painted[:, np.rot90(brightest(heat), quarter_turns)] = sky
            after.append(log_odds(network, painted, target))
        own, *rotated = before - np.array(after)
        yield {
            "question": QUESTION_OF[column].number,
            "own": own,
            "rotated": np.mean(rotated),
            "lowered": own > 0,
            "more": np.mean(own > np.array(rotated)),  # not than their mean, which is less extreme than one turn
            "road": road(network, inputs, target, heat),
        }


def main(arguments: list[str] | None = None) -> None:
    """Print the mean losses of each model and method, by question and in total."""
    flags = read_flags(arguments)
    catalogue = open_catalogue(flags.data)
    ids = read_ids(flags.ids) if flags.ids else catalogue.ids
    ids = sorted(np.random.default_rng(0).permutation(ids)[: flags.galaxies])
    for name in flags.weights:
        model = load(name)
        for method in flags.methods:
            rows: list[dict[str, object]] = []
            for galaxy_id in tqdm(ids, desc=f"{name}, {method}", leave=False):
                picture = catalogue.picture(galaxy_id)
                inputs = model.inputs(picture, catalogue.field_of_view)
                rows += losses(model.network, inputs, method)
            answers = pd.DataFrame(rows)
            table = answers.groupby("question").mean()
            table.loc["all"] = answers.drop(columns="question").mean()
            table.insert(0, "answers", [*answers["question"].value_counts(sort=False).sort_index(), len(answers)])
            print(f"{name}, {method}, {len(ids)} galaxies:\n{table.round(2).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()
