import dataclasses

import numpy as np
import pytest

from galaxy_explorer.simulation import PRESETS, Parameters, component_masks, render, sample

EMPTY = Parameters(field_stars=0, field_galaxies=0)


def test_the_same_seed_gives_the_same_picture_and_another_one_another():
    assert np.array_equal(render(EMPTY), render(EMPTY))
    assert not np.array_equal(render(EMPTY), render(dataclasses.replace(EMPTY, seed=2)))


def test_the_field_of_view_is_the_same_at_any_size():
    large, small = render(EMPTY, 424).astype(float), render(EMPTY, 106).astype(float)
    assert large.shape == (424, 424, 3)
    assert small.shape == (106, 106, 3)
    assert np.abs(large.reshape(106, 4, 106, 4, 3).mean(axis=(1, 3)) - small).mean() < 1.5


def test_the_galaxy_lies_in_the_middle_whatever_the_camera_s_angle():
    for seed in range(4):
        light = render(dataclasses.replace(PRESETS["E0"], seed=seed, field_stars=0, field_galaxies=0)).sum(axis=2)
        bright = np.clip(light.astype(float) - 100, 0, None)
        rows, columns = np.indices(light.shape)
        assert abs((rows * bright).sum() / bright.sum() - 211.5) < 1.5
        assert abs((columns * bright).sum() / bright.sum() - 211.5) < 1.5


@pytest.mark.parametrize("position_angle", [0, 30, 135])
def test_a_disk_lies_along_its_position_angle(position_angle):
    galaxy = dataclasses.replace(EMPTY, inclination=85, position_angle=position_angle, arms=0, bulge_fraction=0, seed=5)
    rows, columns = np.nonzero(component_masks(galaxy)["disk"])
    x, y = columns - 211.5, 211.5 - rows
    angle = np.degrees(0.5 * np.arctan2(2 * (x * y).mean(), (x**2).mean() - (y**2).mean())) - 90
    assert abs((angle - position_angle + 90) % 180 - 90) < 2
    light = np.where(np.hypot(*(np.indices((424, 424)) - 211.5)) < 140, render(galaxy).sum(axis=2) > 90, False)
    assert (light & component_masks(galaxy)["disk"]).sum() > 0.6 * light.sum()


@pytest.mark.parametrize("name", PRESETS)
def test_masks_are_of_components_that_a_preset_has(name):
    galaxy = PRESETS[name]
    masks = component_masks(galaxy, 106)
    assert all(mask.shape == (106, 106) and mask.dtype == bool and mask.any() for mask in masks.values())
    expected = {
        "bulge": galaxy.bulge_fraction, "bar": galaxy.bar_fraction, "arms": galaxy.arms * galaxy.arm_contrast,
        "ring": galaxy.ring_fraction, "clumps": galaxy.clumps, "dust lane": galaxy.dust_lane,
        "companion": galaxy.companion, "tails": galaxy.tails, "lens": galaxy.arc_fraction,
    }  # fmt: skip
    assert set(masks) - {"disk"} == {part for part, strength in expected.items() if strength}


def test_a_bar_s_mask_lies_along_the_bar():
    galaxy = dataclasses.replace(EMPTY, inclination=0, position_angle=0, bar_fraction=0.3, bar_angle=90, arms=0)
    rows, columns = np.nonzero(component_masks(galaxy)["bar"])
    assert np.ptp(columns) > 1.5 * np.ptp(rows)


@pytest.mark.parametrize("change", [
    {"star_fraction": 1.0, "bulge_fraction": 0.0}, {"trail": 1.0}, {"inclination": 90.0, "dust_lane": 1.0},
    {"sky_noise": 0.0}, {"arms": 6.0, "flocculence": 1.0}, {"radius": 0.5}, {"radius": 40.0}, {"pixel_scale": 0.06},
    {"pixel_scale": 0.8}, {"arc_fraction": 0.6, "arc_length": 360.0}, {"boxiness": 3.0}, {"boxiness": -0.5},
    {"bulge_fraction": 1.0, "bulge_sersic": 0.5}, {"pitch": 0.0}, {"thickness": 0.5, "inclination": 90.0},
    {"companion": 1.5, "companion_distance": 0.0}, {"tails": 0.6, "clumps": 1.0, "disturbed": 1.0},
    {"bulge_fraction": 1.0, "bar_fraction": 0.5, "ring_fraction": 0.7}, {"field_stars": 60.0, "field_galaxies": 60.0},
])  # fmt: skip
def test_extremes_have_pictures_that_are_neither_black_nor_white(change):
    picture = render(dataclasses.replace(Parameters(), **change), 106)
    assert 0 < picture.mean() < 120
    assert picture.max() > 40


def test_a_kind_has_its_feature_and_the_pixel_of_galaxy_zoo():
    edge_on, barred, lens = (sample(3, kind) for kind in ("Class2.1", "Class3.1", "Class8.2"))
    assert edge_on.inclination >= 82
    assert barred.bar_fraction > 0.1
    assert lens.arc_fraction > 0
    assert sample(3, "Class2.1") == edge_on != sample(4, "Class2.1")


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"Class4\.1"):
        sample(1, "spiral")
