"""Pictures of a place on the sky, from the first source that has one, checked before they are believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from galaxy_explorer.images import FIELD_PX, R90_PER_PIXEL, ImageError, read_image
from galaxy_explorer.sky.answers import ask
from galaxy_explorer.sky.errors import Malformed, OutsideFootprint, SkyError, Unavailable
from galaxy_explorer.sky.hosts import CUTOUT_SOURCES, CutoutSource

SMALLEST_SCALE, LARGEST_SCALE = 0.02, 10.0  # arcsec per pixel

# A frame is blank where this part of its pixels, or the middle as a whole, has one grey value: outside the footprint
# the services give black, white, or a few words on it. Of 1,500 pictures of the challenge the emptiest
# has 0.77, the next 0.52; and the grey of the flattest middle has a standard deviation of 12.
_BLANK_PART = 0.85
_FLAT_MIDDLE = 1.5


@dataclass(frozen=True)
class Cutout:
    """A picture of a place on the sky.

    Parameters
    ----------
    content : bytes
        The file as it came.
    picture : (424, 424, 3) np.ndarray of uint8
        The same in RGB.
    source : str
        The name of the service that gave it.
    scale_arcsec : float
        Arcsec per pixel.
    passed_over : tuple of str
        Why the sources before it gave none.
    stale : bool
        Whether it is an old answer, because the service gives no newer one.
    """

    content: bytes
    picture: np.ndarray
    source: str
    scale_arcsec: float
    passed_over: tuple[str, ...] = ()
    stale: bool = False


def galaxy_zoo_scale(radius_arcsec: float) -> float:
    """Give the arcsec per pixel at which Galaxy Zoo showed a galaxy.

    Parameters
    ----------
    radius_arcsec : float
        Its `petroR90_r`, which holds 90 % of the Petrosian light.

    Returns
    -------
    float
        Arcsec per pixel.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835, section 2.
    """
    return R90_PER_PIXEL * radius_arcsec


def cutout(
    ra_deg: float, dec_deg: float, scale_arcsec: float, sources: Sequence[CutoutSource] = CUTOUT_SOURCES
) -> Cutout:
    """Cut a colour picture out of the sky, asking one source after the other.

    Parameters
    ----------
    ra_deg, dec_deg : float
        The middle in degrees, J2000.
    scale_arcsec : float
        Arcsec per pixel, `SMALLEST_SCALE` to `LARGEST_SCALE`.
    sources : sequence of CutoutSource, optional
        Whom to ask, in this order.

    Returns
    -------
    Cutout
        The picture of the first source that has one.

    Raises
    ------
    OutsideFootprint
        If two sources, or the only one, have a blank frame there.
    Unavailable
        If no source gives a picture.
    ValueError
        If the scale is out of range.
    """
    if not SMALLEST_SCALE <= scale_arcsec <= LARGEST_SCALE:
        raise ValueError(f"{scale_arcsec}″ a pixel were asked for; {SMALLEST_SCALE} to {LARGEST_SCALE} can be had")
    passed_over: list[Unavailable | OutsideFootprint] = []
    for source in sources:
        try:
            question = source.parameters(ra_deg, dec_deg, scale_arcsec, FIELD_PX)
            answer = ask(source, question, partial(_believed, source.name))
        except (Unavailable, OutsideFootprint) as error:
            passed_over.append(error)
            blank = [error for error in passed_over if isinstance(error, OutsideFootprint)]
            if len(blank) == min(2, len(sources)):
                raise OutsideFootprint(
                    "SDSS has no picture of this place: it covers about a third of the sky, mostly in the north, away "
                    "from the Milky Way"
                ) from error
        else:
            content, picture = answer.value
            reasons = tuple(str(error) for error in passed_over)
            return Cutout(content, picture, source.name, scale_arcsec, reasons, answer.stale)
    raise Unavailable(f"no source gives a picture: {_all_reasons(sources, passed_over)}") from passed_over[0]


def _all_reasons(sources: Sequence[CutoutSource], failed: Sequence[SkyError]) -> str:
    """Say why each source failed; what is the same of several is said once, with all their names."""
    alike: dict[str, list[str]] = {}
    for source, error in zip(sources, failed, strict=True):
        alike.setdefault(str(error).replace(source.name, "{}"), []).append(source.name)
    return "; ".join(
        reason.replace("{}", " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names))
        for reason, names in alike.items()
    )


def _believed(source: str, content: bytes) -> tuple[bytes, np.ndarray]:
    """Decode a picture, and refuse what is none, or a blank frame. Its content type is no proof of anything."""
    try:
        picture = read_image(content)
    except ImageError as error:
        raise Malformed(f"{source} sent something that is no whole picture ({error})") from error
    if picture.shape != (FIELD_PX, FIELD_PX, 3):
        size = f"{picture.shape[1]}×{picture.shape[0]}"
        raise Malformed(f"{source} sent a picture of {size} pixels in place of {FIELD_PX}×{FIELD_PX}")
    if _is_blank(picture):
        raise OutsideFootprint(f"{source} has a blank frame there")
    return content, picture


def _is_blank(picture: np.ndarray) -> bool:
    """Tell whether nothing of the sky is on a frame, or nothing in its middle."""
    grey = picture.sum(axis=-1, dtype=np.int64)  # 0 to 765
    counts = np.bincount(grey.ravel(), minlength=766)
    part = np.convolve(counts, np.ones(5, int)).max() / grey.size  # within 2 of one value
    quarter = FIELD_PX // 4
    return bool(part >= _BLANK_PART or grey[quarter:-quarter, quarter:-quarter].std() / 3.0 < _FLAT_MIDDLE)
