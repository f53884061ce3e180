"""Loss, learning-rate schedule, optimiser, exponential moving average of the weights."""

import math
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from galaxy_explorer.decision_tree import SLICES
from galaxy_explorer.training.recipe import Recipe


def masked_squared_error(predicted: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Compute the weighted mean squared error over the known targets; 0 if none is known.

    Parameters
    ----------
    predicted : (N, 37) torch.Tensor
        Predicted vote fractions.
    targets : (N, 37) torch.Tensor
        NaN where unknown. Replaced before the subtraction, as a NaN that is masked later has a NaN gradient.
    weights : (N,) torch.Tensor
        Importance weights.
    """
    known = ~targets.isnan()
    error = predicted - torch.where(known, targets, predicted.detach())
    return (weights[:, None] * error**2).sum() / (weights[:, None] * known).sum().clamp(min=1e-9)


def share_cross_entropy(predicted: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Compute the cross-entropy of the answer shares in nats per known target, by votes."""
    known = ~targets.isnan()
    votes = torch.where(known, targets, 0.0)
    questions = [predicted[:, columns] for columns in SLICES.values()]
    masses = [question.sum(1, keepdim=True).expand_as(question) for question in questions]
    logs = (predicted.clamp(min=1e-6) / torch.cat(masses, dim=1).clamp(min=1e-6)).log()
    return -(weights[:, None] * votes * logs).sum() / (weights[:, None] * known).sum().clamp(min=1e-9)


LOSSES = {"squared": masked_squared_error, "cross-entropy": share_cross_entropy}


def learning_rate(recipe: Recipe, done: float) -> float:
    """Return the learning rate after a fraction of the run: warm-up, then half a cosine to 0."""
    if done < recipe.warmup:
        return recipe.learning_rate * min(1.0, done / recipe.warmup + 1e-3)
    falling = (min(done, 1.0) - recipe.warmup) / max(1.0 - recipe.warmup, 1e-9)
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * falling))


def make_optimiser(network: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.AdamW:
    """Return AdamW with weight decay on convolutions and linear layers, not on norms and biases."""
    parameters = list(network.parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    # Fused: one kernel for hundreds of small tensors, which would otherwise keep a GPU waiting.
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=device.type == "cuda" or None)


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser state, perhaps of another kind of device, without its choice of kernels."""
    ours = [{name: group[name] for name in ("fused", "foreach")} for group in optimiser.param_groups]
    groups = [saved | kernels for saved, kernels in zip(state["param_groups"], ours, strict=True)]
    optimiser.load_state_dict(state | {"param_groups": groups})


class AveragedNetwork(AveragedModel):
    """Exponential moving average of weights and batch statistics, with a smaller decay at first.

    With the full decay the random first weights would stay in the average for ``1 / (1 - decay)`` steps.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network)
        self.decay = decay
        # Listed once: walking through the layers of a DenseNet at each step would keep a GPU waiting.
        self._averages, self._sources = _averaged_tensors(self.module), _averaged_tensors(network)

    @torch.no_grad()
    def update(self) -> None:
        """Add the network's weights to the average, without waiting for the device."""
        steps = int(self.n_averaged)  # it stays on the CPU
        decay = min(self.decay, (1.0 + steps) / (10.0 + steps)) if steps else 0.0
        get_ema_multi_avg_fn(decay)(self._averages, self._sources, None)
        self.n_averaged += 1


def _averaged_tensors(network: nn.Module) -> list[torch.Tensor]:
    """List the weights and batch statistics of a network, without the integer counters."""
    tensors = (*network.parameters(), *network.buffers())
    return [tensor.detach() for tensor in tensors if tensor.is_floating_point()]


def all_finite(tensors: dict[str, torch.Tensor]) -> bool:
    """Return whether every number in a state dict is finite."""
    return bool(torch.stack([value.isfinite().all() for value in tensors.values()]).all())
