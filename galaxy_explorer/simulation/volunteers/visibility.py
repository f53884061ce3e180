"""What can be seen of a simulated galaxy: quantities, and the features that people see."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Values = Mapping[str, np.ndarray]  # parameters or quantities by name, (N,) each

SKY_NOISE = 0.026  # nanomaggies in a pixel of 0.396 arcsec in r, as in `camera`
SIGMA = 2.3548  # full width at half maximum of a Gaussian over its standard deviation


@cache
def rules() -> dict[str, Any]:
    """Return the table of rules: what is visible, and what is answered."""
    return tomllib.loads(Path(__file__).with_name("visibility.toml").read_text(encoding="utf-8"))


def quantities(parameters: Values) -> dict[str, np.ndarray]:
    """Return what volunteers judge by, (N,) each: the parameters themselves and these.

    Parameters
    ----------
    parameters : mapping of str to (N,) np.ndarray
        The fields of `Parameters`.

    Returns
    -------
    dict of str to (N,) np.ndarray
        In addition `size`, `bar_size`, `ring_size`, `arc_size`, `companion_size` and `arm_gap`, in widths of the
        seeing; `signal`, log10 of the mean signal over the noise, both in a circle as wide as the seeing, within the
        half-light radius; `axis_ratio`, as blurred; `arm_strength`, the contrast of the arms, 0 without; and
        `bulge_prominence`, log10 of `bulge_fraction`.
    """
    p = dict(parameters)
    bulge, seeing = p["bulge_fraction"], np.maximum(p["seeing"], 0.1)
    radius = p["radius"] * np.where(bulge > 0.95, p["bulge_radius"], 1.0)
    p["size"] = radius / seeing
    p["bar_size"] = 2 * p["bar_length"] * p["radius"] / seeing
    p["ring_size"] = p["ring_radius"] * p["radius"] / seeing
    p["arc_size"] = p["arc_radius"] * p["radius"] / seeing
    p["companion_size"] = np.maximum(p["companion_size"] * p["radius"] / seeing, 0.2)
    pitch = np.radians(np.abs(p["pitch"]))
    p["arm_gap"] = 2 * np.pi * np.tan(pitch) * p["radius"] / np.maximum(p["arms"], 1) / seeing
    p["arm_strength"] = np.where(p["arms"] >= 1, p["arm_contrast"], 0.0)
    area = np.pi * (seeing / 2) ** 2
    light = 10 ** (0.4 * (22.5 - p["magnitude"])) / 2 / (np.pi * radius**2) * area
    noise = SKY_NOISE / 0.396 * np.sqrt(area) * np.maximum(p["sky_noise"], 0.05)
    p["signal"] = np.log10(light / noise)
    p["axis_ratio"] = _axis_ratio(p, radius, seeing)
    p["bulge_prominence"] = np.log10(np.maximum(bulge, 0.01))
    return p


def _axis_ratio(p: Values, radius: np.ndarray, seeing: np.ndarray) -> np.ndarray:
    """Return the axis ratio of bulge and disk together, after the blur by the seeing.

    A disk of thickness q0 inclined by i has q² = q0² + (1 - q0²) cos² i (Hubble 1926, ApJ 64, 321).
    """
    cos = np.cos(np.radians(p["inclination"]))
    disk = np.sqrt(p["thickness"] ** 2 + (1 - p["thickness"] ** 2) * cos**2)
    ratio = (1 - p["bulge_ellipticity"]) ** p["bulge_fraction"] * disk ** (1 - p["bulge_fraction"])
    blur = (seeing / SIGMA) ** 2
    return np.sqrt((ratio**2 * radius**2 + blur) / (radius**2 + blur))


def visible(found: Values, table: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the part of the people who see each feature, (N,) in [0, 1] each."""
    features = {}
    for name, steps in table["visible"].items():
        seen = np.ones(())
        for quantity, (half, width) in steps.items():
            seen = seen * step(found[quantity], half, width)
        features[name] = seen
    return features


def step(values: np.ndarray, half: float, width: float) -> np.ndarray:
    """Return a logistic step from 0 to 1, one half at `half`."""
    return 1 / (1 + np.exp(np.clip((half - values) / width, -60, 60)))
