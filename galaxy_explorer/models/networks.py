"""The two networks: fully convolutional (`fcn`) and DenseNet (`densenet`).

Every network is cut in two, so that saliency can explain the maps in between:
``answer_logits(images) == logits_from_features(features(images))``; ``forward`` puts the tree head on top.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.dense_blocks import dense_parts
from galaxy_explorer.models.heads import TreeHead


class GalaxyNetwork(nn.Module):
    """Base class of both networks: ``(N, 3, H, W)`` inputs to ``(N, 37)`` vote fractions.

    Subclasses set `features_net` (pictures to maps), `top` (from there to the last maps, no in-place operation
    on its input) and `head`.
    """

    features_net: nn.Module
    top: nn.Module
    head: nn.Module

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, C, h, w)`` maps that saliency explains, of at least 8×8 cells."""
        return self.features_net(images)

    def logits_from_features(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` answer logits of the maps."""
        return self.logits_from_last_maps(self.last_maps(maps))

    def logits_from_last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` answer logits of the last maps."""
        raise NotImplementedError

    def embedding(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, D)`` embedding: the mean of each of the last maps."""
        return self.last_maps(self.features(images)).mean(dim=(2, 3))

    def last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the maps before the answers from those of `features`."""
        return self.top(maps)

    def answer_logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` logits before the head; only differences in a question count."""
        return self.logits_from_features(self.features(images))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` vote fractions in the order of `decision_tree.COLUMNS`, float32."""
        return self.head(self.answer_logits(images))

    def predict_and_embed(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `forward` and `embedding` return, from one pass."""
        maps = self.last_maps(self.features(images))
        return self.head(self.logits_from_last_maps(maps)), maps.mean(dim=(2, 3))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3×3 convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),  # the norm has the bias
            norm=nn.BatchNorm2d(outputs),
            relu=nn.ReLU(),
        )
    )


class FullyConvolutional(GalaxyNetwork):
    """Fully convolutional network for pictures of at least 16 pixels.

    Stages of convolution, batch normalisation and ReLU with max pooling between them; then dropout, a 1×1
    convolution to the answers, and the mean over the map of each answer.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256), depth: int = 2, drop_rate: float = 0.3) -> None:
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
        cut = len(layers) - max(depth - 1, 1)
        self.features_net, self.top = nn.Sequential(*layers[:cut]), nn.Sequential(*layers[cut:])
        self.drop = nn.Dropout2d(drop_rate)
        self.to_answers = nn.Conv2d(inputs, len(COLUMNS), kernel_size=1)
        self.head = TreeHead()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def logits_from_last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` answer logits: the mean over the map of each answer."""
        return self.to_answers(self.drop(maps)).mean(dim=(2, 3))


class DenseNet(GalaxyNetwork):
    """DenseNet [1]_ cut before its last transition, with one output per answer.

    The stem's stride is 4 as published, for 128 pixels and more, or 2 for smaller pictures, whose maps would
    end below 8×8. The defaults are DenseNet-121.

    References
    ----------
    .. [1] Huang et al. 2017, "Densely Connected Convolutional Networks" (arXiv:1608.06993).
    """

    def __init__(
        self,
        growth_rate: int = 32,
        blocks: Sequence[int] = (6, 12, 24, 16),
        initial_features: int = 64,
        stem_stride: int = 4,
        drop_rate: float = 0.2,
        layer_drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        if stem_stride not in (2, 4):
            raise ValueError(f"the stem's stride is {stem_stride}; expected 2 or 4")
        if len(blocks) < 2:
            raise ValueError(f"the network has {len(blocks)} blocks; expected 2 or more, as it is cut before the last")
        parts, channels = dense_parts(growth_rate, blocks, initial_features, layer_drop_rate)
        to_answers = nn.Linear(channels, len(COLUMNS))
        _initialise_as_published([*parts.values(), to_answers])
        if stem_stride == 2:
            del parts["pool0"]
        names = list(parts)
        cut = names.index(f"transition{len(blocks) - 1}")
        self.features_net = nn.Sequential(OrderedDict((name, parts[name]) for name in names[:cut]))
        # Not in place, which would change the maps under a hook.
        self.top = nn.Sequential(OrderedDict([(name, parts[name]) for name in names[cut:]] + [("relu5", nn.ReLU())]))
        self.drop = nn.Dropout(drop_rate)
        self.to_answers = to_answers
        self.head = TreeHead()

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, C, h, w)`` maps after the last transition's normalisation and ReLU.

        Before them the zero of a map is arbitrary, as the normalisation subtracts any constant; saliency
        interprets zero as "nothing found here".
        """
        norm, relu, *_ = next(self.top.children()).children()
        return relu(norm(self.features_net(images)))

    def last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, D, h / 2, w / 2)`` maps before the answers from those of `features`."""
        transition, *rest = self.top.children()
        _, _, conv, pool = transition.children()
        for layer in (conv, pool, *rest):
            maps = layer(maps)
        return maps

    def logits_from_last_maps(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the ``(N, 37)`` answer logits: the mean of the last maps through one linear layer."""
        return self.to_answers(self.drop(maps.mean(dim=(2, 3))))


def _initialise_as_published(parts: Sequence[nn.Module]) -> None:
    """Set random weights as torchvision does, in its order: a seed gives the same network."""
    for module in nn.ModuleList(parts).modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


MODELS: dict[str, type[GalaxyNetwork]] = {"fcn": FullyConvolutional, "densenet": DenseNet}


def build(model: str, *, head: str = "tree", **arguments: object) -> GalaxyNetwork:
    """Build a network by its name, with random weights.

    Parameters
    ----------
    model : str
        A key of `MODELS`: ``fcn`` or ``densenet``.
    head : str
        ``tree``. Accepted because cards of earlier versions hold it; the sigmoid head was removed.
    **arguments
        Arguments of the network's class.

    Raises
    ------
    ValueError
        If there is no such network, or it does not accept these arguments.
    """
    if model not in MODELS:
        raise ValueError(f"there is no network called {model!r}; choose one of {', '.join(MODELS)}")
    if head != "tree":
        raise ValueError(f"the head {head!r} was removed; only 'tree' is left: train the network again")
    try:
        return MODELS[model](**arguments)
    except (TypeError, KeyError) as error:
        raise ValueError(f"the network {model!r} cannot be built with {arguments}: {error}") from error
