"""The light in the plane of a disk and its projection on the sky."""

import math

import numpy as np
from scipy import fft, ndimage

from galaxy_explorer.simulation import profiles
from galaxy_explorer.simulation.frame import Frame
from galaxy_explorer.simulation.parameters import Parameters

_REACH = 4.6  # radii at which the disk has faded to 0.05 % of its middle
_FINEST = 9  # parts into which a pixel of a strongly inclined disk is divided
_TEXTURE = 64  # cells of the texture along each side


def disk_layers(parameters: Parameters, frame: Frame) -> dict[str, np.ndarray]:
    """Return the layers in the plane of the disk, (n, n) each, as parts of the galaxy's light.

    A thin disk of surface brightness Σ, inclined by i, is seen as Σ(x, y / cos i) / cos i. A thick one, whose height
    does not depend on the place, is that image convolved with its height times sin i: `thicken` does this.
    """
    p = parameters
    along, across = frame.aligned(p.position_angle)
    cos = math.cos(math.radians(p.inclination))
    parts = _parts(frame.scale, p, cos)
    cos = max(cos, 0.4 * frame.scale / (parts * p.radius / profiles.SCALES_IN_HALF_LIGHT), 0.02)
    near = np.hypot(along, across / np.float32(cos)) < _REACH * p.radius
    offsets = (np.arange(parts, dtype=np.float32) - (parts - 1) / 2) / parts * np.float32(frame.scale)
    plane_along = (along[near][:, np.newaxis] + 0 * offsets) / np.float32(p.radius)
    plane_across = (across[near][:, np.newaxis] + offsets) / np.float32(p.radius * cos)
    area: np.ndarray | float = frame.scale**2 / (cos * p.radius**2)  # of a pixel, in the plane of the disk, in radii
    if p.disturbed:
        plane_along, plane_across, stretch = _bent(plane_along, plane_across, p)
        area = area / stretch.mean(axis=1)
    layers = {}
    for name, light in _in_plane(p, plane_along, plane_across).items():
        layers[name] = frame.zeros()
        layers[name][near] = (light.mean(axis=1) * area).astype(np.float32)
    if "arms" in layers and p.knots:
        _add_knots(layers["arms"], p, frame, cos)
    if p.clumps:
        layers["clumps"] = frame.zeros()
        _add_clumps(layers["clumps"], p, frame, cos)
    return layers


def disk_fraction(parameters: Parameters) -> float:
    """Return the part of the galaxy's light that is left for the disk, its arms and its clumps."""
    p = parameters
    return max(0.0, 1 - p.bulge_fraction - p.bar_fraction - p.ring_fraction - p.tails - p.star_fraction)


def _parts(scale: float, p: Parameters, cos: float) -> int:
    """Return into how many parts a pixel is divided across an inclined disk."""
    height = p.radius / profiles.SCALES_IN_HALF_LIGHT * max(cos, 0.02)
    return min(max(1, math.ceil(scale / height)), _FINEST)


def _bent(along: np.ndarray, across: np.ndarray, p: Parameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shift and bend the outer disk: Fourier mode 1, bending mode 2 (Peng et al. 2010, sec. 5)."""
    random = np.random.default_rng([p.seed, 1])
    side = random.uniform(0, 2 * math.pi)
    radius, angle = np.hypot(along, across), np.arctan2(across, along)
    far = np.minimum(radius / 2, 1.5).astype(np.float32)
    stretch = 1 + np.float32(0.45 * p.disturbed) * far * np.cos(angle - side)
    bend = np.float32(0.12 * p.disturbed * random.choice([-1, 1])) * radius**2 / (1 + 0.3 * radius)
    return along / stretch, across / stretch + bend, stretch**2


def _in_plane(p: Parameters, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the light per square radius at places in the plane of the disk, in radii."""
    radius = np.hypot(x, y)
    rest = disk_fraction(p)
    layers = {}
    if rest:
        smooth = profiles.exponential(radius, 1.0)
        young = 0 * smooth
        if p.arms >= 1 and p.arm_contrast:
            angle = np.arctan2(y, x)
            young = np.float32(p.arm_contrast) * smooth * _arms(p, radius, angle)
        # Arms and clumps take their light from the disk's; its mean excess is known to be about this.
        share = 1 / (1 + _mean_excess(p))
        layers["disk"] = rest * (1 - p.clumps) * share * smooth
        if p.arms >= 1 and p.arm_contrast:
            layers["arms"] = rest * (1 - p.clumps) * share * young
    if p.bar_fraction:
        layers["bar"] = p.bar_fraction * profiles.ferrers(
            *turned_in_plane(x, y, p.bar_angle), p.bar_length, p.bar_width
        )
    if p.ring_fraction:
        texture = _texture(p, radius, np.arctan2(y, x), 3)
        layers["ring"] = p.ring_fraction * profiles.ring(radius, p.ring_radius, p.ring_width) * texture
    return layers


def turned_in_plane(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates along and across a direction in the plane of the disk."""
    cos, sin = np.float32(math.cos(math.radians(angle))), np.float32(math.sin(math.radians(angle)))
    return x * cos + y * sin, y * cos - x * sin


def _mean_excess(p: Parameters) -> float:
    """Return the light of the arms over that of the smooth disk, by a coarse sum."""
    if p.arms < 1 or not p.arm_contrast:
        return 0.0
    radius, angle = np.meshgrid(np.linspace(0.05, 4, 40), np.linspace(0, 2 * math.pi, 72, endpoint=False))
    weight = radius * np.exp(-profiles.SCALES_IN_HALF_LIGHT * radius)
    return float(p.arm_contrast * (weight * _arms(p, radius, angle)).sum() / weight.sum())


def _arms(p: Parameters, radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the profile of logarithmic spiral arms, 1 on their ridge.

    The ridges are r = r0 exp(θ tan φ) (Seigar & James 1998, MNRAS 299, 685; Lingard et al. 2020, ApJ 900, 178), the
    profile across them Gaussian; the distance to a ridge is r Δθ sin φ. Arms fade in where they start.
    """
    count = round(p.arms)
    pitch = math.radians(max(abs(p.pitch), 2.0))
    winding = math.copysign(1 / math.tan(pitch), p.pitch)
    logarithm = np.log(np.maximum(radius, 0.02) / p.arm_start)
    sheared = angle - math.radians(p.arm_angle) - winding * logarithm
    spacing = 2 * math.pi / count
    offset = sheared - spacing * np.round(sheared / spacing)
    sigma = p.arm_width / 2.3548 * (0.5 + 0.5 * radius)
    distance = radius * offset * math.sin(pitch)
    begin = 1 / (1 + np.exp(np.minimum((p.arm_start - radius) * (6 / p.arm_start), 40)))
    profile = np.exp(-((distance / sigma) ** 2) / 2) * begin * np.sqrt(1 + radius)
    if not p.flocculence:
        return profile
    pieces = _texture(p, np.exp(logarithm), sheared, 2)
    spurs = _texture(p, np.exp(logarithm), sheared, 4)
    broken = 1 - p.flocculence + p.flocculence * pieces
    return profile * broken + 0.3 * p.flocculence * begin * spurs


def _texture(p: Parameters, radius: np.ndarray, angle: np.ndarray, stream: int) -> np.ndarray:
    """Return log-normal noise with mean 1, smooth in logarithmic radius and angle."""
    noise = np.random.default_rng([p.seed, stream]).standard_normal((_TEXTURE, _TEXTURE))
    smooth = ndimage.gaussian_filter(noise, 1.2, mode="wrap")
    texture = np.exp(0.9 * smooth / smooth.std()).astype(np.float32)
    texture /= texture.mean()
    rows = (np.log(np.maximum(radius, 0.02)) * 9).astype(np.float32)
    columns = (angle * (_TEXTURE / (2 * math.pi))).astype(np.float32)
    return ndimage.map_coordinates(texture, [rows, columns], order=1, mode="grid-wrap")


def _add_knots(arms: np.ndarray, p: Parameters, frame: Frame, cos: float) -> None:
    """Move a part of the arms' light into knots along them, with the power law of H II regions.

    N(L) ∝ L^-2 (Kennicutt, Edgar & Hodge 1989, ApJ 337, 761).
    """
    random = np.random.default_rng([p.seed, 5])
    total = float(arms.sum()) * p.knots
    arms *= 1 - p.knots
    count = round(p.arms)
    number = 60 * count
    radius = p.arm_start + random.gamma(2.0, 1 / profiles.SCALES_IN_HALF_LIGHT, number)
    winding = math.copysign(1 / math.tan(math.radians(max(abs(p.pitch), 2.0))), p.pitch)
    angle = math.radians(p.arm_angle) + winding * np.log(radius / p.arm_start)
    angle += random.integers(0, count, number) * (2 * math.pi / count)
    scatter = random.normal(0, 0.35 * p.arm_width, (2, number))
    light = _power_law(random, number) * np.exp(-0.8 * radius)
    x, y = radius * np.cos(angle) + scatter[0], radius * np.sin(angle) + scatter[1]
    _add_in_plane(arms, p, frame, cos, x, y, total * light / light.sum())


def _add_clumps(plane: np.ndarray, p: Parameters, frame: Frame, cos: float) -> None:
    """Add the clumps of an irregular galaxy, as groups of points."""
    random = np.random.default_rng([p.seed, 6])
    number, each = 14, 60
    middle = random.normal(0, 0.75, (2, number, 1))
    size = random.uniform(0.05, 0.3, (1, number, 1))
    x, y = (middle + size * random.standard_normal((2, number, each))).reshape(2, -1)
    light = np.repeat(random.lognormal(0, 0.8, number), each)
    _add_in_plane(plane, p, frame, cos, x, y, disk_fraction(p) * p.clumps * light / light.sum())


def _add_in_plane(
    plane: np.ndarray, p: Parameters, frame: Frame, cos: float, x: np.ndarray, y: np.ndarray, light: np.ndarray
) -> None:
    """Add points in the plane of the disk, given in radii; this inverts `Frame.aligned`."""
    along, across = x * p.radius, y * p.radius * cos
    angle = math.radians(p.position_angle)
    sky_x = -along * math.sin(angle) - across * math.cos(angle)
    sky_y = along * math.cos(angle) - across * math.sin(angle)
    frame.add_points(plane, sky_x, sky_y, light)


def _power_law(random: np.random.Generator, number: int) -> np.ndarray:
    """Draw luminosities with N(L) ∝ L^-2 between 1 and 30."""
    return 1 / (1 - random.uniform(0, 1 - 1 / 30, number))


def thicken(planes: np.ndarray, parameters: Parameters, frame: Frame) -> np.ndarray:
    """Convolve two thin disks, (2, n, n), with their height sech²(z / z0), seen at an angle.

    References
    ----------
    van der Kruit & Searle 1981, A&A 95, 105, for the height. The Fourier transform of sech²(z / z0) / (2 z0) is
    π² k z0 / sinh(π² k z0).
    """
    p = parameters
    height = p.thickness * p.radius * math.sin(math.radians(p.inclination))
    if height < 0.15 * frame.scale:
        return planes
    rows = np.fft.fftfreq(frame.n, frame.scale)[:, np.newaxis]
    columns = np.fft.fftfreq(frame.n, frame.scale)[np.newaxis]
    turn = math.radians(p.position_angle - frame.turn)
    # Across the disk, in the grid's own directions: columns to the right, rows downwards.
    across = -columns * math.cos(turn) + rows * math.sin(turn)
    argument = np.abs(np.pi**2 * across * height)
    kernel = argument / np.sinh(np.clip(argument, 1e-6, 80))
    kernel[argument < 1e-6] = 1
    both = fft.fft2((planes[0] + 1j * planes[1]).astype(np.complex64))
    both = fft.ifft2(both * kernel.astype(np.float32))
    return np.stack([both.real, both.imag])
