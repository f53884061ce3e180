"""Output heads: from answer logits to vote fractions."""

import torch
from torch import nn

from galaxy_explorer.decision_tree import INDEX, MASS_COLUMN, SLICES


class TreeHead(nn.Module):
    """Turn answer logits into vote fractions that obey the decision tree.

    A softmax over the answers of each question gives its shares; the shares times the mass that the
    answer before it brings give the fractions.
    """

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Give ``(N, 37)`` vote fractions in [0, 1], float32, from ``(N, 37)`` logits."""
        logits = logits.float()
        fractions: dict[int, torch.Tensor] = {}
        for number in SLICES:  # a question comes after the one that gives it its mass
            shares = logits[:, SLICES[number]].softmax(dim=1)
            fractions[number] = shares * _mass(number, fractions) if MASS_COLUMN[number] else shares
        return torch.cat([fractions[number] for number in SLICES], dim=1)


def _mass(number: int, fractions: dict[int, torch.Tensor]) -> torch.Tensor:
    """Pick the ``(N, 1)`` mass of a question from the fractions walked so far."""
    index = INDEX[MASS_COLUMN[number] or ""]
    source = next(n for n, where in SLICES.items() if where.start <= index < where.stop)
    first = index - SLICES[source].start
    return fractions[source][:, first : first + 1]


class SigmoidHead(nn.Module):
    """Squash each logit by itself: a yardstick for `TreeHead`. Its fractions break the tree; never shipped."""

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Give ``(N, 37)`` numbers in (0, 1), float32, from ``(N, 37)`` logits."""
        return logits.float().sigmoid()
