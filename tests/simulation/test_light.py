"""The painted light against what is known of it: totals, the edge-on disk, dust, the camera."""

import dataclasses

import numpy as np
import pytest
from scipy.special import k1

from galaxy_explorer.simulation import PRESETS, Parameters, camera, scene
from galaxy_explorer.simulation.frame import Frame
from galaxy_explorer.simulation.profiles import SCALES_IN_HALF_LIGHT

PURE = Parameters(bulge_fraction=0, arms=0, field_stars=0, field_galaxies=0, radius=8, position_angle=0)


@pytest.fixture(scope="module")
def frame():
    return Frame(60, 0.396, 20)


@pytest.mark.parametrize("inclination", [0, 45, 80, 90])
def test_a_disk_keeps_its_light_at_any_inclination(frame, inclination):
    (disk,) = scene.components(dataclasses.replace(PURE, inclination=inclination), frame)
    assert disk.light.sum() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", ["Sa", "Sc", "SBb", "Ring galaxy", "Irr", "Merger"])
def test_the_parts_of_a_galaxy_have_all_of_its_light(name):
    galaxy = dataclasses.replace(PRESETS[name], companion=0.0)
    parts = scene.components(galaxy, Frame(120, 0.5))
    assert sum(part.light.sum() for part in parts) == pytest.approx(1, abs=0.12)


def test_an_edge_on_disk_has_the_profile_of_van_der_kruit_and_searle(frame):
    galaxy = dataclasses.replace(PURE, inclination=90, thickness=0.25)
    (disk,) = scene.components(galaxy, frame)
    along, across = frame.aligned(0)
    scale, height = galaxy.radius / SCALES_IN_HALF_LIGHT, galaxy.thickness * galaxy.radius
    part = np.maximum(np.abs(along), 0.2) / scale
    expected = part * k1(part) / np.cosh(np.clip(across / height, -20, 20)) ** 2
    near = (np.abs(along) > 2) & (np.abs(along) < 12) & (np.abs(across) < 3)
    ratio = disk.light[near] / expected[near]
    assert ratio.std() / ratio.mean() < 0.1


def test_dust_reddens_and_dims(frame):
    clear = dataclasses.replace(PURE, inclination=88)
    dusty = dataclasses.replace(clear, dust_lane=0.8)
    green, red, infrared = scene.bands(dusty, frame) / np.maximum(scene.bands(clear, frame), 1e-9)
    middle = frame.n // 2
    assert green[middle, middle] < red[middle, middle] < infrared[middle, middle] < 0.9


def test_arms_follow_their_pitch_angle():
    galaxy = dataclasses.replace(PURE, arms=2, pitch=20, inclination=0, arm_contrast=2, flocculence=0, knots=0)
    frame = Frame(40, 0.2)
    arms = next(part.light for part in scene.components(galaxy, frame) if part.name == "arms")
    along, across = frame.aligned(0)
    radius, angle = np.hypot(along, across), np.arctan2(across, along)
    ridge = []
    for r in (6.0, 9.0):
        circle = np.abs(radius - r) < 0.2
        ridge.append(np.angle((arms[circle] * np.exp(2j * angle[circle])).sum()) / 2)
    turn = (ridge[1] - ridge[0] + np.pi / 2) % np.pi - np.pi / 2
    assert np.degrees(np.arctan(np.log(9 / 6) / turn)) == pytest.approx(20, abs=2)


def test_seeing_keeps_the_light_and_has_its_width(frame):
    plane = frame.zeros()
    frame.add_points(plane, np.zeros(1), np.zeros(1), np.ones(1))
    star = camera.blurred(plane, 2.0, frame)
    assert star.sum() == pytest.approx(1, abs=1e-4)
    width = 2 * np.sqrt((star > star.max() / 2).sum() / np.pi) * frame.scale
    assert width == pytest.approx(2.0, abs=0.25)


def test_colours_of_bright_light_do_not_depend_on_its_brightness(frame):
    planes = np.ones((3, 4, 4), np.float32) * np.array([1, 2, 3], np.float32)[:, np.newaxis, np.newaxis]
    faint, bright = (camera.in_colours(planes * factor, frame)[0, 0].astype(float) for factor in (1, 30))
    assert faint / faint.max() == pytest.approx(bright / bright.max(), abs=0.03)
    assert bright.max() == 255
