"""The square that is suggested for a picture, and what is cut out of it."""

import numpy as np
import pytest
from PIL import Image

from galaxy_explorer.images import MIN_SIDE, Square, cut_square
from galaxy_explorer.images.centring import find_objects

SKY, NOISE = 10, 3  # grey levels, as in SDSS's pictures


def sky(height, width, seed=0):
    """Empty sky."""
    noise = np.random.default_rng(seed).normal(SKY, NOISE, (height, width, 3))
    return noise.clip(0, 255).astype(np.uint8)


def pasted(picture, side, x, y, height=420, width=600):
    """A picture scaled to a side, with its middle at (x, y) of a larger one of similar sky."""
    border = np.concatenate([picture[:20].reshape(-1, 3), picture[-20:].reshape(-1, 3)])
    whole = (sky(height, width).astype(float) - SKY + np.median(border, axis=0)).clip(0, 255).astype(np.uint8)
    left, top = x - side // 2, y - side // 2
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
    whole[top : top + side, left : left + side] = np.asarray(small)
    return whole


def square_of(picture):
    """The square of the likeliest target, or None."""
    found = find_objects(picture)
    return found[0].square if found else None


def errors(pictures, side, x, y):
    """Offset in sides of the pasted picture, its side by the original's, and the original's."""
    off, ratio, whole = [], [], []
    for picture in pictures:
        found, original = square_of(pasted(picture, side, x, y)), square_of(picture)
        off.append(np.hypot(found.x - x, found.y - y) / side)
        whole.append(original.side / picture.shape[0])
        ratio.append((found.side / side) / whole[-1])
    return np.array(off), np.array(ratio), np.array(whole)


class TestTheSuggestion:
    def test_for_galaxy_zoo_s_own_pictures_is_about_the_whole(self, sample):
        for galaxy in sample.ids:
            picture = sample.picture(galaxy)
            square, side = square_of(picture), picture.shape[0]
            assert np.hypot(square.x - side / 2, square.y - side / 2) < 0.06 * side
            assert 0.7 * side < square.side < 1.5 * side

    @pytest.mark.parametrize(("side", "x", "y"), [(250, 350, 180), (170, 240, 250), (110, 350, 160)])
    def test_finds_a_small_galaxy_off_the_middle_again(self, sample, side, x, y):
        off, ratio, _ = errors([sample.picture(galaxy) for galaxy in sample.ids], side, x, y)
        again = (off < 0.06) & (ratio > 0.8) & (ratio < 1.3)
        assert again.sum() >= 8, (off, ratio)  # of nine: one has a companion as bright as itself

    def test_recovers_centre_and_scale_of_nine_galaxies_in_ten(self, shared_data):
        files = sorted((shared_data / "kaggle" / "images_training_rev1").glob("*.jpg"))[::420]
        off, ratio, whole = errors([np.asarray(Image.open(file)) for file in files], 170, 250, 230)
        assert np.mean(off < 0.06) >= 0.9
        assert np.mean((ratio > 0.8) & (ratio < 1.3)) >= 0.9
        assert np.median(whole) == pytest.approx(1, abs=0.04)  # as the volunteers saw them

    def test_is_that_of_the_galaxy_near_the_middle_not_of_a_brighter_star_at_the_edge(self, sample):
        whole = pasted(sample.picture("100053"), 200, 300, 210)
        rows, columns = np.mgrid[:420, :600]
        star = 255 * np.exp(-((rows - 40) ** 2 + (columns - 560) ** 2) / 300)
        found = square_of(np.maximum(whole, star[..., np.newaxis].astype(np.uint8)))
        assert np.hypot(found.x - 300, found.y - 210) < 12

    def test_follows_the_pixels(self, sample):
        picture = sample.picture("100023")
        double = np.asarray(Image.fromarray(picture).resize((848, 848), Image.Resampling.BICUBIC))
        one, other = square_of(picture), square_of(double)
        assert other.side == pytest.approx(2 * one.side, rel=0.05)
        assert (other.x, other.y) == pytest.approx((2 * one.x, 2 * one.y), abs=8)

    @pytest.mark.parametrize(
        "nothing", [np.zeros((64, 64, 3), np.uint8), sky(200, 300), np.full((16, 90, 3), 255, np.uint8)]
    )
    def test_is_none_where_nothing_stands_out(self, nothing):
        assert find_objects(nothing) == []

    def test_never_is_smaller_than_what_can_be_read(self):
        picture = sky(400, 400)
        picture[200:202, 200:202] = 255
        found = square_of(picture)
        assert found is None or found.side >= MIN_SIDE

    @pytest.mark.parametrize("shape", [(16, 16), (16, 500), (700, 20), (33, 64)])
    def test_copes_with_any_shape(self, shape):
        picture = np.zeros((*shape, 3), np.uint8)
        picture[shape[0] // 2 - 4 : shape[0] // 2 + 4, shape[1] // 2 - 4 : shape[1] // 2 + 4] = 200
        found = square_of(picture)
        assert found is None or 0 <= found.x <= shape[1]


class TestCutting:
    def test_gives_the_picture_s_own_pixels(self, draw_galaxy):
        picture = draw_galaxy(1, 80, 120)
        cut = cut_square(picture, Square(60, 40, 50))
        assert np.array_equal(cut, picture[15:65, 35:85])
        cut[:] = 0
        assert picture.any()

    def test_fills_with_sky_what_lies_beyond(self):
        picture = sky(80, 120)
        cut = cut_square(picture, Square(5, 12, 40))
        assert np.array_equal(cut[8:, 15:], picture[:32, :25])
        assert (np.abs(cut[:8].astype(int) - SKY) <= 1).all()
        assert (np.abs(cut[:, :15].astype(int) - SKY) <= 1).all()
        other = cut_square(picture, Square(110, 65, 40))
        assert np.array_equal(other[:35, :30], picture[45:, 90:])
        assert (np.abs(other[:, 30:].astype(int) - SKY) <= 1).all()

    @pytest.mark.parametrize(
        "square", [Square(40, 40, MIN_SIDE - 1), Square(40, 40, 7072), Square(500, 40, 40), Square(40, -40, 40)]
    )
    def test_refuses_what_holds_nothing_or_too_much(self, square):
        with pytest.raises(ValueError, match=r"must have 16 to 7071|lies outside"):
            cut_square(sky(80, 120), square)
