"""Which images are the tiles of a band, and what is read of them."""

import bz2
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from mosaic_files import field, world, write_mosaic

from galaxy_explorer.images import ImageError
from galaxy_explorer.images.formats.fits_files import opened
from galaxy_explorer.images.formats.fits_pixels import read_section
from galaxy_explorer.survey import SurveyError, Target, cut, open_files, scan_mosaics
from galaxy_explorer.survey import mosaics as mosaics_module
from galaxy_explorer.survey.cutting import band_plane, grid_of, vectors_of
from galaxy_explorer.survey.open_files import BLOCK_ROWS, MOST_OPEN, WIDE, OpenFiles, new_cache

SOURCE = [(150.0, 2.0)]
BANDS = ("i", "r", "g")


def tile(path, ra=150.0, dec=2.0, **cards):
    """A small tile on disk."""
    header = world(ra, dec, side=200, **cards)
    return write_mosaic(path, header, field(header, [(ra, dec)], 200))


def files_of(mosaics):
    """Names of the files of each band."""
    return {band: [one.path.name for one in tiles] for band, tiles in mosaics.tiles.items()}


class TestBands:
    """How the band of an image is found."""

    def test_by_the_place_in_the_names(self, tmp_path):
        for band in BANDS:
            tile(tmp_path / f"field{band}.fits")
        mosaics = scan_mosaics([str(tmp_path / "field{band}.fits")], BANDS)
        assert files_of(mosaics) == {band: [f"field{band}.fits"] for band in BANDS}

    def test_by_headers_in_a_folder_and_its_subfolders(self, tmp_path):
        (tmp_path / "deep").mkdir()
        tile(tmp_path / "a.fits", FILTER="SDSS i")
        tile(tmp_path / "deep" / "b.fits", FILTER="r.MP9601")
        tile(tmp_path / "c.fits.fz", BAND="g")
        tile(tmp_path / "d.fits", FILTER="u")
        assert files_of(scan_mosaics([str(tmp_path)], BANDS)) == {"i": ["a.fits"], "r": ["b.fits"], "g": ["c.fits.fz"]}

    def test_by_the_names_of_files_as_of_sdss(self, tmp_path):
        for band in BANDS:
            tile(tmp_path / f"frame-{band}-004207-3-0176.fits")
        found = files_of(scan_mosaics([str(tmp_path)], BANDS))
        assert found == {band: [f"frame-{band}-004207-3-0176.fits"] for band in BANDS}

    def test_by_the_names_of_extensions(self, tmp_path):
        units = [fits.PrimaryHDU()]
        for band in BANDS:
            header = world(side=200)
            units.append(fits.ImageHDU(field(header, SOURCE, 200), header, name=band))
            units.append(fits.ImageHDU(np.ones((200, 200), np.float32), header, name=f"WHT_{band}"))
        fits.HDUList(units).writeto(tmp_path / "all.fits")
        mosaics = scan_mosaics([str(tmp_path / "all.fits")], BANDS)
        assert [mosaics.tiles[band][0].number for band in BANDS] == [1, 3, 5]
        assert [len(tiles) for tiles in mosaics.tiles.values()] == [1, 1, 1]

    def test_filters_of_space_telescopes_are_taken_as_they_are_written(self, tmp_path):
        bands = ("F160W", "f814w", "F606W")
        for band in bands:
            tile(tmp_path / f"{band}.fits", FILTER=band.upper())
        assert files_of(scan_mosaics([str(tmp_path)], bands)) == {band: [f"{band}.fits"] for band in bands}

    def test_one_band_needs_no_name(self, tmp_path):
        tile(tmp_path / "mosaic.fits")
        assert files_of(scan_mosaics([str(tmp_path)], ["r"])) == {"r": ["mosaic.fits"]}

    def test_weights_and_masks_are_not_images(self, tmp_path):
        for name in ("r.fits", "r.weight.fits", "r_mask.fits", "r-rms.fits"):
            tile(tmp_path / name)
        assert files_of(scan_mosaics([str(tmp_path)], ["r"])) == {"r": ["r.fits"]}

    def test_a_band_without_images_names_what_was_found(self, tmp_path):
        tile(tmp_path / "a_i.fits")
        tile(tmp_path / "a_z.fits", FILTER="z")
        (tmp_path / "b.fits").write_bytes(b"SIMPLE  =                    T" + b" " * 3000)
        with pytest.raises(SurveyError, match=r"no image of band r among the 3 FITS files .* 1 of band i, 1 of band z"):
            scan_mosaics([str(tmp_path)], BANDS)
        with pytest.raises(SurveyError, match=r"no FITS files at .*nothing-i"):
            scan_mosaics([str(tmp_path / "nothing-{band}.fits")], BANDS)

    def test_images_without_coordinates_are_counted(self, tmp_path):
        tile(tmp_path / "a_r.fits")
        fits.PrimaryHDU(np.ones((100, 100), np.float32)).writeto(tmp_path / "b_r.fits")
        assert scan_mosaics([str(tmp_path)], ["r"]).notes == ("images without valid sky coordinates",)


def test_of_many_tiles_the_one_around_the_galaxy_is_read(tmp_path):
    positions = [(150.0 + 0.02 * column, 2.0 + 0.02 * row) for row in range(3) for column in range(3)]
    for number, (ra, dec) in enumerate(positions):
        tile(tmp_path / f"tile{number}_r.fits", ra, dec)
    mosaics = scan_mosaics([str(tmp_path)], ["r"])
    read = []

    class Files(OpenFiles):
        def plane(self, tile):
            read.append(tile.path.name)
            return super().plane(tile)

    for number, (ra, dec) in enumerate(positions):
        read.clear()
        assert cut(Target("1", ra, dec, 6.0), mosaics, Files(new_cache())).picture[206:218, 206:218].min() > 50
        assert read[0] == f"tile{number}_r.fits"
    order = mosaics.order(vectors_of([Target("1", ra, dec, 6.0) for ra, dec in positions[::-1]]))
    assert order.tolist() == list(range(9))[::-1]


def opened_if_plain(file):
    """Open a file that is not packed."""
    assert file.read(2) == b"SI"
    file.seek(0)
    return opened(file)


def test_packed_files_are_unpacked_and_few_stay_open(tmp_path, monkeypatch):
    path = tile(tmp_path / "frame-r-1.fits")
    packed = tmp_path / "frame-r-1.fits.bz2"
    packed.write_bytes(bz2.compress(path.read_bytes()))
    path.unlink()
    for number in range(2 * MOST_OPEN):
        tile(tmp_path / f"other{number}_r.fits", 160.0 + number)
    with monkeypatch.context() as patched:
        patched.setattr(mosaics_module, "opened", opened_if_plain)
        mosaics = scan_mosaics([str(tmp_path)], ["r"])  # the header of the packed one alone
    files = OpenFiles(new_cache())
    for target in (Target("1", 150.0, 2.0, 6.0), *(Target("2", 160.0 + n, 2.0, 6.0) for n in range(2 * MOST_OPEN))):
        assert cut(target, mosaics, files).covered == 1
        assert len(files._open) <= MOST_OPEN


def test_of_a_huge_mosaic_only_parts_are_in_memory(tmp_path):
    """30,000 pixels a side are 3.6 GB, which are sparse on the disk."""
    side, small = 30_000, 400
    cards = world(side=side)
    ordered = {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": side, "NAXIS2": side}
    header = fits.Header([*ordered.items(), *cards.items()]).tostring().encode()
    part = field(world(side=small), SOURCE, small).astype(">f4")
    first = (side - small) // 2
    with (tmp_path / "r.fits").open("wb") as file:
        file.write(header)
        for row in range(small):
            file.seek(len(header) + 4 * ((first + row) * side + first))
            file.write(part[row].tobytes())
        file.truncate(len(header) + -(-4 * side**2 // 2880) * 2880)
    mosaics, files = scan_mosaics([str(tmp_path)], ["r"]), OpenFiles(new_cache())
    grid = grid_of(Target("1", 150.0, 2.0, 9.0), mosaics)
    tracemalloc.start()
    plane = band_plane(grid, mosaics, "r", files)
    cut(Target("1", 150.0, 2.0, 100.0), mosaics, files)  # 4.5 million pixels, averaged
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.unravel_index(np.argmax(plane), plane.shape) == (pytest.approx(211.5, abs=6), pytest.approx(211.5, abs=6))
    assert peak < 100e6


def test_rows_of_a_compressed_mosaic_are_unpacked_once_for_all_its_galaxies(tmp_path, monkeypatch):
    header = world(side=WIDE)
    image = field(header, SOURCE, WIDE)
    write_mosaic(tmp_path / "r.fits.fz", header, image, "GZIP_2")  # tiles are rows by default
    write_mosaic(tmp_path / "r.fits", header, image)
    read = []

    def recorded(plane, rows, *others):
        read.append(rows)
        return read_section(plane, rows, *others)

    monkeypatch.setattr(open_files, "read_section", recorded)
    galaxies = [Target("1", 150.0, 2.0 + offset / 3600, 9.0) for offset in (0.0, 10.0, 20.0)]
    packed, plain = (scan_mosaics([str(tmp_path / name)], ["r"]) for name in ("r.fits.fz", "r.fits"))
    files = OpenFiles(new_cache())
    pictures = [cut(one, packed, files).picture for one in galaxies]
    assert len(read) == len({(rows.start, rows.stop) for rows in read}) <= 6
    assert {rows.stop - rows.start for rows in read} == {BLOCK_ROWS}
    for one, picture in zip(galaxies, pictures, strict=True):
        expected = cut(one, plain, files).picture.astype(int)
        assert np.abs(picture - expected).max() <= 1


@pytest.mark.parametrize("compression", [None, "RICE_1"])
def test_a_mosaic_that_is_cut_short_fails_where_it_is_read(tmp_path, compression):
    header = world(side=WIDE)
    path = write_mosaic(tmp_path / "r.fits", header, field(header, SOURCE, WIDE), compression)
    mosaics = scan_mosaics([str(path)], ["r"])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(ImageError, match=r"r.fits cannot be read .* fetch or save it again"):
        cut(Target("1", 150.0, 2.0 + 150 / 3600, 4.0), mosaics, OpenFiles(new_cache()))
