"""Settings of a recipe: bounds, names of earlier versions, removed features."""

from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import TINY, TINY_DENSENET

from galaxy_explorer.models.networks import build
from galaxy_explorer.training import Recipe

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "resnet"},
        {"size": 8},
        {"batch_size": 1},
        {"learning_rate": float("nan")},
        {"zoom": 0.5},
        {"seed": -1},
        {"precision": "int8"},
        {"stem_stride": 3},
        {"widths": (0, 8)},
        {"blocks": (-1, 2)},
        {"growth_rate": 0},
        {"initial_features": -1},
    ],
)
def test_settings_out_of_bounds_are_rejected(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"the recipe's {name} is .* must"):
        Recipe(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": "fcn", "size": 32, "widths": (4,) * 8}, "halves a picture of 32 pixels 7 times"),
        ({"size": 32, "blocks": (1,) * 6}, "halves a picture of 32 pixels 6 times, which leaves nothing"),
    ],
)
def test_networks_that_cannot_be_built_are_rejected(wrong, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**wrong)


def test_every_setting_has_a_reason_and_bounds_or_choices():
    for setting in fields(Recipe):
        assert len(setting.metadata["why"]) > 10
        bounded = setting.metadata["choices"] or setting.metadata["bounds"][1] > 0
        assert bounded or isinstance(setting.default, bool)


@given(st.integers(32, 512))
def test_decoded_pictures_have_the_inputs_centre_and_a_margin_of_at_most_a_third(size):
    recipe = Recipe(size=size)
    assert (recipe.margin_size - size) % 2 == 0
    assert 1.2 <= recipe.margin_size / size <= 1.3
    assert recipe.margin_crop / recipe.crop == pytest.approx(recipe.margin_size / size)


@pytest.mark.parametrize("size", [64, 128])
def test_a_densenet_has_maps_of_8_cells_by_default(size):
    recipe = replace(TINY_DENSENET, size=size)
    maps = build(recipe.model, **recipe.model_arguments()).eval().features(torch.zeros(1, 3, size, size))
    assert min(maps.shape[2:]) >= 8


class TestEarlierVersions:
    def test_old_names_are_read_and_removed_settings_that_are_off_are_dropped(self):
        settings = TINY.as_dict()
        del settings["reweight"], settings["distill_weight"]
        # As on the cards of the shipped networks.
        settings |= {"reweigh": True, "teaching": 0.3, "mixup": 0.0, "label_noise": 0.0, "head": "tree"}
        assert Recipe.from_dict(settings, "a card") == replace(TINY, reweight=True, distill_weight=0.3)

    @pytest.mark.parametrize(("name", "value"), [("mixup", 0.3), ("label_noise", 0.05), ("head", "sigmoid")])
    def test_removed_settings_that_are_on_are_rejected(self, name, value):
        with pytest.raises(ValueError, match=rf"{name} is {value}, but this feature was removed"):
            Recipe.from_dict({**TINY.as_dict(), name: value}, "a card")
