"""Maps over pictures, and pictures for the page."""

import numpy as np
import pytest

from galaxy_explorer.images import overlay, read_image, thumbnail, to_png
from galaxy_explorer.images.overlays import heat_colours


class TestOverlay:
    def test_no_heat_leaves_the_picture_as_it_is(self, picture):
        np.testing.assert_array_equal(overlay(picture, np.zeros((8, 8)), opacity=1.0), picture)

    def test_no_opacity_leaves_the_picture_as_it_is(self, picture):
        np.testing.assert_array_equal(overlay(picture, np.ones((8, 8)), opacity=0.0), picture)

    def test_full_heat_at_full_opacity_is_the_last_colour(self, picture):
        laid = overlay(picture, np.ones((8, 8)), opacity=1.0)
        assert (laid == heat_colours(np.array(1.0))).all()

    def test_colours_only_where_the_heat_is(self, picture):
        heat = np.zeros((8, 8))
        heat[:, :3] = 1
        laid = overlay(picture, heat)
        np.testing.assert_array_equal(laid[:, 32:], picture[:, 32:])
        assert (laid[:, :16] != picture[:, :16]).any(axis=-1).mean() > 0.99

    def test_follows_the_heat_bilinearly(self):
        black = np.zeros((64, 64, 3), np.uint8)
        laid = overlay(black, np.array([[0.0, 1.0]] * 2), opacity=1.0).sum(axis=-1)
        assert (np.diff(laid[32]) >= 0).all()
        assert len(np.unique(laid[32])) > 20

    def test_more_heat_is_lighter_in_even_steps(self):
        colours = heat_colours(np.linspace(0, 1, 256)) / 255
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        lightness = 116 * np.cbrt(linear @ (0.2126, 0.7152, 0.0722)) - 16  # CIE L* of sRGB
        assert (np.diff(lightness) > 0).all()
        assert np.diff(lightness[::51]) == pytest.approx(np.full(5, 16), abs=2)

    @pytest.mark.parametrize(
        "heat", [np.full((8, 8), np.nan), np.full((8, 8), 1.5), np.full((8, 8), -0.1), np.zeros((8, 8, 3))]
    )
    def test_heat_outside_0_1_is_refused(self, picture, heat):
        with pytest.raises(ValueError, match=r"every value in \[0, 1\]"):
            overlay(picture, heat)

    def test_opacity_outside_0_1_is_refused(self, picture):
        with pytest.raises(ValueError, match=r"an opacity of 1\.5"):
            overlay(picture, np.zeros((8, 8)), opacity=1.5)


class TestForThePage:
    def test_png_keeps_every_pixel(self, picture):
        np.testing.assert_array_equal(read_image(to_png(picture)), picture)

    def test_thumbnail_keeps_the_proportions(self, draw_galaxy):
        assert thumbnail(draw_galaxy(0, 60, 120), 40).shape == (20, 40, 3)

    def test_thumbnail_of_a_small_picture_is_the_picture(self, picture):
        np.testing.assert_array_equal(thumbnail(picture, 200), picture)
