"""Draw simulated galaxies from the distributions of priors.toml."""

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc

from galaxy_explorer.simulation.parameters import FIELDS, Parameters
from galaxy_explorer.simulation.profiles import sersic_b

PETROSIAN = 0.02  # arcsec of a pixel, over the radius of 90 % of the light (Willett et al. 2013)
_STARS, _GALAXIES = 3.0, 11.5  # per square arcmin, down to 22.5 mag in r


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("priors.toml").read_text(encoding="utf-8"))


def sample(seed: int, kind: str | None = None) -> Parameters:
    """Draw a galaxy from the priors.

    Parameters
    ----------
    seed : int
        The same seed and kind, the same galaxy.
    kind : str, optional
        A column such as "Class4.1": most volunteers would give that answer.

    Returns
    -------
    Parameters
        With the pixel of Galaxy Zoo, 0.02 of the radius that holds 90 % of the Petrosian light.

    Raises
    ------
    ValueError
        If the kind is not known.
    """
    table = _table()
    if kind is not None and kind not in table["kinds"]:
        raise ValueError(f"No kind {kind!r}; expected one of {', '.join(table['kinds'])}.")
    random = np.random.default_rng([seed, 100])
    shares = table["shares"]
    wanted = dict(table["kinds"][kind]) if kind else {}
    types = wanted.pop("types", list(shares))
    weights = np.array([shares[name] for name in types])
    drawn = str(random.choice(types, p=weights / weights.sum()))
    rules = table["all"] | table[drawn]
    for extra in table["extra"]:
        if drawn in extra["types"] and random.random() < extra["chance"]:
            rules |= {name: rule for name, rule in extra.items() if name not in {"types", "chance"}}
    values = {name: _value(random, name, rule) for name, rule in (rules | wanted).items()}
    return _in_picture(values, seed, random)


def _value(random: np.random.Generator, name: str, rule: float | list[Any]) -> float:
    """Draw a parameter by its rule, within its range."""
    if not isinstance(rule, list):
        return float(rule)
    how, *numbers = rule
    if how == "choice":
        value = float(random.choice(numbers))
    elif how == "uniform":
        value = random.uniform(*numbers)
    elif how == "normal":
        value = random.normal(*numbers)
    elif how == "log-normal":
        value = numbers[0] * math.exp(random.normal(0, numbers[1]))
    elif how == "signed":
        value = random.choice([-1, 1]) * numbers[0] * math.exp(random.normal(0, numbers[1]))
    elif how == "inclined":  # disks lie at random: cos i is uniform
        value = math.degrees(math.acos(random.uniform(*np.cos(np.radians(numbers[::-1])))))
    elif how == "magnitude":  # counts rise by 10^(slope m) between two magnitudes
        slope, brightest, faintest = numbers
        value = faintest + math.log10(random.uniform(10 ** (slope * (brightest - faintest)), 1)) / slope
    else:
        raise ValueError(f"{name}: no distribution {how!r}.")
    return float(min(max(value, FIELDS[name].low), FIELDS[name].high))


def _in_picture(values: dict[str, float], seed: int, random: np.random.Generator) -> Parameters:
    """Return a drawn galaxy at its size on the sky, with its field of view and surroundings."""
    # Brighter galaxies are larger, by somewhat less than 0.2, the slope of constant surface brightness.
    values["radius"] *= 10 ** (0.15 * (16.2 - values["magnitude"]))
    values["radius"] = min(max(values["radius"], FIELDS["radius"].low), FIELDS["radius"].high)
    scale = PETROSIAN * max(radius_of_90(Parameters(**values, seed=seed)), 3.0)
    values["pixel_scale"] = min(max(scale * math.exp(random.normal(0, 0.06)), 0.06), 0.8)
    area = (values["pixel_scale"] * 424 / 60) ** 2  # square arcmin
    for name, density in (("field_stars", _STARS), ("field_galaxies", _GALAXIES)):
        crowd = random.lognormal(0, 0.5)
        values.setdefault(name, float(min(random.poisson(density * area * crowd), FIELDS[name].high)))
    return Parameters(**values, seed=seed)


def radius_of_90(parameters: Parameters) -> float:
    """Return the radius that holds 90 % of the Petrosian light, in arcsec: petroR90 of SDSS.

    Bulge and disk only, by their Sérsic profiles (Graham & Driver 2005, PASA 22, 118, eq. 2), blurred by the seeing.
    """
    p = parameters
    if p.star_fraction >= 1:
        return 4 * p.seeing
    bulge = p.bulge_fraction + 0.5 * p.bar_fraction
    disk = 1 - bulge
    flat = 0.78 + 0.22 * math.cos(math.radians(p.inclination))  # exact for a razor-thin disk at 0 and 90 degrees
    round_bulge = math.sqrt(1 - p.bulge_ellipticity)

    def within(radius: float) -> float:
        parts = (
            (bulge, p.bulge_radius * p.radius * round_bulge, p.bulge_sersic),
            (disk, p.radius * flat, 1.0),
        )
        return sum(
            share * float(gammainc(2 * n, sersic_b(n) * (radius / half) ** (1 / n)))
            for share, half, n in parts
            if share > 0
        )

    # Part of the light within the Petrosian aperture: 0.83 of a profile of n = 4 (Graham et al. 2005, AJ 130, 1535).
    seen = 1 - 0.17 * bulge * min(p.bulge_sersic / 4, 1.2)
    radius = brentq(lambda r: within(r) - 0.9 * seen, 0.01, 100 * p.radius)
    # 0.8 makes the pictures' half-light radii those of the Galaxy Challenge (benchmarks/studies/realism.py).
    return math.hypot(0.80 * radius, 0.9 * p.seeing)
