"""Controlled runs: one thing of the recipe changed at a time, compared on the galaxies held out.

python benchmarks/recipes.py --data DIR --work runs/recipes --jobs 2 -- --model fcn --widths 16 32 64 128 --epochs 12
"""

import argparse
import contextlib
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import train  # noqa: E402
from galaxy_explorer.catalogue import Catalogue, open_catalogue  # noqa: E402
from galaxy_explorer.decision_tree import COLUMNS  # noqa: E402
from galaxy_explorer.models.checkpoints import load, read_card  # noqa: E402
from galaxy_explorer.prediction import PredictOptions, predict_catalogue  # noqa: E402
from galaxy_explorer.training import gather  # noqa: E402

BASELINE = "as it is"
RESAMPLED = 2000  # draws of the bootstrap
# Flags of train.py by which two runs may differ that learn the same from the same.
INDIFFERENT = frozenset({"work", "out", "cache", "device", "resume", "validate", "note", "remeasure"})

# What is changed, one thing at a time; flags given after a flag of the common part replace it.
CHANGES: Mapping[str, str] = {
    BASELINE: "",
    "another seed": "--seed 1",
    "48 pixels": "--size 48",
    "96 pixels": "--size 96",
    "128 pixels": "--size 128",
    "160 pixels": "--size 160",
    "224 pixels": "--size 224",
    "crop 0.4": "--crop 0.4",
    "crop 0.65": "--crop 0.65",
    "no rotation, no flips": "--rotation 0 --no-flips",
    "no zoom, no shift": "--zoom 1 --shift 0",
    "no change of colour": "--colour 0",
    "sigmoid head": "--head sigmoid",
    "loss: cross-entropy of shares": "--loss cross-entropy",
    "without partly scored galaxies": "--no-partial",
    "weights against the selection": "--reweigh",
    "no running average": "--ema 0",
    "no dropout": "--drop-rate 0",
    "dropout 0.4": "--drop-rate 0.4",
    "weight decay 0.1": "--weight-decay 0.1",
    "mixup up to 0.3": "--mixup 0.3",
    "noise of 0.05 on the scores": "--label-noise 0.05",
    "half the learning rate": "--learning-rate 1e-3",
    "densenet, narrow": "--model densenet --growth-rate 16 --blocks 4 6 8 6 --initial-features 32",
    "DenseNet-121": "--model densenet",
}


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read this script's flags; what follows ``--`` is common to all runs."""
    parser = argparse.ArgumentParser(description="Controlled runs of train.py, compared on the galaxies held out.")
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="the galaxies, as train.py takes them")
    add("--work", type=Path, required=True, metavar="DIR", help="folder of the runs; finished ones are not run again")
    add("--jobs", type=int, default=1, metavar="N", help="runs side by side (%(default)s)")
    add("--only", nargs="+", choices=list(CHANGES), metavar="NAME", help="these changes alone, beside the baseline")
    add("--change", action="append", default=[], metavar="NAME=FLAGS", help="one more change to measure")
    add("common", nargs="*", help="flags of train.py for all runs")
    return parser.parse_args(arguments)


def chosen_changes(flags: argparse.Namespace) -> dict[str, str]:
    """Give the changes to run, the baseline first."""
    wanted = {name: CHANGES[name] for name in (BASELINE, *(flags.only or CHANGES))}
    if nameless := [change for change in flags.change if "=" not in change]:
        raise SystemExit(f"--change {nameless[0]!r} has no name; give NAME=FLAGS, as 'no flips=--no-flips'")
    return wanted | dict(change.split("=", 1) for change in flags.change)


def flags_of_run(flags: argparse.Namespace, name: str, change: str) -> list[str]:
    """Give the flags of one run of train.py."""
    work = flags.work / "".join(letter if letter.isalnum() else "-" for letter in name)
    return ["--data", str(flags.data), "--work", str(work), *flags.common, *shlex.split(change)]


def weights_of(arguments: list[str]) -> Path:
    """Name the file of weights of a run with these flags."""
    return Path(arguments[arguments.index("--work") + 1]) / "model.pt"


def decisive(arguments: list[str]) -> dict[str, Any]:
    """Give what decides what a run of train.py learns, and from what: flags, also those left at their defaults."""
    flags = train.read_flags(arguments)
    given = {name: value for name, value in vars(flags).items() if name not in INDIFFERENT}
    given |= train.recipe_of(flags).as_dict()
    return {name: value.resolve() if isinstance(value, Path) else value for name, value in given.items()}


def check_reusable(name: str, arguments: list[str]) -> None:
    """Stop where a run was done before with other flags, by its card: its figure would stand for what it is not."""
    file = weights_of(arguments)
    if not file.is_file():
        return
    card, ours = read_card(file), decisive(arguments)
    command = shlex.split(card["command"])
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            theirs = decisive(command[command.index("train.py") + 1 :]) | card["recipe"]
    except SystemExit:  # by argparse
        changed = f"train.py does not know all flags of its command, {card['command']}, any more"
    else:
        unused = train.recipe_of(train.read_flags(arguments)).unused
        other = [flag for flag in ours if flag not in unused and theirs.get(flag) != ours[flag]]
        changed = ", ".join(f"{flag} {theirs.get(flag)} there, {ours[flag]} now" for flag in other)
    if changed:
        raise SystemExit(
            f"the run “{name}” is in {file.parent} already, made with other flags ({changed}); name another --work "
            "folder, or delete that one to train it anew"
        )


def run(name: str, arguments: list[str]) -> Path:
    """Train, unless that was done before; give the file of weights."""
    file = weights_of(arguments)
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    said = file.parent / "output.txt"
    with said.open("w") as output:
        command = [sys.executable, str(ROOT / "train.py"), *arguments, "--resume"]
        done = subprocess.run(command, check=False, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode not in (0, 1) or not file.is_file():  # 1: some pictures could not be read
        raise SystemExit(f"the run “{name}” has failed, with exit status {done.returncode}; {said} says why")
    return file


def squared_errors(weights: Path, galaxies: Catalogue, views: int) -> np.ndarray:
    """Give each galaxy's mean squared error over the 37 scores, ``(N,)``."""
    predicted = predict_catalogue(*load(weights), galaxies, PredictOptions(views)).fractions
    difference = predicted.loc[galaxies.ids, list(COLUMNS)].to_numpy(float) - galaxies.volunteer_fractions
    return (difference**2).mean(axis=1)


def weighted_rmse(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give the RMSE of ``(N,)`` squared errors under ``(..., N)`` weights."""
    return np.sqrt((weights * errors).sum(axis=-1) / weights.sum(axis=-1))


def compare(errors: Mapping[str, np.ndarray], weights: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Compare runs with the baseline by a paired bootstrap over galaxies.

    Parameters
    ----------
    errors : mapping of str to (N,) np.ndarray
        Each galaxy's squared error, by the run's name; the first is the baseline.
    weights : (N,) np.ndarray
        How much each galaxy counts.
    seed : int, optional
        Of the draws.

    Returns
    -------
    pd.DataFrame
        ``rmse``, the ``difference`` from the baseline, and its standard ``error``, by the run's name.
    """
    drawn = np.random.default_rng(seed).multinomial(len(weights), np.full(len(weights), 1 / len(weights)), RESAMPLED)
    baseline, *_ = errors.values()
    rows = {}
    for name, ours in errors.items():
        differences = weighted_rmse(ours, drawn * weights) - weighted_rmse(baseline, drawn * weights)
        rmse = float(weighted_rmse(ours, weights))
        rows[name] = (rmse, rmse - float(weighted_rmse(baseline, weights)), float(differences.std()))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["rmse", "difference", "error"])


def table(compared: pd.DataFrame, changes: Mapping[str, str], minutes: Mapping[str, Any]) -> str:
    """Write the comparison as Markdown."""
    lines = ["| change | flags | hold-out RMSE | difference | minutes |", "|---|---|---|---|---|"]
    for name, row in zip(changes, compared.to_dict("records"), strict=True):
        apart = "" if name == BASELINE else f"{row['difference']:+.4f} ± {row['error']:.4f}"
        flags = f"`{changes[name]}`" if changes[name] else ""
        lines.append(f"| {name} | {flags} | {row['rmse']:.4f} | {apart} | {minutes[name]:.0f} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, and print the table and a line of JSON for each run."""
    flags = read_flags(arguments)
    changes = chosen_changes(flags)
    commands = {name: flags_of_run(flags, name, change) for name, change in changes.items()}
    for change, command in commands.items():
        check_reusable(change, command)
    with ThreadPoolExecutor(flags.jobs) as pool:
        files = dict(zip(commands, pool.map(run, commands, commands.values()), strict=True))

    settings = train.read_flags(commands[BASELINE])
    catalogue = open_catalogue(flags.data)
    never = train.read_never(settings, catalogue)
    galaxies = gather(catalogue, train.recipe_of(settings), settings.cache, never=never, quiet=True)
    held_out = catalogue.subset(galaxies.hold_out_ids)
    errors = {name: squared_errors(file, held_out, views=8) for name, file in files.items()}
    compared = compare(errors, np.asarray(galaxies.hold_out_weights))
    minutes = {name: load(file)[1]["minutes"] for name, file in files.items()}
    print(table(compared, changes, minutes))
    for name, row in compared.iterrows():
        print(json.dumps({"run": name, "flags": commands[str(name)], **row.round(6).to_dict()}), file=sys.stderr)


if __name__ == "__main__":
    main()
