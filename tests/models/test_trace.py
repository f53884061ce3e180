"""A network's layers are those that a picture really passes through."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from galaxy_explorer.models.checkpoints import available, load
from galaxy_explorer.models.networks import build
from galaxy_explorer.models.trace import Layer, layers_of

SMALL = {
    "fcn": {"widths": (4, 6, 8), "depth": 3},
    "densenet": {"growth_rate": 4, "blocks": (2, 3), "initial_features": 8, "stem_stride": 4},
}


def hooked(network: nn.Module, layers: tuple[Layer, ...], size: int) -> dict[str, tuple[int, ...]]:
    """Run a network with hooks, and note what each of the modules in the list gives."""
    shapes: dict[str, tuple[int, ...]] = {}
    modules = dict(network.named_modules())
    hooks = []
    for layer in layers:
        if layer.name in modules:

            def note(_module, _inputs, output, name=layer.name):
                shapes[name] = tuple(output.shape[1:])

            hooks.append(modules[layer.name].register_forward_hook(note))
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return shapes


@pytest.mark.parametrize("name", sorted(available()))
def test_the_sizes_of_the_shipped_networks_are_those_that_hooks_see(name: str) -> None:
    model = load(name)
    network, size = model.network, model.card.image_size
    layers = layers_of(network, size)
    seen = hooked(network, layers, size)
    # A DenseNet's dense block is called as a whole, and so are all others in the list.
    assert {layer.name: layer.output_shape for layer in layers if layer.name in seen} == seen
    assert len(seen) == len([layer for layer in layers if layer.kind not in {"picture", "mean"}])
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("model", sorted(SMALL))
def test_another_architecture_gives_another_list(model: str) -> None:
    network = build(model, **SMALL[model]).eval()
    layers = layers_of(network, 32)
    assert layers[0] == Layer("picture", "picture", (3, 32, 32), 0)
    assert layers[-1].kind == "tree"
    assert layers[-1].output_shape == (37,)
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in network.parameters())
    bundled = load(model)
    assert layers != layers_of(bundled.network, bundled.card.image_size)


def test_a_dense_block_tells_its_steps() -> None:
    layers = layers_of(build("densenet", **SMALL["densenet"]).eval(), 32)
    blocks = [layer for layer in layers if layer.kind == "dense block"]
    assert [block.parts for block in blocks] == [2, 3]
    assert [block.output_shape[0] for block in blocks] == [8 + 2 * 4, (8 + 2 * 4) // 2 + 3 * 4]


def test_kinds_are_named_in_words_and_windows_measured() -> None:
    layers = layers_of(build("fcn", **SMALL["fcn"]).eval(), 32)
    assert [layer.kind for layer in layers[1:4]] == ["convolution", "batch normalisation", "activation"]
    assert {layer.kernel for layer in layers if layer.kind == "convolution"} == {1, 3}
    assert all(layer.kind.islower() for layer in layers)


def test_reading_the_layers_leaves_the_network_as_it_was() -> None:
    model = load("fcn")
    network, size = model.network, model.card.image_size
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    before = network(image)
    layers_of(network, size)
    assert torch.equal(network(image), before)
    assert not network.training


def test_a_forward_pass_in_another_thread_is_not_disturbed() -> None:
    network = build("densenet").eval()
    picture = torch.zeros(1, 3, 32, 32)
    with torch.inference_mode():
        expected = network(picture)
    done, results = threading.Event(), []

    def predict() -> None:
        with torch.inference_mode():
            while not done.is_set():
                results.append(network(picture))

    with ThreadPoolExecutor(3) as pool:
        passes = pool.submit(predict)
        traces = [pool.submit(layers_of, network, 32) for _ in range(4)]
        try:
            layers = [trace.result() for trace in traces]
        finally:
            done.set()
        passes.result()
    assert results
    assert all(torch.equal(result, expected) for result in results)
    assert len(set(layers)) == 1
