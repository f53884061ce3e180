"""A tiny network for tests of prediction, and galaxies for it."""

from functools import cache

import numpy as np
import torch
from PIL import Image

from galaxy_explorer.cli import main
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.interval_fit import fit_interval_model
from galaxy_explorer.evaluation.out_of_distribution import OODReference
from galaxy_explorer.models import Card, Model, checkpoints, networks
from galaxy_explorer.prediction import stream

WIDTHS = (8, 8, 8, 8)


def tiny_card(**entries):
    """The model card of the tiny network, with more entries."""
    network = {"model": "fcn", "arguments": {"widths": list(WIDTHS)}, "columns": list(COLUMNS)}
    preprocessing = {"image_size": 32, "crop": 0.8, "mean": [0.1] * 3, "std": [0.2] * 3}
    return Card(**network | preprocessing | entries)


def tiny_network():
    """The tiny network, ready to predict."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return networks.build("fcn", widths=WIDTHS).eval().requires_grad_(False)


def tiny_model():
    """The tiny network with its card."""
    return Model(tiny_network(), tiny_card())


def tiny_reference(threshold=1e6):
    """An out-of-distribution reference for the tiny network; by default no picture is out of distribution."""
    size = WIDTHS[-1]
    component = [1.0, *[0.0] * (size - 1)]
    return OODReference(100, 100, 0.99, threshold, [0.0] * size, [component], [1.0], 1.0)


@cache
def tiny_interval_model():
    """An interval model of which only the form matters."""
    votes = np.random.default_rng(0).dirichlet(np.ones(len(COLUMNS)), 40)
    return fit_interval_model(votes, votes[::-1])


def write_tiny_weights(folder, **entries):
    """Write a checkpoint of the tiny network; return its path."""
    complete = {
        "training_mean": [0.3] * len(COLUMNS),
        "interval_models": {1: tiny_interval_model()},
        "ood_reference": tiny_reference(),
    }
    checkpoints.save(folder / "tiny.pt", Model(tiny_network(), tiny_card(**complete | entries)))
    return str(folder / "tiny.pt")


def tiny_weights(tmp_path_factory):
    """Checkpoint of the tiny network."""
    return write_tiny_weights(tmp_path_factory.mktemp("weights"))


def command_with(weights):
    """Return a function that runs a command with two TTA views and returns its exit status."""
    return lambda *arguments: main([*map(str, arguments), "--weights", weights, "--tta-views", "2"])


def write_pictures(folder, pictures, first=0):
    """Write images into a new folder as 0000.png, 0001.png, …; return the folder."""
    folder.mkdir()
    for n, picture in enumerate(pictures, first):
        Image.fromarray(picture).save(folder / f"{n:04}.png")
    return folder


def six_galaxies(tmp_path, draw_galaxy):
    """Folder of six drawn galaxies: 0001 to 0006."""
    return write_pictures(tmp_path / "galaxies", [draw_galaxy(n) for n in range(1, 7)], first=1)


def eleven_pictures(draw_galaxy) -> list[np.ndarray]:
    """Eleven drawn galaxies."""
    return [draw_galaxy(seed) for seed in range(11)]


def folder_with_two_damaged(tmp_path, pictures):
    """Folder of eleven images; 0003 and 0008 are damaged."""
    where = write_pictures(tmp_path / "galaxies", pictures)
    for name in ("0003.png", "0008.png"):
        (where / name).write_bytes((where / name).read_bytes()[:200])
    return where


def counted_passes(model):
    """The number of inputs in each forward pass of the model since the test began."""
    seen = []
    hook = model.network.features_net.register_forward_pre_hook(
        lambda module, arguments: seen.append(len(arguments[0]))
    )
    yield seen
    hook.remove()


def interrupt_after_a_batch(monkeypatch):
    """Have the next prediction end as by Ctrl-C in its second batch; those after it are as ever."""
    really = stream.predict_inputs

    def interrupted(network, inputs, views):
        monkeypatch.setattr(stream, "predict_inputs", really)
        raise KeyboardInterrupt

    def interrupt_the_second(network, inputs, views):
        monkeypatch.setattr(stream, "predict_inputs", interrupted)
        return really(network, inputs, views)

    monkeypatch.setattr(stream, "predict_inputs", interrupt_the_second)
