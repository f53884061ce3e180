"""Fine-tune a teacher from other pictures' weights, measure it, and store its pseudo-labels.

python benchmarks/studies/teachers.py train --data DIR --network lite1 --start-from lite1.pth --work runs/teachers/lite1
python benchmarks/studies/teachers.py evaluate --data DIR --work runs/teachers/lite1
python benchmarks/studies/teachers.py pseudo-labels --data DIR --unlabeled ZIP --work runs/teachers/lite1 \
    --out labels.npz

For development only: the app and `train.py` do not need the backbone. The 600 of validation.txt are never decoded, and
the hold-out is the one that the shipped networks share. All figures are of the hold-out, with importance weights.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.efficientnet_lite import EfficientNetLite
from benchmarks.studies.photometry import Photometry, change_light, draw_photometry
from galaxy_explorer.catalogue import open_catalogue, read_validation_ids
from galaxy_explorer.evaluation.metrics import Score, score
from galaxy_explorer.models.checkpoints import torch_save_atomic
from galaxy_explorer.storage import write_atomic
from galaxy_explorer.training import Recipe, TrainingSet, build_training_set
from galaxy_explorer.training.data.augmentation import crop_centre, draw_augmentation
from galaxy_explorer.training.data.batches import TrainingBatch, read_batches
from galaxy_explorer.training.data.decoded_images import decode
from galaxy_explorer.training.distillation.teachers import Distillation, load_teachers
from galaxy_explorer.training.optimisation import (
    AveragedNetwork,
    learning_rate,
    masked_squared_error,
    share_cross_entropy,
)
from galaxy_explorer.training.recipe import current_settings

CPU = torch.device("cpu")
STATE, LOG = "state.pt", "log.jsonl"
REPORT_S = 60.0  # between two lines on a running epoch


@dataclass(frozen=True)
class Settings:
    """Settings of a run that decide its result; each is a flag."""

    network: str = "lite1"
    size: int = 128  # side of the input in pixels at the end of the run
    small_size: int = 96  # side at its beginning: progressive resizing
    small_part: float = 0.5  # part of the run with the small side
    crop: float = 0.46  # part of the 424 pixels that the network sees
    batch_size: int = 32  # 64 is a fifth slower on one core: its maps leave the cache
    learning_rate: float = 8e-4  # AdamW's peak for the backbone; the answers learn twice as fast
    weight_decay: float = 0.02
    warmup: float = 0.04
    ema: float = 0.998
    clip: float = 1.0
    drop_rate: float = 0.25
    drop_path: float = 0.1
    squared: float = 3.0  # weight of the squared error, added to the cross-entropy of the shares
    zoom: float = 1.2
    shift: float = 0.04
    brightness: float = 0.2
    gamma: float = 0.1
    grey: float = 0.0
    saturation: float = 0.1
    noise: float = 0.0
    blur: float = 0.0
    colour: float = 0.05  # tint of each channel, as `--colour` of train.py
    distill_weight: float = 0.0  # weight of the first teachers' pseudo-labels where votes are known
    reweight: bool = True  # importance weights in the loss
    seed: int = 0

    def recipe(self) -> Recipe:
        """Return what the package needs to choose, decode and augment."""
        return Recipe(
            size=self.size,
            crop=self.crop,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            warmup=self.warmup,
            zoom=self.zoom,
            shift=self.shift,
            colour=self.colour,
            distill_weight=self.distill_weight,
            reweight=self.reweight,
        )

    def photometry(self) -> Photometry:
        """Return the strengths of the photometric augmentation."""
        return Photometry(self.brightness, self.gamma, self.grey, self.saturation, self.noise, self.blur)


@dataclass
class Progress:
    """Plain numbers of an unfinished run."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best_rmse: float = math.inf
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class Training:
    """A run: network, average, optimiser and progress."""

    def __init__(
        self, settings: Settings, galaxies: TrainingSet, work: Path, minutes: float, network: nn.Module
    ) -> None:
        self.settings, self.galaxies, self.work = settings, galaxies, work
        self.seconds_allowed = 60.0 * minutes
        self.network = network.to(memory_format=torch.channels_last)
        self.average = AveragedNetwork(self.network, settings.ema)
        self.optimiser = make_optimiser(self.network, settings)
        self.progress = Progress()
        self.best: dict[str, torch.Tensor] = {}

    @property
    def done(self) -> float:
        """Part of the allowed time that has passed."""
        return self.progress.seconds / self.seconds_allowed

    def save(self) -> None:
        """Write the run checkpoint atomically."""
        content = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "progress": asdict(self.progress),
            "settings": asdict(self.settings),
            "mean": self.galaxies.mean,
            "std": self.galaxies.std,
            "fingerprint": self.galaxies.fingerprint,
        }
        torch_save_atomic(content, self.work / STATE)
        lines = "".join(json.dumps(line) + "\n" for line in self.progress.history)
        write_atomic(self.work / LOG, lines.encode())

    def resume(self) -> None:
        """Load the run checkpoint, if there is one."""
        if not (self.work / STATE).is_file():
            return
        state = torch.load(self.work / STATE, map_location="cpu", weights_only=True)
        if state["fingerprint"] != self.galaxies.fingerprint:
            raise SystemExit(f"{self.work} belongs to a run on other galaxies or labels; use another --work folder")
        if changed := differences(current_settings(state["settings"]), asdict(self.settings)):
            print(f"resumed with other settings: {changed}", file=sys.stderr)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best, self.progress = state["best"], Progress(**state["progress"])

    def fit(self) -> None:
        """Train until the time limit, with a run checkpoint and a line of the log after every epoch."""
        while self.done < 1.0:
            size = size_at(self.settings, self.done)
            began, loss, seen = time.perf_counter(), *self.train_epoch(size)
            seconds = time.perf_counter() - began
            self.progress.epoch += 1
            rmse = self.hold_out_rmse(size)
            self.progress.seconds += time.perf_counter() - began - seconds  # measuring counts as well
            if rmse < self.progress.best_rmse or self.is_first_of(size):
                self.progress.best_rmse, self.progress.best_epoch = rmse, self.progress.epoch
                self.best = {name: value.clone() for name, value in self.average.module.state_dict().items()}
            line = {
                "epoch": self.progress.epoch,
                "size": size,
                "loss": round(loss, 5),
                "hold_out_rmse": round(rmse, 5),
                "images_per_second": round(seen / seconds, 1),
                "minutes": round(self.progress.seconds / 60.0, 1),
                "done": round(self.done, 3),
            }
            self.progress.history.append(line)
            self.save()
            print(json.dumps(line), flush=True)

    def is_first_of(self, size: int) -> bool:
        """Check whether no earlier epoch had this side; other sides are not compared."""
        return size not in {line["size"] for line in self.progress.history}

    def train_epoch(self, size: int) -> tuple[float, int]:
        """Train for an epoch or until the time limit; return the mean loss and the pictures seen."""
        settings, epoch = self.settings, self.progress.epoch
        generator = torch.Generator().manual_seed(1_000_003 * settings.seed + epoch)
        torch.manual_seed(1_000_003 * settings.seed + epoch)
        order = self.draw_order(np.random.default_rng([settings.seed, epoch]))
        order = order[: len(order) // settings.batch_size * settings.batch_size]
        self.network.train()
        total, seen, start, spent = 0.0, 0, time.perf_counter(), self.progress.seconds
        reported = start
        # Of its own, as batches are read ahead in a thread.
        light = torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=generator)))
        draw = partial(draw_augmentation, recipe=settings.recipe(), generator=generator)
        for batch in read_batches(self.galaxies, order, settings.batch_size, CPU, draw):
            images = augmented(batch, draw_photometry(len(batch.pictures), light), settings, size)
            total += self.step(images, batch.targets, batch.weights) * len(images)
            seen += len(images)
            now = time.perf_counter()
            self.progress.seconds = spent + now - start
            if now - reported > REPORT_S:
                reported = now
                rate, rmse = seen / (now - start), total / seen
                print(f"epoch {epoch + 1}: {seen} pictures, loss {rmse:.4f}, {rate:.1f}/s", file=sys.stderr, flush=True)
            if self.done >= 1.0:
                break
        return total / seen, seen

    def draw_order(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the rows of an epoch."""
        return generator.permutation(self.galaxies.training_rows)

    def loss(self, predicted: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of the shares plus the weighted squared error."""
        squared = masked_squared_error(predicted, targets, weights)
        return share_cross_entropy(predicted, targets, weights) + self.settings.squared * squared

    def step(self, images: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> float:
        """Run one step of the optimiser; return the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["factor"] * learning_rate(self.settings.recipe(), self.done)
        loss = self.loss(self.network(images), targets, weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.optimiser.step()
        self.average.update()
        self.progress.step += 1
        value = float(loss.detach())
        if not math.isfinite(value):
            raise SystemExit(f"the loss is {value} at step {self.progress.step}; lower --learning-rate")
        return value

    def hold_out_rmse(self, size: int) -> float:
        """Measure the averaged weights on the weighted hold-out, one TTA view."""
        predicted = predict_rows(
            self.average.module, self.galaxies, self.galaxies.hold_out_rows, self.settings, size, 1
        )
        return score_hold_out(predicted, self.galaxies).rmse


def build_network(settings: Settings, mean: list[float], std: list[float]) -> EfficientNetLite:
    """Build a teacher with random weights."""
    return EfficientNetLite(settings.network, mean, std, settings.drop_rate, settings.drop_path)


def make_optimiser(network: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """Return AdamW with weight decay on convolutions and linear layers, not on norms and biases.

    The answers, which begin at 0, have twice the learning rate.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((decay, 2.0 if name.startswith("to_answers") else 1.0), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": found, "weight_decay": decay, "factor": factor} for (decay, factor), found in groups.items()],
        lr=settings.learning_rate,
        foreach=True,
    )


def augmented(batch: TrainingBatch, light: torch.Tensor, settings: Settings, size: int) -> torch.Tensor:
    """Resample each picture by its own matrix and change its light.

    Returns ``(N, 3, size, size)`` in [0, 1].
    """
    pictures = batch.pictures
    scale = settings.size / pictures.shape[1]
    grid = F.affine_grid(batch.matrices * scale, [len(pictures), 3, size, size], align_corners=False)
    images = pictures.permute(0, 3, 1, 2).float() / 255.0
    images = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return change_light(images * batch.colour_factors[:, :, None, None], light, settings.photometry()).clamp_(0.0, 1.0)


def size_at(settings: Settings, done: float) -> int:
    """Return the input's side for an epoch that begins when a part of the run is done."""
    return settings.small_size if done < settings.small_part else settings.size


@torch.inference_mode()
def predict_rows(
    network: nn.Module, galaxies: TrainingSet, rows: np.ndarray, settings: Settings, size: int, views: int
) -> np.ndarray:
    """Predict the vote fractions of decoded galaxies, averaged over TTA views.

    `rows` must rise. Returns ``(len(rows), 37)``.
    """
    network.eval()
    parts = []
    for batch in read_batches(galaxies, rows, 32, CPU):
        images = crop_centre(batch.pictures, settings.size)
        if size != settings.size:
            images = F.interpolate(images, size=size, mode="bilinear", antialias=True)
        parts.append(torch.stack([network(view) for view in tta_views(images, views)]).mean(dim=0))
    return torch.cat(parts).numpy()


def tta_views(images: torch.Tensor, count: int) -> Iterator[torch.Tensor]:
    """Yield the first flips and quarter turns of `galaxy_explorer.images.tta_views`."""
    for turns, flip in ((0, 0), (0, 1), (2, 0), (2, 1), (1, 0), (1, 1), (3, 0), (3, 1))[:count]:
        turned = torch.rot90(images, turns, (-2, -1))
        yield turned.flip(-1) if flip else turned


def score_hold_out(predicted: np.ndarray, galaxies: TrainingSet) -> Score:
    """Compare predictions of the hold-out with the votes, weighted against its selection."""
    volunteers = galaxies.volunteer_fractions[galaxies.hold_out_rows]
    return score(predicted, volunteers, weights=galaxies.hold_out_weights)


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    """List the settings that differ."""
    return ", ".join(f"{name} {theirs.get(name)} → {ours[name]}" for name in ours if theirs.get(name) != ours[name])


def open_galaxies(flags: argparse.Namespace, settings: Settings) -> TrainingSet:
    """Open and decode the galaxies with votes, without those of the validation set."""
    catalogue = open_catalogue(flags.data)
    files = getattr(flags, "teacher", None)
    distillation = Distillation(load_teachers(files, CPU), views=2) if files else None
    data: dict[str, Any] = {"excluded_ids": read_validation_ids(flags.data), "distillation": distillation}
    return build_training_set(catalogue, settings.recipe(), flags.cache, quiet=True, **data)


def open_unlabeled(
    flags: argparse.Namespace, settings: Settings, galaxies: TrainingSet
) -> tuple[list[str], np.ndarray]:
    """Open and decode the galaxies without votes; return their ids and their pictures."""
    unlabeled = replace(open_catalogue(flags.unlabeled), field_of_view=flags.unlabeled_field)
    others = unlabeled.rows(~unlabeled.table.index.isin([*galaxies.ids, *galaxies.excluded_ids]))
    decoded = decode(others, settings.recipe(), flags.cache, quiet=True)
    if decoded.failures:
        raise SystemExit(f"{len(decoded.failures)} pictures in {flags.unlabeled} cannot be read")
    return list(others.ids), decoded.array


def load_teacher(work: Path) -> tuple[nn.Module, Settings, int]:
    """Load the best epoch of a run with its settings and input size, ready to predict."""
    state = torch.load(work / STATE, map_location="cpu", weights_only=True)
    settings = Settings(**current_settings(state["settings"]))
    network = build_network(settings, state["mean"], state["std"])
    network.load_state_dict(state["best"])
    size = state["progress"]["history"][state["progress"]["best_epoch"] - 1]["size"]
    return network.eval().to(memory_format=torch.channels_last), settings, size


def train(flags: argparse.Namespace) -> None:
    """Run or resume a training."""
    settings = settings_from(flags, Settings)
    flags.work.mkdir(parents=True, exist_ok=True)
    galaxies = open_galaxies(flags, settings)
    torch.manual_seed(settings.seed)
    network = build_network(settings, galaxies.mean, galaxies.std)
    if flags.start_from:
        mean = np.nan_to_num(np.array(galaxies.training_mean(), dtype=float), nan=0.1)
        network.load_imagenet(flags.start_from, mean.tolist())
    start(Training(settings, galaxies, flags.work, flags.time_limit, network), flags.resume)


def start(training: Training, resume: bool) -> None:
    """Start or resume a run."""
    if resume:
        training.resume()
    elif (training.work / STATE).exists():
        raise SystemExit(f"{training.work} holds a run; resume it with --resume, or name another --work folder")
    used = len(training.galaxies.training_rows), len(training.galaxies.hold_out_rows)
    print(f"{used[0]} galaxies to train on, {used[1]} held out", file=sys.stderr, flush=True)
    training.fit()


def evaluate(flags: argparse.Namespace) -> None:
    """Print weighted RMSE and bias of the best epoch on the hold-out, for 1 and 8 TTA views."""
    network, settings, size = load_teacher(flags.work)
    galaxies = open_galaxies(flags, settings)
    for views in (1, 8):
        predicted = predict_rows(network, galaxies, galaxies.hold_out_rows, settings, size, views)
        found = score_hold_out(predicted, galaxies)
        apart = predicted - galaxies.volunteer_fractions[galaxies.hold_out_rows]
        bias = np.average(apart, axis=0, weights=galaxies.hold_out_weights)
        line = {
            "views": views,
            "hold_out_rmse": round(found.rmse, 5),
            "by_question": {number: round(value, 4) for number, value in found.rmse_by_question.items()},
            "bias": [round(float(value), 4) for value in bias],
        }
        print(json.dumps(line), flush=True)


def pseudo_labels(flags: argparse.Namespace) -> None:
    """Store the mean prediction for every galaxy except those of the validation set."""
    network, settings, size = load_teacher(flags.work)
    galaxies = open_galaxies(flags, settings)
    ids = list(galaxies.ids)
    if flags.unlabeled:
        unlabeled, pictures = open_unlabeled(flags, settings, galaxies)
        ids += unlabeled
        galaxies = replace(galaxies, unlabeled_pictures=pictures)
    stored, started = Path(flags.out).with_suffix(".part.npy"), 0
    fractions = np.full((len(ids), 37), np.nan, np.float16)
    if stored.is_file():  # an interrupted run
        fractions = np.load(stored)
        started = int(np.isfinite(fractions[:, 0]).sum())
    if flags.limit:
        ids = ids[: flags.limit]
    plain = replace(galaxies, volunteer_fractions=np.empty((len(fractions), 37), np.float32), distilled_fractions=None)
    plain = replace(plain, sample_weights=None)
    for first in range(started, len(ids), 1024):
        rows = np.arange(first, min(first + 1024, len(ids)))
        fractions[rows] = predict_rows(network, plain, rows, settings, size, flags.views)
        np.save(stored, fractions)
        print(f"{rows[-1] + 1} of {len(ids)} galaxies", file=sys.stderr, flush=True)
    np.savez(flags.out, ids=np.array(ids), fractions=fractions[: len(ids)], views=flags.views)
    stored.unlink()


def settings_from(flags: argparse.Namespace, kind: type[Settings]) -> Settings:
    """Read the settings of a run from the command line."""
    return kind(**{setting.name: getattr(flags, setting.name) for setting in fields(kind)})


def add_unlabeled(command: argparse.ArgumentParser) -> None:
    """Add the flags that name the galaxies without votes."""
    command.add_argument("--unlabeled", type=Path, help="a folder or zip of galaxies without votes")
    part = "part of the field of view that they show (default: %(default).3f)"
    command.add_argument("--unlabeled-field", type=float, default=288 / 424, help=part)


def add_command(commands: Any, name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    """Add a command with the flags that all commands have."""
    command = commands.add_parser(name, help=run.__doc__)
    command.set_defaults(run=run)
    command.add_argument("--data", type=Path, required=True, help="the folder of the challenge")
    command.add_argument("--work", type=Path, required=True, help="folder of the run checkpoint and the log")
    command.add_argument("--cache", type=Path, default=Path("runs/cache"), help="folder of decoded pictures")
    command.add_argument("--threads", type=int, default=1)
    return command


def add_settings(command: argparse.ArgumentParser, kind: type[Settings]) -> None:
    """Add the flags of a training: time limit, resume, and one for each setting."""
    command.add_argument("--time-limit", type=float, default=110.0, metavar="MINUTES")
    command.add_argument("--resume", action="store_true")
    for setting in fields(kind):
        options: dict[str, Any] = {"type": type(setting.default)}
        if isinstance(setting.default, bool):
            options = {"action": argparse.BooleanOptionalAction}
        command.add_argument("--" + setting.name.replace("_", "-"), default=setting.default, **options)


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("train", train), ("evaluate", evaluate), ("pseudo-labels", pseudo_labels)):
        command = add_command(commands, name, run)
        if name == "train":
            command.add_argument("--start-from", type=Path, help="published ImageNet weights of the network")
            command.add_argument("--teacher", nargs="+", help="checkpoints whose mean fills unknown vote fractions")
            add_settings(command, Settings)
        if name == "pseudo-labels":
            add_unlabeled(command)
            command.add_argument("--views", type=int, default=8, choices=range(1, 9))
            command.add_argument("--out", type=Path, required=True, help="an .npz file")
            command.add_argument("--limit", type=int, default=0, help="first galaxies only, for a trial")
    return parser.parse_args(arguments)


def main() -> None:
    """Run one command."""
    flags = read_flags()
    torch.set_num_threads(flags.threads)
    flags.run(flags)


if __name__ == "__main__":
    main()
