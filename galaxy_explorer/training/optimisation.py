"""What a step of training minimises, how far it goes, and the average that is kept of its results."""

import math
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from galaxy_explorer.decision_tree import SLICES
from galaxy_explorer.training.recipe import Recipe


def masked_squared_error(predicted: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Average the squared error over the known scores.

    Parameters
    ----------
    predicted : (N, 37) torch.Tensor
        Vote fractions of the network.
    scores : (N, 37) torch.Tensor
        Vote fractions to learn, NaN where unknown. The unknown are replaced before the subtraction, since
        a NaN that is masked afterwards still has a NaN gradient.
    weights : (N,) torch.Tensor
        How much each galaxy counts.

    Returns
    -------
    () torch.Tensor
        0 where nothing is known.
    """
    known = ~scores.isnan()
    error = predicted - torch.where(known, scores, predicted.detach())
    return (weights[:, None] * error**2).sum() / (weights[:, None] * known).sum().clamp(min=1e-9)


def share_cross_entropy(predicted: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Average the cross-entropy of the answer shares, each question weighed by the votes that reached it.

    Parameters
    ----------
    predicted, scores, weights
        As in `masked_squared_error`.

    Returns
    -------
    () torch.Tensor
        Per known score, in nats, so that learning rates mean much the same. By the tree's products it is the
        likelihood of the votes.
    """
    known = ~scores.isnan()
    votes = torch.where(known, scores, 0.0)
    masses = torch.cat(
        [predicted[:, where].sum(1, keepdim=True).expand(-1, where.stop - where.start) for where in SLICES.values()],
        dim=1,
    )
    logs = (predicted.clamp(min=1e-6) / masses.clamp(min=1e-6)).log()
    return -(weights[:, None] * votes * logs).sum() / (weights[:, None] * known).sum().clamp(min=1e-9)


def loss_of(recipe: Recipe, predicted: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Measure what the recipe minimises."""
    chosen = masked_squared_error if recipe.loss == "squared" else share_cross_entropy
    return chosen(predicted, scores, weights)


def learning_rate(recipe: Recipe, done: float) -> float:
    """Give the learning rate when a part of the run is done: a rise, then half a cosine down to nothing.

    Parameters
    ----------
    recipe : Recipe
        Gives the peak, and the part of the run that the rise takes.
    done : float
        The part of the run that is done; more than 1 counts as 1.
    """
    if done < recipe.warmup:
        return recipe.learning_rate * min(1.0, done / recipe.warmup + 1e-3)
    falling = (min(done, 1.0) - recipe.warmup) / max(1.0 - recipe.warmup, 1e-9)
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * falling))


def make_optimiser(network: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.AdamW:
    """Make AdamW, whose decay pulls at the weights of convolutions and linear layers alone, not at norms and biases."""
    parameters = list(network.parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    # Fused: one kernel for hundreds of small tensors, which would otherwise keep a GPU waiting.
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=device.type == "cuda" or None)


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's state, which may come from another kind of device, and keep how this one computes."""
    ours = [{name: group[name] for name in ("fused", "foreach")} for group in optimiser.param_groups]
    groups = [theirs | kept for theirs, kept in zip(state["param_groups"], ours, strict=True)]
    optimiser.load_state_dict(state | {"param_groups": groups})


class AveragedNetwork(AveragedModel):
    """A network whose weights are the exponential average of another's, with a memory that is short at first.

    Without that the first, random weights would stay in the average for ``1 / (1 - memory)`` steps. The
    statistics of the norms are averaged as well; their counters are left alone, as nothing reads them.

    Parameters
    ----------
    network : nn.Module
        The network that is trained; it is copied.
    memory : float
        What a step leaves of the average, in [0, 1).
    """

    def __init__(self, network: nn.Module, memory: float) -> None:
        super().__init__(network)
        self.memory = memory
        # Listed once: to walk through the layers of a DenseNet at each step would keep a GPU waiting.
        self._averages, self._sources = _averaged_tensors(self.module), _averaged_tensors(network)

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's present weights into the average, without waiting for the device."""
        steps = int(self.n_averaged)  # it stays on the CPU
        keep = min(self.memory, (1.0 + steps) / (10.0 + steps)) if steps else 0.0
        get_ema_multi_avg_fn(keep)(self._averages, self._sources, None)
        self.n_averaged += 1


def _averaged_tensors(network: nn.Module) -> list[torch.Tensor]:
    """List the weights and statistics of a network."""
    tensors = (*network.parameters(), *network.buffers())
    return [tensor.detach() for tensor in tensors if tensor.is_floating_point()]


def all_finite(tensors: dict[str, torch.Tensor]) -> bool:
    """Tell whether every number of a state dict is finite."""
    return bool(torch.stack([value.isfinite().all() for value in tensors.values()]).all())
