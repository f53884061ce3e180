"""Maps over pictures, and pictures for the page."""

import numpy as np
import pytest

from galaxy_explorer.images import FRAME_COLOUR, frame_field, overlay, read_image, thumbnail, to_png
from galaxy_explorer.images.overlays import heat_colours


class TestOverlay:
    def test_no_heat_leaves_the_picture_as_it_is(self, picture):
        np.testing.assert_array_equal(overlay(picture, np.zeros((8, 8)), crop=1.0, opacity=1.0), picture)

    def test_no_opacity_leaves_the_picture_as_it_is(self, picture):
        np.testing.assert_array_equal(overlay(picture, np.ones((8, 8)), crop=1.0, opacity=0.0), picture)

    def test_full_heat_at_full_opacity_is_the_last_colour(self, picture):
        laid = overlay(picture, np.ones((8, 8)), crop=1.0, opacity=1.0)
        assert (laid == heat_colours(np.array(1.0))).all()

    def test_colours_only_where_the_heat_is(self, picture):
        heat = np.zeros((8, 8))
        heat[:, :3] = 1
        laid = overlay(picture, heat, crop=1.0)
        np.testing.assert_array_equal(laid[:, 32:], picture[:, 32:])
        assert (laid[:, :16] != picture[:, :16]).any(axis=-1).mean() > 0.99

    def test_follows_the_heat_bilinearly(self):
        black = np.zeros((64, 64, 3), np.uint8)
        laid = overlay(black, np.array([[0.0, 1.0]] * 2), crop=1.0, opacity=1.0).sum(axis=-1)
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
            overlay(picture, heat, crop=1.0)

    def test_opacity_outside_0_1_is_refused(self, picture):
        with pytest.raises(ValueError, match=r"an opacity of 1\.5"):
            overlay(picture, np.zeros((8, 8)), crop=1.0, opacity=1.5)

    @pytest.mark.parametrize("shape", [(400, 400), (400, 480), (480, 400), (401, 600)])
    @pytest.mark.parametrize(("crop", "field"), [(0.5, 1.0), (1.0, 1.0), (1.0, 0.8), (0.6, 0.8), (1.0, 0.5)])
    def test_the_map_lies_where_the_network_saw_it_also_beyond_the_picture(self, shape, crop, field):
        heat = np.zeros((64, 64), np.float32)
        heat[28:36, 20:24] = 1.0  # left of the middle
        laid = overlay(np.zeros((*shape, 3), np.uint8), heat, crop=crop, field=field, opacity=1.0)
        assert laid.shape == (*shape, 3)
        side = min(shape) * crop / field
        rows, columns = np.nonzero(laid.sum(axis=-1) > 250)
        assert rows.mean() == pytest.approx(shape[0] / 2, abs=side / 128 + 1)
        assert columns.mean() == pytest.approx(shape[1] / 2 - side * 10 / 64, abs=side / 128 + 1)
        assert np.ptp(columns) == pytest.approx(side * 4 / 64, abs=side / 64 + 1)

    def test_nothing_outside_the_central_square_changes(self, draw_galaxy):
        picture = draw_galaxy(3, 100, 160)
        laid = overlay(picture, np.ones((8, 8)), crop=0.6, opacity=1.0)
        changed = np.argwhere((laid != picture).any(axis=-1))
        assert (changed.min(axis=0).tolist(), changed.max(axis=0).tolist()) == ([20, 50], [79, 109])

    def test_the_frame_is_drawn_around_the_same_square(self, draw_galaxy):
        picture = draw_galaxy(3, 100, 160)
        framed = frame_field(picture, crop=0.6)
        drawn = np.argwhere((framed == FRAME_COLOUR).all(axis=-1))
        assert (drawn.min(axis=0).tolist(), drawn.max(axis=0).tolist()) == ([20, 50], [79, 109])
        np.testing.assert_array_equal(framed[21:79, 51:109], picture[21:79, 51:109])
        assert frame_field(picture, crop=0.6, field=0.5).shape == picture.shape  # beyond the picture

    @pytest.mark.parametrize(("crop", "field"), [(0.0, 1.0), (0.6, 0.0), (float("nan"), 1.0)])
    def test_a_field_that_is_not_above_0_is_refused(self, picture, crop, field):
        with pytest.raises(ValueError, match="must be above 0"):
            overlay(picture, np.zeros((8, 8)), crop=crop, field=field)


class TestForThePage:
    def test_png_keeps_every_pixel(self, picture):
        np.testing.assert_array_equal(read_image(to_png(picture)), picture)

    def test_thumbnail_keeps_the_proportions(self, draw_galaxy):
        assert thumbnail(draw_galaxy(0, 60, 120), 40).shape == (20, 40, 3)

    def test_thumbnail_of_a_small_picture_is_the_picture(self, picture):
        np.testing.assert_array_equal(thumbnail(picture, 200), picture)
