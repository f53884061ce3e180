"""Augmentation of a batch on the device: one affine resampling, then a mild colour jitter."""

import math

import torch
import torch.nn.functional as F

from galaxy_explorer.training.recipe import Recipe


def draw_augmentation(count: int, recipe: Recipe, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw rotation, flip, zoom, shift and colour jitter for each picture of a batch.

    Parameters
    ----------
    count : int
        Pictures in the batch.
    recipe : Recipe
        Ranges of the augmentation.
    generator : torch.Generator
        Random numbers of the CPU, so that a seed means the same on every device.

    Returns
    -------
    matrices : (count, 2, 3) torch.Tensor of float32
        Affine maps from output to input coordinates, both from -1 to 1; a larger matrix shows more of the
        field of view. The identity if the recipe turns everything off.
    colour_factors : (count, 3) torch.Tensor of float32
        Factors for red, green and blue.
    """
    chance = 2.0 * torch.rand(9, count, generator=generator) - 1.0
    angle = math.radians(recipe.rotation) * chance[0]
    scale = (math.log(recipe.zoom) * chance[1]).exp()
    flip = torch.where(chance[2] < 0.0, -1.0, 1.0) if recipe.flips else torch.ones(count)
    shift_x, shift_y = 2.0 * recipe.shift * chance[3:5]  # the side is 2 in these coordinates
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = [torch.stack([flip * cos, -sin, shift_x], dim=1), torch.stack([flip * sin, cos, shift_y], dim=1)]
    brightness = 1.0 + recipe.colour * chance[5:6]
    colour_factors = brightness * (1.0 + recipe.colour / 2.0 * chance[6:9])
    return torch.stack(rows, dim=1), colour_factors.T.contiguous()


def augment(pictures: torch.Tensor, matrices: torch.Tensor, colour_factors: torch.Tensor, size: int) -> torch.Tensor:
    """Resample each ``(S, S, 3) uint8`` picture by its own matrix and jitter its colours.

    Returns ``(N, 3, size, size) float32`` in [0, 1], not yet normalised. Outside a picture lies its reflection.
    """
    grid = F.affine_grid(matrices * (size / pictures.shape[1]), [len(pictures), 3, size, size], align_corners=False)
    inputs = pictures.permute(0, 3, 1, 2).float() / 255.0  # (N, S, S, 3) → (N, 3, S, S)
    inputs = F.grid_sample(inputs, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return (inputs * colour_factors[:, :, None, None]).clamp_(0.0, 1.0)


def crop_centre(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """Crop the centre of pictures: ``(N, S, S, 3) uint8`` to ``(N, 3, size, size)`` in [0, 1].

    The size must be even or odd as S is.
    """
    edge = (pictures.shape[1] - size) // 2
    inner = pictures[:, edge : edge + size, edge : edge + size]
    return inner.permute(0, 3, 1, 2).float() / 255.0
