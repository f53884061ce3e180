"""Train a network on the Galaxy Zoo 2 scores: flags, data, model, fit, save.

python train.py --data DIR --model densenet --out weights/densenet.pt --work runs/densenet
torchrun --nproc-per-node 8 train.py …            the same on eight devices
"""

import argparse
import shlex
import sys
from dataclasses import fields
from pathlib import Path

from galaxy_explorer.prediction import predict_catalogue

from galaxy_explorer.catalogue import CatalogueError, open_catalogue, read_ids
from galaxy_explorer.checkpoints import save
from galaxy_explorer.comparison import score
from galaxy_explorer.training import (
    Place,
    Recipe,
    Run,
    TrainingError,
    add_validation,
    default_cache,
    find_place,
    fit,
    gather,
    make_card,
    write_cards,
)


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line: where things are, and one flag for each setting of the recipe."""
    parser = argparse.ArgumentParser(description="Train a network on Galaxy Zoo 2 scores.")
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder in the Kaggle layout, or pictures with scores.csv"
    )
    parser.add_argument("--out", type=Path, help="the file of weights to write (default: model.pt in the work folder)")
    parser.add_argument("--work", type=Path, help="folder of the resume state and the log (default: runs/MODEL)")
    parser.add_argument(
        "--cache", type=Path, default=default_cache(), help="folder of decoded pictures (default: %(default)s)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in the work folder")
    parser.add_argument("--time-limit", type=float, metavar="MINUTES", help="end the run well after this time")
    parser.add_argument(
        "--never", type=Path, help="list of ids not to train on (default: validation.txt in the data folder)"
    )
    parser.add_argument(
        "--validate", action="store_true", help="at the end, measure the RMSE on those ids for the card"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: CUDA where there is one")
    for setting in fields(Recipe):
        name, default, why = "--" + setting.name.replace("_", "-"), setting.default, setting.metadata["why"]
        described = f"{why} (default: {default})"
        if isinstance(default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=default, help=described)
        elif isinstance(default, tuple):
            parser.add_argument(name, nargs="+", type=int, default=default, help=described)
        else:
            parser.add_argument(
                name, type=type(default), default=default, choices=setting.metadata["choices"], help=described
            )
    return parser.parse_args(arguments)


def recipe_of(flags: argparse.Namespace) -> Recipe:
    """Take the settings of the recipe from the flags."""
    values = {setting.name: getattr(flags, setting.name) for setting in fields(Recipe)}
    return Recipe(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def train(flags: argparse.Namespace, place: Place) -> None:
    """Run a training from the data to the file of weights."""
    recipe = recipe_of(flags)
    work = flags.work or Path("runs") / recipe.model
    out = flags.out or work / "model.pt"
    work.mkdir(parents=True, exist_ok=True)
    if (work / "state.pt").is_file() and not flags.resume:
        raise TrainingError(
            f"{work} holds a run already; --resume goes on with it, another --work folder starts a new one"
        )

    # Data: the leading process decodes, the others then find the array in the cache.
    catalogue = open_catalogue(flags.data)
    never_file = flags.never or flags.data / "validation.txt"
    never = read_ids(never_file) if never_file.is_file() else []
    if flags.validate and not never:
        raise TrainingError(f"--validate needs a list of ids, but there is no {never_file}; name one with --never")
    if not place.leads:
        place.wait()
    galaxies = gather(catalogue, recipe, flags.cache, never=never, quiet=not place.leads)
    if place.leads:
        place.wait()

    # Fit.
    run = Run(recipe, galaxies, place, work, minutes=flags.time_limit)
    if flags.resume and run.resume() and place.leads:
        print(f"going on after epoch {run.progress.epoch}", file=sys.stderr)
    progress = fit(run)
    if not place.leads:
        return

    # Save, in half precision; then measure what was saved.
    command = shlex.join(["python", "train.py", *sys.argv[1:]])
    card = make_card(recipe, galaxies, progress, data=catalogue.name, command=command, device=place.device)
    network = run.best_network()
    if flags.validate:
        validation = catalogue.subset([galaxy for galaxy in never if galaxy in catalogue])
        predicted = predict_catalogue(network, card, validation, views=8)
        volunteers = catalogue.subset(predicted.fractions.index).volunteer_fractions
        add_validation(card, score(predicted.fractions.to_numpy(), volunteers, card["training_mean"]), views=8)
        print(f"RMSE on {len(validation)} validation galaxies: {card['validation']['rmse']:.4f}", file=sys.stderr)
    save(out, network, card)
    if (out.parent / "README.md").is_file():
        write_cards(out.parent)
    print(f"wrote {out}; hold-out RMSE {progress.best_rmse:.4f} after epoch {progress.best_epoch}", file=sys.stderr)


def main() -> int:
    """Train, and turn errors into words."""
    flags = read_flags()
    try:
        with find_place(flags.device) as place:
            train(flags, place)
    except (CatalogueError, TrainingError, ValueError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train.py: stopped; --resume goes on after the last finished epoch", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
