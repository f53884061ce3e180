"""Ablation study: one setting of the recipe changed at a time, compared on the hold-out.

python benchmarks/studies/recipes.py --data DIR --work runs/recipes --jobs 2 -- --model fcn --epochs 12
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

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from galaxy_explorer.catalogue import Catalogue, open_catalogue  # noqa: E402
from galaxy_explorer.decision_tree import COLUMNS  # noqa: E402
from galaxy_explorer.models.checkpoints import load, read_card  # noqa: E402
from galaxy_explorer.prediction import PredictOptions, predict_catalogue  # noqa: E402
from galaxy_explorer.training import build_training_set, cli  # noqa: E402
from galaxy_explorer.training.recipe import REMOVED, current_settings  # noqa: E402

BASELINE = "as it is"
RESAMPLED = 2000  # draws of the bootstrap
# Flags of train.py that do not change what a run learns.
IGNORED = frozenset({"work", "out", "cache", "device", "resume", "validate", "note", "update_card", *REMOVED})

# One change at a time; a flag in it replaces the same flag among the common ones.
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
    "no colour jitter": "--colour 0",
    "loss: cross-entropy of shares": "--loss cross-entropy",
    "without partly scored galaxies": "--no-partial",
    "importance weights": "--reweight",
    "no running average": "--ema 0",
    "no dropout": "--drop-rate 0",
    "dropout 0.4": "--drop-rate 0.4",
    "weight decay 0.1": "--weight-decay 0.1",
    "half the learning rate": "--learning-rate 1e-3",
    "densenet, narrow": "--model densenet --growth-rate 16 --blocks 4 6 8 6 --initial-features 32",
    "DenseNet-121": "--model densenet",
}


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse this script's flags; those after ``--`` are common to all runs."""
    parser = argparse.ArgumentParser(description="Ablation study of train.py on the hold-out.")
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="catalogue, as for train.py")
    add("--work", type=Path, required=True, metavar="DIR", help="folder of the runs; finished ones are kept")
    add("--jobs", type=int, default=1, metavar="N", help="runs in parallel (%(default)s)")
    add("--only", nargs="+", choices=list(CHANGES), metavar="NAME", help="only these changes and the baseline")
    add("--change", action="append", default=[], metavar="NAME=FLAGS", help="one more change to measure")
    add("common", nargs="*", help="flags of train.py for all runs")
    return parser.parse_args(arguments)


def chosen_changes(flags: argparse.Namespace) -> dict[str, str]:
    """Return the changes to run, the baseline first."""
    wanted = {name: CHANGES[name] for name in (BASELINE, *(flags.only or CHANGES))}
    if nameless := [change for change in flags.change if "=" not in change]:
        raise SystemExit(f"--change {nameless[0]!r} has no name; expected NAME=FLAGS, such as 'no flips=--no-flips'")
    return wanted | dict(change.split("=", 1) for change in flags.change)


def flags_of_run(flags: argparse.Namespace, name: str, change: str) -> list[str]:
    """Return the flags of one run of train.py."""
    work = flags.work / "".join(letter if letter.isalnum() else "-" for letter in name)
    return ["--data", str(flags.data), "--work", str(work), *flags.common, *shlex.split(change)]


def weights_of(arguments: list[str]) -> Path:
    """Return the checkpoint of a run with these flags."""
    return Path(arguments[arguments.index("--work") + 1]) / "model.pt"


def decisive(arguments: list[str]) -> dict[str, Any]:
    """Return the flags that change what a run of train.py learns, with their defaults."""
    flags = cli.read_flags(arguments)
    given = {name: value for name, value in vars(flags).items() if name not in IGNORED}
    given |= cli.recipe_of(flags).as_dict()
    return {name: value.resolve() if isinstance(value, Path) else value for name, value in given.items()}


def check_reusable(name: str, arguments: list[str]) -> None:
    """Exit if a finished run in this folder had other flags, by its model card."""
    path = weights_of(arguments)
    if not path.is_file():
        return
    card, ours = read_card(path), decisive(arguments)
    command = shlex.split(card.command or "")
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            saved = decisive(command[command.index("train.py") + 1 :]) | current_settings(card.recipe)
    except (SystemExit, ValueError):  # by argparse, or for a removed feature
        changed = f"train.py no longer accepts all flags of its command, {card.command}"
    else:
        unused = cli.recipe_of(cli.read_flags(arguments)).unused
        other = [flag for flag in ours if flag not in unused and saved.get(flag) != ours[flag]]
        changed = ", ".join(f"{flag} {saved.get(flag)} there, {ours[flag]} here" for flag in other)
    if changed:
        raise SystemExit(
            f"the run “{name}” is already in {path.parent}, with other flags ({changed}); use another --work folder, "
            "or delete that one to train it again"
        )


def run(name: str, arguments: list[str]) -> Path:
    """Train unless there is a checkpoint; return its path."""
    path = weights_of(arguments)
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.parent / "output.txt"
    with log.open("w") as output:
        command = [sys.executable, str(ROOT / "train.py"), *arguments, "--resume"]
        done = subprocess.run(command, check=False, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode not in (0, 1) or not path.is_file():  # 1: some pictures could not be read
        raise SystemExit(f"the run “{name}” failed with exit status {done.returncode}; see {log}")
    return path


def squared_errors(weights: Path, galaxies: Catalogue, views: int) -> np.ndarray:
    """Return each galaxy's mean squared error over the 37 scores, ``(N,)``."""
    predicted = predict_catalogue(load(weights), galaxies, PredictOptions(views)).fractions
    difference = predicted.loc[galaxies.ids, list(COLUMNS)].to_numpy(float) - galaxies.volunteer_fractions
    return (difference**2).mean(axis=1)


def weighted_rmse(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the RMSE of ``(N,)`` squared errors with ``(..., N)`` weights."""
    return np.sqrt((weights * errors).sum(axis=-1) / weights.sum(axis=-1))


def compare(errors: Mapping[str, np.ndarray], weights: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Compare runs with the first one by a paired bootstrap over galaxies.

    Returns ``rmse``, the ``difference`` from the baseline, and its standard ``error``, by the run's name.
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
    """Return the comparison as a Markdown table."""
    lines = ["| change | flags | hold-out RMSE | difference | minutes |", "|---|---|---|---|---|"]
    for name, row in zip(changes, compared.to_dict("records"), strict=True):
        difference = "" if name == BASELINE else f"{row['difference']:+.4f} ± {row['error']:.4f}"
        flags = f"`{changes[name]}`" if changes[name] else ""
        lines.append(f"| {name} | {flags} | {row['rmse']:.4f} | {difference} | {minutes[name]:.0f} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Train the missing runs; print the table, and a line of JSON per run to stderr."""
    flags = read_flags(arguments)
    changes = chosen_changes(flags)
    commands = {name: flags_of_run(flags, name, change) for name, change in changes.items()}
    for change, command in commands.items():
        check_reusable(change, command)
    with ThreadPoolExecutor(flags.jobs) as pool:
        files = dict(zip(commands, pool.map(run, commands, commands.values()), strict=True))

    settings = cli.read_flags(commands[BASELINE])
    catalogue, recipe = open_catalogue(flags.data), cli.recipe_of(settings)
    excluded_ids = cli.read_excluded_ids(settings, catalogue)
    galaxies = build_training_set(catalogue, recipe, settings.cache, excluded_ids=excluded_ids, quiet=True)
    hold_out = catalogue.subset(galaxies.hold_out_ids)
    errors = {name: squared_errors(path, hold_out, views=8) for name, path in files.items()}
    compared = compare(errors, np.asarray(galaxies.hold_out_weights))
    minutes = {name: read_card(path).minutes for name, path in files.items()}
    print(table(compared, changes, minutes))
    for name, row in compared.iterrows():
        print(json.dumps({"run": name, "flags": commands[str(name)], **row.round(6).to_dict()}), file=sys.stderr)


if __name__ == "__main__":
    main()
