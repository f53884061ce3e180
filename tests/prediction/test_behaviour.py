"""The bundled networks answer as expected while a simulated galaxy changes in one way (docs/behaviour.md)."""

from dataclasses import replace

import pytest

from benchmarks.studies.response_curves import curves, failures, responses
from galaxy_explorer.models.checkpoints import available, load

GALAXIES = 3  # of each curve, at a few of its values: docs/behaviour.md has more
KEPT = {
    "Inclination and edge-on": [0, 55, 75, 90],
    "Arm contrast and spiral": [0, 0.6, 3],
    "Bar light and bar": [0, 0.07, 0.18],
    "Ellipticity and round": [0, 0.35, 0.7],
    "Companion's distance and merger": [1, 2.4, 6],
    "Position angle and features": [0, 30, 90],
}


@pytest.fixture(scope="module")
def models():
    return {name: load(name) for name in available()}


@pytest.mark.parametrize("title", KEPT)
def test_answers_follow_what_changes_in_a_galaxy(title, models):
    (curve,) = (replace(curve, values=KEPT[title]) for curve in curves() if curve.title == title)
    rows = responses(models, curve, GALAXIES)
    for name in models:
        found = rows[rows["who"] == name]
        means = found.groupby("value")["figure"].mean()
        assert not list(failures(means, curve)), f"{name}: {means.round(2).to_dict()}"


def test_failures_name_what_a_curve_does_not_do():
    rising, steady = curves()[0], replace(curves()[0], move=0)
    assert not list(failures([0, 0.2, 1], rising))
    assert not list(failures([1, 0.2, 0], replace(rising, move=-0.6)))
    assert list(failures([0.4, 0.4, 0.4], rising)) == ["rises by 0.00; at least 0.60 is expected"]
    assert list(failures([0, 0.9, 0.6, 1], rising)) == ["moves back by 0.30 on the way; at most 0.03 is expected"]
    assert list(failures([0.5, 0.6], steady)) == ["varies by 0.10; at most 0.03 is expected"]
