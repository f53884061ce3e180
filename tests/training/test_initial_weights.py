"""Initial weights: from a checkpoint, and ImageNet's from a local server."""

import hashlib
import io
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from tiny_training import CPU, TINY, TINY_DENSENET, TINY_FLAGS
from torchvision.models import DenseNet
from torchvision.models._api import Weights, WeightsEnum

from galaxy_explorer.models import Model, build
from galaxy_explorer.models.checkpoints import load, save
from galaxy_explorer.training import Recipe, Run, TrainingError, cli
from galaxy_explorer.training.initial_weights import imagenet_weights, start_from_file, start_from_imagenet
from galaxy_explorer.training.model_card.card import make_card

pytestmark = pytest.mark.usefixtures("one_thread")
SHAPE = (TINY_DENSENET.growth_rate, TINY_DENSENET.blocks, TINY_DENSENET.initial_features)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A tiny DenseNet on a local server, in a file as torchvision publishes its own."""
    torch.manual_seed(3)
    theirs = DenseNet(*SHAPE).state_dict()
    names = {name: name.replace("norm1", "norm.1").replace("norm2", "norm.2") for name in theirs}
    names = {name: new.replace("conv1", "conv.1").replace("conv2", "conv.2") for name, new in names.items()}
    content = io.BytesIO()
    torch.save({names[name]: value for name, value in theirs.items()}, content)
    file = f"densenet-{hashlib.sha256(content.getvalue()).hexdigest()[:8]}.pth"
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / file).write_bytes(content.getvalue())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield theirs, f"http://127.0.0.1:{server.server_port}/{file}"
        server.shutdown()


def offered(url):
    """What torchvision would offer, at the URL of the local server."""

    class Tiny(WeightsEnum):
        ONE = Weights(url=url, transforms=torch.nn.Identity, meta={})

    return {SHAPE: Tiny.ONE}


class TestImageNet:
    def test_every_layer_but_the_answers_gets_its_weights(self, published):
        theirs, url = published
        network = build("densenet", **TINY_DENSENET.model_arguments())
        answers = network.to_answers.weight.clone()
        start_from_imagenet(network, TINY_DENSENET, offered(url))
        ours = {name.partition(".")[2]: value for name, value in network.state_dict().items()}
        expected = {name.partition(".")[2]: value for name, value in theirs.items() if name.startswith("features")}
        for name, value in expected.items():
            assert torch.equal(ours[name], value), name
        assert torch.equal(network.to_answers.weight, answers)

    def test_offline_is_an_error_with_the_remedy(self, published):
        _, url = published
        gone = url.replace("densenet-", "no-such-").replace(".pth", "-12345678.pth")
        with pytest.raises(TrainingError, match=r"cannot be downloaded from http://.* train without --pretrained"):
            start_from_imagenet(build("densenet", **TINY_DENSENET.model_arguments()), TINY_DENSENET, offered(gone))

    def test_a_network_without_such_weights_is_an_error(self, kaggle_folder, tmp_path, capsys):
        flags = ["--data", str(kaggle_folder), "--cache", str(tmp_path / "cache"), "--work", str(tmp_path / "run")]
        assert cli.main([*flags, *TINY_FLAGS, "--device", "cpu", "--pretrained"]) == 2
        assert "--pretrained needs a network with ImageNet weights" in capsys.readouterr().err

    def test_is_available_for_the_default_densenet(self):
        recipe = Recipe()
        assert (recipe.growth_rate, recipe.blocks, recipe.initial_features) in imagenet_weights()


def test_a_run_starts_from_the_weights_of_a_checkpoint(trained, galaxies, tmp_path):
    first = trained(TINY, "first")
    card = make_card(first, data="drawn", command="train.py")
    save(tmp_path / "first.pt", Model(first.best_network(), card))
    second = Run(replace(TINY, seed=8), galaxies, CPU, tmp_path / "second")
    second.start(str(tmp_path / "first.pt"))
    expected = load(tmp_path / "first.pt").network.state_dict()
    for started in (second.network, second.average.module):
        assert all(torch.equal(started.state_dict()[name], value) for name, value in expected.items())
    with pytest.raises(TrainingError, match="does not fit the network of this run"):
        start_from_file(build("fcn", widths=(8, 8)), tmp_path / "first.pt")
