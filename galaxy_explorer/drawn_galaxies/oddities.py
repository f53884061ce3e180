"""The light of objects that are not ordinary galaxies: stars, trails, tails, arcs, clouds."""

from dataclasses import dataclass

import numpy as np

from galaxy_explorer.drawn_galaxies.light import OLD, YOUNG, Sky, in_layer

_STEPS = 70  # points along a curve


@dataclass(frozen=True)
class Curve:
    """Light along a curve that is bent towards a point: a tail, an arc, a trail, a jet."""

    begin: tuple[float, float]
    bend: tuple[float, float]
    end: tuple[float, float]
    width: float = 0.03
    brightness: float = 0.3
    fading: float = 0.0  # 0: equally bright along its length; 1: dark at its end
    layer: int = YOUNG

    def light(self, sky: Sky) -> np.ndarray:
        part = np.linspace(0, 1, _STEPS)[:, np.newaxis]
        points = (1 - part) ** 2 * self.begin + 2 * part * (1 - part) * self.bend + part**2 * self.end
        brightest = np.zeros_like(sky.x)
        for (x, y), along in zip(points, part[:, 0], strict=True):
            width = self.width * (1 + 0.6 * self.fading * along)
            near = np.exp(-((sky.x - x) ** 2 + (sky.y - y) ** 2) / (2 * width**2))
            brightest = np.maximum(brightest, (1 - self.fading * along) * near)
        return in_layer(self.brightness * brightest, self.layer)


@dataclass(frozen=True)
class Cloud:
    """A soft patch of light, clumpy or even."""

    x: float
    y: float
    size: float
    ratio: float = 1.0
    angle: float = 0.0
    brightness: float = 0.5
    clumps: float = 0.5  # 0 for an even patch
    layer: int = YOUNG

    def light(self, sky: Sky) -> np.ndarray:
        along, across = sky.turned(self.angle, self.x, self.y)
        shape = np.exp(-(np.hypot(along, across / self.ratio) ** 2) / (2 * self.size**2))
        return in_layer(self.brightness * shape * np.exp(self.clumps * sky.noise(0.07)), self.layer)


@dataclass(frozen=True)
class Shell:
    """A faint shell around a galaxy: light up to a sharp edge, on one side only."""

    radius: float
    side: float  # the direction it lies in
    brightness: float = 0.1

    def light(self, sky: Sky) -> np.ndarray:
        along, across = sky.turned(self.side)
        radius = np.hypot(along, across)
        sharp = np.exp(-np.clip((self.radius - radius) / 0.07, 0, 30)) / (
            1 + np.exp(np.clip((radius - self.radius) / 0.008, -30, 30))
        )
        return in_layer(self.brightness * sharp * np.exp(-((np.arctan2(across, along) / 0.75) ** 4)), OLD)


@dataclass(frozen=True)
class Star:
    """A star, with the four diffraction spikes of bright ones."""

    x: float = 0.0
    y: float = 0.0
    size: float = 0.03
    brightness: float = 6.0
    rays: float = 0.0  # their length; 0 for none
    angle: float = 12.0

    def light(self, sky: Sky) -> np.ndarray:
        along, across = sky.turned(self.angle, self.x, self.y)
        radius = np.hypot(along, across)
        shine = np.exp(-(radius**2) / (2 * self.size**2)) + 0.02 * np.exp(-radius / (3 * self.size))
        if self.rays:
            for length, width in ((along, across), (across, along)):
                shine = shine + 0.25 * np.exp(-np.abs(length) / (0.3 * self.rays) - (width / (0.25 * self.size)) ** 2)
        return self.brightness * shine[..., np.newaxis] * np.array([0.45, 0.55])
