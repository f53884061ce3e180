"""Training with simulated galaxies: pretrained on them, some added, and without.

python benchmarks/studies/simulation_helps.py --data ~/galaxy-zoo --work runs/simulation-helps --jobs 8

One network, one recipe, the same hold-out of real galaxies. For each number of real galaxies (the last may be "all"):

scratch     random weights, real galaxies alone
pretrained  weights of a training on simulated galaxies, then as from scratch
added       random weights; simulated rings, mergers, lenses and spirals are added to the real galaxies

At most as many are added as there are real ones. Real galaxies are seen equally often in all three, and no epoch is
chosen by the hold-out: the last one counts. Pictures are drawn in parts, trainings write a run checkpoint after each
epoch: the same command resumes. A finished training is a file with the predictions of the hold-out.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.recipes import compare
from galaxy_explorer.catalogue import open_catalogue, read_validation_ids
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import central_field
from galaxy_explorer.prediction import SINGLE_PROCESS
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.simulation import render, sample
from galaxy_explorer.simulation.volunteers import simulate_votes
from galaxy_explorer.training import Recipe, Run, TrainingSet, build_training_set
from galaxy_explorer.training.run import fit

PART = 250  # simulated galaxies in a file
ADDED = ("Class8.1", "Class8.6", "Class8.2", "Class4.1", "Class11.1", "Class11.3", "Class11.4", "Class11.5")
GROUPS = {
    "all": list(COLUMNS),
    "rings": ["Class8.1"],
    "mergers": ["Class8.6"],
    "lenses": ["Class8.2"],
    "arms": [column for column in COLUMNS if column.startswith(("Class4.", "Class11."))],
}
SCRATCH, PRETRAINED, WITH_ADDED = "scratch", "pretrained", "added"


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; the defaults are those of the full experiment."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--data", required=True, metavar="DIR", help="the folder of the challenge")
    add("--work", type=Path, required=True, metavar="DIR", help="pictures, run checkpoints and results")
    add("--cache", type=Path, default=Path("runs/cache"), metavar="DIR", help="decoded pictures (%(default)s)")
    add("--simulated", type=int, default=50_000, metavar="N", help="simulated galaxies to pretrain on (%(default)s)")
    add(
        "--added",
        type=int,
        default=4_000,
        metavar="N",
        help="simulated galaxies that are added, at most as many as real ones (%(default)s)",
    )
    add("--sizes", nargs="+", default=["500", "2000", "all"], metavar="N", help="real galaxies (500 2000 all)")
    add("--seen", type=int, default=200_000, metavar="N", help="real pictures seen in a training (%(default)s)")
    add("--pretrain-epochs", type=int, default=4, metavar="N", help="(%(default)s)")
    add("--hold-out", type=int, default=800, metavar="N", help="real galaxies to measure on (%(default)s)")
    add("--seeds", type=int, default=3, metavar="N", help="trainings of each kind (%(default)s)")
    add("--size", type=int, default=64, help="pixels a side of the network's input (%(default)s)")
    add("--widths", type=int, nargs="+", default=[24, 48, 96, 192], help="of the network, fcn (24 48 96 192)")
    add("--device", default=default_device(), help="of the trainings (%(default)s)")
    add("--jobs", type=int, default=1, metavar="N", help="processes that draw pictures (%(default)s)")
    return parser.parse_args(arguments)


def recipe_of(flags: argparse.Namespace, seed: int, epochs: int) -> Recipe:
    """Return the recipe that all trainings share."""
    network = {"model": "fcn", "widths": tuple(flags.widths), "size": flags.size, "crop": 0.5}
    return Recipe(**network, epochs=epochs, seed=seed, hold_out=flags.hold_out, partial=False, ema=0.99)


def draw_part(number: int, folder: Path, recipe: Recipe, kinds: tuple[str | None, ...]) -> Path:
    """Draw simulated galaxies and the votes of 44 volunteers, unless their file is there."""
    path = folder / f"part-{number:04}.npz"
    if path.exists():
        return path
    pictures, votes = [], []
    for seed in range(number * PART, (number + 1) * PART):
        parameters = sample(seed, kinds[seed % len(kinds)])
        pictures.append(central_field(render(parameters), recipe.margin_crop, recipe.margin_size))
        votes.append(simulate_votes(parameters, seed=seed))
    partial_file = path.with_suffix(".partial.npz")
    np.savez(partial_file, pictures=np.stack(pictures), votes=np.stack(votes).astype(np.float32))
    partial_file.replace(path)
    return path


def draw(
    flags: argparse.Namespace, name: str, count: int, kinds: tuple[str | None, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(N, S, S, 3)`` pictures and ``(N, 37)`` votes of simulated galaxies."""
    folder = flags.work / f"{name}-{flags.size}"
    folder.mkdir(parents=True, exist_ok=True)
    job = partial(draw_part, folder=folder, recipe=recipe_of(flags, 0, 1), kinds=kinds)
    numbers = range(-(-count // PART))
    with ProcessPoolExecutor(flags.jobs) as pool:
        files = list(tqdm(pool.map(job, numbers), total=len(numbers), desc=name, mininterval=10))
    parts = [np.load(file) for file in files]
    return (
        np.concatenate([part["pictures"] for part in parts])[:count],
        np.concatenate([part["votes"] for part in parts])[:count],
    )


def real_galaxies(flags: argparse.Namespace) -> TrainingSet:
    """Return the real training galaxies, shuffled, with the hold-out that every training shares."""
    catalogue, excluded = open_catalogue(flags.data), read_validation_ids(flags.data)
    complete = np.isfinite(catalogue.volunteer_fractions).all(axis=1) & ~catalogue.table.index.isin(excluded)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(complete))
    if "all" not in flags.sizes:  # decode no more than are needed
        rows = rows[: max(map(int, flags.sizes)) + flags.hold_out]
    galaxies = build_training_set(catalogue.rows(np.sort(rows)), recipe_of(flags, 0, 1), flags.cache)
    return replace(galaxies, training_rows=np.random.default_rng(1).permutation(galaxies.training_rows))


def train(
    flags: argparse.Namespace, galaxies: TrainingSet, name: str, recipe: Recipe, weights: dict[str, torch.Tensor] | None
) -> torch.nn.Module:
    """Train a network, resuming from its run checkpoint; return that of the last epoch."""
    work = flags.work / name
    work.mkdir(parents=True, exist_ok=True)
    blind = replace(galaxies, hold_out_rows=galaxies.hold_out_rows[:0], hold_out_weights=None)
    run = Run(recipe, blind, replace(SINGLE_PROCESS, device_name=flags.device), work)
    if weights:
        run.initial_weights = "simulated"
        run.network.load_state_dict(weights)
        run.average.module.load_state_dict(weights)
    run.resume()
    fit(run)
    return run.best_network().cpu()


def predict_hold_out(network: torch.nn.Module, galaxies: TrainingSet, size: int) -> np.ndarray:
    """Return the vote fractions of the hold-out, one view."""
    first = (galaxies.pictures.shape[1] - size) // 2
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (galaxies.mean, galaxies.std))
    found = []
    for rows in np.array_split(galaxies.hold_out_rows, -(-len(galaxies.hold_out_rows) // 32)):
        pictures = galaxies.pictures[rows][:, first : first + size, first : first + size]
        inputs = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - mean) / std
        with torch.inference_mode():
            found.append(network(inputs).numpy())
    return np.concatenate(found)


def pretrain(flags: argparse.Namespace, real: TrainingSet, seed: int) -> dict[str, torch.Tensor]:
    """Return the weights of a training on simulated galaxies, normalised as real ones."""
    pictures, votes = draw(flags, "simulated", flags.simulated, (None,))
    rows = np.arange(len(pictures))
    simulated = TrainingSet(pictures, votes, rows, rows[:0], real.mean, real.std)
    network = train(flags, simulated, f"pretraining-{seed}", recipe_of(flags, seed, flags.pretrain_epochs), None)
    return network.state_dict()


def with_added(flags: argparse.Namespace, galaxies: TrainingSet) -> TrainingSet:
    """Return real galaxies with simulated ones added."""
    pictures, votes = draw(flags, "added", min(flags.added, len(galaxies.training_rows)), ADDED)
    return replace(
        galaxies,
        unlabeled_pictures=pictures,  # with votes all the same
        volunteer_fractions=np.concatenate([galaxies.volunteer_fractions, votes]),
        training_rows=np.concatenate([galaxies.training_rows, len(galaxies.pictures) + np.arange(len(pictures))]),
    )


def trainings(flags: argparse.Namespace) -> Iterator[tuple[int, str, str]]:
    """Yield the seed, number of real galaxies and way of each training."""
    yield from product(range(flags.seeds), flags.sizes, (SCRATCH, PRETRAINED, WITH_ADDED))


def compute(flags: argparse.Namespace, real: TrainingSet) -> None:
    """Train what is not finished, and store the predictions of the hold-out."""
    for seed, size, way in trainings(flags):
        path = flags.work / f"{way}-{size}-{seed}.npy"
        if path.exists():
            continue
        count = len(real.training_rows) if size == "all" else int(size)
        galaxies = replace(real, training_rows=real.training_rows[:count])
        weights = pretrain(flags, real, seed) if way == PRETRAINED else None
        if way == WITH_ADDED:
            galaxies = with_added(flags, galaxies)
        recipe = recipe_of(flags, seed, max(1, round(flags.seen / count)))
        network = train(flags, galaxies, path.stem, recipe, weights)
        np.save(path, predict_hold_out(network, real, flags.size))


def results(flags: argparse.Namespace, real: TrainingSet) -> pd.DataFrame:
    """Return the RMSE by way and number of galaxies, and the difference from scratch."""
    votes, rows = real.volunteer_fractions[real.hold_out_rows], []
    for size, (group, columns) in product(flags.sizes, GROUPS.items()):
        chosen = [COLUMNS.index(column) for column in columns]
        errors = {}
        for way in (SCRATCH, PRETRAINED, WITH_ADDED):
            found = [np.load(flags.work / f"{way}-{size}-{seed}.npy") for seed in range(flags.seeds)]
            errors[way] = np.mean([((one - votes)[:, chosen] ** 2).mean(axis=1) for one in found], axis=0)
        compared = compare(errors, np.ones(len(votes)))
        rows += [{"real": size, "answers": group, "way": way} | row.to_dict() for way, row in compared.iterrows()]
    return pd.DataFrame(rows)


def main(arguments: list[str] | None = None) -> None:
    """Train, and print a table, whose errors are a paired bootstrap over the hold-out."""
    flags = read_flags(arguments)
    flags.work.mkdir(parents=True, exist_ok=True)
    real = real_galaxies(flags)
    compute(flags, real)
    print(f"{len(real.hold_out_rows)} galaxies in the hold-out, {flags.seeds} seeds, {flags.simulated} simulated:")
    print(results(flags, real).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
