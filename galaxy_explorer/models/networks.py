"""The two networks, fully convolutional and DenseNet, and the heads that turn their logits into vote fractions.

Every network is cut in two, so that saliency can look at the maps in between:
``answer_logits(images) == logits_from_features(features(images))``, and ``forward`` puts the head on top.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn
from torchvision.models import DenseNet as TorchvisionDenseNet

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.heads import SigmoidHead, TreeHead

HEADS: dict[str, Callable[[], nn.Module]] = {"tree": TreeHead, "sigmoid": SigmoidHead}


class GalaxyNetwork(nn.Module):
    """What both networks share: ``(N, 3, H, W)`` normalised pictures in, ``(N, 37)`` vote fractions out.

    Subclasses set `features_net` (pictures to maps), `top` (from there to the last maps, no in-place operation on
    its input) and `head`, and say how the last maps become logits.
    """

    features_net: nn.Module
    top: nn.Module
    head: nn.Module

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, C, h, w)`` maps that saliency explains, h and w at least 8 at the card's image size."""
        return self.features_net(images)

    def logits_from_features(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, 37)`` answer logits that follow from the maps."""
        raise NotImplementedError

    def embedding(self, images: torch.Tensor) -> torch.Tensor:
        """Describe each picture by the ``(N, D)`` mean of its last maps."""
        return self.last_maps(self.features(images)).mean(dim=(2, 3))

    def last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the maps before the answers from those of `features`."""
        return self.top(maps)

    def answer_logits(self, images: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, 37)`` logits before the head; only differences within a question carry meaning."""
        return self.logits_from_features(self.features(images))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, 37)`` vote fractions in the order of `decision_tree.COLUMNS`, float32."""
        return self.head(self.answer_logits(images))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    """One step of the classic recipe: 3×3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),  # the norm has the bias
            norm=nn.BatchNorm2d(outputs),
            relu=nn.ReLU(),
        )
    )


class FullyConvolutional(GalaxyNetwork):
    """A network of convolutions from the first layer to the last, for any picture of at least 16 pixels.

    Stages of convolution, batch normalisation and ReLU, with max pooling between them; then dropout, a
    1×1 convolution to the answers, and the mean over the map of answers.

    Parameters
    ----------
    widths : sequence of int
        Channels of each stage.
    depth : int
        Convolutions in each stage.
    drop_rate : float
        Probability with which dropout silences a channel, in [0, 1).
    head : str
        A key of `HEADS`.
    """

    def __init__(
        self, widths: tuple[int, ...] = (32, 64, 128, 256), depth: int = 2, drop_rate: float = 0.3, head: str = "tree"
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for stage, width in enumerate(widths):
            if stage:
                layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                layers.append(_convolution(inputs, width))
                inputs = width
        # The cut comes after the last pooling's first convolution, so that convolutions follow it.
        self.features_net = nn.Sequential(*layers[: len(layers) - max(depth - 1, 1)])
        self.top = nn.Sequential(*layers[len(layers) - max(depth - 1, 1) :])
        self.drop = nn.Dropout2d(drop_rate)
        self.to_answers = nn.Conv2d(inputs, len(COLUMNS), kernel_size=1)
        self.head = HEADS[head]()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def logits_from_features(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, 37)`` answer logits: the mean over a map of answers."""
        return self.to_answers(self.drop(self.top(maps))).mean(dim=(2, 3))


class DenseNet(GalaxyNetwork):
    """torchvision's DenseNet, cut before its last down-sampling and ending in the tree's answers.

    Parameters
    ----------
    growth_rate : int
        Channels that each dense layer adds. 32 with the default blocks is DenseNet-121.
    blocks : sequence of int
        Dense layers in each block.
    initial_features : int
        Channels of the stem.
    stem_stride : int
        By how much the stem shrinks a picture: 4 as published (for 128 pixels and more), 2 for
        smaller pictures, whose maps would end below 8×8.
    drop_rate : float
        Dropout before the answers, in [0, 1).
    layer_drop_rate : float
        Dropout inside each dense layer, in [0, 1).
    head : str
        A key of `HEADS`.

    References
    ----------
    Huang et al. 2017, "Densely Connected Convolutional Networks" (arXiv:1608.06993).
    """

    def __init__(
        self,
        growth_rate: int = 32,
        blocks: tuple[int, ...] = (6, 12, 24, 16),
        initial_features: int = 64,
        stem_stride: int = 4,
        drop_rate: float = 0.2,
        layer_drop_rate: float = 0.0,
        head: str = "tree",
    ) -> None:
        super().__init__()
        if stem_stride not in (2, 4):
            raise ValueError(f"the stem's stride is {stem_stride}; it can be 2 or 4")
        if len(blocks) < 2:
            raise ValueError(f"{len(blocks)} blocks were given; the network is cut before the last, so give 2 or more")
        network = TorchvisionDenseNet(
            growth_rate, tuple(blocks), initial_features, drop_rate=layer_drop_rate, num_classes=len(COLUMNS)
        )
        parts = OrderedDict(network.features.named_children())
        if stem_stride == 2:
            del parts["pool0"]
        names = list(parts)
        cut = names.index(f"transition{len(blocks) - 1}")
        self.features_net = nn.Sequential(OrderedDict((name, parts[name]) for name in names[:cut]))
        # torchvision's own last step is an in-place ReLU, which would spoil the maps for a hook.
        self.top = nn.Sequential(OrderedDict([(name, parts[name]) for name in names[cut:]] + [("relu5", nn.ReLU())]))
        self.drop = nn.Dropout(drop_rate)
        self.to_answers = network.classifier
        self.head = HEADS[head]()

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, C, h, w)`` maps after the last transition's normalisation and ReLU.

        Before them the zero of a map means nothing, as the normalisation subtracts any constant; saliency
        takes zero for "nothing found here".
        """
        transition = next(self.top.children())
        norm, relu, *_ = transition.children()
        return relu(norm(self.features_net(images)))

    def last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, D, h / 2, w / 2)`` maps before the answers from those of `features`."""
        transition, *rest = self.top.children()
        _, _, conv, pool = transition.children()
        for layer in (conv, pool, *rest):
            maps = layer(maps)
        return maps

    def logits_from_features(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the ``(N, 37)`` answer logits: the mean of the last maps through one linear layer."""
        return self.to_answers(self.drop(self.last_maps(maps).mean(dim=(2, 3))))


MODELS: dict[str, type[GalaxyNetwork]] = {"fcn": FullyConvolutional, "densenet": DenseNet}


def build(model: str, **arguments: object) -> GalaxyNetwork:
    """Build a network by its name, with fresh random weights.

    Parameters
    ----------
    model : str
        A key of `MODELS`: ``fcn`` or ``densenet``.
    **arguments
        What the network's class takes.

    Raises
    ------
    ValueError
        When there is no such network, or it does not take these arguments.
    """
    if model not in MODELS:
        raise ValueError(f"there is no network called {model!r}; choose one of {', '.join(MODELS)}")
    try:
        return MODELS[model](**arguments)
    except (TypeError, KeyError) as error:
        raise ValueError(f"the network {model!r} cannot be built with {arguments}: {error}") from error
