"""The layers of a network with their output shapes, read by tracing it."""

import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

_one_at_a_time = threading.Lock()  # of the tracers, which replace methods of all modules and put them back

# Modules that count as one step although they are built of others.
_WHOLE = {"TreeHead": "tree", "DenseBlock": "dense block"}

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
    """One step from a picture to the vote fractions."""

    name: str  # its place in the network, ``features_net.0.conv``; the name of a function without parameters
    kind: str  # ``convolution``, ``batch normalisation``, ``activation``, ``max pooling``, ``dense block``, …
    output_shape: tuple[int, ...]  # without the batch: channels, height, width; or numbers alone
    parameters: int  # trained numbers
    kernel: int = 0  # side of a convolution's or a pooling's window in pixels, 0 without one
    parts: int = 1  # dense layers of a dense block


def layers_of(network: nn.Module, size: int) -> tuple[Layer, ...]:
    """Trace a network on a blank picture, and return the steps in their order.

    Parameters
    ----------
    network : nn.Module
        A network of `models.networks`.
    size : int
        Side of its pictures in pixels: the card's image size.

    Returns
    -------
    tuple of Layer
        The picture first, of the kind ``picture``; the vote fractions last.
    """
    own = deepcopy(network)  # the other threads' network has other modules and parameters
    with _one_at_a_time:
        graph = _Tracer().trace(own)
    with torch.no_grad():
        ShapeProp(fx.GraphModule(own, graph)).propagate(torch.zeros(1, 3, size, size))
    return tuple(_layer(node, own) for node in graph.nodes if node.op != "output")


class _Tracer(fx.Tracer):
    """Tracer that stops at modules that count as one step, and leaves other threads alone.

    While it traces, the calls of all modules in the process come to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m).__name__ in _WHOLE or super().is_leaf_module(m, module_qualified_name)


def _layer(node: fx.Node, network: nn.Module) -> Layer:
    """Describe one step."""
    name, shape = str(node.target), tuple(node.meta["tensor_meta"].shape[1:])
    if node.op != "call_module":
        name = "picture" if node.op == "placeholder" else name
        return Layer(name, name, shape, 0)
    module = network.get_submodule(name)
    kind = _WHOLE.get(type(module).__name__) or _KINDS.get(type(module), type(module).__name__)
    kernel = getattr(module, "kernel_size", 0)
    return Layer(
        name,
        kind,
        shape,
        sum(parameter.numel() for parameter in module.parameters()),
        int(kernel[0] if isinstance(kernel, tuple) else kernel),
        len(list(module.children())) if kind == "dense block" else 1,
    )
