"""Lupton (asinh) stretch: from fluxes to the levels of an SDSS colour picture.

References
----------
Lupton et al. 2004, PASP 116, 133 (doi:10.1086/382245): with I = (r + g + b) / 3, red becomes r f(I) / I, and green and
blue likewise, so that an object's colour does not depend on how bright it is; f(x) = asinh(α Q (x - m)) / Q.
`astropy.visualization.make_lupton_rgb` implements it; it scales f to be 0.1 at 0.1 stretch, white being 1.
"""

import numpy as np

# What SDSS pictures look like, measured on 150 pictures of the Galaxy Challenge: the levels, of 255, by which the sky
# is noisy in red, green and blue. They are nearly the same although SDSS is twice as deep in g as in i, so that
# fluxes divided by their own noise have the colours of those pictures, in any unit. This is the slope
# at the sky. Cut off at black and to whole levels, normal noise comes out as 3.1, 3.0 and 2.6. Slopes that correct
# for it, 4.1, 3.9 and 3.0, move the predictions further from those of the JPEG (0.030 for 0.024, fcn; 0.031 for 0.019,
# densenet; nine galaxies, two views).
LEVELS_PER_NOISE = np.array([3.5, 3.4, 2.8])
SKY = 1.2  # where black is, in units of the noise below the sky: the sky gets level 3; of those pictures it has 4, 4, 2

# The smaller, the earlier bright light is compressed. 5 gives light of 150 times the noise, as in the
# middle of a typical Galaxy Zoo galaxy, a level of 154; the middles of those 150 pictures have 170.
Q = 5.0

# Times the noise: how far bright light may stand out, about as the brightest tenth of those 150 galaxies do (level
# 195; this gets 191). In deeper images, and in simulations without noise, the bright light sets the scale.
MOST_CONTRAST = 300.0
_BRIGHT = 99.5  # percentile of the brightest light
_SAMPLE = 200_000  # pixels that suffice to measure the sky
_BRIGHTEST = 1e30  # in units of the noise: float32 holds its sums

# Fill values at the edges of a frame: zeros, or a number such as -9999, without a word in the header.
MOST_FILLS = 3  # values that are examined in a plane, the most frequent ones, and the least and the greatest
FILL_DISTANCE = 3.5  # from the sky, in units of its scatter, from which a value cannot be a measured sky
LEAST_FILL = 0.002, 0.02  # parts of the plane that a fill takes, far from the sky and within its scatter
LEAST_IMAGE = 0.05  # part of the plane that is not filled
LEAST_BELOW = 0.03  # part of the other pixels on either side of a fill within the sky's scatter
LEAST_BEYOND = 0.08  # part of the other pixels that are darker than those next to a dark fill
LEAST_SKY = 0.2  # of the plane's height plus width: pixels on the border, not filled, to measure the sky there


def to_levels(planes: np.ndarray, step: int = 1) -> np.ndarray:
    """Stretch one or three planes of fluxes, reddest first, to (H, W, 3) uint8.

    Every `step`-th row and column measures the sky, its noise and the brightest light.
    """
    from astropy.visualization import make_lupton_rgb

    fluxes = in_noise(planes, step)
    if len(fluxes) == 3:
        fluxes = fluxes * (LEVELS_PER_NOISE / LEVELS_PER_NOISE.mean()).astype(np.float32)[:, np.newaxis, np.newaxis]
    red, green, blue = np.broadcast_to(fluxes, (3, *fluxes.shape[1:]))
    return make_lupton_rgb(red, green, blue, minimum=-SKY, stretch=linear_stretch(), Q=Q)


def linear_stretch() -> float:
    """Return ``stretch`` of make_lupton_rgb.

    Its slope at faint light is 255 · 0.1 Q / (stretch asinh(0.1 Q)).
    """
    return float(255 * 0.1 * Q / np.arcsinh(0.1 * Q) / LEVELS_PER_NOISE.mean())


def in_noise(planes: np.ndarray, step: int = 1) -> np.ndarray:
    """Return float32 planes of fluxes in units of their noise above the sky; NaN becomes sky.

    Each plane has a finite value. If bright light stands out by more than `MOST_CONTRAST`, or without noise, all
    planes are scaled so that it stands out by that much.
    """
    skies, noises = zip(*map(sky_and_noise, planes[:, ::step, ::step]), strict=True)
    noise = np.array(noises)
    if not (noise > 0).all():  # one scale for all, or colours would depend on which band has noise
        noise[:] = noise.max() or 1.0
    # In float64, since luminosities are beyond float32.
    fluxes = np.stack(
        [(plane - np.float64(sky)) / scale for plane, sky, scale in zip(planes, skies, noise, strict=True)]
    )
    brightest = np.nanpercentile(_sample(fluxes[:, ::step, ::step]), _BRIGHT) or np.nanmax(fluxes)
    if brightest > MOST_CONTRAST or (brightest > 0 and max(noises) == 0):
        fluxes *= MOST_CONTRAST / brightest
    np.clip(np.nan_to_num(fluxes, copy=False, nan=0.0), -_BRIGHTEST, _BRIGHTEST, out=fluxes)
    return fluxes.astype(np.float32)


def fill_values(plane: np.ndarray) -> list[float]:
    """Return the exact values that fill the edges of a plane, where nothing was measured.

    A fill reaches inwards from the border, or from NaN there. It lies far from the other pixels, or it divides
    them, as zeros do a sky of noise around 0. A simulation whose sky is exactly 0 has neither.
    """
    known = np.isfinite(plane)
    values, counts = np.unique(plane[:, 1:][plane[:, 1:] == plane[:, :-1]], return_counts=True)
    often = [float(value) for value in values[np.argsort(-counts, kind="stable")][:MOST_FILLS]]
    candidates = {*often, float(plane[known].min()), float(plane[known].max())}
    fills: list[float] = []
    for value in sorted(candidates) * 2:  # a second time without the fills of the first
        if value not in fills and _is_fill(plane, value, known):
            fills.append(value)
            known = known & (plane != value)
    return fills


def _is_fill(plane: np.ndarray, value: float, known: np.ndarray) -> bool:
    """Return whether a value fills an edge of a plane, among its known pixels."""
    equal = plane == value
    if equal.mean() < LEAST_FILL[0]:
        return False
    edge = _reached(equal | ~known) & equal
    if edge.mean() < LEAST_FILL[0] or edge.sum() < equal.sum() / 2:
        return False
    others = known & ~equal
    rest = plane[others].astype(float)
    steps = np.diff(np.unique(_sample(rest)))
    if rest.size < LEAST_IMAGE * plane.size or not steps.size:
        return False
    step = float(steps.min())  # counts of photons are at least one step apart
    on_border = np.concatenate([line[mask] for line, mask in zip(_border(plane), _border(others), strict=True)])
    sky_pixels = on_border if on_border.size > LEAST_SKY * sum(plane.shape) else rest
    sky = np.median(sky_pixels)
    reach = FILL_DISTANCE * max(1.4826 * float(np.median(np.abs(sky_pixels - sky))), step)
    beside = np.median(plane[_beside(edge) & others])
    if value > sky + reach:  # or it is saturated light, which the border cuts
        return bool(abs(beside - sky) < reach)
    if value < sky - reach:  # next to the zeros around a simulated galaxy lies its faintest light
        return bool(value < sky - 3 * reach or (rest <= beside).mean() > LEAST_BEYOND)
    below, above = rest[rest < value], rest[rest > value]
    is_among_noise = min(below.size, above.size) > LEAST_BELOW * rest.size and np.median(value - below) > step
    return bool(edge.mean() > LEAST_FILL[1] and is_among_noise)


def _border(plane: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the first and last rows and columns."""
    return plane[0], plane[-1], plane[:, 0], plane[:, -1]


def _reached(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask that reach the border within it, along a row or a column."""
    runs = [np.logical_and.accumulate(mask[::step], axis=0)[::step] for step in (1, -1)]
    runs += [np.logical_and.accumulate(mask[:, ::step], axis=1)[:, ::step] for step in (1, -1)]
    return np.logical_or.reduce(runs)


def _beside(mask: np.ndarray) -> np.ndarray:
    """Return the mask grown by a pixel up, down, left and right."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def sky_and_noise(plane: np.ndarray) -> tuple[float, float]:
    """Return the sky's sigma-clipped median and standard deviation in a plane."""
    from astropy.stats import sigma_clipped_stats

    values = _sample(plane).astype(float)
    _, level, noise = sigma_clipped_stats(values[np.isfinite(values)], sigma=3.0, maxiters=10)
    return float(level), float(noise)


def _sample(values: np.ndarray) -> np.ndarray:
    """Return about 200,000 evenly spread pixels at most."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // _SAMPLE)]
