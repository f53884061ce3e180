"""Changes of a picture: geometry, light, blur, noise, covered parts."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from galaxy_explorer.images.centring import FIELD_PX
from galaxy_explorer.images.exposure import check_picture
from galaxy_explorer.images.filling import fill

EDGE = 16  # 1/EDGE of the picture on each side is taken as sky
FWHM_PER_SIGMA = 2.3548  # of a Gaussian: 2 sqrt(2 ln 2)
SIGMA_PER_MAD = 1.4826  # of a normal distribution
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
SEED = 0  # of the noise: the same changes give the same picture


class Spot(NamedTuple):
    """A covered disk, in fractions of the picture's width, height and shorter side."""

    x: float
    y: float
    radius: float


class Change(NamedTuple):
    """How a slider changes a field of `PictureChanges`."""

    label: str
    unit: str
    low: float
    high: float
    step: float
    default: float
    help: str


CHANGES = {
    "rotation": Change("Rotation", "°", -180, 180, 5, 0, "Turns the picture; a galaxy has no up and down."),
    "zoom": Change("Zoom", "×", 0.4, 2.5, 0.05, 1, "Below 1 the galaxy looks further away."),
    "brightness": Change("Brightness", "%", 10, 200, 5, 100, "Scales the light above the sky."),
    "blur": Change("Blur", "px", 0, 20, 0.5, 0, "FWHM of a Gaussian, in pixels of the 424 that volunteers saw."),
    "noise": Change("Noise", "levels", 0, 60, 1, 0, "Standard deviation of the added noise, of 255 grey levels."),
    "grey": Change("Grey", "%", 0, 100, 5, 0, "At 100 % no colour is left."),
}
COVERS = ("surroundings", "sky")


@dataclass(frozen=True)
class PictureChanges:
    """Changes of a picture, in the order in which they are made.

    Parameters
    ----------
    rotation : float
        In degrees, counter-clockwise.
    zoom : float
        Enlargement about the centre.
    covered : tuple of Spot
        Disks on the rotated and zoomed picture.
    cover : str
        What replaces them: ``surroundings`` continues the pixels around them, ``sky`` is the sky with its noise.
    blur : float
        Full width at half maximum of a Gaussian, in pixels of the 424 of the whole field of view.
    brightness : float
        Light above the sky, in per cent of the original.
    noise : float
        Standard deviation of the added normal noise in grey levels, independent by pixel and channel.
    grey : float
        How much of the colour is removed, in per cent.
    """

    rotation: float = 0.0
    zoom: float = 1.0
    brightness: float = 100.0
    blur: float = 0.0
    noise: float = 0.0
    grey: float = 0.0
    covered: tuple[Spot, ...] = ()
    cover: str = "surroundings"


def change_picture(picture: np.ndarray, changes: PictureChanges) -> np.ndarray:
    """Change a picture.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    changes : PictureChanges
        What to change. Nothing is random: the noise has a fixed seed.

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
        The picture itself if nothing changes.

    Raises
    ------
    ValueError
        If the picture is not (H, W, 3) uint8, or the zoom is not above 0.
    """
    check_picture(picture)
    if not changes.zoom > 0:
        raise ValueError(f"a zoom of {changes.zoom} was given; it must be above 0")
    rng = np.random.default_rng(SEED)
    sky, sky_noise = sky_of(picture)
    if changes.rotation % 360 or changes.zoom != 1:
        picture = _turn_and_zoom(picture, changes, sky, sky_noise, rng)
    if changes.covered:
        mask = covered_pixels(changes.covered, picture.shape[:2])
        picture = (
            fill(picture, mask) if changes.cover == "surroundings" else _covered(picture, mask, sky, sky_noise, rng)
        )
    if changes.blur:
        scale = min(picture.shape[:2]) / FIELD_PX
        blur = ImageFilter.GaussianBlur(changes.blur * scale / FWHM_PER_SIGMA)
        picture = np.array(Image.fromarray(picture).filter(blur))
    return _change_light(picture, changes, sky, rng)


def _change_light(
    picture: np.ndarray, changes: PictureChanges, sky: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Change brightness, noise and colour."""
    if changes.brightness == 100 and not changes.noise and not changes.grey:
        return picture
    levels = sky + (picture.astype(np.float32) - sky) * (changes.brightness / 100)
    if changes.noise:
        levels += rng.normal(0, changes.noise, levels.shape).astype(np.float32)
    if changes.grey:
        grey = levels @ LUMA
        levels += (grey[..., np.newaxis] - levels) * (changes.grey / 100)
    return np.rint(levels.clip(0, 255)).astype(np.uint8)


def sky_of(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimate level and noise of the sky from the edge of a picture.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    (3,) np.ndarray, (3,) np.ndarray of float32
        The median by channel, and the standard deviation by the median absolute deviation from it.
    """
    height, width = picture.shape[:2]
    inside = np.zeros((height, width), dtype=bool)
    rows, columns = max(1, height // EDGE), max(1, width // EDGE)
    inside[rows:-rows, columns:-columns] = True
    edge = picture[~inside].astype(np.float32)
    level = np.median(edge, axis=0)
    return level, np.median(np.abs(edge - level), axis=0) * np.float32(SIGMA_PER_MAD)


def covered_pixels(spots: tuple[Spot, ...], shape: tuple[int, int]) -> np.ndarray:
    """Return the ``(H, W)`` mask of the pixels that lie in any of the spots."""
    height, width = shape
    mask = np.zeros(shape, dtype=bool)
    for spot in spots:
        radius = spot.radius * min(shape)
        down = np.arange(height)[:, np.newaxis] + 0.5 - spot.y * height
        right = np.arange(width) + 0.5 - spot.x * width
        mask |= down**2 + right**2 <= radius**2
    return mask


def _covered(
    picture: np.ndarray, mask: np.ndarray, sky: np.ndarray, sky_noise: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Replace the masked pixels by sky with its noise."""
    result = picture.copy()
    pixels = rng.normal(sky, sky_noise, (np.count_nonzero(mask), 3))
    result[mask] = np.rint(pixels.clip(0, 255))
    return result


def _turn_and_zoom(
    picture: np.ndarray, changes: PictureChanges, sky: np.ndarray, sky_noise: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Rotate and enlarge a picture about its centre; what it does not reach becomes sky."""
    image = Image.merge("RGBA", (*Image.fromarray(picture).split(), Image.new("L", picture.shape[1::-1], 255)))
    width, height = image.size
    if changes.rotation % 360:
        image = image.rotate(changes.rotation, Image.Resampling.BICUBIC, fillcolor=(*map(round, sky.tolist()), 0))
    if changes.zoom != 1:
        size = max(1, round(width * changes.zoom)), max(1, round(height * changes.zoom))
        zoomed = image.resize(size, Image.Resampling.LANCZOS)
        image = Image.new("RGBA", (width, height), (*map(round, sky.tolist()), 0))
        image.paste(zoomed, ((width - size[0]) // 2, (height - size[1]) // 2))
    changed = np.array(image)
    return _covered(changed[..., :3].copy(), changed[..., 3] < 128, sky, sky_noise, rng)
