"""What a network is made of, read from the network itself as a picture passes through it."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

# Modules that stand for one step, although they are built of others.
_WHOLE = {"TreeHead": "tree", "SigmoidHead": "squash", "_DenseBlock": "dense block"}

_KINDS = {
    nn.Conv2d: "convolution",
    nn.BatchNorm2d: "batch normalisation",
    nn.ReLU: "activation",
    nn.MaxPool2d: "max pooling",
    nn.AvgPool2d: "mean pooling",
    nn.Dropout: "dropout",
    nn.Dropout2d: "dropout",
    nn.Linear: "linear layer",
}


@dataclass(frozen=True)
class Layer:
    """One step of a network's way from a picture to the vote fractions."""

    name: str  # where the network keeps it, ``features_net.0.conv``; a function's name where it keeps nothing
    kind: str  # ``convolution``, ``batch normalisation``, ``activation``, ``max pooling``, ``dense block``, …
    output_shape: tuple[int, ...]  # of one picture, without the batch: channels, height, width; or numbers alone
    parameters: int  # numbers that were learnt
    kernel: int = 0  # side of a convolution's or a pooling's window in pixels, 0 where there is none
    parts: int = 1  # dense layers of a dense block


def layers_of(network: nn.Module, size: int) -> tuple[Layer, ...]:
    """List the steps that a picture passes through, in the order in which it does.

    The network is traced and run once on a blank picture, so that the list holds what it does and not what somebody
    wrote about it: a network with other widths or blocks gives another list.

    Parameters
    ----------
    network : nn.Module
        A network as `models.build` or `checkpoints.load` gives it.
    size : int
        Side of its pictures in pixels: the card's image size.

    Returns
    -------
    tuple of Layer
        The picture first, of the kind ``picture``; the vote fractions last.
    """
    graph = _Tracer().trace(network)
    run = _Shapes(fx.GraphModule(network, graph))
    with torch.no_grad():
        run.run(torch.zeros(1, 3, size, size))
    return tuple(_layer(node, network, run.shapes[node]) for node in graph.nodes if node.op != "output")


class _Tracer(fx.Tracer):
    """Follows a picture through a network, and stops at what stands for one step."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m).__name__ in _WHOLE or super().is_leaf_module(m, module_qualified_name)


class _Shapes(fx.Interpreter):
    """Notes the shape of what each step gives."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, torch.Tensor):
            self.shapes[n] = tuple(result.shape[1:])
        return result


def _layer(node: fx.Node, network: nn.Module, shape: tuple[int, ...]) -> Layer:
    """Describe one step."""
    if node.op == "placeholder":
        return Layer("picture", "picture", shape, 0)
    if node.op != "call_module":
        return Layer(str(node.target), str(node.target), shape, 0)
    module = network.get_submodule(str(node.target))
    name = type(module).__name__
    kernel = getattr(module, "kernel_size", 0)
    return Layer(
        str(node.target),
        _WHOLE.get(name) or _KINDS.get(type(module), name),
        shape,
        sum(parameter.numel() for parameter in module.parameters()),
        int(kernel[0] if isinstance(kernel, tuple) else kernel),
        len(list(module.children())) if _WHOLE.get(name) == "dense block" else 1,
    )
