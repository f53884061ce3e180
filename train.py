"""Train a network on the Galaxy Zoo 2 scores: flags, data, model, fit, save.

python train.py --data DIR --model densenet --out weights/densenet.pt --work runs/densenet
torchrun --nproc-per-node 8 train.py …            the same on eight devices
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from galaxy_explorer.catalogue import VALIDATION_FILE, Catalogue, open_catalogue, read_ids, read_validation_ids
from galaxy_explorer.models.checkpoints import WEIGHTS, find, load, save
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import Rank, init_distributed
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.storage import cache_folder
from galaxy_explorer.training import (
    Lessons,
    Recipe,
    Run,
    TrainingError,
    TrainingGalaxies,
    add_learnt,
    describe,
    fit,
    gather,
    load_teachers,
    make_card,
    validate,
    write_cards,
)
from galaxy_explorer.training.model_card.evaluate import VIEWS
from galaxy_explorer.training.resume import alone_in

NAMED = 10  # pictures that cannot be read are named up to this number


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the command line: where things are, and one flag for each setting of the recipe."""
    parser = argparse.ArgumentParser(prog="train.py", description="Train a network on Galaxy Zoo 2 scores.")
    add = parser.add_argument
    add("--data", type=Path, required=True, help="a folder in the Kaggle layout, or pictures with scores.csv")
    add("--out", type=Path, help="the file of weights to write (default: model.pt in the work folder)")
    add("--work", type=Path, help="folder of the resume state and the log (default: runs/MODEL)")
    add("--cache", type=Path, default=cache_folder(), help="folder of decoded pictures (default: %(default)s)")
    add("--resume", action="store_true", help="go on with the run in the work folder")
    add(
        "--time-limit",
        type=minutes,
        metavar="MINUTES",
        help="end the run cleanly after so many minutes of training, those before a --resume included",
    )
    add("--never", type=Path, help="list of ids not to train on (default: validation.txt in the data folder or zip)")
    add("--validate", action="store_true", help="at the end, measure on those ids for the card")
    add("--teacher", nargs="+", default=[], metavar="FILE", help="weights whose mean answer fills unknown scores")
    views = "views of a picture that a teacher averages (default: %(default)s)"
    add("--teacher-views", type=int, choices=range(1, VIEWS + 1), default=VIEWS, help=views)
    add("--unscored", type=Path, help="a folder or zip of more pictures, of which the teachers give all scores")
    add(
        "--unscored-field",
        type=part,
        default=Fraction(1),
        metavar="PART",
        help="part of the field that those show, as 288/424, where they have no field.json (default: the whole)",
    )
    start = parser.add_mutually_exclusive_group()
    # Not "--start": torchrun would take that for a --start-method of its own and refuse it.
    start.add_argument("--start-from", metavar="FILE", help="begin with the weights of this file, not with random ones")
    start.add_argument("--pretrained", action="store_true", help="begin with ImageNet's weights, which are downloaded")
    add(
        "--remeasure", metavar="FILE", help="train nothing: describe anew, on its card, what the weights in FILE learnt"
    )
    add("--note", help="a sentence for the card, on what its command does not say")
    add("--device", choices=("cpu", "cuda"), help="default: CUDA where there is one")
    for setting in fields(Recipe):
        default, choices = setting.default, setting.metadata["choices"]
        kind: dict[str, Any] = {"type": type(default), "choices": choices}
        if isinstance(default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        elif isinstance(default, tuple):
            kind = {"type": int, "nargs": "+"}
        described = f"{setting.metadata['why']} (default: {default})"
        add("--" + setting.name.replace("_", "-"), default=default, help=described, **kind)
    return parser.parse_args(arguments)


def minutes(text: str) -> float:
    """Read a time limit."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} minutes leave no time to train; give more than 0")
    return value


def part(text: str) -> Fraction:
    """Read a part of the field, as 0.68 or 288/424."""
    try:
        value = Fraction(text)
    except ZeroDivisionError:
        value = Fraction(0)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no part of a field; give more than 0 and at most 1, as 288/424")
    return value


def recipe_of(flags: argparse.Namespace) -> Recipe:
    """Take the settings of the recipe from the flags."""
    values: dict[str, Any] = {}
    for setting in fields(Recipe):
        value = getattr(flags, setting.name)
        values[setting.name] = tuple(value) if isinstance(value, list) else value
    return Recipe(**values)


def train(flags: argparse.Namespace, rank: Rank, command: str) -> int:
    """Run a training from the data to the file of weights; give the exit status."""
    recipe = recipe_of(flags)
    work = flags.work or Path("runs") / recipe.model
    out = flags.out or work / "model.pt"
    check_paths(work, out, flags.resume)
    with alone_in(work) if rank.is_rank_0 else nullcontext():
        return train_in(work, out, recipe, flags, rank, command)


def train_in(work: Path, out: Path, recipe: Recipe, flags: argparse.Namespace, rank: Rank, command: str) -> int:
    """Run a training in a folder that no other run is using."""
    # Data: the leading process decodes, the others then find the array in the cache.
    catalogue = open_catalogue(flags.data)
    never = read_never(flags, catalogue)
    lessons = read_lessons(flags, rank)
    with rank.barrier():
        if rank.is_rank_0:
            galaxies = gather(catalogue, recipe, flags.cache, never=never, lessons=lessons)
            tell(galaxies)
    if not rank.is_rank_0:
        galaxies = gather(catalogue, recipe, flags.cache, never=never, lessons=lessons, quiet=True)

    # Model and fit.
    run = Run(recipe, galaxies, rank, work, minutes=flags.time_limit)
    with rank.barrier():
        run.start(flags.start_from, flags.pretrained)
    if flags.resume:
        resumed = run.resume()
        say(rank, f"going on after epoch {run.progress.epoch}" if resumed else f"no epoch in {work} yet: beginning")
    progress = fit(run)
    if not rank.is_rank_0:
        return 0

    # Save, in half precision; then measure what was saved.
    network = run.best_network()
    card = make_card(recipe, galaxies, progress, data=catalogue.name, command=command, rank=rank)
    card |= {"note": flags.note} if flags.note else {}
    card |= lessons.described() if lessons else {}
    earlier = [run.began_with] if run.began_with else []
    taught = [teacher.card for teacher in lessons.teachers] if lessons else []
    add_learnt(card, galaxies.learnt_ids, [*earlier, *taught])
    save(out, network, card)
    rmse = card["hold_out_rmse"] or "not measured"
    say(rank, f"wrote {out}: the weights after epoch {progress.best_epoch}; hold-out RMSE {rmse}")
    lost = measure(out, network, card, catalogue, galaxies, never if flags.validate else ())
    return 1 if lost or galaxies.failures else 0


def remeasure(flags: argparse.Namespace, rank: Rank) -> int:
    """Put on the card of finished weights anew what they learnt from, and how they do on the galaxies held out."""
    file = find(flags.remeasure)
    network, card = load(file, rank.device)
    recipe = Recipe.from_dict(card.get("recipe", {}), f"the card of {file}")
    catalogue = open_catalogue(flags.data)
    never = read_never(flags, catalogue)
    galaxies = gather(catalogue, recipe, flags.cache, never=never)
    if (galaxies.mean, len(galaxies.hold_out_rows)) != (card["mean"], card.get("hold_out_galaxies")):
        raise TrainingError(
            f"{file} learnt from other galaxies than those in {flags.data} (channel means {card['mean']}, here "
            f"{galaxies.mean}); give the data and the --never that its card's command names"
        )
    add_learnt(card, galaxies.learnt_ids, [card] if "learnt" in card else [])
    lost = measure(file, network, card, catalogue, galaxies, never if flags.validate else ())
    say(rank, f"wrote {file}" + ("" if "familiarity" in card else ": too few galaxies to describe what it learnt"))
    return 1 if lost or galaxies.failures else 0


def measure(
    file: Path,
    network: GalaxyNetwork,
    card: dict[str, Any],
    catalogue: Catalogue,
    galaxies: TrainingGalaxies,
    validation: Sequence[str],
) -> dict[str, str]:
    """Measure finished weights for their card, and write it after each part; give the galaxies that were lost."""
    lost = describe(network, card, catalogue, galaxies)
    save(file, network, card)
    if validation:
        unread = validate(network, card, catalogue, validation)
        lost |= unread
        save(file, network, card)
        if len(unread) < len(validation) and (found := card.get("validation")):
            print(f"RMSE on {found['galaxies']} validation galaxies: {found['rmse']:.4f}", file=sys.stderr)
    tell_failures(lost)
    write_cards(file.resolve().parent)
    return lost


def check_paths(work: Path, out: Path, resume: bool) -> None:
    """Refuse, before any work, folders and files that a run must not write to."""
    if work.resolve().is_relative_to(WEIGHTS):
        raise TrainingError(f"{work} is for finished weights; name another folder for the run with --work")
    if out.is_dir():
        raise TrainingError(f"{out} is a folder; name the file of weights to write with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    if (work / "state.pt").is_file() and not resume:
        raise TrainingError(
            f"{work} holds a run already; --resume goes on with it, another --work folder starts a new one"
        )


def read_never(flags: argparse.Namespace, catalogue: Catalogue) -> list[str]:
    """Read the ids that the run must not see, whether they are in the catalogue or not."""
    listed = flags.never or flags.data / VALIDATION_FILE
    never = read_ids(flags.never) if flags.never else read_validation_ids(flags.data)
    known = catalogue.subset([galaxy for galaxy in dict.fromkeys(never) if galaxy in catalogue])
    if flags.validate and not np.isfinite(known.volunteer_fractions).any():
        raise TrainingError(
            f"--validate needs galaxies with scores, but {listed} names {len(never)}, of which {catalogue.name} has "
            f"{len(known)}, and scores of none; name a list of its ids with --never"
        )
    return never


def read_lessons(flags: argparse.Namespace, rank: Rank) -> Lessons | None:
    """Load the teachers and open the pictures that they are to answer for."""
    if not flags.teacher:
        if flags.unscored or flags.teaching:
            raise TrainingError("--unscored and --teaching need someone who gives scores; name weights with --teacher")
        return None
    unscored = open_catalogue(flags.unscored) if flags.unscored else None
    if unscored is not None and unscored.field_of_view == 1.0:
        unscored = replace(unscored, field_of_view=float(flags.unscored_field))
    return Lessons(load_teachers(flags.teacher, rank.device), flags.teacher_views, unscored)


def say(rank: Rank, sentence: str) -> None:
    """Tell the user something, once."""
    if rank.is_rank_0:
        print(sentence, file=sys.stderr)


def tell(galaxies: TrainingGalaxies) -> None:
    """Tell the user how many galaxies there are for what, and which are left out."""
    print(
        f"{len(galaxies.training_rows)} galaxies to train on, {len(galaxies.hold_out_rows)} held out to choose the "
        f"epoch by, {galaxies.never_seen} never to be seen",
        file=sys.stderr,
    )
    tell_failures(galaxies.failures)


def tell_failures(failures: Mapping[str, str]) -> None:
    """Name the galaxies whose picture cannot be read, with the reasons."""
    for galaxy, reason in list(failures.items())[:NAMED]:
        print(f"left out: galaxy {galaxy}: {reason}", file=sys.stderr)
    if len(failures) > NAMED:
        print(f"left out: {len(failures) - NAMED} more galaxies", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Train, and turn errors into words.

    The exit status is 0 when all is done, 1 when some galaxies' pictures could not be read (the rest was
    trained on), and 2 when the run could not start or go on.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    flags = read_flags(arguments)
    try:
        with init_distributed(flags.device or default_device()) as rank:
            starter = ["python"] if rank.world_size == 1 else ["torchrun", "--nproc-per-node", str(rank.world_size)]
            again = [argument for argument in arguments if argument != "--resume"]  # what repeats the whole run
            if flags.remeasure:
                return remeasure(flags, rank)
            return train(flags, rank, shlex.join([*starter, "train.py", *again]))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train.py: stopped; --resume goes on after the last finished epoch", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
