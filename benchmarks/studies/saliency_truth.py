"""Pointing game of saliency maps: simulated galaxies, whose components are known.

python benchmarks/studies/saliency_truth.py --work runs/saliency-truth.csv

A simulated galaxy is known: its bar, arms, ring, companion, dust lane and lens have masks. Each map explains the answer
that names the component. Three figures judge it:

pointing    the map's brightest pixel is on the component, or at most 1/15 of the side from it, as in the pointing game
            (Zhang et al. 2018, IJCV 126, 1084; 15 of 224 pixels); an empty map misses
energy      the part of the map's sum that lies on the component (Wang et al. 2020, arXiv:1910.01279)
overlap     intersection over union of the component and as many of the map's brightest pixels as it has

Two maps without a network tell what is worth nothing: the picture's own brightness, and a round spot in the middle.
Galaxies that are in the file are not computed again, so that a run can be stopped and resumed.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import binary_dilation
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.decision_tree import INDEX
from galaxy_explorer.images import DEFAULT_VIEWS, central_field
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import predict
from galaxy_explorer.saliency import METHODS, AnswerLogOdds, feature_maps, saliency_map
from galaxy_explorer.simulation import Parameters, component_masks, render, sample

ANSWERS = {
    "bar": "Class3.1",
    "arms": "Class4.1",
    "ring": "Class8.1",
    "lens": "Class8.2",
    "companion": "Class8.6",
    "dust lane": "Class8.7",
}  # that name a component
SLOW = "Score-CAM"
BRIGHTNESS, MIDDLE = "(brightness)", "(middle)"
TOLERANCE = 1 / 15  # of the side
SEEN = 0.3  # vote fraction of the answer, from which a network counts as seeing the component
FIGURES = ["pointing", "energy", "overlap"]


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--work", type=Path, required=True, metavar="FILE", help="CSV with a row for each galaxy and method")
    add("--count", type=int, default=300, metavar="N", help="galaxies per network, over all components (%(default)s)")
    add("--slow-count", type=int, default=30, metavar="N", help=f"of them for {SLOW} (%(default)s)")
    add("--weights", nargs="+", default=["fcn", "densenet"], metavar="NAME|FILE", help="models (%(default)s)")
    add("--methods", nargs="+", default=list(METHODS), choices=METHODS, help="(all)")
    return parser.parse_args(arguments)


def galaxies(component: str, count: int) -> Iterator[Parameters]:
    """Yield galaxies that visibly have a component, as the priors draw them for its answer."""
    found = 0
    for seed in range(100 * count):
        parameters = sample(seed, ANSWERS[component])
        if component in component_masks(parameters, 106):
            yield parameters
            found += 1
        if found == count:
            return


def judge(heat: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Return the three figures of a ``(S, S)`` map against the mask of a component."""
    if not heat.any():
        return dict.fromkeys(FIGURES, 0.0)
    reach = round(TOLERANCE * len(heat))
    rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    near = binary_dilation(mask, rows**2 + columns**2 <= reach**2)
    order = np.argsort(-heat, axis=None, kind="stable")
    brightest = np.zeros(heat.size, bool)
    brightest[order[: mask.sum()]] = True
    both = np.count_nonzero(brightest & mask.ravel())
    return {
        "pointing": float(near.flat[order[0]]),
        "energy": float(heat[mask].sum() / heat.sum()),
        "overlap": both / (2 * np.count_nonzero(mask) - both),
    }


def without_network(picture: np.ndarray) -> dict[str, np.ndarray]:
    """Return the two maps that no network made, of a ``(S, S, 3)`` picture."""
    side = len(picture)
    offset = np.arange(side) - (side - 1) / 2
    square = (offset[:, np.newaxis] ** 2 + offset**2) / side**2
    return {BRIGHTNESS: picture.mean(axis=2), MIDDLE: np.exp(-square / (2 * 0.15**2))}


def judge_galaxy(
    model: Model, parameters: Parameters, component: str, methods: list[str]
) -> Iterator[dict[str, object]]:
    """Yield the figures of each method for a galaxy; none if the crop leaves the component out."""
    picture, mask = render(parameters), component_masks(parameters)[component]
    crop, size = model.card.crop, model.card.image_size
    inside = central_field(np.repeat(mask[..., np.newaxis] * np.uint8(255), 3, axis=2), crop, size)[..., 0] > 127
    if not inside.any():
        return
    column = ANSWERS[component]
    fraction = predict(model, [picture])[0][0, INDEX[column]]
    features = feature_maps(model.network, [model.inputs(picture)], DEFAULT_VIEWS)[0]
    maps = without_network(central_field(picture, crop, size)) if SLOW not in methods else {}
    for method in methods:
        maps[method] = saliency_map(model.network, features, AnswerLogOdds(column), method=method).heat
    for method, heat in maps.items():
        known = {"component": component, "seed": parameters.seed, "method": method, "fraction": fraction}
        yield known | {"area": inside.mean(), "empty": not heat.any()} | judge(heat, inside)


def compute(flags: argparse.Namespace) -> pd.DataFrame:
    """Judge what is not in the file yet, and return all that is."""
    done = (
        pd.read_csv(flags.work)
        if flags.work.exists()
        else pd.DataFrame(columns=["model", "seed", "component", "method"])
    )
    have = set(zip(done["model"], done["component"], done["seed"], done["method"], strict=True))
    fast = [name for name in flags.methods if name != SLOW]
    passes = [(fast, flags.count), ([SLOW] if SLOW in flags.methods else [], flags.slow_count)]
    for methods, count in passes:
        for component in ANSWERS if methods else ():
            chosen = list(galaxies(component, count // len(ANSWERS)))
            for name in flags.weights:
                model = load(name)
                for parameters in tqdm(chosen, desc=f"{name}, {component}", leave=False, mininterval=10):
                    if (name, component, parameters.seed, methods[0]) in have:
                        continue
                    rows = pd.DataFrame(judge_galaxy(model, parameters, component, methods))
                    rows.insert(0, "model", name)
                    rows.to_csv(flags.work, mode="a", header=not flags.work.exists(), index=False)
    return pd.read_csv(flags.work)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean figures by model and method; components count alike."""
    by = rows.groupby(["model", "method", "component"])[FIGURES].mean()
    table = by.groupby(["model", "method"]).mean()
    table.insert(0, "maps", rows.groupby(["model", "method"]).size())
    return table.join(by["pointing"].unstack("component")[[name for name in ANSWERS if name in set(rows["component"])]])


def main(arguments: list[str] | None = None) -> None:
    """Print the figures, over all galaxies and over those whose component the network sees."""
    flags = read_flags(arguments)
    torch.set_num_threads(1)
    rows = compute(flags)
    print("All galaxies; the columns of components are their pointing game:")
    print(summary(rows).round(2).to_string(), flush=True)
    print(f"\nGalaxies where the network's vote fraction of the answer is at least {SEEN}:")
    print(summary(rows[rows["fraction"] >= SEEN]).round(2).to_string(), flush=True)


if __name__ == "__main__":
    main()
