"""Cutouts of mosaics whose sources, scales and orientations are known."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from fits_files import fluxes_of_levels
from mosaic_files import NOISE, field, world, write_bands, write_mosaic
from scipy.ndimage import map_coordinates

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.images import FIELD_PX
from galaxy_explorer.survey import CutoutError, Target, cut, scan_mosaics
from galaxy_explorer.survey.cutting import band_plane, grid_of
from galaxy_explorer.survey.open_files import OpenFiles, new_cache

RADIUS = 9.0  # arcsec, so that a pixel of a cutout has 0.18


def plane_of(pattern, ra=150.0, dec=2.0, radius=RADIUS, in_pixels=False):
    """One band of a cutout minus the sky, and the mosaics it is from."""
    mosaics = scan_mosaics([str(pattern)], ["r"])
    target = Target("1", ra, dec, radius, in_pixels)
    plane = band_plane(grid_of(target, mosaics), mosaics, "r", OpenFiles(new_cache()))
    return plane - np.nanmedian(plane)


def centroid(plane, reach=60):
    """Column and row of the light within some pixels of the brightest."""
    row, column = np.unravel_index(np.nanargmax(plane), plane.shape)
    rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
    light = np.where(np.hypot(rows - row, columns - column) < reach, np.nan_to_num(plane), 0)
    return (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()


def assert_in_the_middle(plane):
    assert np.allclose(centroid(plane), (FIELD_PX - 1) / 2, atol=0.5)


def write_field(path, sources=((150.0, 2.0),), side=600, flux=200_000.0, noise=NOISE, **options):
    """A mosaic of one band on disk."""
    header = world(side=side, **options)
    return write_mosaic(path, header, field(header, sources, side, flux, noise=noise))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"turned": 37.0},
        {"turned": 180.0},
        {"mirrored": True},
        {"projection": "SIN"},
        {"projection": "ZEA"},
        {"projection": "CAR"},
        {"projection": "STG", "turned": -80.0, "mirrored": True},
        {"scale": 0.1},
        {"scale": 1.5},
        {"RADESYS": "FK5", "EQUINOX": 1975.0},
    ],
)
def test_the_galaxy_is_in_the_middle(tmp_path, options):
    moved = SkyCoord(150.0, 2.0, unit="deg")
    if options.get("RADESYS"):
        moved = moved.transform_to("fk5").transform_to(SkyCoord(0, 0, unit="deg", frame="fk5", equinox="J1975"))
    in_frame = [(float(moved.data.lon.deg), float(moved.data.lat.deg))]
    path = write_field(tmp_path / "r.fits", in_frame, ra=in_frame[0][0] + 0.003, dec=in_frame[0][1] - 0.002, **options)
    assert_in_the_middle(plane_of(path))


@pytest.mark.parametrize(
    ("ra", "dec"), [(0.0001, 12.0), (359.9999, -12.0), (-0.0001, -12.0), (77.0, 89.995), (200.0, -90.0)]
)
def test_at_zero_hours_and_the_poles_the_galaxy_is_in_the_middle(tmp_path, ra, dec):
    path = write_field(tmp_path / "r.fits", [(ra, dec)], ra=0.01 if abs(dec) < 80 else 33.0, dec=dec)
    assert_in_the_middle(plane_of(path, ra, dec))


def test_a_galactic_mosaic_of_another_frame_has_it_in_the_middle(tmp_path):
    galactic = SkyCoord(150.0, 2.0, unit="deg").galactic
    header = world(galactic.l.deg, galactic.b.deg)
    header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    image = field(header, [(galactic.l.deg, galactic.b.deg)], flux=200_000.0)
    assert_in_the_middle(plane_of(write_mosaic(tmp_path / "r.fits", header, image)))


def test_polynomial_distortions_are_followed(tmp_path):
    header = world(turned=20.0)
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4, "B_0_2": -2e-4, "A_1_1": 1e-4})
    where = WCS(header).all_pix2world(480, 130, 0)
    image = field(header, [where], flux=200_000.0)
    plane = plane_of(write_mosaic(tmp_path / "r.fits", header, image), *map(float, where))
    assert_in_the_middle(plane)


@pytest.mark.parametrize("options", [{}, {"turned": 90.0}, {"turned": 130.0, "mirrored": True}])
def test_north_is_up_and_east_is_left(tmp_path, options):
    north, east = (150.0, 2.0 + 20 / 3600), (150.0 + 20 / 3600 / np.cos(np.radians(2.0)), 2.0)
    plane = plane_of(write_field(tmp_path / "r.fits", [north], **options))
    assert np.allclose(centroid(plane), (211.5, 211.5 - 20 / 0.18), atol=0.5)
    plane = plane_of(write_field(tmp_path / "r.fits", [east], **options))
    assert np.allclose(centroid(plane), (211.5 - 20 / 0.18, 211.5), atol=0.5)


@pytest.mark.parametrize("scale", [0.05, 0.13, 0.18, 0.4, 1.0])
def test_flux_is_kept_whatever_the_pixels_of_the_mosaic(tmp_path, scale):
    side = max(300, min(1500, int(90 / scale)))
    path = write_field(tmp_path / "r.fits", side=side, scale=scale, noise=0.0, flux=5000.0)
    plane = plane_of(path)
    assert np.nansum(plane) == pytest.approx(5000.0, rel=0.01)


def test_a_cutout_has_the_size_of_the_radius(tmp_path):
    path = write_field(tmp_path / "r.fits", noise=0.0)
    for radius in (6.0, 12.0):
        plane = np.clip(plane_of(path, radius=radius), 0, None)
        rows, _ = np.mgrid[0:FIELD_PX, 0:FIELD_PX]
        width = np.sqrt((plane * (rows - 211.5) ** 2).sum() / plane.sum())
        assert width == pytest.approx(4.0 / (0.02 * radius), rel=0.02)  # the source has 4 arcsec


def test_a_radius_in_pixels_is_that_of_the_mosaic(tmp_path):
    path = write_field(tmp_path / "r.fits", noise=0.0, scale=0.25)
    assert np.allclose(plane_of(path, radius=36.0, in_pixels=True), plane_of(path, radius=9.0), atol=1e-3)


def test_bands_of_different_scales_and_orientations_coincide(tmp_path):
    source = [(150.0, 2.0)]
    for band, options in (
        ("i", {"scale": 0.4}),
        ("r", {"scale": 0.2, "turned": 45.0}),
        ("g", {"scale": 0.7, "mirrored": True}),
    ):
        header = world(**options)
        write_mosaic(tmp_path / f"{band}.fits", header, field(header, source, flux=50_000.0, noise=0.0))
    mosaics = scan_mosaics([str(tmp_path / "{band}.fits")], ["i", "r", "g"])
    grid = grid_of(Target("1", 150.0, 2.0, RADIUS), mosaics)
    planes = [band_plane(grid, mosaics, band, OpenFiles(new_cache())) for band in "irg"]
    light = np.stack([plane - np.median(plane) for plane in planes])
    assert np.abs(light[1:] - light[0]).max() < 0.02 * light[0].max()


def test_colours_follow_the_bands(tmp_path):
    pattern = write_bands(tmp_path, [(150.0, 2.0)])
    mosaics = scan_mosaics([pattern], ["i", "r", "g"])
    cutout = cut(Target("1", 150.0, 2.0, RADIUS), mosaics, OpenFiles(new_cache()))
    red, green, blue = cutout.picture[205:219, 205:219].mean(axis=(0, 1))
    assert red > 1.2 * green > 1.2 * 1.2 * blue > 50
    assert cutout.covered == 1
    sky = cutout.picture[:60, :60]
    assert 1.5 < sky.mean() < 5  # the sky of SDSS pictures: a noise of 3 levels around level 3
    grey = cut(
        Target("1", 150.0, 2.0, RADIUS), scan_mosaics([pattern.format(band="r")], ["r"]), OpenFiles(new_cache())
    ).picture
    assert (grey[..., 0] == grey[..., 2]).all()


def test_tile_compressed_mosaics_give_the_same(tmp_path):
    header = world()
    image = field(header, [(150.0, 2.0)], flux=200_000.0)
    expected = plane_of(write_mosaic(tmp_path / "r.fits", header, image))
    for method, options in (("GZIP_2", {"tile_shape": (100, 100)}), ("RICE_1", {"quantize_level": 64})):
        found = plane_of(write_mosaic(tmp_path / "packed_r.fits", header, image, method, **options))
        assert np.abs(found - expected).max() < 0.05


def test_integers_with_a_zero_point_and_blanks_are_read(tmp_path):
    header = world()
    image = field(header, [(150.0, 2.0)], flux=200_000.0)
    stored = np.rint(image * 4 - 200).astype(np.int32)
    stored[:, :10] = -(2**31)
    unit = fits.PrimaryHDU(stored, header)
    unit.header.update({"BSCALE": 0.25, "BZERO": 50.0, "BLANK": -(2**31)})
    with fits.open(write_mosaic(tmp_path / "r.fits", header, image)) as units:
        expected = plane_of(units.filename())
    fits.HDUList([unit]).writeto(tmp_path / "integers_r.fits", output_verify="ignore")
    assert np.abs(plane_of(tmp_path / "integers_r.fits") - expected).max() < 0.3


class TestEdges:
    """Galaxies where the mosaic ends, or has holes."""

    def cutout(self, path, ra=150.0, dec=2.0):
        return cut(Target("1", ra, dec, RADIUS), scan_mosaics([str(path)], ["r"]), OpenFiles(new_cache()))

    def test_what_is_beyond_the_edge_is_sky(self, tmp_path):
        edge = 150.0 - 115 / 3600  # five arcsec from the western edge
        cutout = self.cutout(write_field(tmp_path / "r.fits", [(edge, 2.0)]), edge)
        assert cutout.covered == pytest.approx(0.5 + 5 / 76.3, abs=0.01)
        assert np.ptp(cutout.picture[:, 260:]) == 0
        assert cutout.picture[0, -1, 0] == pytest.approx(3, abs=2)
        assert cutout.picture[205:219, 205:219].min() > 100

    def test_a_galaxy_off_the_mosaic_is_an_error(self, tmp_path):
        path = write_field(tmp_path / "r.fits")
        with pytest.raises(CutoutError, match="off the mosaic of band r"):
            self.cutout(path, 150.0 - 125 / 3600)
        with pytest.raises(CutoutError, match="off the mosaic of band r"):
            self.cutout(path, 330.0, -2.0)  # on the other side of the sky

    def test_blank_pixels_are_sky_and_counted(self, tmp_path):
        header = world()
        image = field(header, [(150.0, 2.0)], flux=200_000.0)
        image[200:280, 200:280] = np.nan
        image[:, 350:] = -9999.0
        cutout = self.cutout(write_mosaic(tmp_path / "r.fits", header, image))
        assert 0.4 < cutout.covered < 0.7
        assert np.isin(cutout.picture[:, 350:], (3, 4)).all()

    def test_a_blank_middle_is_an_error(self, tmp_path):
        header = world()
        image = field(header, [(150.0, 2.0)])
        image[290:310, 290:310] = np.nan
        with pytest.raises(CutoutError, match="its middle is blank in band r"):
            self.cutout(write_mosaic(tmp_path / "r.fits", header, image))

    def test_the_next_tile_fills_what_the_first_one_lacks(self, tmp_path):
        for number, offset in enumerate((-0.02, 0.02)):
            header = world(ra=150.0 + offset, side=400)
            image = field(header, [(150.0, 2.0)], 400, flux=200_000.0, seed=number) + 100 * number  # another sky
            write_mosaic(tmp_path / f"tile{number}_r.fits", header, image)
        cutout = self.cutout(tmp_path, 150.0 - 0.001)
        assert cutout.covered == 1
        assert cutout.picture[:40].mean() < 6
        assert np.abs(cutout.picture[:40, :200].mean() - cutout.picture[:40, 220:].mean()) < 1


def test_a_picture_of_sdss_comes_back_from_its_fluxes(tmp_path):
    """A sample galaxy, converted to fluxes, in mosaics that are rotated on the sky."""
    picture = open_catalogue("sample").picture("587736542560715163")
    radius = 20.0  # arcsec, so that a pixel has as many as those of the mosaics
    header = world(side=620, scale=0.4, turned=30.0)
    rows, columns = np.mgrid[0:620, 0:620]
    sky = WCS(header).all_pix2world(columns.ravel(), rows.ravel(), 0)
    places = WCS(world(side=FIELD_PX, scale=0.4)).all_world2pix(*sky, 0)[::-1]
    for band, fluxes in zip("irg", fluxes_of_levels(picture), strict=True):
        image = map_coordinates(fluxes, places, order=3, cval=np.nan).reshape(620, 620)
        write_mosaic(tmp_path / f"{band}.fits", header, (500 + 0.01 * image).astype(np.float32))
    mosaics = scan_mosaics([str(tmp_path / "{band}.fits")], ["i", "r", "g"])
    found = cut(Target("1", 150.0, 2.0, radius), mosaics, OpenFiles(new_cache())).picture
    assert np.abs(found.astype(float) - picture).mean() < 4
    assert np.corrcoef(found.ravel(), picture.ravel())[0, 1] > 0.97
