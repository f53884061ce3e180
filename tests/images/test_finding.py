"""The galaxy in the picture: drawn marks, framing, and Galaxy Zoo's own pictures."""

import numpy as np

from galaxy_explorer.images import Square, crop_with, cut_square, find_galaxy


def test_galaxy_zoo_s_own_pictures_are_the_very_same_arrays(sample):
    for galaxy in sample.ids:
        picture = sample.picture(galaxy)
        found = find_galaxy(picture)
        assert found.picture is picture
        assert (found.square, found.removed, found.changed, found.note) == (None, (), False, "")


def test_a_dragged_square_is_cut_out(sample):
    picture, square = sample.picture("100053"), Square(150, 160, 200)
    assert np.array_equal(crop_with(picture, square), cut_square(picture, square))
