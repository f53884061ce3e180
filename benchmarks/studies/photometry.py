"""Photometric augmentation: brightness, gamma, saturation, blur, noise, down-sampling."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

COLUMNS = 6  # random numbers a picture


@dataclass(frozen=True)
class Photometry:
    """How far the light of each picture is changed; 0 switches a change off."""

    brightness: float = 0.0  # pictures are multiplied by a factor between exp(-b) and exp(b)
    gamma: float = 0.0  # exponent between exp(-g) and exp(g)
    grey: float = 0.0  # part by which colours may shrink towards grey; a tenth of the pictures lose them all
    saturation: float = 0.0  # part by which colours may grow
    noise: float = 0.0  # largest standard deviation of the noise, on the scale 0–1
    blur: float = 0.0  # part of the pictures that are down-sampled by 1 to 2 and back, as a smaller picture is

    @property
    def is_off(self) -> bool:
        """Whether nothing is changed."""
        return not any((self.brightness, self.gamma, self.grey, self.saturation, self.noise, self.blur))


def draw_photometry(count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw the ``(count, 6)`` random numbers in [-1, 1] that `change_light` takes."""
    return 2.0 * torch.rand(count, COLUMNS, generator=generator) - 1.0


def change_light(images: torch.Tensor, chance: torch.Tensor, strength: Photometry) -> torch.Tensor:
    """Change the light of each picture of a batch.

    Parameters
    ----------
    images : (N, 3, H, W) torch.Tensor of float32
        In [0, 1], not normalised.
    chance : (N, 6) torch.Tensor
        From `draw_photometry`.
    strength : Photometry
        How far each change goes.

    Returns
    -------
    (N, 3, H, W) torch.Tensor
        In [0, 1].
    """
    if strength.is_off:
        return images
    u = chance[:, :, None, None, None]
    if strength.grey or strength.saturation:
        luminance = images.mean(dim=1, keepdim=True)
        kept = 1.0 + torch.where(u[:, 0] < 0.0, strength.grey * u[:, 0], strength.saturation * u[:, 0])
        kept = torch.where(u[:, 0] < -0.8, 1.0 - strength.grey, kept) if strength.grey else kept
        images = luminance + kept * (images - luminance)
    if strength.gamma:
        images = images.clamp(min=1e-4).pow((strength.gamma * u[:, 1]).exp())
    if strength.brightness:
        images = images * (strength.brightness * u[:, 2]).exp()
    if strength.blur:
        images = _downsample_some(images, chance[:, 3], strength.blur, 1.0 + float(chance[0, 5].abs()))
    if strength.noise:
        images = images + torch.randn_like(images) * (strength.noise * u[:, 4].clamp(min=0.0))
    return images.clamp(0.0, 1.0)


def _downsample_some(images: torch.Tensor, chance: torch.Tensor, part: float, factor: float) -> torch.Tensor:
    """Down-sample a part of a batch by one factor and bring it back to its size."""
    chosen = chance < 2.0 * part - 1.0
    if not chosen.any():
        return images
    side = images.shape[-1]
    small = F.interpolate(images[chosen], size=max(8, round(side / factor)), mode="bilinear", antialias=True)
    images = images.clone()
    images[chosen] = F.interpolate(small, size=side, mode="bilinear", align_corners=False)
    return images
