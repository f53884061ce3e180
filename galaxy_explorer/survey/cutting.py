"""Cutouts: a galaxy's part of the mosaics, resampled north up and east left, as an SDSS picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.images import FIELD_PX, R90_PER_PIXEL, stretch
from galaxy_explorer.images.formats.fits_pixels import read_section
from galaxy_explorer.survey.mosaics import Mosaics, Tile
from galaxy_explorer.survey.open_files import OpenFiles
from galaxy_explorer.survey.targets import Target

KNOTS = 9  # points a side at which world coordinates are computed; between them a polynomial is exact enough
DEGREE = 3
MOST_ERROR_PX = 0.05  # of that polynomial, in pixels of the section
MARGIN = 8  # pixels around a section: what is beyond adds less than 1e-4 to a cubic spline
MOST_TILES = 6  # of a band that are joined in one cutout
MIDDLE = 3  # pixels a side that must be covered
SKY_STEP = 3  # every third row and column measures the sky: 0.01 of its noise apart, in a tenth of the time
LEAST_OVERLAP = 200  # pixels that measure a step of the sky between two tiles


class CutoutError(ValueError):
    """A galaxy without a cutout; the message says why."""


@dataclass(frozen=True)
class Cutout:
    """A galaxy's cutout.

    Parameters
    ----------
    picture : (424, 424, 3) np.ndarray of uint8
    covered : float
        Fraction of it that has values in all bands, above 0 to 1; the rest is sky.
    """

    picture: np.ndarray
    covered: float


@dataclass(frozen=True)
class Grid:
    """The pixels of a cutout on the sky, in a tangential projection around its middle."""

    centre: np.ndarray  # (3,) ICRS unit vector
    east: np.ndarray
    north: np.ndarray
    scale_arcsec: float

    def vectors(self, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return ICRS unit vectors, (N, 3), of pixels counted from the upper left."""
        middle, step = (FIELD_PX - 1) / 2, np.radians(self.scale_arcsec / 3600)
        along_east = (step * (middle - columns))[:, np.newaxis] * self.east
        towards = self.centre + along_east + (step * (middle - rows))[:, np.newaxis] * self.north
        return towards / np.linalg.norm(towards, axis=1, keepdims=True)

    @property
    def radius_rad(self) -> float:
        """Half the diagonal."""
        return float(np.radians(self.scale_arcsec / 3600) * FIELD_PX / np.sqrt(2))


def cut(target: Target, mosaics: Mosaics, files: OpenFiles) -> Cutout:
    """Cut out a galaxy in all bands, and stretch it to a picture in the look of SDSS.

    Parameters
    ----------
    target : Target
    mosaics : Mosaics
    files : OpenFiles

    Raises
    ------
    CutoutError
        If its middle is not covered in all bands.
    """
    grid = grid_of(target, mosaics)
    planes = np.stack([band_plane(grid, mosaics, band, files) for band in mosaics.bands])
    known = np.isfinite(planes).all(axis=0)
    planes[:, ~known] = np.nan
    return Cutout(stretch.to_levels(planes, SKY_STEP), float(known.mean()))


def grid_of(target: Target, mosaics: Mosaics) -> Grid:
    """Return the pixels of a galaxy's cutout: 0.02 of its Petrosian radius each."""
    ra, dec = np.radians(target.ra_deg), np.radians(target.dec_deg)
    centre = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    radius = target.radius
    if target.in_pixels:
        radius *= _pixel_scale_arcsec(Grid(centre, east, np.cross(centre, east), 1.0), mosaics)
    return Grid(centre, east, np.cross(centre, east), R90_PER_PIXEL * radius)


def _pixel_scale_arcsec(grid: Grid, mosaics: Mosaics) -> float:
    """Return the side of a mosaic's pixel at the middle of a grid of 1 arcsec a pixel."""
    band = mosaics.bands[0]
    for tile in mosaics.near(band, grid.centre, 0.0):
        scale = 1 / np.sqrt(_pixels_per_pixel(tile, grid))
        if np.isfinite(scale):
            return float(scale)
    raise CutoutError(_outside(band))


def _pixels_per_pixel(tile: Tile, grid: Grid) -> float:
    """Return the area of a cutout's middle pixel in pixels of a tile."""
    middle = (FIELD_PX - 1) / 2
    points = tile.pixels(grid.vectors(middle + np.array([-0.5, 0.5, 0, 0]), middle + np.array([0, 0, -0.5, 0.5])))
    right, down = points[:, 1] - points[:, 0], points[:, 3] - points[:, 2]
    return float(abs(right[0] * down[1] - right[1] * down[0]))


def _outside(band: str) -> str:
    return f"it is off the mosaic of band {band}"


def band_plane(grid: Grid, mosaics: Mosaics, band: str, files: OpenFiles) -> np.ndarray:
    """Return one band on a cutout's grid, (424, 424) float: flux a pixel; NaN where nothing was measured.

    The tile that covers most of it comes first, others fill what it lacks.

    Raises
    ------
    CutoutError
        If the middle has no values.
    """
    maps = [(tile, pixel_map(tile, grid)) for tile in mosaics.near(band, grid.centre, grid.radius_rad)]
    inside = [(_inside(tile, places).mean(), tile, places) for tile, places in maps]
    inside = sorted((one for one in inside if one[0] > 0), key=lambda one: -one[0])[:MOST_TILES]
    if not inside:
        raise CutoutError(_outside(band))
    plane = np.full((FIELD_PX, FIELD_PX), np.nan, np.float32)
    for _, tile, places in inside:
        part = resample(tile, grid, places, files)
        plane = part if not np.isfinite(plane).any() else _filled(plane, part)
        if np.isfinite(plane).all():
            break
    first = (FIELD_PX - MIDDLE) // 2
    middle = np.isfinite(plane[first : first + MIDDLE + 1, first : first + MIDDLE + 1])
    if not middle.all():
        at_edge = not any(_inside(tile, places)[FIELD_PX // 2, FIELD_PX // 2] for _, tile, places in inside)
        raise CutoutError(_outside(band) if at_edge else f"its middle is blank in band {band}")
    return plane


def _filled(plane: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Fill what a plane lacks by another tile, shifted to the same level of the sky."""
    known, other = np.isfinite(plane), np.isfinite(part)
    if not (other & ~known).any():
        return plane
    both = known & other
    if both.sum() >= LEAST_OVERLAP:
        step = float(np.median(plane[both] - part[both]))
    else:
        step = stretch.sky_and_noise(plane)[0] - stretch.sky_and_noise(part)[0]
    return np.where(known, plane, part + np.float32(step))


def _inside(tile: Tile, places: np.ndarray) -> np.ndarray:
    """Return which pixels of a map, (2, H, W), lie in a tile."""
    columns, rows = places
    with np.errstate(invalid="ignore"):
        return (columns >= -0.5) & (columns < tile.shape[1] - 0.5) & (rows >= -0.5) & (rows < tile.shape[0] - 0.5)


def pixel_map(tile: Tile, grid: Grid) -> np.ndarray:
    """Return where the pixels of a cutout lie in a tile: column and row, (2, 424, 424), NaN for nowhere."""
    knots = np.linspace(0, FIELD_PX - 1, KNOTS)
    columns, rows = (values.ravel() for values in np.meshgrid(knots, knots))
    at_knots = tile.pixels(grid.vectors(columns, rows)).reshape(2, KNOTS, KNOTS)
    if np.isfinite(at_knots).all():
        coefficients = _FIT @ at_knots @ _FIT.T
        wide = max(1.0, np.sqrt(_pixels_per_pixel(tile, grid)))
        if np.abs(_AT_KNOTS @ coefficients @ _AT_KNOTS.T - at_knots).max() < MOST_ERROR_PX * wide:
            return _AT_PIXELS @ coefficients @ _AT_PIXELS.T
    rows, columns = (values.ravel() for values in np.mgrid[0.0:FIELD_PX, 0.0:FIELD_PX])
    return tile.pixels(grid.vectors(columns, rows)).reshape(2, FIELD_PX, FIELD_PX)


_AT_KNOTS = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, KNOTS), DEGREE)
_AT_PIXELS = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, FIELD_PX), DEGREE)
_FIT = np.linalg.pinv(_AT_KNOTS)


def resample(tile: Tile, grid: Grid, places: np.ndarray, files: OpenFiles) -> np.ndarray:
    """Resample a tile to a cutout's pixels, (424, 424) float32: flux a pixel of the cutout; NaN if unknown.

    Small pixels are averaged first, so that no light is lost between those of the cutout; a cubic spline is between.
    """
    from scipy.ndimage import map_coordinates

    area = _pixels_per_pixel(tile, grid)
    averaging = max(1, round(np.sqrt(area))) if np.isfinite(area) else 1
    inside = _inside(tile, places)
    sections = [
        _section(values[inside], length, averaging) for values, length in zip(places, tile.shape[::-1], strict=True)
    ]
    if any(section.stop - section.start < averaging for section in sections):
        return np.full(inside.shape, np.nan, np.float32)
    columns, rows = sections
    values = read_section(files.plane(tile), rows, columns, averaging)
    _remove_fills(values)
    known = np.isfinite(values)
    if not known.any():
        return np.full(inside.shape, np.nan, np.float32)
    at = [
        (axis - section.start - (averaging - 1) / 2) / averaging for axis, section in zip(places, sections, strict=True)
    ]
    at_column, at_row = np.nan_to_num(at[0]), np.nan_to_num(at[1])
    filled = values if known.all() else np.where(known, values, np.median(values[known]))
    plane = map_coordinates(filled, (at_row, at_column), output=np.float32, order=3, mode="nearest")
    plane *= np.float32(area)
    if not known.all():
        nearest = [
            np.clip(np.rint(axis), 0, length - 1).astype(int)
            for axis, length in zip((at_row, at_column), known.shape, strict=True)
        ]
        inside = inside & known[nearest[0], nearest[1]]
    plane[~inside] = np.nan
    return plane


def _section(places: np.ndarray, length: int, averaging: int) -> slice:
    """Return the pixels along an axis that a cutout needs, a multiple of those that are averaged."""
    first = max(0, int(np.floor(places.min())) - MARGIN * averaging)
    end = min(length, int(np.ceil(places.max())) + MARGIN * averaging + 1)
    return slice(first, first + (end - first) // averaging * averaging)


def _remove_fills(values: np.ndarray) -> None:
    """Replace fill values at edges, such as 0 or -9999, by NaN."""
    if (values[:, 1:] == values[:, :-1]).mean() > stretch.LEAST_FILL[0] and np.isfinite(values).any():
        values[np.isin(values, stretch.fill_values(values))] = np.nan


def vectors_of(targets: Sequence[Target]) -> np.ndarray:
    """Return the ICRS unit vectors, (N, 3), of some galaxies."""
    ra, dec = np.radians([[target.ra_deg, target.dec_deg] for target in targets]).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
