"""Steadiness: how far predictions move when light, field of view or resolution change.

python benchmarks/studies/steadiness.py --data ~/galaxy-zoo densenet fcn runs/other/model.pt

Each figure is the root mean square, over the galaxies and the 37 vote fractions, of the change of the prediction. The
galaxies are the first of the hold-out that the shipped networks share; none was trained on.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import Catalogue, open_catalogue, read_validation_ids
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import predict
from galaxy_explorer.training import Recipe

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode "L"
AT_ONCE = 20  # galaxies in memory


@dataclass(frozen=True)
class Change:
    """A change of the picture, or of the part of the field that the network sees."""

    name: str
    target: float  # largest change of the vote fractions that is accepted
    picture: Callable[[np.ndarray], np.ndarray] = lambda picture: picture
    field: float = 1.0  # factor of the card's crop


def scale_brightness(picture: np.ndarray) -> np.ndarray:
    """Multiply a picture by 0.7."""
    return np.rint(picture * 0.7).astype(np.uint8)


def raise_gamma(picture: np.ndarray) -> np.ndarray:
    """Raise a picture, on the scale 0–1, to the power 0.8."""
    return np.rint(255.0 * (picture / 255.0) ** 0.8).astype(np.uint8)


def remove_colour(picture: np.ndarray) -> np.ndarray:
    """Replace each pixel by its luminance."""
    return np.repeat(np.rint(picture @ np.array(LUMA))[..., None], 3, axis=2).astype(np.uint8)


def shift(picture: np.ndarray) -> np.ndarray:
    """Shift a picture right by 20 of its field's 424 pixels; its reflection fills the gap."""
    step = round(20 * picture.shape[1] / 424)
    return np.pad(picture, ((0, 0), (step, 0), (0, 0)), mode="reflect")[:, : picture.shape[1]]


def shrink(picture: np.ndarray) -> np.ndarray:
    """Resize a picture to 106 pixels."""
    return np.array(Image.fromarray(picture).resize((106, 106), Image.Resampling.LANCZOS))


CHANGES = (
    Change("brightness × 0.7", 0.018, scale_brightness),
    Change("gamma 0.8", 0.013, raise_gamma),
    Change("grey", 0.030, remove_colour),
    Change("field × 0.8", 0.012, field=0.8),
    Change("field × 1.2", 0.012, field=1.2),
    Change("shift 20 px", 0.008, shift),
    Change("106 px picture", 0.010, shrink),
)


def hold_out_ids(catalogue: Catalogue, validation_ids: Sequence[str], recipe: Recipe) -> list[str]:
    """Return the ids of the hold-out, as the training draws it where all pictures can be read."""
    scored = np.isfinite(catalogue.volunteer_fractions).any(axis=1) & ~catalogue.table.index.isin(validation_ids)
    learnable = catalogue.rows(np.flatnonzero(scored))
    complete = np.flatnonzero(np.isfinite(learnable.volunteer_fractions).all(axis=1))
    drawn = np.random.default_rng(recipe.hold_out_seed).permutation(complete)[: recipe.hold_out]
    return [learnable.ids[row] for row in np.sort(drawn)]


def measure_steadiness(model: Model, catalogue: Catalogue, ids: Sequence[str], views: int) -> dict[str, float]:
    """Return the rms change of the vote fractions under each of `CHANGES`."""
    squares = dict.fromkeys((change.name for change in CHANGES), 0.0)
    for first in range(0, len(ids), AT_ONCE):
        pictures = [catalogue.picture(galaxy) for galaxy in ids[first : first + AT_ONCE]]
        before, _ = predict(model, pictures, tta_views=views)
        for change in CHANGES:
            seen = replace(model, card=replace(model.card, crop=model.card.crop * change.field))
            after, _ = predict(seen, [change.picture(picture) for picture in pictures], tta_views=views)
            squares[change.name] += float(((after - before) ** 2).mean(axis=1).sum())
    return {name: (total / len(ids)) ** 0.5 for name, total in squares.items()}


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("models", nargs="+", help="names of shipped models, or checkpoints")
    add("--data", required=True, help="the folder of the challenge")
    add("--galaxies", type=int, default=200)
    add("--views", type=int, default=8, choices=range(1, 9), help="TTA views (default: %(default)s)")
    add("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args(arguments)


def main() -> None:
    """Print a table: a row for each change, a column for each model."""
    flags = read_flags()
    torch.set_num_threads(flags.threads)
    catalogue = open_catalogue(flags.data)
    ids = hold_out_ids(catalogue, read_validation_ids(flags.data), Recipe())[: flags.galaxies]
    found = {}
    for name in flags.models:
        found[name] = measure_steadiness(load(name), catalogue, ids, flags.views)
    print(f"rms change of the 37 vote fractions, {len(ids)} hold-out galaxies, {flags.views} TTA views\n")
    print("| change | target | " + " | ".join(Path(name).stem for name in found) + " |")
    print("|---|---|" + "---|" * len(found))
    for change in CHANGES:
        figures = " | ".join(f"{figure[change.name]:.4f}" for figure in found.values())
        print(f"| {change.name} | {change.target:.3f} | {figures} |")


if __name__ == "__main__":
    main()
