"""The light of drawn galaxies: disks, smooth galaxies and edge-on disks.

Lengths are in half widths of the picture, x to the right and y downwards from its middle; angles in degrees. Light
has two layers, (H, W, 2): that of old stars, which is yellowish, and that of young ones, which is bluish.
"""

from dataclasses import dataclass

import numpy as np

OLD, YOUNG = 0, 1
_EDGE = 0.06  # over this part of its size a disk fades out
_FRAGMENTS = range(4, 12)  # the waves of arms in fragments


@dataclass(frozen=True)
class Sky:
    """Pixel coordinates of a picture, and the random generator of its details."""

    x: np.ndarray  # (H, W)
    y: np.ndarray  # (H, W)
    random: np.random.Generator

    def turned(self, angle: float, x: float = 0.0, y: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixel coordinates along and across a direction, from a centre."""
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        dx, dy = self.x - x, self.y - y
        return dx * cos + dy * sin, dy * cos - dx * sin

    def noise(self, scale: float) -> np.ndarray:
        """Draw a texture of clumps of one size, (H, W) with mean 0 and standard deviation 1."""
        white = self.random.standard_normal(self.x.shape)
        frequencies = [np.fft.fftfreq(length, 2.0 / length) for length in self.x.shape]  # per half width
        waves = np.hypot(frequencies[0][:, np.newaxis], frequencies[1][np.newaxis])
        smooth = np.fft.ifft2(np.fft.fft2(white) * np.exp(-2 * (np.pi * waves * scale) ** 2)).real
        return (smooth - smooth.mean()) / smooth.std()


def in_layer(light: np.ndarray, layer: int) -> np.ndarray:
    """Return light, (H, W), in one of the two layers, (H, W, 2)."""
    return light[..., np.newaxis] * np.eye(2)[layer]


def _fading(radius: np.ndarray, size: float) -> np.ndarray:
    """Return a factor that falls softly from 1 to 0 at a radius."""
    return 1 / (1 + np.exp(np.clip((radius - size) / (_EDGE * size), -30, 30)))


def _heart(radius: np.ndarray, size: float) -> np.ndarray:
    """Return the light of a bulge: bright in the middle, with faint wings."""
    return np.exp(-1.2 * (radius / size) ** 1.2)


@dataclass(frozen=True)
class Disk:
    """A disk seen from its face, with bulge, bar, arms and ring."""

    angle: float = 0.0  # of the long axis
    tilt: float = 0.8  # short axis over long axis; 1 is seen straight on
    size: float = 0.8
    brightness: float = 1.0
    bulge: float = 2.0  # brightness of its middle
    bulge_size: float = 0.09
    bar: float = 0.0  # half its length; 0 for none
    bar_angle: float = 20.0
    arms: int = 0
    pitch: float = 20.0  # between an arm and a circle: small if tightly wound; below 0 the other way round
    start: float = 0.0  # where the first arm begins
    fragments: float = 0.0  # strength of arms in pieces
    ring: float = 0.0  # its radius; 0 for none
    lopsided: float = 0.0  # how far the outer disk is shifted
    x: float = 0.0
    y: float = 0.0

    def light(self, sky: Sky) -> np.ndarray:
        flat_along, flat_across = sky.turned(self.angle, self.x, self.y)
        across = flat_across / self.tilt
        along = flat_along - self.lopsided * np.clip(np.hypot(flat_along, across) / self.size, 0, 1.3)
        radius, angle = np.hypot(along, across), np.arctan2(across, along)
        shape = np.exp(-2.6 * radius / self.size) * _fading(radius, self.size)
        old, young = 0.42 * shape, 0.22 * shape
        clumps = np.exp(0.35 * sky.noise(0.03))
        if self.arms:
            young += 2.2 * shape**0.8 * self._arms(radius, angle) * clumps
        if self.fragments:
            torn = 1 / (1 + np.exp(-3.5 * sky.noise(0.09)))
            young += self.fragments * shape**0.7 * self._pieces(radius, angle, sky.random) * clumps * torn
        if self.ring:
            band = np.exp(-(((radius - self.ring) / 0.045) ** 2) / 2)
            young += 0.35 * band * clumps
            old += 0.12 * band
        if self.bar:
            old += self._bar(along, across)
        ball = np.hypot(flat_along, flat_across / (0.6 + 0.4 * self.tilt))  # which a tilt hardly flattens
        old += self.bulge * _heart(ball, self.bulge_size)
        return self.brightness * np.stack([old, young], axis=-1)

    def _arms(self, radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
        """Return logarithmic spirals of even width, from the bar's end to the disk's."""
        inner = max(0.8 * self.bar, 0.13, 0.9 * self.bulge_size)
        turns = np.log(np.maximum(radius, 0.02) / inner) / np.tan(np.radians(self.pitch))
        phase = self.arms * (angle - np.radians(self.start) - turns)
        distance = np.abs((phase + np.pi) % (2 * np.pi) - np.pi)  # 0 on an arm, π in the middle between two
        width = self.arms * (0.022 + 0.035 * radius) / (np.maximum(radius, 0.05) * np.sin(np.radians(abs(self.pitch))))
        begin = 1 / (1 + np.exp(-np.clip((radius - inner) / 0.02, -30, 30)))
        return np.exp(-((distance / np.minimum(width, 1.1)) ** 2) / 2) * begin

    def _pieces(self, radius: np.ndarray, angle: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return many short pieces of arms."""
        turns = np.log(np.maximum(radius, 0.02)) / np.tan(np.radians(self.pitch))
        waves = sum(
            np.cos(m * (angle - turns) + random.uniform(0, 2 * np.pi) + random.uniform(-9, 9) * radius)
            for m in _FRAGMENTS
        )
        return np.exp(0.75 * waves - 1.0) * (radius > 0.05)

    def _bar(self, along: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Return a straight band across the centre of the disk."""
        cos, sin = np.cos(np.radians(self.bar_angle)), np.sin(np.radians(self.bar_angle))
        length, width = (along * cos + across * sin) / self.bar, (across * cos - along * sin) / (0.24 * self.bar)
        return 0.95 * np.exp(-(length**4) - width**2)


@dataclass(frozen=True)
class Smooth:
    """A galaxy whose light fades evenly."""

    angle: float = 0.0
    ratio: float = 1.0  # short axis over long axis
    size: float = 0.3
    brightness: float = 2.6
    wings: float = 0.75  # the smaller, the brighter its middle and the wider its faint wings
    x: float = 0.0
    y: float = 0.0

    def light(self, sky: Sky) -> np.ndarray:
        along, across = sky.turned(self.angle, self.x, self.y)
        radius = np.hypot(along, across / self.ratio) / self.size
        return in_layer(self.brightness * np.exp(-2.4 * radius**self.wings), OLD)


@dataclass(frozen=True)
class Streak:
    """A disk seen edge-on."""

    angle: float = 0.0
    length: float = 0.85
    thickness: float = 0.05
    bulge: str = ""  # "rounded" or "boxy"; empty for none
    bulge_size: float = 0.14
    dust: float = 0.0  # how much of the light a lane along its middle takes away
    brightness: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def light(self, sky: Sky) -> np.ndarray:
        along, across = sky.turned(self.angle, self.x, self.y)
        disk = np.exp(-2.0 * np.abs(along) / self.length) * _fading(np.abs(along), self.length)
        disk *= np.cosh(np.clip(across / self.thickness, -30, 30)) ** -2.0
        old, young = 0.75 * disk, 0.75 * disk * np.exp(0.25 * sky.noise(0.03))
        if self.bulge == "rounded":
            old += 2.2 * _heart(np.hypot(along, across), self.bulge_size)
        if self.bulge == "boxy":
            old += 1.7 * self._box(along, across)
        lane = np.exp(-(((across - 0.12 * self.thickness) / (0.55 * self.thickness)) ** 2))
        reach = _fading(np.abs(along), 0.92 * self.length) * np.exp(0.05 * sky.noise(0.05))
        left = 1 - np.clip(self.dust * lane * reach, 0, 0.99)
        return self.brightness * np.stack([old, young], axis=-1) * left[..., np.newaxis]

    def _box(self, along: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Return a box with round corners, pinched in its middle like a peanut."""
        pinch = 1 - 0.05 * np.exp(-((along / self.bulge_size) ** 2))
        wide, high = 1.9 * self.bulge_size, 1.5 * self.bulge_size * pinch
        edge = (np.abs(along / wide) ** 5 + np.abs(across / high) ** 5) ** 0.2
        return np.exp(-1.5 * edge) / (1 + np.exp(np.clip((edge - 1) / 0.12, -30, 30)))
