import numpy as np
import pytest

from galaxy_explorer.simulation import profiles
from galaxy_explorer.simulation.frame import Frame

SIDE, STEP = 80.0, 0.04


@pytest.fixture(scope="module")
def plane():
    steps = np.arange(-SIDE / 2, SIDE / 2, STEP) + STEP / 2
    return np.meshgrid(steps, steps)


@pytest.mark.parametrize("index", [0.5, 1, 2.5, 4, 6])
def test_b_agrees_with_the_series_of_ciotti_and_bertin(index):
    n = index
    series = 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + 131 / (1148175 * n**3)
    assert profiles.sersic_b(n) == pytest.approx(series - 2194697 / (30690717750 * n**4), rel=4e-4)


@pytest.mark.parametrize(("index", "ratio", "box"), [(1, 1, 0), (1, 0.4, 0), (2, 0.6, 1.5), (0.7, 0.5, -0.5)])
def test_half_of_a_sersic_profile_lies_within_its_half_light_radius(plane, index, ratio, box):
    radius = profiles.boxy_radius(*plane, ratio, box)
    light = profiles.sersic(radius, 2.0, index, ratio, box) * STEP**2
    assert light.sum() == pytest.approx(1, abs=0.01)
    assert light[radius < 2].sum() == pytest.approx(0.5, abs=0.01)


def test_an_exponential_disk_a_bar_and_a_ring_have_a_total_of_one(plane):
    radius = np.hypot(*plane)
    assert (profiles.exponential(radius, 2.0) * STEP**2).sum() == pytest.approx(1, abs=0.005)
    assert (profiles.ring(radius, 3.0, 0.5) * STEP**2).sum() == pytest.approx(1, abs=0.005)
    bar = profiles.ferrers(*plane, 3.0, 0.3)
    assert (bar * STEP**2).sum() == pytest.approx(1, abs=0.005)
    assert not bar[radius > 3 * 2**0.2].any()


def test_points_keep_their_light_and_place_on_a_turned_frame():
    frame = Frame(20, 0.4, 30)
    plane = frame.zeros()
    frame.add_points(plane, np.array([5.0]), np.array([-3.0]), np.array([7.0]))
    assert plane.sum() == pytest.approx(7)
    assert (plane * frame.x).sum() / 7 == pytest.approx(5, abs=1e-3)
    assert (plane * frame.y).sum() / 7 == pytest.approx(-3, abs=1e-3)
