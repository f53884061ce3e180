"""Surface brightness profiles of galaxies, normalised to a total light of 1."""

import math
from functools import lru_cache

import numpy as np
from scipy.special import beta, gamma, gammaincinv


@lru_cache(maxsize=256)
def sersic_b(index: float) -> float:
    """Return b_n, for which the half-light radius of a Sérsic profile holds half of its light.

    Parameters
    ----------
    index : float
        Sérsic index n, above 0.

    Returns
    -------
    float
        The root of γ(2n, b) = Γ(2n) / 2.

    References
    ----------
    Ciotti & Bertin 1999, A&A 352, 447, eq. 2 (exact) and eq. 18 (the series to which a test compares it).
    """
    return float(gammaincinv(2 * index, 0.5))


def sersic(
    radius: np.ndarray, half_light: float, index: float, axis_ratio: float = 1.0, box: float = 0.0
) -> np.ndarray:
    """Return the Sérsic profile at generalised elliptical radii.

    Parameters
    ----------
    radius : ndarray
        Of `boxy_radius`, along the long axis, in the unit of `half_light`.
    half_light : float
        Half-light radius along the long axis.
    index : float
        Sérsic index n.
    axis_ratio : float
        Short axis over long axis, in (0, 1].
    box : float
        C0 of `boxy_radius`.

    Returns
    -------
    ndarray
        Light per square unit; the whole plane has 1.

    References
    ----------
    Sérsic 1963; Peng et al. 2010, AJ 139, 2097 (total light, with boxiness).
    """
    b = sersic_b(index)
    total = (
        2 * math.pi * half_light**2 * index * math.exp(b) * b ** (-2 * index) * gamma(2 * index)
        * axis_ratio * _area_of_box(box)
    )  # fmt: skip
    return np.exp(-b * ((radius / half_light) ** (1 / index) - 1)) / total


def boxy_radius(along: np.ndarray, across: np.ndarray, axis_ratio: float, box: float = 0.0) -> np.ndarray:
    """Return the generalised elliptical radius (|x|^c + |y/q|^c)^(1/c), c = C0 + 2.

    References
    ----------
    Athanassoula et al. 1990, MNRAS 245, 130; Peng et al. 2010, AJ 139, 2097.
    """
    if box == 0:
        return np.hypot(along, across / axis_ratio)
    power = box + 2
    return (np.abs(along) ** power + np.abs(across / axis_ratio) ** power) ** (1 / power)


def _area_of_box(box: float) -> float:
    """Return the area of a boxy ellipse over that of an ellipse (Peng et al. 2010)."""
    c = box + 2
    return float(4 * beta(1 / c, 1 + 1 / c) / (math.pi * c))


def exponential(radius: np.ndarray, half_light: float) -> np.ndarray:
    """Return the exponential profile of a disk, whose total is 1 (Freeman 1970, ApJ 160, 811)."""
    scale = half_light / SCALES_IN_HALF_LIGHT
    return np.exp(-radius / scale) / (2 * math.pi * scale**2)


SCALES_IN_HALF_LIGHT = 1.67835  # half-light radius of an exponential disk over its scale length: b_1


def ferrers(along: np.ndarray, across: np.ndarray, length: float, width: float) -> np.ndarray:
    """Return the modified Ferrers profile of a bar, I0 [1 - (r / a)^(2 - β)]^α, α = 2, β = 0.

    Parameters
    ----------
    along, across : ndarray
        Coordinates in the plane of the disk, along and across the bar.
    length : float
        Half its length a, where its light ends.
    width : float
        Short axis over long axis.

    References
    ----------
    Ferrers 1877; Peng et al. 2010, AJ 139, 2097 (modified Ferrers profile). C0 = 1, since bars are boxy (Gadotti
    2009, MNRAS 393, 1531).
    """
    part = np.minimum(boxy_radius(along, across, width, 1.0) / length, 1)
    # ∫ [1 - t²]² 2t dt = 1/3, over the area of the generalised ellipse.
    return (1 - part**2) ** 2 * 3 / (math.pi * length**2 * width * _area_of_box(1.0))


def ring(radius: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a Gaussian ring in the plane of a disk, whose total is about 1.

    `width` is the full width at half maximum.
    """
    sigma = width / 2.3548
    return np.exp(-((radius - centre) ** 2) / (2 * sigma**2)) / (2 * math.pi * centre * math.sqrt(2 * math.pi) * sigma)
