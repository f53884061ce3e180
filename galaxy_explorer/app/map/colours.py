"""Colour scales of the map: even steps in OKLab, from quiet to strong against the page."""

from functools import cache

import numpy as np

STOPS = 24  # colours of a scale; the browser interpolates between them

# Lightness, chroma and hue in degrees (OKLCH). On a dark page what is frequent is bright, on a light page dark.
ANCHORS = {
    "dark": ((0.40, 0.10, 275), (0.55, 0.13, 250), (0.70, 0.12, 195), (0.83, 0.13, 150), (0.95, 0.13, 105)),
    "light": ((0.88, 0.09, 100), (0.77, 0.12, 150), (0.63, 0.11, 200), (0.47, 0.13, 255), (0.30, 0.12, 280)),
}
# Björn Ottosson 2020, "A perceptual color space for image processing".
_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@cache
def scale(theme: str) -> np.ndarray:
    """Return the colours of a theme's scale, (STOPS, 3) uint8, sRGB."""
    light, chroma, hue = np.array(ANCHORS[theme]).T
    angle = np.radians(hue)
    anchors = np.column_stack([light, chroma * np.cos(angle), chroma * np.sin(angle)])
    fine = _interpolate(anchors, np.linspace(0, len(anchors) - 1, 2001), np.arange(len(anchors)))
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    return to_srgb(_interpolate(fine, np.linspace(0, travelled[-1], STOPS), travelled))


def _interpolate(values: np.ndarray, at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Interpolate each column linearly."""
    return np.column_stack([np.interp(at, known, column) for column in values.T])


def to_srgb(lab: np.ndarray) -> np.ndarray:
    """Convert OKLab colours, (n, 3), to sRGB, (n, 3) uint8."""
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)


def hex_colours(theme: str) -> list[str]:
    """Return the colours of a scale for the browser: ``#1f5aa6``."""
    return ["#" + bytes(colour).hex() for colour in scale(theme)]
