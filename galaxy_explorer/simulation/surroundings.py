"""The light around the galaxy: companion, tails, lensed arcs, stars, galaxies, trails."""

import math

import numpy as np

from galaxy_explorer.simulation import profiles
from galaxy_explorer.simulation.frame import Frame, place, turned
from galaxy_explorer.simulation.parameters import Parameters

ZERO_POINT = 22.5  # mag of 1 nanomaggy
FAINTEST = 22.5  # mag in r of the faintest stars and galaxies around


def band_fluxes(colour: float | np.ndarray) -> np.ndarray:
    """Return the light in g, r and i of 1 in r, for a colour g - r.

    r - i follows from g - r as for galaxies of all types, r - i = 0.06 + 0.42 (g - r) (Fukugita et al. 1995, PASP
    107, 945, table 3).
    """
    colour = np.asarray(colour)
    return np.stack([10 ** (-0.4 * colour), np.ones_like(colour), 10 ** (0.4 * (0.06 + 0.42 * colour))])


def companion(p: Parameters, frame: Frame) -> np.ndarray:
    """Return the companion's light, as part of the galaxy's: a Sérsic profile of index 1.5."""
    random = np.random.default_rng([p.seed, 7])
    x, y = place(p.companion_distance * p.radius, p.companion_angle)
    along, across = frame.aligned(random.uniform(0, 180), float(x), float(y))
    ratio = random.uniform(0.45, 0.9)
    half_light = max(p.companion_size * p.radius, 0.3)
    radius = profiles.boxy_radius(along, across, ratio)
    return p.companion * np.float32(frame.scale**2) * profiles.sersic(radius, half_light, 1.5, ratio)


def tails(p: Parameters, frame: Frame) -> np.ndarray:
    """Return the light of two tidal tails on opposite sides, which bend the same way.

    Their ridges are open logarithmic spirals that widen and fade outwards, the look of the tails in the models
    of Toomre & Toomre 1972, ApJ 178, 623; one lies near the companion, as a bridge.
    """
    random = np.random.default_rng([p.seed, 8])
    plane = frame.zeros()
    steps = 300
    far = np.linspace(0, 1, steps)
    radius = 0.7 + far * random.uniform(2.2, 3.6, 2)[:, np.newaxis]
    sense = random.choice([-1, 1])
    turn = sense * np.log(radius / 0.7) / math.tan(math.radians(random.uniform(42, 60)))
    start = math.radians(p.companion_angle) + np.array([[0.0], [math.pi]]) + random.normal(0, 0.2)
    width = 0.10 + 0.22 * far
    light = np.broadcast_to(np.exp(-1.2 * far), (2, steps)) * np.array([[1.0], [random.uniform(0.5, 1)]])
    cloud = random.normal(0, 1, (2, 2, steps, 12)) * width[:, np.newaxis]
    x = (radius * -np.sin(start + turn))[..., np.newaxis] + cloud[0]
    y = (radius * np.cos(start + turn))[..., np.newaxis] + cloud[1]
    shares = np.broadcast_to(light[..., np.newaxis], x.shape).ravel()
    frame.add_points(plane, x.ravel() * p.radius, y.ravel() * p.radius, p.tails * shares / shares.sum())
    return plane


def arc(p: Parameters, frame: Frame) -> np.ndarray:
    """Return the light of a lensed galaxy: part of an Einstein ring, Gaussian across.

    A source behind a singular isothermal lens is drawn out along the Einstein ring (Schneider, Ehlers & Falco 1992).
    """
    random = np.random.default_rng([p.seed, 9])
    along, across = frame.aligned(random.uniform(0, 360))
    radius, angle = np.hypot(along, across) / p.radius, np.arctan2(across, along)
    half = math.radians(p.arc_length) / 2
    ends = 1 / (1 + np.exp(np.clip((np.abs(angle) - half) * 14, -40, 40)))
    if p.arc_length >= 360:
        ends = np.ones_like(ends)
    light = profiles.ring(radius, p.arc_radius, 0.18) * ends
    total = min(1.0, p.arc_length / 360)
    return p.arc_fraction * light * np.float32((frame.scale / p.radius) ** 2 / total)


def add_stars(bands: np.ndarray, p: Parameters, frame: Frame) -> None:
    """Add foreground stars to the planes (3, n, n) of g, r and i, in nanomaggies.

    Counts rise by 10^(0.2 m), as at high galactic latitude (Bahcall & Soneira 1980); colours lie on the stellar locus
    (Covey et al. 2007, AJ 134, 2398), most of them red.
    """
    random = np.random.default_rng([p.seed, 10])
    number = round(p.field_stars)
    x, y, light = _scattered(random, number, frame, 0.2, 13.0)
    red = random.random(number) < np.clip(0.7 + 0.25 * np.log10(30 / light), 0.1, 0.7)
    colour = np.where(red, random.normal(1.35, 0.12, number), random.normal(0.58, 0.13, number))
    beyond = np.where(red, random.uniform(0.5, 1.6, number), 0.4 * (colour - 0.1))
    factors = np.stack([10 ** (-0.4 * colour), np.ones(number), 10 ** (0.4 * beyond)])
    for plane, factor in zip(bands, factors, strict=True):
        frame.add_points(plane, x, y, light * factor)


def add_star(bands: np.ndarray, light: np.ndarray, frame: Frame) -> None:
    """Add a star in the middle, with a halo and the four spikes by the vanes of the secondary mirror.

    Halo and spikes have 2 % of the light each. The halo falls as r^-2, about as the wings of the point spread function
    of SDSS do (de Jong 2008, MNRAS 388, 1521).
    """
    reach = np.exp(np.linspace(math.log(0.7), math.log(frame.half_width), 400))
    arms = np.radians(frame.turn + 45 + np.array([[0], [90], [180], [270]]))
    shares = np.broadcast_to(1 / reach / reach[0], (4, len(reach))).ravel()
    halo = 1 / (1 + (frame.x**2 + frame.y**2) / 2)
    for plane, all_light in zip(bands, light, strict=True):
        frame.add_points(plane, np.zeros(1), np.zeros(1), np.array([0.96 * all_light]))
        frame.add_points(
            plane,
            (reach * np.cos(arms)).ravel(),
            (reach * np.sin(arms)).ravel(),
            0.02 * all_light * shares / shares.sum(),
        )
        plane += np.float32(0.02 * all_light / halo.sum()) * halo


def add_galaxies(bands: np.ndarray, p: Parameters, frame: Frame) -> None:
    """Add small background galaxies: exponential profiles, fainter ones smaller.

    Counts rise by 10^(0.4 m) (Yasuda et al. 2001, AJ 122, 1104).
    """
    random = np.random.default_rng([p.seed, 11])
    number = round(p.field_galaxies)
    x, y, light = _scattered(random, number, frame, 0.4, 16.5)
    sizes = 0.55 * light**0.25 * random.lognormal(0, 0.3, number)
    colours = band_fluxes(random.normal(0.82, 0.35, number))
    for k in range(number):
        rows, columns = frame.patch(x[k], y[k], 5 * sizes[k] + frame.scale)
        angle, ratio = random.uniform(0, 180), random.uniform(0.35, 1)
        along, across = turned(
            frame.x[rows, columns] - np.float32(x[k]), frame.y[rows, columns] - np.float32(y[k]), angle
        )
        shape = profiles.exponential(np.hypot(along, across / np.float32(ratio)), max(sizes[k], frame.scale))
        if shape.size:
            shape *= light[k] / max(float(shape.sum()), 1 / frame.scale**2 / 4)
        bands[:, rows, columns] += colours[:, k, np.newaxis, np.newaxis] * shape


def _scattered(
    random: np.random.Generator, number: int, frame: Frame, slope: float, brightest: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw places and light, in nanomaggies, of objects whose counts rise by 10^(slope m)."""
    x, y = random.uniform(-frame.half_width, frame.half_width, (2, number))
    least = 10 ** (slope * (brightest - FAINTEST))
    magnitude = FAINTEST + np.log10(random.uniform(least, 1, number)) / slope
    return x, y, 10 ** (0.4 * (ZERO_POINT - magnitude))


def add_trail(bands: np.ndarray, p: Parameters, frame: Frame) -> None:
    """Add a satellite's trail in one band, since SDSS observed the bands one after the other."""
    random = np.random.default_rng([p.seed, 12])
    _, across = frame.aligned(random.uniform(0, 180), *random.uniform(-0.3, 0.3, 2) * frame.half_width)
    width = np.float32(0.6)
    bands[random.integers(3)] += np.float32(5 * p.trail * frame.scale**2) * np.exp(-((across / width) ** 2) / 2)
