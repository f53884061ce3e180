"""Train a network: epochs of steps, an average of the weights, the best epoch by the hold-out."""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from galaxy_explorer.comparison import score
from galaxy_explorer.models import GalaxyNetwork, build
from galaxy_explorer.training.augmentation import augment, centre
from galaxy_explorer.training.devices import Place
from galaxy_explorer.training.galaxies import TrainingGalaxies
from galaxy_explorer.training.pictures import batches
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.state import Progress, TrainingError, load_state, log_line, save_state

# Steps between two looks at the loss and the clock: a look makes the processor wait for the GPU.
LOOK_EVERY = 20


def masked_squared_error(predicted: torch.Tensor, volunteers: torch.Tensor) -> torch.Tensor:
    """Average the squared error over the known scores.

    Parameters
    ----------
    predicted : (N, 37) torch.Tensor
        Vote fractions of the network.
    volunteers : (N, 37) torch.Tensor
        Vote fractions of the volunteers, NaN where unknown. The unknown are replaced before the
        subtraction, since a NaN that is masked afterwards still has a NaN gradient.

    Returns
    -------
    () torch.Tensor
        0 where nothing is known.
    """
    known = ~volunteers.isnan()
    error = predicted - torch.where(known, volunteers, predicted.detach())
    return (error**2).sum() / known.sum().clamp(min=1)


def averaged(memory: float) -> Callable[[Any, Any, Any], None]:
    """Make the update of an exponential average whose memory is short at first.

    Without that the first, random weights would stay in the average for ``1 / (1 - memory)`` steps.
    """

    @torch.no_grad()
    def update(average: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor | int) -> None:
        keep = min(memory, (1.0 + float(steps)) / (10.0 + float(steps)))
        for mean, value in zip(average, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), 1.0 - keep)
            else:
                mean.copy_(value)

    return update


class Run:
    """One training run: the network with its average, the optimiser, and how far it has come.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    galaxies : TrainingGalaxies
        What to learn from.
    place : Place
        Where to compute.
    work : Path
        The folder of the resume state and the log.
    minutes : float, optional
        The time limit. The learning rate falls to nothing by then, so that a run that is cut short
        still ends well.
    """

    def __init__(
        self, recipe: Recipe, galaxies: TrainingGalaxies, place: Place, work: Path, minutes: float | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.galaxies, self.place, self.work = recipe, galaxies, place, work
        self.seconds_allowed = math.inf if minutes is None else 60.0 * minutes
        self.bf16 = recipe.precision == "bf16" or (recipe.precision == "auto" and place.device.type == "cuda")
        self.network: GalaxyNetwork = build(recipe.model, **recipe.model_arguments())
        self.network.to(place.device, memory_format=torch.channels_last)  # faster convolutions, on CPUs too
        self.average = AveragedModel(self.network, multi_avg_fn=averaged(recipe.ema), use_buffers=True)
        self.trained: nn.Module = DistributedDataParallel(self.network) if place.world > 1 else self.network
        self.optimiser = torch.optim.AdamW(_decay_groups(self.network, recipe.weight_decay), lr=recipe.learning_rate)
        self.best = self.average.module.state_dict()
        self.progress = Progress()
        self.steps_per_epoch = math.ceil(len(galaxies.training_rows) / recipe.batch_size)

    def resume(self) -> bool:
        """Go on from the state in the work folder; tell whether there was one."""
        loaded = load_state(self.work, self.recipe.as_dict(), self.place.device)
        if loaded is None:
            return False
        parts, self.progress = loaded
        self.network.load_state_dict(parts["network"])
        self.average.load_state_dict(parts["average"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.best = parts["best"]
        return True

    def save(self) -> None:
        """Write the resume state, from the leading process."""
        if self.place.leads:
            parts = {
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "best": self.best,
            }
            save_state(self.work, parts, self.progress, self.recipe.as_dict())
        self.place.wait()

    def learning_rate(self, seconds: float) -> float:
        """Give the learning rate of the next step: a rise, then half a cosine down to nothing."""
        done = self.progress.step / (self.recipe.epochs * self.steps_per_epoch)
        done = min(1.0, max(done, seconds / self.seconds_allowed))
        if done < self.recipe.warmup:
            return self.recipe.learning_rate * (done / self.recipe.warmup + 1e-3)
        falling = (done - self.recipe.warmup) / max(1.0 - self.recipe.warmup, 1e-9)
        return self.recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * falling))

    def autocast(self) -> Any:
        """Compute in bf16 where the recipe asks for it."""
        return torch.autocast(self.place.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def inputs(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise ``(N, 3, H, W)`` pictures in [0, 1] by the training galaxies' statistics."""
        mean, std = (
            torch.tensor(v, device=pictures.device).view(3, 1, 1) for v in (self.galaxies.mean, self.galaxies.std)
        )
        return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)

    def train_epoch(self, bar: tqdm) -> dict[str, float]:
        """Pass once over the training galaxies of this process.

        Returns
        -------
        dict
            ``loss``, ``images_per_second`` and ``complete`` (0 where the time limit ended the epoch).
        """
        recipe, place, epoch = self.recipe, self.place, self.progress.epoch
        torch.manual_seed(
            1_000_003 * recipe.seed + epoch * place.world + place.rank
        )  # dropout, also after a resumption
        generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + epoch * place.world + place.rank)
        order = np.random.default_rng([recipe.seed, epoch]).permutation(self.galaxies.training_rows)
        usable = len(order) // place.world * place.world
        own = order[place.rank : usable : place.world]  # the same count in every process, or they would wait forever
        start, seen, complete = time.perf_counter(), 0, True
        sums = torch.zeros(2, dtype=torch.float64, device=place.device)  # squared error, known scores
        self.trained.train()
        for i, (pictures, rows) in enumerate(
            batches(self.galaxies.pictures, own, max(2, recipe.batch_size // place.world))
        ):
            if len(rows) < 2:  # batch normalisation needs two
                continue
            sums += self._step(pictures, rows, generator, time.perf_counter() - start)
            seen += len(rows)
            bar.update(len(rows) * place.world)
            if i % LOOK_EVERY == 0:
                self._report(bar, sums)
                spent = self.progress.seconds + time.perf_counter() - start
                if place.agree(float(spent > self.seconds_allowed)):
                    complete = False
                    break
        self._report(bar, sums)
        sums = place.total(torch.cat([sums, sums.new_tensor([seen])]))
        return {
            "loss": float(sums[0] / sums[1].clamp(min=1)),
            "images_per_second": float(sums[2]) / (time.perf_counter() - start),
            "complete": float(complete),
        }

    def _report(self, bar: tqdm, sums: torch.Tensor) -> None:
        """Show the mean loss of the epoch so far, and stop where it is no number any more."""
        loss = float(sums[0] / sums[1].clamp(min=1))
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} before step {self.progress.step} of epoch {self.progress.epoch + 1}; lower "
                f"--learning-rate (now {self.recipe.learning_rate}) and start again in another --work folder"
            )
        bar.set_postfix(loss=f"{loss:.5f}", rmse=f"{math.sqrt(loss):.4f}", refresh=False)

    def _step(self, pictures: np.ndarray, rows: np.ndarray, generator: torch.Generator, seconds: float) -> torch.Tensor:
        """Take one step; give the sum of the squared errors and the number of known scores."""
        device = self.place.device
        batch = torch.from_numpy(pictures).to(device, non_blocking=True)
        volunteers = torch.from_numpy(self.galaxies.volunteer_fractions[rows]).to(device, non_blocking=True)
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate(self.progress.seconds + seconds)
        inputs = self.inputs(augment(batch, self.recipe, generator))
        with self.autocast():
            predicted = self.trained(inputs)
        loss = masked_squared_error(predicted, volunteers)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.progress.step += 1
        known = (~volunteers.isnan()).sum()
        return torch.stack([loss.detach() * known, known]).double()

    @torch.no_grad()
    def evaluate(self) -> float:
        """Measure the RMSE of the averaged weights on the hold-out, without views; NaN where there is none."""
        rows = self.galaxies.hold_out_rows
        if not len(rows):
            return math.nan
        self.average.eval()
        predicted = []
        for pictures, _ in batches(self.galaxies.pictures, np.sort(rows), 2 * self.recipe.batch_size):
            inputs = self.inputs(centre(torch.from_numpy(pictures).to(self.place.device), self.recipe))
            with self.autocast():
                predicted.append(self.average(inputs).float().cpu().numpy())
        return score(np.concatenate(predicted), self.galaxies.volunteer_fractions[np.sort(rows)]).rmse

    def best_network(self) -> GalaxyNetwork:
        """Give the averaged network of the best epoch, ready to predict, rounded to the half precision it is stored in."""
        network = self.average.module
        network.load_state_dict({k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in self.best.items()})
        return network.eval().requires_grad_(False)


def _decay_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Let the decay pull at the weights of convolutions and linear layers alone, not at norms and biases."""
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def fit(run: Run, *, quiet: bool = False) -> Progress:
    """Train until the epochs or the time are used up, saving the resume state after every epoch.

    Parameters
    ----------
    run : Run
        Fresh, or resumed.
    quiet : bool
        Show no progress bar.

    Returns
    -------
    Progress
        ``run.best`` then holds the averaged weights of the best epoch on the hold-out.

    Raises
    ------
    TrainingError
        When the loss is no longer a number.
    """
    recipe, progress = run.recipe, run.progress
    total = recipe.epochs * len(run.galaxies.training_rows)
    silent = quiet or not run.place.leads
    with tqdm(total=total, initial=progress.epoch * len(run.galaxies.training_rows), unit="img", disable=silent) as bar:
        while progress.epoch < recipe.epochs and progress.seconds < run.seconds_allowed:
            bar.set_description(f"epoch {progress.epoch + 1}/{recipe.epochs}")
            start = time.perf_counter()
            measured = run.train_epoch(bar)
            rmse = run.place.agree(run.evaluate() if run.place.leads else math.nan)
            progress.epoch += 1
            progress.seconds += run.place.agree(time.perf_counter() - start)
            if not rmse >= progress.best_rmse:  # also where there is no hold-out: then the last epoch counts
                progress.best_rmse, progress.best_epoch = (rmse if rmse == rmse else math.inf), progress.epoch
                run.best = {name: value.detach().clone() for name, value in run.average.module.state_dict().items()}
            line = {
                "epoch": progress.epoch,
                "loss": round(measured["loss"], 6),
                "rmse": round(math.sqrt(measured["loss"]), 5),
                "hold_out_rmse": round(rmse, 5) if rmse == rmse else None,
                "images_per_second": round(measured["images_per_second"], 1),
                "seconds": round(progress.seconds, 1),
                "complete": bool(measured["complete"]),
            }
            progress.history.append(line)
            if run.place.leads:
                log_line(run.work, line)
                if not silent:
                    tqdm.write(
                        f"epoch {progress.epoch}: RMSE {line['rmse']}, hold-out {line['hold_out_rmse']}, "
                        f"{line['images_per_second']:.0f} images/s"
                    )
            run.save()
    return progress
