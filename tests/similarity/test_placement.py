"""A place on the map for every galaxy, kept with the weights that it was fitted to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_prediction import WIDTHS, tiny_card, tiny_model

from galaxy_explorer.models import Model, checkpoints
from galaxy_explorer.models.placements import fingerprint_of
from galaxy_explorer.similarity import Placement, placement_of, unit_roots

WIDTH = WIDTHS[-1]


def vectors_of(count=50, width=WIDTH):
    return np.random.default_rng(0).exponential(size=(count, width)).astype(np.float16)


def with_placement(model=None, **entries):
    """A model with a placement of two layers, fitted to its weights unless entries say otherwise."""
    model, random = model or tiny_model(), np.random.default_rng(1)
    sizes = [(WIDTH, 5), (5, 2)]
    layers = [{"weights": random.normal(size=size), "biases": random.normal(size=size[1])} for size in sizes]
    own = {"fingerprint": fingerprint_of(model.network.state_dict(), model.card), "layers": layers}
    return replace(model, placement=own | {"figures": {"galaxies": 7}} | entries)


def test_a_placement_is_its_layers_applied_to_unit_roots_within_the_map():
    layers = tuple((layer["weights"], layer["biases"]) for layer in with_placement().placement["layers"])
    placed = Placement(layers).place(vectors_of())
    (first, first_biases), (second, second_biases) = layers
    hidden = np.maximum(unit_roots(vectors_of()) @ first + first_biases, 0)
    np.testing.assert_allclose(placed, np.clip(hidden @ second + second_biases, 0, 1), atol=1e-6)
    assert placed.dtype == np.float32


def test_a_placement_survives_saving_and_loading(tmp_path):
    model = with_placement()
    checkpoints.save(tmp_path / "net.pt", model)
    stored = torch.load(tmp_path / "net.pt", weights_only=True)["placement"]
    assert {values.dtype for layer in stored["layers"] for values in layer.values()} == {torch.float16}
    assert stored["figures"] == {"galaxies": 7}
    layers = tuple((layer["weights"], layer["biases"]) for layer in model.placement["layers"])
    expected = Placement(layers).place(vectors_of())
    np.testing.assert_allclose(placement_of(tmp_path / "net.pt").place(vectors_of()), expected, atol=0.01)


def test_another_card_keeps_the_placement_and_the_key(tmp_path):
    checkpoints.save(tmp_path / "bare.pt", tiny_model())
    checkpoints.save(tmp_path / "net.pt", with_placement())
    model = checkpoints.load(tmp_path / "net.pt")
    assert model.key() == checkpoints.load(tmp_path / "bare.pt").key()
    checkpoints.save(tmp_path / "net.pt", replace(model, card=replace(model.card, note="measured again")))
    assert placement_of(tmp_path / "net.pt") is not None


def changed_weights(model):
    network = checkpoints.build("fcn", widths=WIDTHS).eval()
    network.load_state_dict({name: 1.01 * value for name, value in model.network.state_dict().items()})
    return replace(model, network=network)


@pytest.mark.parametrize("change", [changed_weights, lambda model: replace(model, card=tiny_card(crop=0.7))])
def test_other_weights_or_another_preprocessing_do_not_get_the_placement(change, tmp_path):
    checkpoints.save(tmp_path / "net.pt", change(with_placement()))
    assert "placement" not in torch.load(tmp_path / "net.pt", weights_only=True)
    assert placement_of(tmp_path / "net.pt") is None


def test_a_placement_of_other_weights_in_a_file_is_ignored(tmp_path):
    checkpoints.save(tmp_path / "net.pt", with_placement())
    content = torch.load(tmp_path / "net.pt", weights_only=True)
    content["weights"]["to_answers.bias"] += 1
    torch.save(content, tmp_path / "other.pt")
    assert placement_of(tmp_path / "other.pt") is None
    assert checkpoints.load(tmp_path / "other.pt").placement is None


@pytest.mark.parametrize(
    "damage",
    [
        {"layers": []},
        {"layers": [{"weights": np.ones((WIDTH, 3)), "biases": np.ones(3)}]},  # to three coordinates
        {"layers": [{"weights": np.ones((WIDTH, 2)), "biases": np.ones(3)}]},
        {"layers": [{"weights": np.full((WIDTH, 2), np.nan), "biases": np.ones(2)}]},
        {"layers": [{"weights": np.ones((WIDTH, 2))}]},
        {"layers": 3},
    ],
)
def test_a_damaged_placement_is_ignored(damage, tmp_path):
    checkpoints.save(tmp_path / "net.pt", with_placement(**damage))
    assert placement_of(tmp_path / "net.pt") is None


def test_earlier_checkpoints_have_no_placement(tmp_path):
    checkpoints.save(tmp_path / "net.pt", Model(tiny_model().network, tiny_card()))
    assert placement_of(tmp_path / "net.pt") is None
    assert checkpoints.load(tmp_path / "net.pt").placement is None


def test_embeddings_of_another_length_are_an_error():
    with pytest.raises(ValueError, match=rf"shape \(3, 9\); expected \(n, {WIDTH}\)"):
        Placement.pca(vectors_of()).place(np.ones((3, 9)))


def test_a_damaged_embedding_has_no_place_and_the_others_have():
    vectors = vectors_of().copy()
    vectors[3] = np.nan
    placed = Placement.pca(vectors_of()).place(vectors)
    assert np.isnan(placed[3]).all()
    assert np.isfinite(np.delete(placed, 3, axis=0)).all()


def test_the_principal_components_fill_the_map_in_spite_of_outliers():
    vectors = vectors_of(2000, 30)
    vectors[:5] = 0
    vectors[range(5), range(5)] = 1000
    placed = Placement.pca(vectors).place(vectors)
    assert placed.min() >= 0
    assert placed.max() <= 1
    low, high = np.percentile(placed, [1, 99], axis=0)
    np.testing.assert_allclose([low, high], [[0.03] * 2, [0.97] * 2], atol=1e-3)
    again = Placement.pca(vectors)
    np.testing.assert_array_equal(placed, again.place(vectors))


@pytest.mark.parametrize("count", [0, 1])
def test_a_catalogue_of_one_galaxy_has_a_map_too(count):
    placed = Placement.pca(vectors_of(count)).place(vectors_of(count))
    assert placed.tolist() == [[0.5, 0.5]] * count
