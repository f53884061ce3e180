"""Output head: from answer logits to vote fractions."""

import torch
from torch import nn

from galaxy_explorer.decision_tree import INDEX, MASS_COLUMN, SLICES


class TreeHead(nn.Module):
    """Vote fractions that obey the decision tree: a softmax per question, times its mass."""

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Return ``(N, 37)`` vote fractions in [0, 1], float32, from ``(N, 37)`` logits."""
        logits = logits.float()
        fractions: dict[int, torch.Tensor] = {}
        for number in SLICES:  # a question comes after the one that gives it its mass
            shares = logits[:, SLICES[number]].softmax(dim=1)
            fractions[number] = shares * _mass(number, fractions) if MASS_COLUMN[number] else shares
        return torch.cat([fractions[number] for number in SLICES], dim=1)


def _mass(number: int, fractions: dict[int, torch.Tensor]) -> torch.Tensor:
    """Return the ``(N, 1)`` mass of a question from the fractions of the questions before it."""
    index = INDEX[MASS_COLUMN[number] or ""]
    source = next(n for n, columns in SLICES.items() if columns.start <= index < columns.stop)
    first = index - SLICES[source].start
    return fractions[source][:, first : first + 1]
