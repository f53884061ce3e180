"""A training run: epochs of steps, an average of the weights, the best epoch by the hold-out."""

import copy
import math
import time
from collections.abc import Generator
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
from galaxy_explorer.training.data.augmentation import augment, centre, draw_all, mix
from galaxy_explorer.training.data.batches import read_batches
from galaxy_explorer.training.data.dataset import TrainingGalaxies
from galaxy_explorer.training.initial_weights import start_from_file, start_from_imagenet
from galaxy_explorer.training.optimisation import (
    AveragedNetwork,
    all_finite,
    learning_rate,
    load_optimiser,
    loss_of,
    make_optimiser,
    masked_squared_error,
)
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import Progress, TrainingError, load_state, log_line, save_state

# Steps between two looks at the loss and the clock: a look makes the processor wait for the GPU.
LOOK_EVERY = 20


class Run:
    """One training run: the network with its average, the optimiser, and how far it has come.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    galaxies : TrainingGalaxies
        What to learn from.
    rank : Rank
        Where to compute.
    work : Path
        The folder of the resume state and the log.
    minutes : float, optional
        The time limit, over all resumptions. The learning rate falls to nothing by then, so that a run
        that is cut short still ends well.
    """

    def __init__(
        self, recipe: Recipe, galaxies: TrainingGalaxies, rank: Rank, work: Path, minutes: float | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.galaxies, self.rank, self.work = recipe, galaxies, rank, work
        self.seconds_allowed = math.inf if minutes is None else 60.0 * minutes
        bf16 = recipe.precision == "bf16" or (recipe.precision == "auto" and rank.device.type == "cuda")
        self.autocast = partial(torch.autocast, rank.device.type, torch.bfloat16, enabled=bf16)
        self.network = build(recipe.model, **recipe.model_arguments()).to(rank.device)
        self.network.to(memory_format=torch.channels_last)  # faster convolutions, on CPUs too
        self.average = AveragedNetwork(self.network, recipe.ema)
        self.optimiser = make_optimiser(self.network, recipe, rank.device)
        self.trained: nn.Module = self.network if rank.world_size == 1 else DistributedDataParallel(self.network)
        self.parameters = list(self.network.parameters())
        self.mean, self.std = (
            torch.tensor(values, device=rank.device).view(3, 1, 1) for values in (galaxies.mean, galaxies.std)
        )
        self.best = self.average.module.state_dict()
        self.began_with: dict[str, Any] | None = None  # the card of the weights in the beginning
        self.beginning = "random weights"
        self.progress = Progress()
        self.share = len(galaxies.training_rows) // rank.world_size  # of each process in an epoch
        self.own_batch = max(2, recipe.batch_size // rank.world_size)
        self.steps_per_epoch = self.share // self.own_batch + (self.share % self.own_batch > 1)
        if not self.steps_per_epoch:
            raise TrainingError(f"{len(galaxies.training_rows)} galaxies are too few for {rank.world_size} processes")

    def start(self, file: str | None = None, imagenet: bool = False) -> None:
        """Begin with the weights of a file, or with ImageNet's, in place of random ones."""
        if file:
            self.began_with = start_from_file(self.network, file, self.galaxies.kept_back)
            self.beginning = str(file)
        elif imagenet:
            self.beginning = "ImageNet's"
            start_from_imagenet(self.network, self.recipe)
        self.average.module.load_state_dict(self.network.state_dict())

    def resume(self) -> bool:
        """Go on from the state in the work folder; tell whether there was one."""
        with self.rank.barrier():
            loaded = load_state(self.work, self.recipe, self.beginning, self.galaxies.fingerprint)
        theirs = self.rank.broadcast(loaded[1].epoch if loaded else 0)
        with self.rank.barrier():
            if theirs != (loaded[1].epoch if loaded else 0):
                raise TrainingError(f"{self.work} is not the leading process's; all machines must share its disk")
        if loaded is None:
            return False
        parts, self.progress = loaded
        self.network.load_state_dict(parts["network"])
        self.average.load_state_dict(parts["average"])
        load_optimiser(self.optimiser, parts["optimiser"])
        self.best = parts["best"]
        return True

    def save(self) -> None:
        """Write the resume state and then the log, from the leading process."""
        parts = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
        }
        with self.rank.barrier():
            if self.rank.is_rank_0:
                fingerprint = self.galaxies.fingerprint
                save_state(self.work, parts, self.progress, self.recipe, self.beginning, fingerprint)
                log_line(self.work, self.progress.history[-1])

    def inputs(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise ``(N, 3, H, W)`` pictures in [0, 1] by the training galaxies' statistics."""
        return ((pictures - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def train_epoch(self, bar: tqdm) -> dict[str, Any]:
        """Pass once over the training galaxies of this process.

        Returns
        -------
        dict
            ``loss``, ``images_per_second`` and ``complete`` (False where the time limit ended the epoch).
        """
        start, seen, spent, complete = time.perf_counter(), 0, self.progress.seconds, True
        sums = torch.zeros(3, dtype=torch.float64, device=self.rank.device)
        self.trained.train()
        for step, (pictures, scores, weights, matrices, tints, *mixture) in enumerate(self._batches()):
            inputs = self.inputs(augment(pictures, matrices, tints, self.recipe.size))
            if mixture:
                inputs, scores = mix(inputs, scores, *mixture)
            sums += self._step(inputs, scores, weights, spent)
            seen += len(pictures)
            bar.update(len(pictures) * self.rank.world_size)
            if step % LOOK_EVERY == 0:
                spent = self._look(bar, sums, seen, start)["spent"]
                if spent > self.seconds_allowed:
                    complete = False
                    break
        return self._look(bar, sums, seen, start) | {"complete": complete}

    def _batches(self) -> Generator[tuple[torch.Tensor, ...]]:
        """Read this process's batches of an epoch, in an order and with changes that the seed fixes."""
        recipe, rank, epoch = self.recipe, self.rank, self.progress.epoch
        generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + epoch * rank.world_size + rank.rank)
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))  # of dropout, also after a resumption
        order = np.random.default_rng([recipe.seed, epoch]).permutation(self.galaxies.training_rows)
        # The same count in every process: one with a batch more would wait for the others for ever.
        own = order[rank.rank :: rank.world_size][: self.share]
        own = own[: len(own) - (len(own) % self.own_batch == 1)]  # batch normalisation needs two
        draw = partial(draw_all, recipe=recipe, generator=generator)
        yield from read_batches(self.galaxies, own, self.own_batch, rank.device, draw)

    def _step(self, inputs: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor, seconds: float) -> torch.Tensor:
        """Take one step; give the squared errors' sum, the number of known scores, and the gradient's norm."""
        recipe = self.recipe
        done = max(self.progress.step / (recipe.epochs * self.steps_per_epoch), seconds / self.seconds_allowed)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, done)
        with self.autocast():
            predicted = self.trained(inputs)
        loss = loss_of(recipe, predicted, scores, weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, recipe.clip)
        self.optimiser.step()
        self.average.update()
        self.progress.step += 1
        known = (~scores.isnan()).sum()
        # Of a cross-entropy's run too, the squared error is what is shown.
        squared = loss if recipe.loss == "squared" else masked_squared_error(predicted, scores, weights)
        return torch.stack([squared.detach() * known, known, norm]).double()

    def _look(self, bar: tqdm, sums: torch.Tensor, seen: int, start: float) -> dict[str, float]:
        """Join what all processes measured in the epoch so far, show it, and stop where it is no number any more."""
        now = time.perf_counter() - start
        clock = self.progress.seconds + now if self.rank.is_rank_0 else 0.0  # the leading process's counts for all
        joined = self.rank.all_reduce(torch.cat([sums, sums.new_tensor([seen, clock])]))
        squared, known, norm, seen_by_all, spent = joined.tolist()  # here the processor waits for the device
        if not math.isfinite(squared + norm):
            raise self._diverged("the loss" if not math.isfinite(squared) else "its gradient")
        loss = squared / max(known, 1.0)
        shown = {"loss": f"{loss:.5f}", "rmse": f"{math.sqrt(loss):.4f}"}
        if math.isfinite(self.seconds_allowed):
            shown["limit"] = f"{max(0.0, self.seconds_allowed - spent) / 60.0:.0f} min"
        bar.set_postfix(shown, refresh=False)
        return {"loss": loss, "spent": spent, "images_per_second": seen_by_all / now}

    def _diverged(self, what: str) -> TrainingError:
        """Say that a run has come to nothing, and what to do."""
        return TrainingError(
            f"{what} was no finite number any more by step {self.progress.step} (epoch {self.progress.epoch + 1}); the state "
            f"in {self.work} is that of the epoch before. Lower --learning-rate (now {self.recipe.learning_rate:g}) or "
            f"--weight-decay (now {self.recipe.weight_decay:g}) and start again in another --work folder"
        )

    @torch.no_grad()
    def evaluate(self) -> float:
        """Measure the RMSE of the averaged weights on the hold-out, without views; NaN where there is none."""
        rows = self.galaxies.hold_out_rows
        if not len(rows):
            return math.nan
        network = self.average.module.eval()
        parts = []
        for pictures, *_ in read_batches(self.galaxies, rows, 2 * self.own_batch, self.rank.device):
            with self.autocast():
                parts.append(network(self.inputs(centre(pictures, self.recipe.size))))
        predicted = torch.cat(parts).cpu().numpy()
        if not np.isfinite(predicted).all():
            raise self._diverged("a prediction")
        volunteers, weights = self.galaxies.volunteer_fractions[rows], self.galaxies.hold_out_weights
        return score(predicted, volunteers, weights=weights).rmse

    def end_epoch(self, measured: dict[str, Any], start: float) -> dict[str, Any]:
        """Measure the averaged weights, keep them where they are the best so far, and write the epoch down.

        Parameters
        ----------
        measured : dict
            What `train_epoch` gave.
        start : float
            When the epoch began, by ``time.perf_counter``.

        Returns
        -------
        dict
            The epoch's line of the log, which is in the history as well.
        """
        progress, average = self.progress, self.average.module.state_dict()
        with self.rank.barrier():
            if not all_finite(self.network.state_dict()) or not all_finite(average):
                raise self._diverged("a weight")
            rmse = self.evaluate() if self.rank.is_rank_0 else math.nan
        rmse = self.rank.broadcast(rmse)
        progress.epoch += 1
        progress.seconds += self.rank.broadcast(time.perf_counter() - start)
        if not rmse >= progress.best_rmse:  # also where there is no hold-out: then the last epoch counts
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
        """Give the averaged network of the best epoch, ready to predict, rounded to the half precision it is stored in."""
        network = copy.deepcopy(self.network)
        network.load_state_dict({k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in self.best.items()})
        return network.eval().requires_grad_(False)
