"""Colours, the picture of the density, the mosaic, and which answers differ."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from galaxy_explorer.app.map.colours import ANCHORS, hex_colours, scale
from galaxy_explorer.app.map.contrast import contrast_html, contrasts, mean_and_deviation
from galaxy_explorer.app.map.density import CELLS, INK, density_picture
from galaxy_explorer.app.map.mosaic import TILE_PX, mosaic_of
from galaxy_explorer.app.services.places import LAST
from galaxy_explorer.catalogue import Catalogue, Votes
from galaxy_explorer.decision_tree import COLUMNS, fractions_from_shares
from galaxy_explorer.images import ImageError


def lightness_and_steps(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return CIELAB lightness of sRGB colours, and the distances between neighbours in OKLab."""
    part = colours / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_lms = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]])
    to_lab = np.array([[0.2105, 0.7936, -0.0041], [1.978, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    lab = np.cbrt(linear @ to_lms.T) @ to_lab.T
    return lab[:, 0], np.linalg.norm(np.diff(lab, axis=0), axis=1)


@pytest.mark.parametrize("theme", ANCHORS)
def test_a_scale_has_even_steps_and_rises_away_from_the_page(theme: str) -> None:
    lightness, steps = lightness_and_steps(scale(theme))
    assert steps.max() < 1.35 * steps.mean()
    assert steps.min() > 0.65 * steps.mean()
    rising = np.diff(lightness) * (1 if theme == "dark" else -1)
    assert (rising > 0).all()
    assert all(len(colour) == 7 for colour in hex_colours(theme))


def test_the_density_is_coloured_where_galaxies_match_and_grey_elsewhere() -> None:
    xy = np.array([[0, 0]] * 50 + [[LAST, 0]] * 50 + [[0, LAST]] * 50, dtype=np.uint16)
    values = np.repeat([1.0, 0.0, 1.0], 50)
    matches = np.repeat([True, True, False], 50)
    picture = np.asarray(Image.open(io.BytesIO(density_picture(xy, matches, values))))
    assert picture.shape == (CELLS, CELLS, 3)
    low, high = scale("light")[0], scale("light")[-1]
    assert np.abs(picture[0, 0].astype(int) - high).max() < 3
    assert np.abs(picture[0, -1].astype(int) - low).max() < 3
    assert picture[-1, 0].tolist() == [INK] * 3
    assert picture[CELLS // 2, CELLS // 2].tolist() == [255] * 3


def test_a_mosaic_holds_each_thumbnail_and_names_those_that_cannot_be_read(sample: Catalogue) -> None:
    tiles = []
    for colour in ("red", "lime", "blue", "white"):
        file = io.BytesIO()
        Image.new("RGB", (240, 240), colour).save(file, "JPEG")
        tiles.append(file.getvalue())
    content, columns, missing = mosaic_of([*tiles[:2], ImageError("damaged"), *tiles[2:]], 5)
    picture = np.asarray(Image.open(io.BytesIO(content)))
    assert (columns, missing) == (3, [2])
    assert picture.shape == (2 * TILE_PX, 3 * TILE_PX, 3)
    middles = picture[TILE_PX // 2 :: TILE_PX, TILE_PX // 2 :: TILE_PX].reshape(-1, 3)
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
    assert np.abs(middles.astype(int) - expected).max() < 8


def test_the_answers_that_differ_most_are_named_with_both_means() -> None:
    shares = np.full((100, 37), 1 / 3)
    shares[:20, 0:3] = (0.1, 0.85, 0.05)
    table = pd.DataFrame(fractions_from_shares(shares).astype(np.float32), columns=list(COLUMNS))
    votes = Votes(lambda column: table[column].to_numpy())
    found = contrasts(votes, np.arange(20), mean_and_deviation(votes))
    first = found[0]
    assert first.column == "Class1.2"
    assert first.here == pytest.approx(0.85)
    assert first.everywhere == pytest.approx(table["Class1.2"].mean(), abs=1e-6)
    assert found[-1].here < found[-1].everywhere
    assert "Class2.2" not in [each.column for each in found]  # which says what "edge-on" says
    assert "features or disk" in contrast_html(found)
    assert not contrasts(votes, np.arange(100), mean_and_deviation(votes))
