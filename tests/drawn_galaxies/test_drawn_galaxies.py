"""The drawings of answers: measurements on them agree with their answer."""

import itertools

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS, column
from galaxy_explorer.drawn_galaxies import DRAWINGS, FAMOUS, SIDE, draw, draw_famous
from galaxy_explorer.drawn_galaxies.light import YOUNG, Disk, Sky
from galaxy_explorer.drawn_galaxies.painting import GROUND

SMALL = 96
ROUND, OVAL, CIGAR = (column(7, answer) for answer in (1, 2, 3))


def sky(side: int = SMALL) -> Sky:
    coordinates = (np.arange(side) + 0.5) * 2 / side - 1
    return Sky(*np.meshgrid(coordinates, coordinates), np.random.default_rng(0))


def axis_ratio(picture: np.ndarray) -> float:
    """The short axis over the long one, by second moments of the brighter light, without stars."""
    light = np.clip(picture.astype(float) - GROUND, 0, None).sum(axis=2)
    light[(light < 0.1 * light.max()) | (np.hypot(sky().x, sky().y) > 0.8)] = 0
    y, x = np.mgrid[0 : len(light), 0 : len(light)]
    spread = np.cov(np.stack([x.ravel(), y.ravel()]), aweights=light.ravel())
    least, most = np.linalg.eigvalsh(spread)
    return float(np.sqrt(least / most))


def seen_straight_on(disk: Disk) -> np.ndarray:
    """A disk's two layers as they would be without tilt."""
    return Disk(**(vars(disk) | {"tilt": 1.0, "angle": 0.0})).light(sky())


def test_every_answer_has_three_drawings_with_words() -> None:
    assert tuple(DRAWINGS) == COLUMNS
    assert {len(drawings) for drawings in DRAWINGS.values()} == {3}
    assert all(drawing.words and not drawing.words.endswith(".") for three in DRAWINGS.values() for drawing in three)


@pytest.mark.parametrize("name", FAMOUS)
def test_a_famous_galaxy_is_drawn_with_its_middle_in_the_middle(name: str) -> None:
    picture = draw_famous(name, SMALL)
    assert np.array_equal(picture, draw_famous(name, SMALL))
    light = picture.astype(float).sum(axis=2)
    middle = light[SMALL // 4 : -SMALL // 4, SMALL // 4 : -SMALL // 4]
    assert middle.max() > 500
    assert middle.mean() > 1.3 * light.mean()


@pytest.mark.parametrize("name", COLUMNS)
def test_the_drawings_of_an_answer_are_more_than_turned_or_mirrored_copies(name: str) -> None:
    drawn = [draw(name, number, SMALL).astype(float).mean(axis=2) for number in range(3)]
    turned = [[np.rot90(side, turns) for side in (picture, picture.T) for turns in range(4)] for picture in drawn]
    for one, other in itertools.combinations(range(3), 2):
        assert min(np.abs(drawn[one] - copy).mean() for copy in turned[other]) > 1.0


def test_a_drawing_is_always_the_same_and_fits_into_its_picture() -> None:
    picture = draw(column(4, 1), 1)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, draw(column(4, 1), 1))
    assert picture.max() > 200


@pytest.mark.parametrize(("name", "least", "most"), [(ROUND, 0.93, 1), (OVAL, 0.5, 0.85), (CIGAR, 0, 0.45)])
@pytest.mark.parametrize("number", range(3))
def test_outlines_are_as_round_as_their_answer_says(name: str, least: float, most: float, number: int) -> None:
    assert least <= axis_ratio(draw(name, number, SMALL)) <= most


@pytest.mark.parametrize(("answer", "arms"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6)])
@pytest.mark.parametrize("number", range(3))
def test_as_many_arms_are_met_on_the_way_round_as_the_answer_says(answer: int, arms: int, number: int) -> None:
    (disk,) = DRAWINGS[column(11, answer)][number].things
    assert isinstance(disk, Disk)
    young = seen_straight_on(disk)[..., YOUNG]
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    met = []
    for radius in np.linspace(0.35, 0.6, 6) * disk.size * SMALL / 2:
        y, x = (np.rint(SMALL / 2 + radius * turn(angles)).astype(int) for turn in (np.sin, np.cos))
        waves = np.abs(np.fft.rfft(young[y, x]))[1:9]
        met.append(int(np.argmax(waves)) + 1)
    assert np.median(met) == arms


def test_bulges_grow_from_answer_to_answer() -> None:
    def part_of_the_bulge(answer: int, number: int) -> float:
        (disk,) = DRAWINGS[column(5, answer)][number].things
        assert isinstance(disk, Disk)
        return 1 - float(Disk(**(vars(disk) | {"bulge": 0.0})).light(sky()).sum() / disk.light(sky()).sum())

    for number in range(3):
        none, noticeable, obvious, dominant = (part_of_the_bulge(answer, number) for answer in (1, 2, 3, 4))
        assert none == 0 < noticeable < 0.1 < obvious < 0.5 < dominant


@pytest.mark.parametrize("number", range(3))
def test_arms_are_looser_from_answer_to_answer(number: int) -> None:
    pitches = [abs(vars(DRAWINGS[column(10, answer)][number].things[0])["pitch"]) for answer in (1, 2, 3)]
    assert pitches[0] < 13 < pitches[1] < 25 < pitches[2]


@pytest.mark.parametrize("number", range(3))
def test_a_dust_lane_is_darker_than_the_light_on_its_either_side(number: int) -> None:
    (streak,) = DRAWINGS[column(8, 7)][number].things
    angle, thickness = (vars(streak)[name] for name in ("angle", "thickness"))
    light = streak.light(sky(240)).sum(axis=2)
    along, across = sky(240).turned(angle)
    middle = np.abs(along) < 0.2

    def between(low: float, high: float) -> float:
        return float(light[middle & (across > low * thickness) & (across < high * thickness)].mean())

    assert between(-0.1, 0.3) < 0.3 * min(between(-1.3, -0.7), between(0.9, 1.5))
