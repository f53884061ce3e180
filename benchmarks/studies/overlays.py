"""Overlays: how far predictions move under drawn marks and bad framing.

python benchmarks/studies/overlays.py --data ~/galaxy-zoo densenet fcn
python benchmarks/studies/overlays.py --data ~/galaxy-zoo --fit --galaxies 1000

Each kind is applied to the same galaxies of the hold-out, with a pen, position and compression drawn at random. The
figures are the root mean square change of the 37 vote fractions against the clean picture, without and with
`find_galaxy`, and the percentage of galaxies that are clearly not edge-on but become so.

With `--fit` the weights of images/marks.py are fitted instead, on pictures that are neither in the hold-out nor in the
challenge's validation, some of them with marks.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.drawn_marks import DRAWINGS, draw, passed_on, saved
from benchmarks.studies.steadiness import hold_out_ids
from benchmarks.studies.wide_frames import SCENES
from galaxy_explorer.catalogue import Catalogue, open_catalogue, read_validation_ids
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import find_galaxy
from galaxy_explorer.images.marks import CERTAIN, CERTAIN_DARK, CONTRAST, WEIGHTS, narrow_parts
from galaxy_explorer.images.morphology import thin_parts
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import predict
from galaxy_explorer.training import Recipe

EDGE_ON, NOT_EDGE_ON = COLUMNS.index("Class2.1"), 0.2  # clearly round or face-on below, edge-on above one half
MARKED, COMPRESSED = 0.3, 0.7  # of the pictures in the fit
NEWTON_STEPS, RIDGE = 30, 1.0
Scene = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def drawn(name: str, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a picture with marks, as people pass it on."""
    return passed_on(draw(name, picture, random), random)


def on_scene(name: str, scene: Scene, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a scene with marks."""
    return passed_on(draw(name, scene(picture, random), random), random)


KINDS: dict[str, Scene] = {
    **{name: partial(drawn, name) for name in DRAWINGS},
    "inverted (I)": lambda picture, random: 255 - passed_on(picture, random),
    **SCENES,
    "chart (G), wide frame": partial(on_scene, "chart (G)", SCENES["wide frame"]),
    "cross-hair, wide frame": partial(on_scene, "cross-hair", SCENES["wide frame"]),
}


def changes(model: Model, before: np.ndarray, pictures: list[np.ndarray], views: int) -> tuple[float, float]:
    """Return the rms change of the vote fractions, and the percentage that became edge-on."""
    after, _ = predict(model, pictures, tta_views=views)
    clearly = before[:, EDGE_ON] < NOT_EDGE_ON
    became = (after[:, EDGE_ON] > 0.5) & clearly
    return float(((after - before) ** 2).mean() ** 0.5), 100 * became.sum() / max(1, clearly.sum())


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("models", nargs="*", help="names of shipped models, or checkpoints")
    add("--data", required=True, help="the folder of the challenge")
    add("--galaxies", type=int, default=200)
    add("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    add("--views", type=int, default=8, choices=range(1, 9), help="TTA views (default: %(default)s)")
    add("--seed", type=int, default=0)
    add("--fit", action="store_true", help="fit the weights of the search for marks")
    add("--sheet", type=Path, metavar="PNG", help="also write a contact sheet of the pictures before and after")
    return parser.parse_args(arguments)


def write_sheet(pictures: list[np.ndarray], columns: int, path: Path) -> None:
    """Write pictures as thumbnails, row by row."""
    side = 200
    sheet = Image.new("RGB", (columns * side, -(-len(pictures) // columns) * side))
    for k, picture in enumerate(pictures):
        thumbnail = Image.fromarray(picture).resize((side - 2, side - 2))
        sheet.paste(thumbnail, (k % columns * side, k // columns * side))
    sheet.save(path)


def labelled_parts(picture: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of a picture's parts, all drawn or none, and whether they were drawn."""
    is_marked = random.random() < MARKED
    marked = draw(str(random.choice(list(DRAWINGS))), picture, random) if is_marked else picture
    truth = np.abs(marked.astype(int) - picture).max(axis=2) > CONTRAST / 2
    marked = saved(marked, int(random.integers(75, 96))) if random.random() < COMPRESSED else marked
    parts, _ = narrow_parts(marked, thin_parts(marked), np.zeros(truth.shape, bool))
    kept = [part for part in parts if not is_marked or truth[part.box][part.mask].mean() > 0.5]
    return np.array([part.features for part in kept]).reshape(-1, len(WEIGHTS)), np.full(len(kept), is_marked)


def logistic(features: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return the weights and intercept of a logistic regression, by Newton's method."""
    scale = features.std(axis=0)
    x = np.column_stack([features / scale, np.ones(len(features))])
    weights = np.zeros(x.shape[1])
    for _ in range(NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-x @ weights))
        curvature = (x * (probability * (1 - probability))[:, np.newaxis]).T @ x + RIDGE * np.eye(x.shape[1])
        weights += np.linalg.solve(curvature, x.T @ (drawn - probability) - RIDGE * weights)
    return weights / np.append(scale, 1.0)


def fit_weights(catalogue: Catalogue, excluded: set[str], count: int, seed: int) -> None:
    """Print the weights of the search for marks, and its rates at its threshold."""
    others = [galaxy for galaxy in catalogue.ids if galaxy not in excluded]
    random = np.random.default_rng(seed)
    labelled = [labelled_parts(catalogue.picture(galaxy), random) for galaxy in random.permutation(others)[:count]]
    features, drawn = (np.concatenate(values) for values in zip(*labelled, strict=True))
    *weights, intercept = logistic(features, drawn)
    score = features @ weights + intercept
    print(f"WEIGHTS = ({', '.join(f'{weight:.2f}' for weight in weights)})\nINTERCEPT = {intercept:.2f}")
    for certain in (CERTAIN_DARK, 0.0, CERTAIN):
        print(
            f"above {certain}: {np.mean(score[drawn] > certain):.1%} of {drawn.sum()} drawn parts, "
            f"{np.mean(score[~drawn] > certain):.1%} of {(~drawn).sum()} others"
        )


def main() -> None:
    """Print a table of the changes without and with `find_galaxy`, a row for each kind."""
    flags = read_flags()
    catalogue = open_catalogue(flags.data)
    validation = read_validation_ids(flags.data)
    ids = hold_out_ids(catalogue, validation, Recipe())
    if flags.fit:
        fit_weights(catalogue, {*ids, *validation}, flags.galaxies, flags.seed)
        return
    ids = sorted(np.random.default_rng(flags.seed).permutation(ids)[: flags.galaxies])
    clean = [catalogue.picture(galaxy) for galaxy in ids]
    models = {name: load(name) for name in flags.models}
    before = {name: predict(model, clean, tta_views=flags.views)[0] for name, model in models.items()}
    heads = " | ".join(f"{Path(name).stem}: whole | found | edge-on, whole | found" for name in models)
    print(f"{len(ids)} hold-out galaxies, {flags.views} TTA views\n\n| kind | changed | {heads} |", flush=True)
    print("|---|---|" + "---|---|---|---|" * len(models))
    thumbnails: list[np.ndarray] = []
    with torch.inference_mode():
        for kind in flags.kinds:
            random = np.random.default_rng([flags.seed, list(KINDS).index(kind)])
            pictures = [KINDS[kind](picture, random) for picture in clean]
            found = [find_galaxy(picture) for picture in pictures]
            cells = [f"{np.mean([one.changed for one in found]):.0%}"]
            for name, model in models.items():
                whole = changes(model, before[name], pictures, flags.views)
                crop = changes(model, before[name], [one.picture for one in found], flags.views)
                cells += [f"{whole[0]:.4f}", f"{crop[0]:.4f}", f"{whole[1]:.1f} %", f"{crop[1]:.1f} %"]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)
            for k in range(min(6, len(ids))):
                thumbnails += [pictures[k], found[k].picture]
    if flags.sheet:
        write_sheet(thumbnails, 12, flags.sheet)


if __name__ == "__main__":
    main()
