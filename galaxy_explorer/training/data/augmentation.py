"""Augmentation on the batch, on the device: one affine resampling, then a mild change of colour."""

import math

import torch
import torch.nn.functional as F

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.training.recipe import Recipe


def draw_changes(count: int, recipe: Recipe, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw how each picture of a batch is turned, mirrored, zoomed, shifted and tinted.

    Parameters
    ----------
    count : int
        Pictures in the batch.
    recipe : Recipe
        How far each change goes.
    generator : torch.Generator
        On the CPU, so that a seed means the same on every device; the only source of chance.

    Returns
    -------
    matrices : (count, 2, 3) torch.Tensor of float32
        From the output's coordinates to the input's field, both from -1 to 1; a larger matrix shows more
        of the field. With all settings off it is the identity.
    tints : (count, 3) torch.Tensor of float32
        Factors for red, green and blue.
    """
    chance = 2.0 * torch.rand(9, count, generator=generator) - 1.0
    angle = math.radians(recipe.rotation) * chance[0]
    scale = (math.log(recipe.zoom) * chance[1]).exp()
    mirror = torch.where(chance[2] < 0.0, -1.0, 1.0) if recipe.flips else torch.ones(count)
    shift_x, shift_y = 2.0 * recipe.shift * chance[3:5]  # the field's side is 2 in these coordinates
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = [torch.stack([mirror * cos, -sin, shift_x], dim=1), torch.stack([mirror * sin, cos, shift_y], dim=1)]
    brightness = 1.0 + recipe.colour * chance[5:6]
    tints = brightness * (1.0 + recipe.colour / 2.0 * chance[6:9])
    return torch.stack(rows, dim=1), tints.T.contiguous()


def augment(pictures: torch.Tensor, matrices: torch.Tensor, tints: torch.Tensor, size: int) -> torch.Tensor:
    """Resample each picture of a batch by its own matrix and tint it.

    Parameters
    ----------
    pictures : (N, S, S, 3) torch.Tensor of uint8
        Decoded pictures with a margin around the input's field, at the input's pixel scale.
    matrices : (N, 2, 3) torch.Tensor of float32
        As `draw_changes` gives them, on the pictures' device.
    tints : (N, 3) torch.Tensor of float32
        Likewise.
    size : int
        Side of the input in pixels, at most S.

    Returns
    -------
    (N, 3, size, size) torch.Tensor of float32
        In [0, 1], not yet normalised. Beyond a picture's edge its reflection continues it.
    """
    grid = F.affine_grid(matrices * (size / pictures.shape[1]), [len(pictures), 3, size, size], align_corners=False)
    inputs = pictures.permute(0, 3, 1, 2).float() / 255.0  # (N, S, S, 3) → (N, 3, S, S)
    inputs = F.grid_sample(inputs, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return (inputs * tints[:, :, None, None]).clamp_(0.0, 1.0)


def draw_mixture(count: int, recipe: Recipe, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Draw with which other galaxy of its batch each is blended, how far, and the noise on its scores.

    Parameters
    ----------
    count, recipe, generator
        As in `draw_changes`.

    Returns
    -------
    partners : (count,) torch.Tensor of int64
    parts : (count, 1) torch.Tensor of float32
        Of the partner, 0 to the recipe's `mixup`.
    noise : (count, 37) torch.Tensor of float32
        Normal, with the recipe's `label_noise` as its standard deviation.
    """
    partners = torch.randperm(count, generator=generator)
    parts = recipe.mixup * torch.rand(count, 1, generator=generator)
    return partners, parts, recipe.label_noise * torch.randn(count, len(COLUMNS), generator=generator)


def draw_all(count: int, recipe: Recipe, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Draw what `draw_changes` gives, and what `draw_mixture` gives where the recipe asks for any of it."""
    changes = draw_changes(count, recipe, generator)
    blended = recipe.mixup or recipe.label_noise
    return (*changes, *draw_mixture(count, recipe, generator)) if blended else changes


def mix(
    inputs: torch.Tensor, scores: torch.Tensor, partners: torch.Tensor, parts: torch.Tensor, noise: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend pictures and scores of a batch with those of their partners.

    Parameters
    ----------
    inputs : (N, 3, S, S) torch.Tensor
    scores : (N, 37) torch.Tensor
        NaN where unknown, and so is the blend with an unknown one.
    partners, parts, noise
        As `draw_mixture` gives them, on the inputs' device.

    References
    ----------
    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization" (arXiv:1710.09412); the part is uniform here.
    """
    if parts.any():
        inputs = inputs + parts[:, :, None, None] * (inputs[partners] - inputs)
        scores = torch.where(parts > 0.0, scores + parts * (scores[partners] - scores), scores)
    return inputs, scores + noise


def centre(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """Cut the input's own field out of decoded pictures, unchanged.

    Parameters
    ----------
    pictures : (N, S, S, 3) torch.Tensor of uint8
        Decoded pictures with their margin.
    size : int
        Side of the input in pixels; it is even or odd as S is.

    Returns
    -------
    (N, 3, size, size) torch.Tensor of float32
        In [0, 1].
    """
    edge = (pictures.shape[1] - size) // 2
    inner = pictures[:, edge : edge + size, edge : edge + size]
    return inner.permute(0, 3, 1, 2).float() / 255.0
