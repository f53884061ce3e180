"""JPEG segments, scans and fill bytes, PNG chunks and texts: what is decoded stays within bounds."""

import io
import resource
import struct
import threading
import zlib

import numpy as np
import pytest
from picture_files import encoded, png_chunk, refusal
from PIL import Image, PngImagePlugin

from galaxy_explorer.images import ImageError, read_exposure, read_image, reading
from galaxy_explorer.images.formats import segments

SCAN = b"\xff\xda"


def cpu_seconds():
    """The CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def with_scans(content, count):
    """A progressive JPEG file whose last scan is there so many times more."""
    last = content.rindex(SCAN)
    return content[:last] + content[last:-2] * (count + 1) + content[-2:]


@pytest.fixture(scope="module")
def jpeg(picture):
    return encoded(picture, "JPEG", quality=95)


class TestJpegs:
    def test_scans_are_counted(self, jpeg, picture):
        assert segments.check_jpeg(jpeg) == 1
        progressive = encoded(picture, "JPEG", progressive=True)
        assert segments.check_jpeg(progressive) == progressive.count(SCAN) > 3
        assert segments.check_jpeg(with_scans(progressive, 50)) == progressive.count(SCAN) + 50

    def test_what_lies_in_segments_or_behind_the_end_is_not_a_scan(self, jpeg):
        thumbnail = b"\xff\xe1" + struct.pack(">H", 402) + SCAN * 200
        movie = SCAN * 500
        content = jpeg[:2] + thumbnail + jpeg[2:] + movie
        assert segments.check_jpeg(content) == 1
        np.testing.assert_array_equal(read_image(content), read_image(jpeg))

    def test_repeated_scans_of_a_large_picture_are_refused_before_decoding(self):
        progressive = encoded(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True, quality=1)
        content = with_scans(progressive, 800)
        before = cpu_seconds()
        assert "scans of 4,000×4,000 pixels, more than are decoded" in refusal(content)
        assert cpu_seconds() - before < 1

    def test_some_more_scans_of_a_small_one_are_read(self, picture):
        progressive = encoded(picture, "JPEG", progressive=True)
        assert read_image(with_scans(progressive, 100)).shape == picture.shape

    def test_a_large_progressive_picture_is_read_at_half_its_size_with_a_note(self, monkeypatch, draw_galaxy):
        monkeypatch.setattr(reading, "MAX_PIXELS", 10_000)
        picture = draw_galaxy(1, 90, 100)
        half = read_exposure(encoded(picture, "JPEG", progressive=True))
        assert half.picture.shape == (45, 50, 3)
        assert half.notes == ("its 100×90 pixels were averaged 2 by 2",)
        assert read_exposure(encoded(picture, "JPEG")).picture.shape == picture.shape
        assert "more than" in refusal(encoded(draw_galaxy(1, 110, 110), "JPEG", progressive=True))

    @pytest.mark.parametrize("fill", [b"\xff", b"\0", b"\xff\xd8", b"\xff\xd0", b"\xff\xfe\0\2"])
    def test_megabytes_between_segments_are_refused_at_once(self, jpeg, fill):
        content = jpeg[:2] + fill * (20_000_000 // len(fill)) + jpeg[2:]
        before = cpu_seconds()
        for start in (content, content[: 3 + 10_000_000], b"\xff\xd8\xff" + content[2 : 2 + 10_000_000]):
            with pytest.raises(ImageError):
                read_image(start)
        assert cpu_seconds() - before < 3

    def test_some_fill_bytes_are_read(self, jpeg):
        content = jpeg[:2] + b"\xff" * 5000 + jpeg[2:]
        np.testing.assert_array_equal(read_image(content), read_image(jpeg))

    def test_twelve_bits_are_refused_as_sound(self, jpeg):
        frame = jpeg.index(b"\xff\xc0") + 4
        assert "is sound, but has 12 bits per colour" in refusal(jpeg[:frame] + b"\x0c" + jpeg[frame + 1 :])

    @pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
    def test_files_that_are_held_as_a_whole_are_bounded(self, monkeypatch, picture, form):
        content = encoded(picture, form)
        monkeypatch.setattr(reading, "MAX_FILE_BYTES", len(content) - 1)
        assert "MiB: cut out the galaxy, or save it smaller" in refusal(content)
        monkeypatch.setattr(reading, "MAX_FILE_BYTES", len(content))
        assert read_image(content).shape == picture.shape


class TestPngs:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("kind", ["zTXt", "iTXt", "tEXt", "many", "profile", "bad"])
    def test_texts_and_profiles_of_any_size_do_not_matter(self, picture, kind, after):
        notes, long = PngImagePlugin.PngInfo(), b"step " * 400_000
        chunk = {
            "zTXt": (b"zTXt", b"history\0\0" + zlib.compress(long)),
            "iTXt": (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(long)),
            "tEXt": (b"tEXt", b"history\0" + long),
            "many": (b"zTXt", b"history\0\0" + zlib.compress(bytes(1_000_000))),
            "profile": (b"iCCP", b"history\0\0" + zlib.compress(bytes(2_000_000))),
            "bad": (b"zTXt", b"history\0\7" + zlib.compress(long)),
        }[kind]
        for _ in range(70 if kind == "many" else 1):
            notes.add(*chunk, after_idat=after)
        np.testing.assert_array_equal(read_image(encoded(picture, "PNG", pnginfo=notes)), picture)

    def test_without_texts_orientation_and_transparency_are_kept(self, picture):
        notes = PngImagePlugin.PngInfo()
        notes.add_text("history", "step " * 400_000, zip=True)
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif, "transparency": tuple(int(level) for level in picture[0, 0])}
        plain = read_image(encoded(picture, "PNG", **options))
        np.testing.assert_array_equal(read_image(encoded(picture, "PNG", pnginfo=notes, **options)), plain)

    def test_a_text_does_not_hide_that_a_picture_is_damaged(self, picture):
        notes = PngImagePlugin.PngInfo()
        notes.add_text("history", "step " * 400_000, zip=True)
        content = encoded(picture, "PNG", pnginfo=notes)
        assert "damaged or cut short" in refusal(content[: len(content) // 2 + 3000])

    @pytest.mark.parametrize("chunk", [(b"prVt", b""), (b"tEXt", b"a\0b"), (b"IDAT", b"")])
    def test_too_many_chunks_are_refused(self, picture, chunk):
        content = encoded(picture, "PNG")
        place = content.index(b"IDAT") - 4
        many = content[:place] + png_chunk(*chunk) * 200_000 + content[place:]
        before = cpu_seconds()
        assert "more than 100,000 chunks" in refusal(many)
        assert cpu_seconds() - before < 2

    def test_sixteen_bits_of_which_twelve_are_used_have_a_note(self, picture):
        dark, bright = picture[..., 0].astype(np.uint16) * 16, picture[..., 0].astype(np.uint16) * 257
        assert "% of their range, so that it is dark" in read_exposure(encoded(dark, "PNG")).notes[0]
        assert len(read_exposure(encoded(bright, "PNG")).notes) == 1


def test_one_large_picture_is_decoded_at_a_time(monkeypatch, picture):
    monkeypatch.setattr(reading, "LARGE_PIXELS", 1000)
    contents = [encoded(picture, form) for form in ("JPEG", "PNG", "WEBP", "TIFF")] + [
        encoded(picture[..., 0].astype(np.float32), "TIFF")
    ]
    small = encoded(picture[:20, :20], "PNG")
    for content in contents:
        done = threading.Event()
        thread = threading.Thread(target=lambda content=content, done=done: (read_image(content), done.set()))
        with reading._one_large_picture:
            thread.start()
            assert read_image(small).shape == (20, 20, 3)  # does not wait
            assert not done.wait(0.05)
        thread.join()
        assert done.is_set()


@pytest.mark.parametrize("suffix", ["avif", "png"])
def test_a_path_and_bytes_read_alike_whatever_the_name(picture, tmp_path, suffix):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "AVIF", quality=95)
    path = tmp_path / f"galaxy.{suffix}"
    path.write_bytes(file.getvalue())
    np.testing.assert_array_equal(read_image(path), read_image(file.getvalue()))
