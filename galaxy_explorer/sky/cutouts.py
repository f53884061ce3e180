"""Cutouts: survey images of a position, checked, from the first source that has one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from galaxy_explorer.images import FIELD_PX, R90_PER_PIXEL, ImageError, read_image
from galaxy_explorer.sky.errors import InvalidResponse, OutsideFootprint, ServiceError, SkyError
from galaxy_explorer.sky.response_cache import fetch_cached
from galaxy_explorer.sky.services import CUTOUT_SOURCES, CutoutSource

MIN_SCALE_ARCSEC, MAX_SCALE_ARCSEC = 0.02, 10.0  # per pixel

# A frame is blank if this fraction of its pixels has one grey value, or its middle is flat: outside the footprint the
# services send black, white, or a few words on it. Of 1,500 pictures of the challenge the emptiest has 0.77, the next
# 0.52; the grey of the flattest middle has a standard deviation of 12.
_BLANK_FRACTION = 0.85
_FLAT_MIDDLE = 1.5


@dataclass(frozen=True)
class Cutout:
    """Survey image of a position.

    Parameters
    ----------
    content : bytes
        The image file as received.
    picture : (424, 424, 3) np.ndarray of uint8
        The decoded image, RGB.
    source : str
        Name of the service.
    scale_arcsec : float
        Arcsec per pixel.
    failures : tuple of str
        Why the sources before it gave none.
    stale : bool
        Whether it is an expired response from the cache, because the service is unavailable.
    """

    content: bytes
    picture: np.ndarray
    source: str
    scale_arcsec: float
    failures: tuple[str, ...] = ()
    stale: bool = False


def galaxy_zoo_scale(radius_arcsec: float) -> float:
    """Return the arcsec per pixel at which Galaxy Zoo showed a galaxy.

    Parameters
    ----------
    radius_arcsec : float
        Petrosian radius `petroR90_r`, with 90 % of the Petrosian light.

    Returns
    -------
    float

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835, section 2.
    """
    return R90_PER_PIXEL * radius_arcsec


def cutout(
    ra_deg: float, dec_deg: float, scale_arcsec: float, sources: Sequence[CutoutSource] = CUTOUT_SOURCES
) -> Cutout:
    """Fetch a colour cutout of 424×424 pixels; try the sources in order.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre in degrees, J2000.
    scale_arcsec : float
        Arcsec per pixel, `MIN_SCALE_ARCSEC` to `MAX_SCALE_ARCSEC`.
    sources : sequence of CutoutSource, optional

    Returns
    -------
    Cutout

    Raises
    ------
    OutsideFootprint
        If two sources, or the only one, have a blank frame there.
    ServiceError
        If no source gives a cutout.
    ValueError
        If the scale is out of range.
    """
    if not MIN_SCALE_ARCSEC <= scale_arcsec <= MAX_SCALE_ARCSEC:
        raise ValueError(f"the scale is {scale_arcsec}″ per pixel; expected {MIN_SCALE_ARCSEC} to {MAX_SCALE_ARCSEC}")
    failures: list[SkyError] = []
    for source in sources:
        try:
            query = source.parameters(ra_deg, dec_deg, scale_arcsec, FIELD_PX)
            response = fetch_cached(source, query, partial(_parse, source.name))
        except (ServiceError, OutsideFootprint) as error:
            failures.append(error)
            blank = sum(isinstance(error, OutsideFootprint) for error in failures)
            if blank == min(2, len(sources)):
                raise OutsideFootprint(
                    "SDSS has no image of this position: its footprint is about a third of the sky, mostly in the "
                    "north, away from the Milky Way"
                ) from error
        else:
            content, picture = response.value
            reasons = tuple(str(error) for error in failures)
            return Cutout(content, picture, source.name, scale_arcsec, reasons, response.stale)
    raise ServiceError(f"no source gives a picture: {_summary(sources, failures)}") from failures[0]


def _summary(sources: Sequence[CutoutSource], failures: Sequence[SkyError]) -> str:
    """Return why each source failed; sources with the same reason are named together."""
    names_by_reason: dict[str, list[str]] = {}
    for source, error in zip(sources, failures, strict=True):
        names_by_reason.setdefault(str(error).replace(source.name, "{}"), []).append(source.name)
    return "; ".join(
        reason.replace("{}", " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names))
        for reason, names in names_by_reason.items()
    )


def _parse(source: str, content: bytes) -> tuple[bytes, np.ndarray]:
    """Return content and decoded image; raise if it is not an image of the right size, or blank."""
    try:
        picture = read_image(content)
    except ImageError as error:
        raise InvalidResponse(f"{source} sent something that is not a complete picture ({error})") from error
    if picture.shape != (FIELD_PX, FIELD_PX, 3):
        size = f"{picture.shape[1]}×{picture.shape[0]}"
        raise InvalidResponse(f"{source} sent a picture of {size} pixels, expected {FIELD_PX}×{FIELD_PX}")
    if is_blank(picture):
        raise OutsideFootprint(f"{source} has a blank frame there")
    return content, picture


def is_blank(picture: np.ndarray) -> bool:
    """Return whether a frame, or its middle, shows nothing of the sky."""
    grey = picture.sum(axis=-1, dtype=np.int64)  # 0 to 765
    counts = np.bincount(grey.ravel(), minlength=766)
    fraction = np.convolve(counts, np.ones(5, int)).max() / grey.size  # within 2 of one value
    quarter = FIELD_PX // 4
    return bool(fraction >= _BLANK_FRACTION or grey[quarter:-quarter, quarter:-quarter].std() / 3.0 < _FLAT_MIDDLE)
