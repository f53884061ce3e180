"""The galaxy in the picture: drawn marks, framing, screens, and Galaxy Zoo's own pictures."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.studies.drawn_marks import DRAWINGS, Canvas, Pen, draw, saved
from benchmarks.studies.wide_frames import SCENES, add_star, paste, sky
from galaxy_explorer.images import Square, crop_with, cut_square, find_galaxy
from galaxy_explorer.images.centring import find_objects
from galaxy_explorer.images.filling import fill

GREEN, WHITE, RED, BLACK = (152, 251, 152), (255, 255, 255), (255, 0, 0), (0, 0, 0)
ROUND, SPIRAL = "100053", "784597"


def generator(seed=0):
    return np.random.default_rng(seed)


def levels_apart(one, other):
    """Root mean square difference in grey levels of the central 45 %, which the networks see."""
    side = one.shape[0]
    middle = slice(round(0.275 * side), round(0.725 * side))
    resized = np.asarray(Image.fromarray(other).resize((side, side), Image.Resampling.BICUBIC))
    return float(((one[middle, middle].astype(float) - resized[middle, middle]) ** 2).mean() ** 0.5)


def own_scale(picture):
    """Side of the square of a picture's own galaxy, in sides of the picture; it scatters around 1."""
    return find_objects(picture)[0].square.side / picture.shape[0]


class TestGalaxyZooPictures:
    def test_are_the_very_same_arrays(self, sample):
        for galaxy in sample.ids:
            picture = sample.picture(galaxy)
            found = find_galaxy(picture)
            assert found.picture is picture
            assert (found.square, found.removed, found.changed, found.note) == (None, (), False, "")

    def test_are_left_as_they_are_but_for_one_in_a_hundred(self, shared_data):
        files = sorted((shared_data / "kaggle" / "images_training_rev1").glob("*.jpg"))[::125]
        changed = [file.stem for file in files if find_galaxy(np.asarray(Image.open(file))).changed]
        assert len(changed) <= 1, changed

    def test_black_seams_of_frames_and_spikes_are_not_marks(self, sample):
        picture = sample.picture(ROUND).copy()
        picture[100:330, 205] = 0
        assert find_galaxy(picture).picture is picture
        frame = picture.astype(float)
        add_star(frame, 330, 90, 5000, 4, generator())
        assert find_galaxy(np.rint(frame.clip(0, 255)).astype(np.uint8)).removed == ()

    @pytest.mark.parametrize("picture", [np.zeros((64, 64, 3), np.uint8), np.full((16, 90, 3), 255, np.uint8)])
    def test_nothing_is_found_in_an_empty_picture(self, picture):
        assert find_galaxy(picture).square is None


class TestDrawnMarks:
    @pytest.mark.parametrize("colour", [GREEN, WHITE, RED, (0, 255, 255), (255, 255, 0)])
    @pytest.mark.parametrize("name", [name for name in DRAWINGS if name != "objects (P, S, T)"])
    def test_are_removed_and_the_rest_stays(self, sample, name, colour):
        clean = sample.picture(SPIRAL)
        marked = draw(name, clean, generator(1), Pen(colour, 1, False))
        found = find_galaxy(marked)
        assert found.removed
        assert found.note.startswith("Removed: ")
        assert levels_apart(clean, found.picture) < max(2.5, 0.4 * levels_apart(clean, marked))

    @pytest.mark.parametrize("width", [2, 3, 4])
    @pytest.mark.parametrize("quality", [75, 95])
    def test_are_removed_when_wide_and_compressed(self, sample, width, quality):
        clean = sample.picture(ROUND)
        marked = saved(draw("chart (G)", clean, generator(2), Pen(GREEN, width, True)), quality)
        assert levels_apart(clean, find_galaxy(marked).picture) < 4.5

    @pytest.mark.parametrize("side", [212, 650, 848, 2000])
    def test_are_removed_at_any_size(self, sample, side):
        clean = sample.picture(ROUND)
        marked = Image.fromarray(draw("grid", clean, generator(3), Pen(RED, 2, False))).resize((side, side))
        assert levels_apart(clean, find_galaxy(np.asarray(marked)).picture) < 6

    @pytest.mark.parametrize(("colour", "smooth"), [((80, 140, 255), True), (WHITE, True)])
    def test_faint_outlines_of_a_galaxy_are_removed(self, sample, colour, smooth):
        clean = sample.picture(ROUND)
        marks = Canvas(clean, Pen(colour, 1, smooth))
        marks.ellipse(212, 212, 38, 30)
        marked = np.rint(0.5 * clean + 0.5 * marks.done()).astype(np.uint8)  # half transparent
        assert levels_apart(clean, find_galaxy(marked).picture) < 0.5 * levels_apart(clean, marked)

    def test_dashed_lines_are_removed(self, sample):
        clean = sample.picture(ROUND)
        for dash in (5, 10):
            marked = draw("cross-hair", clean, generator(4), Pen(RED, 2, False, dash))
            assert levels_apart(clean, find_galaxy(marked).picture) < 4

    def test_a_black_cross_is_removed(self, sample):
        clean = sample.picture(ROUND)
        marked = draw("cross-hair", clean, generator(4), Pen(BLACK, 1, False))
        assert levels_apart(clean, find_galaxy(marked).picture) < 0.5 * levels_apart(clean, marked)

    def test_small_circles_and_crosses_on_objects_are_removed(self, sample):
        for seed in range(3):
            marked = draw("objects (P, S, T)", sample.picture(SPIRAL), generator(seed), Pen((255, 0, 255), 1, False))
            assert find_galaxy(marked).removed

    @pytest.mark.parametrize(("colour", "width"), [(GREEN, 2), ((80, 140, 255), 4)])
    def test_small_crosses_are_removed_from_a_bright_nucleus_too(self, sample, colour, width):
        clean = sample.picture(ROUND)
        marks = Canvas(clean, Pen(colour, width, False))
        for x, y in ((212, 212), (120, 90), (330, 120), (100, 330), (320, 300)):
            marks.line((x - 8, y - 8), (x + 8, y + 8))
            marks.line((x - 8, y + 8), (x + 8, y - 8))
        middle = np.s_[195:230, 195:230]
        left = np.abs(find_galaxy(marks.done()).picture[middle].astype(float) - clean[middle])
        assert left.max() < 60
        assert left.mean() < 4

    def test_an_inverted_picture_is_inverted_again(self, sample):
        clean = sample.picture(ROUND)
        found = find_galaxy(255 - clean)
        assert found.removed == ("inverted colours",)
        assert np.array_equal(found.picture, clean)


class TestFraming:
    @pytest.mark.parametrize(("diameter", "x", "y"), [(20, 380, 400), (40, 300, 450), (60, 460, 330)])
    def test_a_small_galaxy_in_a_wide_frame_is_cropped_to_galaxy_zoo_s_field(self, sample, diameter, x, y):
        for galaxy in (ROUND, SPIRAL):
            picture = sample.picture(galaxy)
            side = round(4.24 * diameter)
            small = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)).astype(float)
            frame = paste(sky(picture, 800, 800, generator()), small, x, y)
            square = find_galaxy(frame).square
            assert np.hypot(square.x - x, square.y - y) < 0.06 * side
            assert square.side == pytest.approx(side * own_scale(picture), rel=0.3)

    def test_the_galaxy_in_the_middle_is_taken_not_a_brighter_star(self, sample):
        picture = sample.picture(ROUND)
        small = np.asarray(Image.fromarray(picture).resize((150, 150), Image.Resampling.LANCZOS)).astype(float)
        frame = paste(sky(picture, 600, 600, generator()), small, 300, 300).astype(float)
        add_star(frame, 390, 320, 20_000, 4, generator())
        square = find_galaxy(np.rint(frame.clip(0, 255)).astype(np.uint8)).square
        assert np.hypot(square.x - 300, square.y - 300) < 10

    def test_what_is_in_the_middle_is_meant_though_it_looks_like_a_star(self, sample):
        picture = sample.picture(ROUND)
        small = np.asarray(Image.fromarray(picture).resize((150, 150), Image.Resampling.LANCZOS)).astype(float)
        frame = paste(sky(picture, 600, 600, generator()), small, 480, 480).astype(float)
        add_star(frame, 303, 298, 1000, 6, generator())
        square = find_galaxy(np.rint(frame.clip(0, 255)).astype(np.uint8)).square
        assert np.hypot(square.x - 303, square.y - 298) < 10

    def test_a_speck_nearer_to_the_middle_is_not_taken_for_a_galaxy_aside(self, sample):
        small = Image.fromarray(sample.picture("587737825678131439")).resize((200, 200))
        frame = Image.new("RGB", (640, 420), small.getpixel((3, 3)))
        frame.paste(small, (90, 170))
        square = find_galaxy(np.asarray(frame)).square
        assert np.hypot(square.x - 190, square.y - 270) < 10
        assert square.side > 150

    def test_the_knots_of_a_small_galaxy_are_no_label(self, sample):
        blue = np.array((90, 140, 255))
        frame = sky(sample.picture(ROUND), 480, 480, generator()).astype(float)
        for x, y in ((232, 230), (242, 238), (234, 248), (250, 226)):
            frame[y - 1 : y + 2, x - 6 : x + 7] += blue
            frame[y - 6 : y + 7, x - 1 : x + 2] += blue
        frame = np.rint(frame.clip(0, 255)).astype(np.uint8)
        assert find_galaxy(frame).removed == ()
        frame[60:63, 100:140] = frame[60:80, 120:123] = (90, 140, 255)  # a mark of their colour elsewhere
        assert find_galaxy(frame).removed

    def test_glare_in_the_photo_of_a_screen_is_not_the_galaxy(self, sample):
        for seed in range(3):
            photo = SCENES["photo of a screen"](sample.picture(SPIRAL), generator(seed))
            square = find_galaxy(photo).square
            height, width = photo.shape[:2]
            assert np.hypot(square.x - width / 2, square.y - height / 2) < 0.08 * width
            assert 0 <= square.left < square.left + square.side <= width
            assert 250 < square.side < 1000

    def test_the_light_of_a_screen_is_subtracted(self, sample):
        picture = sample.picture(SPIRAL)
        small = np.asarray(Image.fromarray(picture).resize((150, 150), Image.Resampling.LANCZOS)).astype(float)
        frame = paste(sky(picture, 600, 600, generator()), small, 300, 300)
        brighter = np.minimum(frame, 235) + 20
        plain, found = find_galaxy(frame), find_galaxy(brighter.astype(np.uint8))
        assert found.square.side == pytest.approx(plain.square.side, rel=0.05)
        assert "sky background" in found.removed
        assert "sky background" not in plain.removed
        assert levels_apart(plain.picture, found.picture) < 3

    def test_a_ring_brighter_than_its_middle_is_measured(self):
        rows, columns = np.indices((400, 400)) - 200
        distance = np.hypot(rows, columns)
        light = 60 * np.exp(-((distance / 6) ** 2)) + 30 * (distance < 75) + 200 * np.exp(-(((distance - 65) / 4) ** 2))
        ring = np.rint(5 + light.clip(0, 250)).astype(np.uint8)[..., np.newaxis].repeat(3, axis=2)
        assert find_objects(ring)

    def test_a_galaxy_near_an_edge_is_cropped_at_scale_and_filled_with_sky(self, sample):
        picture = sample.picture(ROUND)
        frame = paste(sky(picture, 424, 424, generator()), picture.astype(float), 280, 212)
        found = find_galaxy(frame)
        assert abs(found.square.x - 280) < 12
        assert found.square.side > 300
        assert found.picture.shape == (found.square.side, found.square.side, 3)

    def test_a_chart_of_a_small_galaxy_is_cleaned_and_cropped(self, sample):
        picture = sample.picture(SPIRAL)
        small = np.asarray(Image.fromarray(picture).resize((170, 170), Image.Resampling.LANCZOS)).astype(float)
        frame = paste(sky(picture, 512, 512, generator()), small, 256, 256)
        found = find_galaxy(draw("chart (G)", frame, generator(), Pen(GREEN, 1, False)))
        assert found.removed
        assert np.hypot(found.square.x - 256, found.square.y - 256) < 10
        assert "cropped to" in found.note


def test_the_peak_of_a_nucleus_is_filled_in():
    rows, columns = np.indices((101, 101)) - 50
    light = np.rint(20 + 200 * np.exp(-(rows**2 + columns**2) / 400)).astype(np.uint8)
    picture = light[..., np.newaxis].repeat(3, axis=2)
    mask = (np.abs(rows) < 3) | (np.abs(columns) < 3)
    filled = fill(np.where(mask[..., np.newaxis], 255, picture).astype(np.uint8), mask)
    assert np.abs(filled.astype(int) - picture)[20:80, 20:80].max() <= 3


def screenshot(picture):
    """A dark screen of 800 × 600 with a galaxy at (450, 270), shown at a side of 160."""
    frame = sky(picture, 600, 800, generator())
    small = np.asarray(Image.fromarray(picture).resize((160, 160), Image.Resampling.LANCZOS)).astype(float)
    return paste(frame, small, 450, 270)


class TestScreens:
    @pytest.mark.parametrize(
        "bar",
        [
            (slice(570, 600), slice(None), 235),  # below
            (slice(0, 20), slice(None), 255),  # a status bar
            (slice(None), slice(0, 60), 90),  # a dark grey menu at the left
            (slice(360, 400), slice(240, 340), 230),  # a button near the middle
            (slice(560, 600), slice(250, 550), 255),  # a button at the edge
        ],
    )
    def test_bars_and_buttons_are_not_galaxies(self, sample, bar):
        rows, columns, grey = bar
        screen = screenshot(sample.picture(SPIRAL))
        screen[rows, columns] = grey
        square = find_galaxy(screen).square
        assert np.hypot(square.x - 450, square.y - 270) < 10
        assert square.side == pytest.approx(160 * own_scale(sample.picture(SPIRAL)), rel=0.2)

    @pytest.mark.parametrize("grey", [250, 200, 60])
    def test_a_picture_on_a_page_is_cut_out(self, sample, grey):
        page = np.full((500, 900, 3), grey, np.uint8)
        page[40:60, 100:700:3] = 20  # a line of words
        page[100:400, 300:600] = np.asarray(Image.fromarray(sample.picture(SPIRAL)).resize((300, 300)))
        found = find_galaxy(page)
        assert "page" in found.removed
        assert np.hypot(found.square.x - 450, found.square.y - 250) < 12
        assert found.square.side > 200
        assert max(found.picture[[0, -1]].max(), found.picture[:, [0, -1]].max()) < 200

    def test_a_box_drawn_around_the_galaxy_is_not_a_page(self, sample):
        marked = sample.picture(SPIRAL).copy()
        marked[100:104, 100:320] = marked[320:324, 100:324] = RED
        marked[100:324, 100:104] = marked[100:324, 320:324] = RED
        assert "page" not in find_galaxy(marked).removed


def test_a_dragged_square_is_cut_out_of_the_cleaned_picture(sample):
    picture, square = sample.picture(ROUND), Square(150, 160, 200)
    assert np.array_equal(crop_with(picture, square), cut_square(picture, square))
    marked = draw("grid", picture, generator(), Pen(WHITE, 1, False))
    assert levels_apart(cut_square(picture, square), crop_with(marked, square)) < 3


def test_the_light_of_a_screen_is_subtracted_from_a_dragged_square_as_from_the_found_one(sample):
    screen = screenshot(sample.picture(SPIRAL))
    lit = np.minimum(screen + np.array([30, 34, 40]), 255).astype(np.uint8)
    found = find_galaxy(lit)
    assert np.allclose(found.added_light, (30, 34, 40), atol=6)
    small = Square(450, 270, 60)  # within the galaxy, without sky
    dark = cut_square(screen, small)
    assert levels_apart(dark, crop_with(lit, small, found.added_light)) < 6 < levels_apart(dark, crop_with(lit, small))
    assert find_galaxy(screen).added_light == (0, 0, 0)
