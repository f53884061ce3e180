"""The head obeys the tree; both networks keep the contract of prediction and saliency."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models import DenseNet as TorchvisionDenseNet
from torchvision.models import densenet121

from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, QUESTIONS, SLICES, fractions_from_shares
from galaxy_explorer.models.heads import TreeHead
from galaxy_explorer.models.networks import GalaxyNetwork, build

ROOT = Path(__file__).parents[2]
SMALL = {
    "fcn": {"widths": (8, 16, 16, 16)},
    "densenet": {"growth_rate": 4, "blocks": (2, 2, 2, 2), "initial_features": 8, "stem_stride": 2},
}
WIDE = 1e4  # as far out as a logit is ever expected


def draw_logits(seed: int, width: float, signs_only: bool) -> np.ndarray:
    """Draw the logits of three pictures within ±width, or at ±width alone."""
    logits = np.random.default_rng(seed).uniform(-width, width, (3, len(COLUMNS)))
    return (np.sign(logits) * width if signs_only else logits).astype(np.float32)


# Drawing each of the 37 numbers by itself would take longer than the tests.
logits_of_pictures = st.builds(draw_logits, st.integers(0, 2**32), st.floats(0, WIDE), st.booleans())


@pytest.fixture(params=list(SMALL))
def network(request: pytest.FixtureRequest) -> GalaxyNetwork:
    """Each of the two networks, small, with random weights and batch statistics."""
    torch.manual_seed(0)
    network = build(request.param, **SMALL[request.param])
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))
    return network.eval()


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def mass(number: int, fractions: np.ndarray) -> np.ndarray:
    name = MASS_COLUMN[number]
    return np.ones(len(fractions)) if name is None else fractions[:, INDEX[name]]


# --- the heads -----------------------------------------------------------------------------------------------


@given(logits_of_pictures)
def test_every_questions_fractions_sum_to_its_mass(logits: np.ndarray) -> None:
    fractions = TreeHead()(torch.from_numpy(logits)).numpy()
    assert np.isfinite(fractions).all()
    assert fractions.min() >= 0
    assert fractions.max() <= 1 + 1e-6
    for question in QUESTIONS:
        total = fractions[:, SLICES[question.number]].sum(axis=1)
        np.testing.assert_allclose(total, mass(question.number, fractions), atol=1e-5)


@given(logits_of_pictures)
def test_the_tree_head_is_the_trees_own_arithmetic(logits: np.ndarray) -> None:
    shares = np.concatenate(
        [torch.from_numpy(logits[:, where]).double().softmax(dim=1).numpy() for where in SLICES.values()], axis=1
    )
    np.testing.assert_allclose(TreeHead()(torch.from_numpy(logits)).numpy(), fractions_from_shares(shares), atol=1e-5)


@given(logits_of_pictures, st.floats(-100, 100, width=32))
def test_a_constant_added_to_a_questions_logits_changes_nothing(logits: np.ndarray, constant: float) -> None:
    logits = np.clip(logits, -100, 100)  # beyond, adding the constant would round the differences away
    shifted = logits.copy()
    shifted[:, SLICES[4]] += np.float32(constant)
    head = TreeHead()
    np.testing.assert_allclose(head(torch.from_numpy(shifted)), head(torch.from_numpy(logits)), atol=1e-4)


@given(logits_of_pictures)
def test_gradients_through_the_tree_stay_finite(logits: np.ndarray) -> None:
    leaf = torch.from_numpy(logits).requires_grad_()
    (TreeHead()(leaf) - 0.3).square().mean().backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()


def test_the_head_returns_float32_for_any_input() -> None:
    assert TreeHead()(torch.zeros(1, len(COLUMNS), dtype=torch.bfloat16)).dtype == torch.float32


def test_even_logits_give_even_shares() -> None:
    fractions = TreeHead()(torch.zeros(1, len(COLUMNS))).numpy()[0]
    for question in QUESTIONS:
        expected = mass(question.number, fractions[None])[0] / len(question.answers)
        np.testing.assert_allclose(fractions[SLICES[question.number]], expected, rtol=1e-6)


def test_the_head_on_cards_of_earlier_versions_is_accepted() -> None:
    assert isinstance(build("fcn", **SMALL["fcn"], head="tree").head, TreeHead)


# --- the contract of both networks ---------------------------------------------------------------------------


def test_a_network_gives_vote_fractions_that_obey_the_tree(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        fractions = network(pictures)
    assert fractions.shape == (2, len(COLUMNS))
    assert fractions.dtype == torch.float32
    for question in QUESTIONS:
        total = fractions[:, SLICES[question.number]].sum(dim=1).numpy()
        np.testing.assert_allclose(total, mass(question.number, fractions.numpy()), atol=1e-5)


def test_the_two_halves_make_the_whole(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        logits = network.answer_logits(pictures)
        assert logits.shape == (2, len(COLUMNS))
        assert torch.equal(logits, network.logits_from_features(network.features(pictures)))
        assert torch.equal(network(pictures), network.head(logits))


def test_an_embedding_is_the_mean_of_the_maps_the_answers_are_read_from(
    network: GalaxyNetwork, pictures: torch.Tensor
) -> None:
    with torch.no_grad():
        embedding = network.embedding(pictures)
        weights = network.to_answers.weight.flatten(1)
        logits = embedding @ weights.T + network.to_answers.bias
        np.testing.assert_allclose(logits, network.answer_logits(pictures), atol=1e-4)
    assert embedding.shape == (2, weights.shape[1])


@pytest.mark.parametrize("training", [False, True])
def test_the_second_half_leaves_the_maps_as_they_are(
    network: GalaxyNetwork, pictures: torch.Tensor, training: bool
) -> None:
    network.train(training)
    with torch.no_grad():
        maps = network.features(pictures)
        before = maps.clone()
        network.logits_from_features(maps)
        network.last_maps(maps)
    assert torch.equal(maps, before)


def test_the_maps_count_from_zero(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    # A map whose zero is arbitrary has an arbitrary saliency: the normalisation after it removes any constant.
    with torch.no_grad():
        maps = network.features(pictures)
    assert maps.min() == 0
    assert maps.max() > 0


def test_layers_that_are_not_linear_follow_the_cut(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        maps = network.features(pictures)
        once, twice, none = (network.logits_from_features(factor * maps) for factor in (1, 2, 0))
    assert not torch.allclose(twice - none, 2 * (once - none), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "arguments", "size"),
    [
        ("fcn", {}, 64),
        ("fcn", SMALL["fcn"], 64),
        ("densenet", SMALL["densenet"], 64),
        ("densenet", {"growth_rate": 4, "blocks": (2, 2, 2, 2), "initial_features": 8}, 128),
    ],
)
def test_maps_have_at_least_eight_by_eight_cells(model: str, arguments: dict, size: int) -> None:
    network = build(model, **arguments).eval()
    with torch.no_grad():
        maps = network.features(torch.zeros(1, 3, size, size))
    assert min(maps.shape[2:]) >= 8


@pytest.mark.parametrize("size", [(16, 16), (48, 48), (64, 64), (101, 101), (128, 128), (64, 96), (75, 50)])
def test_the_fully_convolutional_network_takes_any_size(size: tuple[int, int]) -> None:
    network = build("fcn", **SMALL["fcn"]).eval()
    with torch.no_grad():
        fractions = network(torch.randn(1, 3, *size))
    assert fractions.shape == (1, len(COLUMNS))
    assert fractions.isfinite().all()


def test_the_fully_convolutional_network_is_convolutions_to_the_end() -> None:
    network = build("fcn", **SMALL["fcn"])
    kinds = {type(module) for module in network.modules() if not list(module.children())}
    assert torch.nn.Linear not in kinds
    assert {torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.ReLU, torch.nn.MaxPool2d, torch.nn.Dropout2d} <= kinds


def test_evaluation_repeats_to_the_last_digit(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        first = network(pictures)
        torch.manual_seed(99)
        assert torch.equal(network(pictures), first)
        assert torch.equal(copy.deepcopy(network)(pictures), first)


def test_a_picture_gets_the_same_answers_alone_and_in_company(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        np.testing.assert_allclose(network(pictures)[:1], network(pictures[:1]), atol=1e-5)


def test_training_drops_out_and_every_weight_learns(network: GalaxyNetwork, pictures: torch.Tensor) -> None:
    network.train()
    assert not torch.equal(network.answer_logits(pictures), network.answer_logits(pictures))
    network.answer_logits(pictures).square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients.values())


def test_dropout_inside_the_dense_layers_is_off_when_evaluating(pictures: torch.Tensor) -> None:
    network = build("densenet", **SMALL["densenet"], layer_drop_rate=0.5).eval()
    with torch.no_grad():
        assert torch.equal(network(pictures), network(pictures))


# --- DenseNet is torchvision's -------------------------------------------------------------------------------


def test_the_default_densenet_is_densenet_121_with_our_answers() -> None:
    ours, theirs = build("densenet"), densenet121(num_classes=len(COLUMNS))
    count = sum(parameter.numel() for parameter in ours.parameters())
    assert count == sum(parameter.numel() for parameter in theirs.parameters())
    assert 6.9e6 < count < 7.1e6


def test_the_densenet_computes_what_torchvisions_computes() -> None:
    ours, theirs = build("densenet").eval(), densenet121(num_classes=len(COLUMNS)).eval()
    renamed = {
        name.replace("features_net.", "features.")
        .replace("top.", "features.")
        .replace("to_answers.", "classifier."): value
        for name, value in ours.state_dict().items()
    }
    theirs.load_state_dict(renamed)
    picture = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        np.testing.assert_allclose(ours.answer_logits(picture), theirs(picture), atol=1e-5)


@pytest.mark.parametrize("layer_drop_rate", [0.0, 0.3])
def test_a_seed_gives_the_weights_that_torchvision_draws(layer_drop_rate: float) -> None:
    sizes = {"growth_rate": 4, "block_config": (2, 3), "num_init_features": 8, "drop_rate": layer_drop_rate}
    torch.manual_seed(4)
    theirs = TorchvisionDenseNet(num_classes=len(COLUMNS), **sizes)
    torch.manual_seed(4)
    ours = build("densenet", growth_rate=4, blocks=(2, 3), initial_features=8, layer_drop_rate=layer_drop_rate)
    values = [value for name, value in ours.state_dict().items() if not name.startswith("to_answers.")]
    expected = theirs.features.state_dict().values()
    assert all(torch.equal(value, other) for value, other in zip(values, expected, strict=True))
    assert torch.equal(ours.to_answers.weight, theirs.classifier.weight)
    torch.manual_seed(5)  # of the dropout inside the dense layers
    expected_maps = theirs.train().features(torch.ones(2, 3, 64, 64))
    torch.manual_seed(5)
    found = ours.train().top[:-1](ours.features_net(torch.ones(2, 3, 64, 64)))
    np.testing.assert_allclose(found.detach(), expected_maps.detach(), atol=1e-5)


def test_no_network_needs_torchvision() -> None:
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "from galaxy_explorer.models.checkpoints import load\n"
        "import galaxy_explorer.prediction, torch\n"
        "for name in ('densenet', 'fcn'): load(name).network(torch.zeros(1, 3, 64, 64))\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# --- errors --------------------------------------------------------------------------------------------------


def test_an_unknown_network_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(ValueError, match=r"no network called 'resnet'; choose one of fcn, densenet"):
        build("resnet")


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("fcn", {"growth_rate": 8}, "'fcn' cannot be built with .*growth_rate"),
        ("densenet", {"widths": (8, 8)}, "'densenet' cannot be built with .*widths"),
        ("fcn", {"head": "sigmoid"}, "the head 'sigmoid' was removed"),
        ("densenet", {"stem_stride": 3}, "stride is 3; expected 2 or 4"),
        ("densenet", {"blocks": (2,)}, "has 1 blocks; expected 2 or more"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_words(model: str, arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(model, **arguments)
