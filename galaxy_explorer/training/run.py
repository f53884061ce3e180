"""Training run: epochs of steps, an average of the weights, the best epoch on the hold-out."""

import copy
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.models.networks import GalaxyNetwork, build
from galaxy_explorer.prediction import Rank
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.training.data.augmentation import augment, crop_centre, draw_augmentation
from galaxy_explorer.training.data.batches import TrainingBatch, read_batches
from galaxy_explorer.training.data.dataset import TrainingSet
from galaxy_explorer.training.initial_weights import start_from_file, start_from_imagenet
from galaxy_explorer.training.optimisation import (
    LOSSES,
    AveragedNetwork,
    all_finite,
    learning_rate,
    load_optimiser,
    make_optimiser,
)
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import Progress, TrainingError, append_log, load_run, save_run, start_log

SYNC_STEPS = 20  # steps between two reads of the loss and the clock, as each read makes the CPU wait for the GPU


class Run:
    """A training run: network, moving average, optimiser and progress.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    galaxies : TrainingSet
        Training galaxies and hold-out.
    rank : Rank
        Process and device.
    work : Path
        Folder of the run checkpoint and the log.
    minutes : float, optional
        Time limit over all resumptions. The learning rate falls to 0 by then, so that a run that is cut short
        still ends well.
    now : callable
        Clock, in seconds.
    """

    def __init__(
        self,
        recipe: Recipe,
        galaxies: TrainingSet,
        rank: Rank,
        work: Path,
        minutes: float | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.galaxies, self.rank, self.work, self.now = recipe, galaxies, rank, work, now
        self.max_seconds = math.inf if minutes is None else 60.0 * minutes
        device = rank.device
        bf16 = recipe.precision == "bf16" or (recipe.precision == "auto" and device.type == "cuda")
        self.autocast = partial(torch.autocast, device.type, torch.bfloat16, enabled=bf16)
        self.network = build(recipe.model, **recipe.model_arguments()).to(device)
        self.network.to(memory_format=torch.channels_last)  # faster convolutions, on CPUs too
        self.average = AveragedNetwork(self.network, recipe.ema)
        self.optimiser = make_optimiser(self.network, recipe, device)
        self.trained: nn.Module = self.network if rank.world_size == 1 else DistributedDataParallel(self.network)
        self.parameters = list(self.network.parameters())  # listed once: the walk would keep a GPU waiting
        stats = (galaxies.mean, galaxies.std)
        self.mean, self.std = (torch.tensor(values, device=device).view(3, 1, 1) for values in stats)
        self.best = self.average.module.state_dict()
        self.initial_fingerprint: str | None = None  # training set of the initial weights
        self.initial_weights = "random weights"
        self.progress = Progress()
        self.share = len(galaxies.training_rows) // rank.world_size  # of each process in an epoch
        self.own_batch = max(2, recipe.batch_size // rank.world_size)
        self.steps_per_epoch = self.share // self.own_batch + (self.share % self.own_batch > 1)
        if not self.steps_per_epoch:
            raise TrainingError(f"{len(galaxies.training_rows)} galaxies are too few for {rank.world_size} processes")

    def start(self, file: str | None = None, imagenet: bool = False) -> None:
        """Replace the random weights by those of a checkpoint, or by ImageNet's."""
        if file:
            self.initial_fingerprint = start_from_file(self.network, file, self.galaxies.evaluation_ids)
            self.initial_weights = str(file)
        elif imagenet:
            self.initial_weights = "ImageNet's"
            start_from_imagenet(self.network, self.recipe)
        self.average.module.load_state_dict(self.network.state_dict())

    @property
    def identity(self) -> dict[str, Any]:
        """Settings with the initial weights, and the training set, which a resumed run must share."""
        settings = self.recipe.as_dict() | {"start": self.initial_weights}
        return {"recipe": settings, "galaxies": self.galaxies.fingerprint}

    def resume(self) -> bool:
        """Resume from the run checkpoint in the work folder; return whether there was one."""
        with self.rank.barrier():
            loaded = load_run(self.work, self.identity, self.recipe.unused)
        epoch = loaded[1].epoch if loaded else 0
        leading = self.rank.broadcast(epoch)
        with self.rank.barrier():
            if leading != epoch:
                raise TrainingError(f"{self.work} differs from that of rank 0; all machines must share its disk")
        if loaded is None:
            return False
        parts, self.progress = loaded
        self.network.load_state_dict(parts["network"])
        self.average.load_state_dict(parts["average"])
        load_optimiser(self.optimiser, parts["optimiser"])
        self.best = parts["best"]
        return True

    def save(self) -> None:
        """Write the run checkpoint and then the log, from rank 0."""
        parts = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
        }
        with self.rank.barrier():
            if self.rank.is_rank_0:
                save_run(self.work, parts, self.progress, self.identity)
                append_log(self.work, self.progress.history[-1])

    def inputs(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise ``(N, 3, H, W)`` pictures in [0, 1] by the channel statistics."""
        return ((pictures - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def train_epoch(self, bar: tqdm) -> dict[str, Any]:
        """Train on this process's galaxies once; return loss, speed, and whether it is complete."""
        start, seen, spent, complete = self.now(), 0, self.progress.seconds, True
        sums = torch.zeros(3, dtype=torch.float64, device=self.rank.device)
        self.trained.train()
        for step, batch in enumerate(self._batches()):
            sums += self._step(batch, spent)
            seen += len(batch.pictures)
            bar.update(len(batch.pictures) * self.rank.world_size)
            if step % SYNC_STEPS == 0:
                spent = self._sync_metrics(bar, sums, seen, start)["spent"]
                if spent > self.max_seconds:
                    complete = False
                    break
        return self._sync_metrics(bar, sums, seen, start) | {"complete": complete}

    def _batches(self) -> Iterator[TrainingBatch]:
        """Read this process's batches of an epoch, in the order of the seed."""
        recipe, rank, epoch = self.recipe, self.rank, self.progress.epoch
        generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + epoch * rank.world_size + rank.rank)
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))  # dropout, also after a resumption
        order = np.random.default_rng([recipe.seed, epoch]).permutation(self.galaxies.training_rows)
        # The same number in every process: one with a batch more would wait for the others forever.
        own = order[rank.rank :: rank.world_size][: self.share]
        own = own[: len(own) - (len(own) % self.own_batch == 1)]  # batch normalisation needs two
        draw = partial(draw_augmentation, recipe=recipe, generator=generator)
        yield from read_batches(self.galaxies, own, self.own_batch, rank.device, draw)

    def _step(self, batch: TrainingBatch, seconds: float) -> torch.Tensor:
        """Run one step; return the sum of squares, the number of known scores, the gradient's norm."""
        recipe = self.recipe
        done = max(self.progress.step / (recipe.epochs * self.steps_per_epoch), seconds / self.max_seconds)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, done)
        inputs = self.inputs(augment(batch.pictures, batch.matrices, batch.colour_factors, recipe.size))
        with self.autocast():
            predicted = self.trained(inputs)
        loss = LOSSES[recipe.loss](predicted, batch.targets, batch.weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, recipe.clip)
        self.optimiser.step()
        self.average.update()
        known = (~batch.targets.isnan()).sum()
        # The squared error is reported whatever the loss is.
        squared = LOSSES["squared"](predicted.detach(), batch.targets, batch.weights)
        self.progress.step += 1
        return torch.stack([squared * known, known, norm]).double()

    def _sync_metrics(self, bar: tqdm, sums: torch.Tensor, seen: int, start: float) -> dict[str, float]:
        """All-reduce the running metrics, update the progress bar, raise on NaN or inf."""
        elapsed = self.now() - start
        clock = self.progress.seconds + elapsed if self.rank.is_rank_0 else 0.0  # the clock of rank 0 counts
        joined = self.rank.all_reduce(torch.cat([sums, sums.new_tensor([seen, clock])]))
        squared, known, norm, seen_by_all, spent = joined.tolist()  # the CPU waits for the device here
        if not math.isfinite(squared + norm):
            raise self._diverged("the loss" if not math.isfinite(squared) else "the gradient")
        loss = squared / max(known, 1.0)
        shown = {"loss": f"{loss:.5f}", "rmse": f"{math.sqrt(loss):.4f}"}
        if math.isfinite(self.max_seconds):
            shown["limit"] = f"{max(0.0, self.max_seconds - spent) / 60.0:.0f} min"
        bar.set_postfix(shown, refresh=False)
        return {"loss": loss, "spent": spent, "images_per_second": seen_by_all / max(elapsed, 1e-9)}

    def _diverged(self, what: str) -> TrainingError:
        """Return the error of a diverged run."""
        recipe, progress = self.recipe, self.progress
        return TrainingError(
            f"training diverged: {what} became NaN or inf at step {progress.step} (epoch {progress.epoch + 1}); "
            f"the run checkpoint in {self.work} is that of the epoch before. Lower --learning-rate (now "
            f"{recipe.learning_rate:g}) or --weight-decay (now {recipe.weight_decay:g}) and start again in another "
            "--work folder"
        )

    @torch.no_grad()
    def evaluate(self) -> float:
        """Return the RMSE of the averaged weights on the hold-out, without TTA; NaN if it is empty."""
        rows = self.galaxies.hold_out_rows
        if not len(rows):
            return math.nan
        network = self.average.module.eval()
        parts = []
        for batch in read_batches(self.galaxies, rows, 2 * self.own_batch, self.rank.device):
            with self.autocast():
                parts.append(network(self.inputs(crop_centre(batch.pictures, self.recipe.size))))
        predicted = torch.cat(parts).cpu().numpy()
        if not np.isfinite(predicted).all():
            raise self._diverged("a prediction")
        votes, weights = self.galaxies.volunteer_fractions[rows], self.galaxies.hold_out_weights
        return score(predicted, votes, weights=weights).rmse

    def end_epoch(self, measured: dict[str, Any], start: float) -> dict[str, Any]:
        """Evaluate the averaged weights, keep the best so far, and return the epoch's log line."""
        progress, average = self.progress, self.average.module.state_dict()
        with self.rank.barrier():
            if not all_finite(self.network.state_dict()) or not all_finite(average):
                raise self._diverged("a weight")
            rmse = self.evaluate() if self.rank.is_rank_0 else math.nan
        rmse = self.rank.broadcast(rmse)
        progress.epoch += 1
        progress.seconds += self.rank.broadcast(self.now() - start)
        if not rmse >= progress.best_rmse:  # also without a hold-out: then the last epoch counts
            progress.best_rmse, progress.best_epoch = (rmse if rmse == rmse else math.inf), progress.epoch
            self.best = {name: value.detach().clone() for name, value in average.items()}
        line = {
            "epoch": progress.epoch,
            "loss": round(measured["loss"], 6),
            "rmse": round(math.sqrt(measured["loss"]), 5),
            "hold_out_rmse": round(rmse, 5) if rmse == rmse else None,
            "images_per_second": round(measured["images_per_second"], 1),
            "seconds": round(progress.seconds, 1),
            "complete": measured["complete"],
        }
        progress.history.append(line)
        return line

    def best_network(self) -> GalaxyNetwork:
        """Return the averaged network of the best epoch, frozen, rounded to half precision."""
        network = copy.deepcopy(self.network)
        state = self.best.items()
        network.load_state_dict({k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in state})
        return network.eval().requires_grad_(False)


def fit(run: Run, *, quiet: bool = False) -> Progress:
    """Train until the epochs or the time are used up; write a run checkpoint after every epoch.

    Shows a progress bar, or a line a minute in a log file, and prints a line of JSON per epoch. `Run.best` then holds
    the weights of the best epoch.

    Raises
    ------
    TrainingError
        If the training diverges or the device runs out of memory.
    """
    progress, epochs, galaxies = run.progress, run.recipe.epochs, len(run.galaxies.training_rows)
    silent = quiet or not run.rank.is_rank_0
    with run.rank.barrier():
        if run.rank.is_rank_0:
            start_log(run.work, progress.history)
    with progress_bar("images", epochs * galaxies, initial=progress.epoch * galaxies, disable=silent) as bar:
        while progress.epoch < epochs and progress.seconds < run.max_seconds:
            bar.set_description(f"epoch {progress.epoch + 1}/{epochs}", refresh=False)  # it would be a line of a log
            start = run.now()
            try:
                line = run.end_epoch(run.train_epoch(bar), start)
            except torch.OutOfMemoryError as error:
                raise TrainingError(
                    f"{run.rank.device} is out of memory ({error}); lower --batch-size or --size"
                ) from error
            bar.update(progress.epoch * galaxies - bar.n)  # the few that no process saw
            run.save()
            if not silent:
                tqdm.write(json.dumps(line))
                sys.stdout.flush()
    return progress
