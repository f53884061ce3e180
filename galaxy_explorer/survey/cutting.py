"""Cutouts: a galaxy's part of the mosaics, north up and east left, in the look of SDSS."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.images import FIELD_PX, R90_PER_PIXEL, stretch
from galaxy_explorer.survey.mosaics import Mosaics, Tile, unit_vectors
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
    centre, east = unit_vectors([target.ra_deg, target.ra_deg + 90], [target.dec_deg, 0.0])
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
    """Return one band on a cutout's grid, (424, 424) float: flux a pixel; NaN where unknown.

    The tile that covers most of it comes first, others fill what it lacks.

    Raises
    ------
    CutoutError
        If the middle has no values.
    """
    maps = [pixel_map(tile, grid) for tile in mosaics.near(band, grid.centre, grid.radius_rad)]
    maps = sorted((one for one in maps if one.covered > 0), key=lambda one: -one.covered)[:MOST_TILES]
    if not maps:
        raise CutoutError(_outside(band))
    plane = np.full((FIELD_PX, FIELD_PX), np.nan, np.float32)
    for one in maps:
        part = resample(one, files)
        plane = part if not np.isfinite(plane).any() else _filled(plane, part)
        if np.isfinite(plane).all():
            break
    middle = slice((FIELD_PX - MIDDLE) // 2, (FIELD_PX + MIDDLE) // 2 + 1)
    if not np.isfinite(plane[middle, middle]).all():
        is_inside = any(one.inside is None or one.inside[middle, middle].all() for one in maps)
        raise CutoutError(f"its middle is blank in band {band}" if is_inside else _outside(band))
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


@dataclass(frozen=True, eq=False)
class PixelMap:
    """Where the pixels of a cutout lie in a tile.

    Parameters
    ----------
    tile : Tile
    places : (2, 424, 424) np.ndarray
        Column and row from 0, NaN for nowhere.
    inside : (424, 424) np.ndarray of bool or None
        Which of them lie in the tile; None for all.
    pixels : float
        Area of a pixel of the cutout in pixels of the tile.
    """

    tile: Tile
    places: np.ndarray
    inside: np.ndarray | None
    pixels: float

    @property
    def covered(self) -> float:
        """Fraction of the cutout that lies in the tile."""
        return 1.0 if self.inside is None else float(self.inside.mean())


def pixel_map(tile: Tile, grid: Grid) -> PixelMap:
    """Compute where the pixels of a cutout lie in a tile."""
    knots = np.linspace(0, FIELD_PX - 1, KNOTS)
    columns, rows = (values.ravel() for values in np.meshgrid(knots, knots))
    at_knots = tile.pixels(grid.vectors(columns, rows)).reshape(2, KNOTS, KNOTS)
    area = _pixels_per_pixel(tile, grid)
    places = np.empty((2, FIELD_PX, FIELD_PX))
    coefficients = _FIT @ at_knots @ _FIT.T
    if np.abs(_AT_KNOTS @ coefficients @ _AT_KNOTS.T - at_knots).max() < MOST_ERROR_PX * max(1.0, np.sqrt(area)):
        for axis in range(2):
            np.dot(_AT_PIXELS @ coefficients[axis], _AT_PIXELS.T, out=places[axis])
    else:  # also if some are NaN
        rows, columns = (values.ravel() for values in np.mgrid[0.0:FIELD_PX, 0.0:FIELD_PX])
        places[:] = tile.pixels(grid.vectors(columns, rows)).reshape(places.shape)
    last = np.array(tile.shape[::-1])[:, np.newaxis, np.newaxis] - 0.5
    if (places.min(axis=(1, 2)) >= -0.5).all() and (places.max(axis=(1, 2)) < last[:, 0, 0]).all():
        return PixelMap(tile, places, None, area)
    inside: np.ndarray = np.logical_and(*((places >= -0.5) & (places < last)))
    return PixelMap(tile, places, inside, area)


_AT_KNOTS = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, KNOTS), DEGREE)
_AT_PIXELS = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, FIELD_PX), DEGREE)
_FIT = np.linalg.pinv(_AT_KNOTS)


def resample(of: PixelMap, files: OpenFiles) -> np.ndarray:
    """Resample a tile to (424, 424) float32: flux in a pixel of the cutout; NaN where unknown.

    Small pixels are averaged first, so that no light is lost between those of the cutout; a cubic spline is between.
    """
    from scipy.ndimage import map_coordinates

    averaging = max(1, round(np.sqrt(of.pixels))) if np.isfinite(of.pixels) else 1
    inside = np.ones(of.places.shape[1:], bool) if of.inside is None else of.inside
    used = of.places if of.inside is None else of.places[:, of.inside]
    columns, rows = (_section(*ends, averaging) for ends in zip(used, of.tile.shape[::-1], strict=True))
    unknown = np.full(inside.shape, np.nan, np.float32)
    if min(columns.stop - columns.start, rows.stop - rows.start) < averaging:
        return unknown
    values = files.section(of.tile, rows, columns, averaging)
    _remove_fills(values)
    known = np.isfinite(values)
    if not known.any():
        return unknown
    first = np.array([rows.start, columns.start]) + (averaging - 1) / 2
    at = (of.places[::-1] - first[:, np.newaxis, np.newaxis]) / averaging
    if of.inside is not None:
        np.nan_to_num(at, copy=False)
    filled = values if known.all() else np.where(known, values, np.median(values[known]))
    plane = map_coordinates(filled, at, output=np.float32, order=3, mode="nearest")
    plane *= np.float32(of.pixels)
    if not known.all():
        nearest = np.rint(at).astype(int)
        row, column = (axis.clip(0, length - 1) for axis, length in zip(nearest, known.shape, strict=True))
        inside = inside & known[row, column]
    plane[~inside] = np.nan
    return plane


def _section(places: np.ndarray, length: int, averaging: int) -> slice:
    """Return the needed pixels along an axis, a multiple of those that are averaged."""
    first = max(0, int(np.floor(places.min())) - MARGIN * averaging)
    end = min(length, int(np.ceil(places.max())) + MARGIN * averaging + 1)
    return slice(first, first + (end - first) // averaging * averaging)


def _remove_fills(values: np.ndarray) -> None:
    """Replace fill values at edges, such as 0 or -9999, by NaN."""
    if (values[:, 1:] == values[:, :-1]).mean() > stretch.LEAST_FILL[0] and np.isfinite(values).any():
        values[np.isin(values, stretch.fill_values(values))] = np.nan


def vectors_of(targets: Sequence[Target]) -> np.ndarray:
    """Return the ICRS unit vectors, (N, 3), of some galaxies."""
    return unit_vectors([target.ra_deg for target in targets], [target.dec_deg for target in targets])
