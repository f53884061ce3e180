"""The parts of a DenseNet, named as in torchvision so that its checkpoints fit.

torchvision itself is not imported: that takes longer than importing torch.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

BOTTLENECK = 4  # channels between the convolutions of a dense layer, in growth rates (Huang et al. 2017)


class DenseLayer(nn.Module):
    """Normalised 1×1 and 3×3 convolutions that add `growth_rate` channels."""

    def __init__(self, inputs: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, BOTTLENECK * growth_rate, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(BOTTLENECK * growth_rate, growth_rate, kernel_size=3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the new channels."""
        bottleneck = self.conv1(self.relu1(self.norm1(maps)))
        added = self.conv2(self.relu2(self.norm2(bottleneck)))
        return nn.functional.dropout(added, self.drop_rate, self.training) if self.drop_rate else added


class DenseBlock(nn.ModuleDict):
    """Dense layers; each sees the input and the channels of all layers before it."""

    def __init__(self, layers: int, inputs: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__(
            {
                f"denselayer{number + 1}": DenseLayer(inputs + number * growth_rate, growth_rate, drop_rate)
                for number in range(layers)
            }
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the input with the new channels of all layers behind it."""
        for layer in self.values():
            maps = torch.cat([maps, layer(maps)], dim=1)
        return maps


def _transition(inputs: int, outputs: int) -> nn.Sequential:
    """Return a normalised 1×1 convolution and a mean pooling that halves the maps."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(inputs, outputs, kernel_size=1, bias=False),
            pool=nn.AvgPool2d(kernel_size=2, stride=2),
        )
    )


def dense_parts(
    growth_rate: int, blocks: Sequence[int], initial_features: int, drop_rate: float
) -> tuple[OrderedDict[str, nn.Module], int]:
    """Build all parts by name, without the last ReLU; return them with their channels."""
    channels = initial_features
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        conv0=nn.Conv2d(3, channels, kernel_size=7, stride=2, padding=3, bias=False),
        norm0=nn.BatchNorm2d(channels),
        relu0=nn.ReLU(inplace=True),
        pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )
    for number, layers in enumerate(blocks, 1):
        parts[f"denseblock{number}"] = DenseBlock(layers, channels, growth_rate, drop_rate)
        channels += layers * growth_rate
        if number < len(blocks):
            parts[f"transition{number}"] = _transition(channels, channels // 2)
            channels //= 2
    parts["norm5"] = nn.BatchNorm2d(channels)
    return parts, channels
