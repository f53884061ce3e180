"""Distil teachers into a model: votes, pseudo-labels and weak labels in one loss.

python benchmarks/studies/students.py train --data DIR --unlabeled ZIP --labels a.npz b.npz --weak-labels largest.csv \
    --network densenet --start-from weights/densenet.pt --work runs/teachers/student
python benchmarks/studies/students.py export --data DIR --weak-labels largest.csv --start-from weights/densenet.pt \
    --work runs/teachers/student --out student.pt

The pseudo-labels are those that `teachers.py pseudo-labels` stores; several files are averaged. `export` needs the
`--weak-labels` and `--start-from` of the training: their galaxies are training galaxies on the card.
`train.py --update-card` then adds intervals and the OOD threshold to the card of the checkpoint.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.teachers import (
    STATE,
    Progress,
    Settings,
    Training,
    add_command,
    add_settings,
    add_unlabeled,
    open_galaxies,
    open_unlabeled,
    predict_rows,
    score_hold_out,
    settings_from,
    start,
)
from galaxy_explorer.decision_tree import COLUMNS, INDEX
from galaxy_explorer.models import GalaxyNetwork, Model, build
from galaxy_explorer.models.checkpoints import load, save
from galaxy_explorer.prediction import init_distributed
from galaxy_explorer.training import Recipe, Run, TrainingSet
from galaxy_explorer.training.distillation.leakage import check_no_leakage, training_fingerprint
from galaxy_explorer.training.model_card.card import make_card
from galaxy_explorer.training.recipe import current_settings
from galaxy_explorer.training.resume import Progress as PackageProgress

WEAK = [INDEX[name] for name in ("Class1.1", "Class1.2", "Class1.3", "Class6.1", "Class6.2")]


@dataclass(frozen=True)
class StudentSettings(Settings):
    """Settings of a distillation."""

    network: str = "densenet"
    arguments: str = "{}"  # of the network, JSON: fields of the recipe
    small_part: float = 0.0
    drop_path: float = 0.0  # these networks have none
    learning_rate: float = 1e-3
    distill_weight: float = 0.5  # weight of the pseudo-labels where votes are known; elsewhere it is 1
    unlabeled_ratio: float = 1.0  # unlabeled galaxies per labelled one in an epoch
    weak_weight: float = 1.0  # weight of the margin loss on the weak labels
    margin: float = 0.02  # by which the largest vote fraction has to lead the others
    zoom: float = 1.35
    shift: float = 0.08
    brightness: float = 0.45
    gamma: float = 0.25
    grey: float = 1.0
    saturation: float = 0.3
    noise: float = 0.02
    blur: float = 0.25

    def recipe(self) -> Recipe:
        """Return the recipe, with the network and its arguments."""
        arguments: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(self.arguments).items()
        }
        return replace(super().recipe(), model=self.network, drop_rate=self.drop_rate, **arguments)


class Normalised(nn.Module):
    """A network of the package with its normalisation: from pictures in [0, 1]."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: GalaxyNetwork, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` vote fractions, float32."""
        return self.network(((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last))


class StudentTraining(Training):
    """A run on votes, pseudo-labels and weak labels.

    The weak labels are a 38th column of the targets, NaN where unknown.
    """

    settings: StudentSettings

    def draw_order(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the rows of an epoch: all labelled galaxies, and some of the others."""
        rows, first = self.galaxies.training_rows, len(self.galaxies.pictures)
        labelled, unlabeled = rows[rows < first], rows[rows >= first]
        count = min(len(unlabeled), round(self.settings.unlabeled_ratio * len(labelled)))
        drawn = generator.choice(unlabeled, count, replace=False) if count else unlabeled[:0]
        return generator.permutation(np.concatenate([labelled, drawn]))

    def loss(self, predicted: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the loss of the vote fractions plus the margin loss of the weak labels."""
        found = super().loss(predicted, targets[:, : len(COLUMNS)], weights)
        if not self.settings.weak_weight:
            return found
        return found + self.settings.weak_weight * margin_loss(predicted, targets[:, -1], self.settings.margin)


def margin_loss(predicted: torch.Tensor, largest: torch.Tensor, margin: float) -> torch.Tensor:
    """Return the mean squared violation of a margin by which the largest of `WEAK` must lead.

    Parameters
    ----------
    predicted : (N, 37) torch.Tensor
        Vote fractions.
    largest : (N,) torch.Tensor of float32
        Which of `WEAK` is the largest, NaN where unknown.
    margin : float
        By which it should lead.
    """
    known = ~largest.isnan()
    if not known.any():
        return predicted.sum() * 0.0
    five = predicted[known][:, WEAK]
    leader = five.gather(1, largest[known].long()[:, None])
    others = torch.ones_like(five).scatter_(1, largest[known].long()[:, None], 0.0)
    return ((five - leader + margin).clamp(min=0.0) ** 2 * others).sum() / len(largest)


def with_labels(flags: argparse.Namespace, settings: StudentSettings, galaxies: TrainingSet) -> TrainingSet:
    """Add pseudo-labels, unlabeled galaxies and weak labels to the galaxies with votes."""
    labels = read_labels(flags.labels)
    ids = list(galaxies.ids)
    votes: np.ndarray = galaxies.volunteer_fractions
    rows: np.ndarray = galaxies.training_rows
    if flags.unlabeled:
        unlabeled, pictures = open_unlabeled(flags, settings, galaxies)
        rows = np.concatenate([rows, np.arange(len(ids), len(ids) + len(unlabeled))])
        votes = np.concatenate([votes, np.full((len(unlabeled), len(COLUMNS)), np.nan, np.float32)])
        galaxies = replace(galaxies, unlabeled_pictures=pictures)
        ids += unlabeled
    pseudo_labels = labels.reindex(ids).to_numpy(np.float32)
    part = np.where(np.isnan(votes), 1.0, settings.distill_weight)
    targets = np.where(np.isnan(pseudo_labels), votes, part * pseudo_labels + (1.0 - part) * np.nan_to_num(votes))
    rows = rows[np.isfinite(targets[rows]).any(axis=1)]
    weak: np.ndarray = np.full(len(ids), np.nan, np.float32)
    if flags.weak_labels:
        known = pd.read_csv(flags.weak_labels, dtype=str).set_index("GalaxyID")["largest"].reindex(ids)
        weak = known.map({COLUMNS[column]: number for number, column in enumerate(WEAK)}).to_numpy(np.float32)
    held_out = np.isin(np.arange(len(ids)), galaxies.hold_out_rows)
    weak[held_out] = np.nan
    weights = galaxies.sample_weights
    if weights is not None:
        weights = np.concatenate([weights, np.ones(len(ids) - len(weights), np.float32)])
    return replace(
        galaxies,
        volunteer_fractions=votes,
        distilled_fractions=np.column_stack([targets, weak]).astype(np.float32),
        training_rows=rows,
        sample_weights=weights,
    )


def read_labels(files: list[Path]) -> pd.DataFrame:
    """Read pseudo-labels; several files are averaged."""
    tables = []
    for file in files:
        with np.load(file) as stored:
            tables.append(pd.DataFrame(stored["fractions"].astype(np.float32), index=stored["ids"].astype(str)))
    return sum(tables[1:], tables[0]) / len(tables)


def make_student(settings: StudentSettings, galaxies: TrainingSet, first_weights: str | None) -> Normalised:
    """Build the network, with the weights of a checkpoint wherever shapes agree."""
    torch.manual_seed(settings.seed)
    recipe = settings.recipe()
    network = build(recipe.model, **recipe.model_arguments())
    if first_weights:
        first = load(first_weights)
        check_no_leakage(first_weights, first.card.training_fingerprint, galaxies.evaluation_ids)
        theirs, ours = first.network.state_dict(), network.state_dict()
        fitting = {k: v for k, v in theirs.items() if k in ours and v.shape == ours[k].shape}
        network.load_state_dict(ours | fitting)
        print(f"{len(fitting)} of {len(ours)} tensors begin as in {first_weights}", file=sys.stderr)
    return Normalised(network, galaxies.mean, galaxies.std)


def train(flags: argparse.Namespace) -> None:
    """Run or resume a distillation."""
    settings = settings_from(flags, StudentSettings)
    assert isinstance(settings, StudentSettings)
    flags.work.mkdir(parents=True, exist_ok=True)
    galaxies = with_labels(flags, settings, open_galaxies(flags, settings))
    network = make_student(settings, galaxies, flags.start_from)
    start(StudentTraining(settings, galaxies, flags.work, flags.time_limit, network), flags.resume)


def load_student(work: Path) -> tuple[Normalised, StudentSettings, dict[str, Any]]:
    """Load the best epoch of a run, its settings and its state."""
    state = torch.load(work / STATE, map_location="cpu", weights_only=True)
    settings = StudentSettings(**current_settings(state["settings"]))
    recipe = settings.recipe()
    network = Normalised(build(recipe.model, **recipe.model_arguments()), state["mean"], state["std"])
    network.load_state_dict(state["best"])
    return network.eval().to(memory_format=torch.channels_last), settings, state


def evaluate(flags: argparse.Namespace) -> None:
    """Print the weighted RMSE of the best epoch on the hold-out, for 1 and 8 TTA views."""
    network, settings, _ = load_student(flags.work)
    galaxies = open_galaxies(flags, settings)
    for views in (1, 8):
        predicted = predict_rows(network, galaxies, galaxies.hold_out_rows, settings, settings.size, views)
        print(json.dumps({"views": views, "hold_out_rmse": round(score_hold_out(predicted, galaxies).rmse, 5)}))


def export(flags: argparse.Namespace) -> None:
    """Write the best epoch as a checkpoint of the package, in half precision with a model card."""
    network, settings, state = load_student(flags.work)
    galaxies = open_galaxies(flags, settings)
    found = Progress(**state["progress"])
    with init_distributed("cpu") as rank:
        run = Run(settings.recipe(), galaxies, rank, flags.work)
        run.progress = PackageProgress(found.epoch, found.step, found.seconds, found.best_rmse, found.best_epoch)
        card = make_card(run, data=flags.data.name, command=shlex.join(sys.argv))
    fingerprint = fingerprint_of(galaxies, flags.weak_labels, flags.start_from)
    card = replace(card, training_fingerprint=fingerprint, extra={"distillation": asdict(settings)})
    save(flags.out, Model(network.network, card))


def fingerprint_of(galaxies: TrainingSet, weak_labels: Path | None, start_from: str | None) -> str:
    """Return the fingerprint of all galaxies whose votes a run used.

    It is what `train.py` writes on the card. The teachers of `teachers.py` were trained on some of the same galaxies.
    """
    weak = pd.read_csv(weak_labels, dtype=str)["GalaxyID"].tolist() if weak_labels else []
    used = [*galaxies.training_ids, *set(weak).difference(galaxies.evaluation_ids)]
    first = load(start_from).card.training_fingerprint if start_from else None
    return training_fingerprint(used, filter(None, [first]))


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("train", train), ("evaluate", evaluate), ("export", export)):
        command = add_command(commands, name, run)
        if name != "evaluate":
            command.add_argument("--weak-labels", type=Path, help="table of GalaxyID and largest")
            command.add_argument("--start-from", help="checkpoint whose weights are taken where shapes agree")
        if name == "train":
            add_unlabeled(command)
            command.add_argument("--labels", type=Path, nargs="+", required=True, help="files of pseudo-labels")
            add_settings(command, StudentSettings)
        if name == "export":
            command.add_argument("--out", type=Path, required=True)
    return parser.parse_args(arguments)


def main() -> None:
    """Run one command."""
    flags = read_flags()
    torch.set_num_threads(flags.threads)
    flags.run(flags)


if __name__ == "__main__":
    main()
