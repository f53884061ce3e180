"""Mosaics: the images of a survey by band, with their footprints on the sky."""

import bz2
import glob
import gzip
import io
import re
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from galaxy_explorer.images import FITS_ENDINGS, MIN_SIDE, ImageError, is_named, stem_of
from galaxy_explorer.images.formats.fits_bands import FILTER_KEYS, band_in, band_of, is_companion
from galaxy_explorer.images.formats.fits_cards import TABLES
from galaxy_explorer.images.formats.fits_files import HEADER_PIECE, Plane, Unit, opened, text_of, units_of, value_of
from galaxy_explorer.images.formats.fits_position import INVALID, celestial_wcs
from galaxy_explorer.survey.tables import SurveyError

BAND = "{band}"
BORDER = np.linspace(0, 1, 9)  # points on each side that outline a footprint
# Words in the name of a file that holds weights, masks and the like of another one.
_COMPANION = re.compile(
    r"weights?|wht|rms|masks?|flags?|invvar|ivar|var|err(?:or)?|unc|psf|bkg|segm?|segmentation|nexp|chi2|depth|dq|exp|"
    r"models?|resid(?:ual)?|maskbits|cov(?:erage)?"
)
_PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}  # by their first bytes
_one_at_a_time = threading.Lock()  # astropy changes the shared structures of wcslib during a call
_NAMED = 5  # files or bands in a message


@dataclass(frozen=True, eq=False)
class Tile:
    """One image of a mosaic: its place in a file and its footprint.

    Parameters
    ----------
    path : Path
    number : int
        Of the header and data unit in the file.
    shape : (int, int)
        Rows and columns.
    wcs : astropy.wcs.WCS
    rotation : (3, 3) np.ndarray
        From ICRS unit vectors to those of the frame of `wcs`.
    centre : (3,) np.ndarray
        ICRS unit vector of the footprint's middle.
    radius_rad : float
        Of a circle around it that holds the footprint.
    """

    path: Path
    number: int
    shape: tuple[int, int]
    wcs: Any
    rotation: np.ndarray
    centre: np.ndarray
    radius_rad: float

    def pixels(self, vectors: np.ndarray) -> np.ndarray:
        """Return column and row, (2, N) from 0, of ICRS unit vectors (N, 3); NaN for nowhere."""
        x, y, z = self.rotation @ vectors.T
        longitude, latitude = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
        try:
            with _one_at_a_time:
                return np.array(self.wcs.all_world2pix(longitude, latitude, 0, quiet=True))
        except INVALID:
            return np.full((2, len(vectors)), np.nan)


@dataclass(frozen=True, eq=False)
class Mosaics:
    """The tiles of each band.

    Parameters
    ----------
    bands : tuple of str
        In the order red, green, blue, or one.
    tiles : dict of str to list of Tile
        By band.
    notes : tuple of str
        What was left out.
    """

    bands: tuple[str, ...]
    tiles: dict[str, list[Tile]]
    notes: tuple[str, ...] = ()

    @cached_property
    def _outlines(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {
            band: (np.stack([tile.centre for tile in tiles]), np.array([tile.radius_rad for tile in tiles]))
            for band, tiles in self.tiles.items()
        }

    def near(self, band: str, vector: np.ndarray, radius_rad: float) -> list[Tile]:
        """Return the tiles of a band that may overlap a circle on the sky, the nearest first."""
        centres, radii = self._outlines[band]
        apart = np.arccos(np.clip(centres @ vector, -1, 1))
        within = np.flatnonzero(apart <= radii + radius_rad)
        return [self.tiles[band][number] for number in within[np.argsort(apart[within], kind="stable")]]

    def order(self, vectors: np.ndarray) -> np.ndarray:
        """Return the order, (N,), in which galaxies of one tile follow each other by their rows."""
        centres, _ = self._outlines[self.bands[0]]
        nearest = np.concatenate(
            [np.argmax(part @ centres.T, axis=1) for part in np.array_split(vectors, 1 + len(vectors) // 1000)]
        )
        return np.lexsort((vectors[:, 2], nearest))


def scan_mosaics(images: Sequence[str], bands: Sequence[str], progress: Callable[[], object] = lambda: None) -> Mosaics:
    """Read the headers of all images.

    Parameters
    ----------
    images : sequence of str
        Files, folders and patterns; ``{band}`` in one is replaced by each band.
    bands : sequence of str
        Three, red first, or one.
    progress : callable, optional
        Called after each file.

    Raises
    ------
    SurveyError
        If there are no images of a band.
    """
    tiles: dict[str, list[Tile]] = {band: [] for band in bands}
    left_out: Counter[str] = Counter()
    found: Counter[str] = Counter()
    files = 0
    for path, forced in _files(images, bands):
        files += 1
        try:
            for unit, tile in _tiles_in(path, left_out):
                band = forced or _band_of(unit, path, bands)
                found[band or band_of(unit) or "unknown"] += 1
                if band:
                    tiles[band].append(tile)
        except (ImageError, OSError) as error:
            left_out[f"{path.name}: {error}"] += 1
        progress()
    notes = tuple(f"{what}: {count:,}" if count > 1 else what for what, count in left_out.most_common())
    for band, of_band in tiles.items():
        if not of_band:
            raise SurveyError(_no_images(band, images, files, found, notes))
    return Mosaics(tuple(bands), tiles, notes)


def _no_images(band: str, images: Sequence[str], files: int, found: Counter[str], notes: Sequence[str]) -> str:
    """Return the message on a band without images."""
    what = ", ".join(f"{count:,} of band {name}" for name, count in found.most_common()) or "none with sky coordinates"
    where = ", ".join(images[:_NAMED]) + (", …" if len(images) > _NAMED else "")
    left_out = f" ({'; '.join(notes[:_NAMED])})" if notes else ""
    if not files:
        return f"there are no FITS files at {where.replace(BAND, band)}; check --images"
    return (
        f"there is no image of band {band} among the {files:,} FITS files at {where}; found: {what}{left_out}. "
        f"Name other bands with --bands, or write {BAND} in --images where the names of the files have the band"
    )


def _files(images: Sequence[str], bands: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield each FITS file once, with its band if the pattern names it."""
    seen: set[Path] = set()
    for image in images:
        for band in bands if BAND in image else ("",):
            for path in _matching(image.replace(BAND, band)):
                if path not in seen:
                    seen.add(path)
                    yield path, band


def _matching(pattern: str) -> list[Path]:
    """Return the FITS files of a path, a folder with its subfolders, or a pattern."""
    path = Path(pattern).expanduser()
    if path.is_file():
        return [path]
    inside = [path] if path.is_dir() else [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
    files: list[Path] = []
    for one in inside:
        below = sorted(one.rglob("*")) if one.is_dir() else [one]
        files += [file for file in below if is_named(file.name, *FITS_ENDINGS) and file.is_file()]
    return [file for file in files if not any(map(_COMPANION.fullmatch, _words(file)))]


def _words(path: Path) -> list[str]:
    return re.split(r"[^a-z0-9]+", stem_of(path.name).lower())


def _band_of(unit: Unit, path: Path, bands: Sequence[str]) -> str:
    """Return an image's band, by header, name or file; empty if it has another one."""
    texts = [text_of(unit.header, key).lower() for key in (*FILTER_KEYS, "EXTNAME")]
    for band in bands:
        if band.lower() in texts:
            return band
    if known := band_of(unit):
        return next((band for band in bands if band_in(band) == known), "")
    in_name = [band for band in bands if band.lower() in _words(path)]
    if len(in_name) == 1:
        return in_name[0]
    return bands[0] if len(bands) == 1 and not in_name and not any(texts[:-1]) else ""


def _tiles_in(path: Path, left_out: Counter[str]) -> Iterator[tuple[Unit, Tile]]:
    """Yield the images of a file that have sky coordinates."""
    with path.open("rb") as file, ExitStack() as stack:
        first = _first_of_packed(file)
        units = [] if first else stack.enter_context(opened(file))
        for unit in [first] if first else units_of(units)[0]:
            if len(unit.shape) != 2 or min(unit.shape) < MIN_SIDE or is_companion(unit):
                continue
            try:
                wcs = celestial_wcs(unit.header, units)
                if wcs is None:
                    raise ValueError("it has none")
                yield unit, _tile(path, unit, wcs)
            except INVALID:
                left_out["images without valid sky coordinates"] += 1


def _first_of_packed(file: BinaryIO) -> Unit | None:
    """Read the first header of a packed file, if it is that of an image.

    Unpacking a whole frame of SDSS takes a second.
    """
    from astropy.io.fits import Header

    start = file.read(3)
    file.seek(0)
    if start[:2] not in _PACKED:
        return None
    try:
        with _PACKED[start[:2]](file) as unpacked:
            header = Header.fromfile(io.BytesIO(unpacked.read(HEADER_PIECE)))
    except (OSError, EOFError, zlib.error):  # also if the header is longer: all of it is read then
        header = Header()
    file.seek(0)
    if value_of(header, "NAXIS") != 2 or any(key in header for key in TABLES):
        return None
    shape = (int(header["NAXIS2"]), int(header["NAXIS1"]))
    return Unit(0, text_of(header, "EXTNAME").lower(), shape, header, None)


def _tile(path: Path, unit: Unit, wcs: Any) -> Tile:
    """Compute the footprint of an image."""
    shape = Plane(unit).shape
    right, top = shape[1] - 1.0, shape[0] - 1.0
    sides = [np.stack([BORDER * right, np.full(9, row)]) for row in (0.0, top)]
    sides += [np.stack([np.full(9, column), BORDER * top]) for column in (0.0, right)]
    middle = unit_vectors(*wcs.all_pix2world([right / 2], [top / 2], 0))
    border = unit_vectors(*wcs.all_pix2world(*np.concatenate(sides, axis=1), 0))
    if not np.isfinite(middle).all():  # of a map of the whole sky, whose middle may still be anything
        raise ValueError("its middle is not on the sky")
    rotation = _rotation_to(wcs, middle[0])
    whole = not np.isfinite(border).all()
    radius = np.pi if whole else float(np.arccos(np.clip((border @ middle[0]).min(), -1, 1)))
    return Tile(path, unit.number, shape, wcs, rotation, rotation.T @ middle[0], radius if radius < 1 else np.pi)


def unit_vectors(longitude: Any, latitude: Any) -> np.ndarray:
    """Return unit vectors, (N, 3), of angles in degrees."""
    lon, lat = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _rotation_to(wcs: Any, middle: np.ndarray) -> np.ndarray:
    """Return the rotation from ICRS to the frame of a WCS, exact at a direction of that frame.

    FK4 is not a pure rotation, but its terms of aberration are the same all over a tile.
    """
    from astropy.coordinates import ICRS, CartesianRepresentation, SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    frame = wcs_to_celestial_frame(wcs)
    if isinstance(frame, ICRS):
        return np.eye(3)
    across = np.cross(middle, np.eye(3)[np.argmin(np.abs(middle))])
    points = np.stack([middle, middle + 0.01 * across, middle + 0.01 * np.cross(middle, across)])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    in_frame = SkyCoord(CartesianRepresentation(points.T), frame=frame)
    return _basis(points).T @ _basis(in_frame.icrs.cartesian.xyz.value.T)


def _basis(points: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis, in rows, of three directions; the first stays as it is."""
    second = np.cross(points[0], points[1])
    second /= np.linalg.norm(second)
    return np.stack([points[0] / np.linalg.norm(points[0]), second, np.cross(points[0], second)])
