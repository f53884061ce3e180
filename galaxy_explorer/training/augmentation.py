"""Augmentation on the batch, on the device: one affine resampling, then a mild change of colour."""

import math

import torch
import torch.nn.functional as F

from galaxy_explorer.training.recipe import Recipe


def uniform(count: int, low: float, high: float, generator: torch.Generator, device: torch.device) -> torch.Tensor:
    """Draw ``(count,)`` numbers on the CPU, so that a seed means the same on every device."""
    return (low + (high - low) * torch.rand(count, generator=generator)).to(device, non_blocking=True)


def augment(pictures: torch.Tensor, recipe: Recipe, generator: torch.Generator) -> torch.Tensor:
    """Turn, mirror, zoom, shift and tint each picture of a batch by its own random amount.

    Parameters
    ----------
    pictures : (N, S, S, 3) torch.Tensor of uint8
        Decoded pictures with a margin around the input's field, at the input's pixel scale.
    recipe : Recipe
        How far each change goes, and the input's size.
    generator : torch.Generator
        On the CPU; the only source of chance.

    Returns
    -------
    (N, 3, size, size) torch.Tensor of float32
        In [0, 1], not yet normalised. Beyond a picture's edge its reflection continues it.
    """
    count, device = len(pictures), pictures.device
    angle = uniform(count, -math.radians(recipe.rotation), math.radians(recipe.rotation), generator, device)
    log_zoom = math.log(recipe.zoom)
    # The affine matrix maps output to input: a larger one shows more of the field.
    scale = uniform(count, -log_zoom, log_zoom, generator, device).exp() * (recipe.size / pictures.shape[1])
    mirror = uniform(count, -1.0, 1.0, generator, device).sign()
    limit = 2.0 * recipe.shift * recipe.size / pictures.shape[1]  # the grid runs from -1 to 1
    shift_x, shift_y = (uniform(count, -limit, limit, generator, device) for _ in range(2))
    cos, sin = scale * angle.cos(), scale * angle.sin()
    matrix = torch.stack(
        [torch.stack([mirror * cos, -sin, shift_x], dim=1), torch.stack([mirror * sin, cos, shift_y], dim=1)], dim=1
    )  # (N, 2, 3)
    grid = F.affine_grid(matrix, [count, 3, recipe.size, recipe.size], align_corners=False)
    inputs = pictures.permute(0, 3, 1, 2).float() / 255.0
    inputs = F.grid_sample(inputs, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    brightness = 1.0 + uniform(count, -recipe.colour, recipe.colour, generator, device)
    tint = 1.0 + uniform(count * 3, -recipe.colour, recipe.colour, generator, device) / 2.0
    return (inputs * brightness[:, None, None, None] * tint.view(count, 3, 1, 1)).clamp_(0.0, 1.0)


def centre(pictures: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Cut the input's own field out of decoded pictures, unchanged.

    Parameters
    ----------
    pictures : (N, S, S, 3) torch.Tensor of uint8
        Decoded pictures with their margin.
    recipe : Recipe
        Gives the input's size.

    Returns
    -------
    (N, 3, size, size) torch.Tensor of float32
        In [0, 1].
    """
    edge = (pictures.shape[1] - recipe.size) // 2
    inner = pictures[:, edge : edge + recipe.size, edge : edge + recipe.size]
    return inner.permute(0, 3, 1, 2).float() / 255.0
