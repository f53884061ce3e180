"""The grid of pixels on which light is painted, with its coordinates on the sky."""

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.fft import next_fast_len

SDSS_PIXEL = 0.396  # arcsec (York et al. 2000, AJ 120, 1579)
SIDE = 424  # pixels of a picture of Galaxy Zoo 2
_MARGIN = 6  # pixels around what is shown, for light that the point spread function moves


class Frame:
    """A square grid of camera pixels, turned against the picture as the camera's columns are.

    Parameters
    ----------
    half_width : float
        Half the side of the picture, in arcsec.
    scale : float
        Side of a pixel of the grid, in arcsec.
    turn : float
        Angle of the grid against the picture, in degrees.

    Attributes
    ----------
    x, y : ndarray
        ``(n, n) float32``, arcsec from the middle of the picture to the right and upwards.
    """

    def __init__(self, half_width: float, scale: float, turn: float = 0.0) -> None:
        self.scale = scale
        self.half_width = half_width
        self.turn = turn
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        reach = half_width * (abs(cos) + abs(sin))
        self.n = 2 * next_fast_len(math.ceil(reach / scale + _MARGIN), real=True)
        steps = (np.arange(self.n, dtype=np.float32) - (self.n - 1) / 2) * np.float32(scale)
        column, row = steps[np.newaxis], -steps[:, np.newaxis]
        self._rotation = np.float32(cos), np.float32(sin)
        self.x = self._rotation[0] * column - self._rotation[1] * row
        self.y = self._rotation[1] * column + self._rotation[0] * row

    @cached_property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies (n, 1) and (1, n / 2 + 1) of rows and columns, in cycles per arcsec."""
        return np.fft.fftfreq(self.n, self.scale)[:, np.newaxis], np.fft.rfftfreq(self.n, self.scale)[np.newaxis]

    def aligned(self, position_angle: float, x: float = 0.0, y: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return coordinates along and across a position angle, from a centre."""
        return turned(self.x - np.float32(x), self.y - np.float32(y), position_angle)

    def pixels(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns and rows, not rounded, of places on the sky."""
        cos, sin = self._rotation
        x, y, middle = np.asarray(x), np.asarray(y), (self.n - 1) / 2
        return (cos * x + sin * y) / self.scale + middle, (sin * x - cos * y) / self.scale + middle

    def zeros(self) -> np.ndarray:
        """Return a plane without light."""
        return np.zeros((self.n, self.n), np.float32)

    def add_points(self, plane: np.ndarray, x: np.ndarray, y: np.ndarray, light: np.ndarray) -> None:
        """Add points of light, each shared out over the four pixels around it."""
        column, row = self.pixels(x, y)
        left, top = np.floor(column).astype(int), np.floor(row).astype(int)
        inside = (left >= 0) & (top >= 0) & (left < self.n - 1) & (top < self.n - 1)
        left, top, column, row = left[inside], top[inside], column[inside], row[inside]
        light = np.broadcast_to(light, inside.shape)[inside]
        right, down = column - left, row - top
        np.add.at(plane, (top, left), light * (1 - right) * (1 - down))
        np.add.at(plane, (top, left + 1), light * right * (1 - down))
        np.add.at(plane, (top + 1, left), light * (1 - right) * down)
        np.add.at(plane, (top + 1, left + 1), light * right * down)

    def patch(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Return rows and columns of a square around a place; empty where it lies outside."""
        column, row = self.pixels(x, y)
        steps = reach / self.scale

        def cut(middle: float) -> slice:
            first, last = math.floor(middle - steps), math.ceil(middle + steps) + 1
            return slice(min(max(first, 0), self.n), min(max(last, 0), self.n))

        return cut(float(row)), cut(float(column))


def turned(x: np.ndarray, y: np.ndarray, position_angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates along and across a position angle, counted from the top to the left."""
    cos, sin = np.float32(math.cos(math.radians(position_angle))), np.float32(math.sin(math.radians(position_angle)))
    return y * cos - x * sin, -x * cos - y * sin


def place(distance: np.ndarray | float, position_angle: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a distance from the middle in the direction of a position angle."""
    angle = np.radians(position_angle)
    return -distance * np.sin(angle), distance * np.cos(angle)
