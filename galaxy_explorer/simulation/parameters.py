"""The parameters of a simulated galaxy: names, ranges, meanings; and as a URL."""

import math
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode


class Field(NamedTuple):
    """What a slider or a table must know about a parameter."""

    label: str
    unit: str
    low: float
    high: float
    step: float
    default: float
    group: str
    help: str


def _field(
    default: float, limits: tuple[float, float, float], group: str, label: str, explanation: str, unit: str = ""
) -> Any:
    low, high, step = limits
    return field(default=default, metadata={"field": Field(label, unit, low, high, step, default, group, explanation)})


_SHARE = 0.0, 1.0, 0.01
_ANGLE = 0.0, 180.0, 1.0
_COLOUR = -0.2, 1.6, 0.02


@dataclass(frozen=True)
class Parameters:
    """A simulated galaxy and its picture: a row of numbers.

    Lengths are in arcseconds, or in units of `radius` where the field has no unit; angles in degrees; colours are
    g - r in magnitudes; fractions are parts of the light of the galaxy in r. `FIELDS` has the label, unit, range and
    meaning of each parameter. What is random, such as knots, stars and noise, follows from `seed`.
    """

    radius: float = _field(
        4.6,
        (0.5, 40, 0.1),
        "Galaxy",
        "Half-light radius",
        "Half of the disk's light lies within it, seen face-on.",
        "″",
    )
    magnitude: float = _field(
        16.0, (11, 18.5, 0.1), "Galaxy", "Magnitude", "Total brightness in r; smaller is brighter.", "mag"
    )
    position_angle: float = _field(
        35, _ANGLE, "Galaxy", "Position angle", "Direction of the long axis, from the top to the left.", "°"
    )
    disturbed: float = _field(
        0, _SHARE, "Galaxy", "Disturbed", "How lopsided the outer parts are, as after a close encounter."
    )
    clumps: float = _field(
        0, _SHARE, "Galaxy", "Irregular clumps", "Part of the disk's light in scattered clumps of young stars."
    )
    star_fraction: float = _field(
        0, _SHARE, "Galaxy", "Star", "Part of the light that is a single star in the middle; 1 is only a star."
    )

    bulge_fraction: float = _field(
        0.2, _SHARE, "Bulge", "Bulge's light", "Part of the light in the bulge; an elliptical galaxy has 1."
    )
    bulge_radius: float = _field(
        0.22, (0.03, 1.5, 0.01), "Bulge", "Bulge's radius", "Its half-light radius, in units of the galaxy's."
    )
    bulge_sersic: float = _field(
        2.5,
        (0.5, 6, 0.1),
        "Bulge",
        "Sérsic index",
        "How concentrated its light is: 1 like a disk, 4 like an elliptical.",
    )
    bulge_ellipticity: float = _field(0.1, (0, 0.8, 0.01), "Bulge", "Ellipticity", "0 is round, 0.7 is cigar-shaped.")
    boxiness: float = _field(0, (-0.5, 3, 0.05), "Bulge", "Boxiness", "0 is an ellipse, 2 a box with round corners.")
    bulge_colour: float = _field(0.85, _COLOUR, "Bulge", "Colour", "g - r of bulge and bar; larger is redder.", "mag")

    inclination: float = _field(35, (0, 90, 1), "Disk", "Inclination", "0 is face-on, 90 is edge-on.", "°")
    thickness: float = _field(
        0.12, (0.04, 0.5, 0.01), "Disk", "Thickness", "Height of the disk, in units of its radius."
    )
    dust_lane: float = _field(0, _SHARE, "Disk", "Dust lane", "How much light of the middle plane dust takes away.")
    disk_colour: float = _field(0.62, _COLOUR, "Disk", "Colour", "g - r of the old stars of the disk.", "mag")

    bar_fraction: float = _field(0, (0, 0.5, 0.01), "Bar", "Bar's light", "Part of the light in the bar.")
    bar_length: float = _field(0.7, (0.2, 1.6, 0.02), "Bar", "Length", "Half its length, in units of the radius.")
    bar_width: float = _field(0.3, (0.1, 0.7, 0.01), "Bar", "Width", "Its width, in units of its length.")
    bar_angle: float = _field(
        50, _ANGLE, "Bar", "Angle", "Between the bar and the long axis, in the plane of the disk.", "°"
    )

    arms: float = _field(2, (0, 6, 1), "Arms", "Number", "Number of spiral arms.")
    pitch: float = _field(
        18, (-50, 50, 1), "Arms", "Pitch angle", "Small if tightly wound; below 0 the other way round.", "°"
    )
    arm_width: float = _field(0.2, (0.05, 0.6, 0.01), "Arms", "Width", "Width of an arm, in units of the radius.")
    arm_contrast: float = _field(
        1.0, (0, 4, 0.05), "Arms", "Contrast", "Brightness of the arms over that of the disk between them."
    )
    arm_start: float = _field(
        0.4, (0.1, 1.5, 0.02), "Arms", "Start", "Radius where arms begin, in units of the radius."
    )
    arm_angle: float = _field(20, (0, 360, 1), "Arms", "Angle", "Where the first arm begins.", "°")
    flocculence: float = _field(0.4, _SHARE, "Arms", "Flocculence", "How much the arms are broken into pieces.")
    knots: float = _field(0.15, _SHARE, "Arms", "Knots", "Part of the light of the arms in knots where stars form.")
    arm_colour: float = _field(
        0.35, _COLOUR, "Arms", "Colour", "g - r of the young stars of arms, rings, clumps and tails.", "mag"
    )

    ring_fraction: float = _field(0, (0, 0.7, 0.01), "Ring", "Ring's light", "Part of the light in a ring.")
    ring_radius: float = _field(1.3, (0.3, 3, 0.02), "Ring", "Radius", "Its radius, in units of the galaxy's.")
    ring_width: float = _field(0.15, (0.04, 0.6, 0.01), "Ring", "Width", "Its width, in units of the galaxy's radius.")
    arc_fraction: float = _field(
        0, (0, 0.6, 0.01), "Ring", "Lens or arc", "Light of a lensed galaxy behind, over that of the galaxy."
    )
    arc_radius: float = _field(
        1.6, (0.5, 4, 0.05), "Ring", "Arc's radius", "Its distance from the centre, in units of the radius."
    )
    arc_length: float = _field(120, (20, 360, 5), "Ring", "Arc's length", "360 is a whole Einstein ring.", "°")

    companion: float = _field(
        0, (0, 1.5, 0.01), "Companion", "Companion's light", "Its light over that of the galaxy; 0 for none."
    )
    companion_distance: float = _field(
        2.5, (0, 6, 0.05), "Companion", "Distance", "Between the centres, in units of the radius."
    )
    companion_angle: float = _field(300, (0, 360, 1), "Companion", "Direction", "From the top to the left.", "°")
    companion_size: float = _field(
        0.6, (0.15, 1.5, 0.05), "Companion", "Size", "Its half-light radius, in units of the galaxy's."
    )
    companion_colour: float = _field(0.7, _COLOUR, "Companion", "Colour", "g - r of the companion.", "mag")
    tails: float = _field(0, (0, 0.6, 0.01), "Companion", "Tidal tails", "Part of the light drawn out into two tails.")

    pixel_scale: float = _field(
        0.17, (0.06, 0.8, 0.005), "Picture", "Pixel", "Side of a pixel of 424: small zooms in.", "″"
    )
    seeing: float = _field(
        1.3, (0.5, 3, 0.05), "Picture", "Seeing", "Blur by the air: full width at half maximum of a star.", "″"
    )
    sky_noise: float = _field(
        1, (0, 5, 0.05), "Picture", "Sky noise", "In units of that of SDSS; 0 is a picture without noise."
    )
    field_stars: float = _field(6, (0, 60, 1), "Picture", "Stars", "Number of stars in the picture.")
    field_galaxies: float = _field(
        8, (0, 60, 1), "Picture", "Small galaxies", "Number of faint galaxies in the background."
    )
    trail: float = _field(
        0, _SHARE, "Picture", "Satellite trail", "Brightness of a satellite's trail across the picture."
    )
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value in ((item.name, getattr(self, item.name)) for item in fields(self)):
            if not math.isfinite(value):
                raise ValueError(f"{name} is {value}; expected a finite number.")


FIELDS: dict[str, Field] = {item.name: item.metadata["field"] for item in fields(Parameters) if item.metadata}


def to_url(parameters: Parameters) -> str:
    """Return a galaxy as a URL query that holds what differs from the defaults.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    str
        Such as ``inclination=80&seed=7``; empty for the default galaxy.
    """
    changed = {
        item.name: getattr(parameters, item.name)
        for item in fields(parameters)
        if getattr(parameters, item.name) != item.default
    }
    return urlencode({name: f"{value:.6g}" if name in FIELDS else value for name, value in changed.items()})


def from_url(text: str) -> Parameters:
    """Return the galaxy of a URL query; values beyond a parameter's range are moved to its end.

    Parameters
    ----------
    text : str
        As `to_url` writes it. Other names are left out, since a page has parameters of its own.

    Returns
    -------
    Parameters

    Raises
    ------
    ValueError
        If a value is not a number.
    """
    values: dict[str, Any] = {}
    for name, value in parse_qsl(text.lstrip("?")):
        if name in FIELDS or name == "seed":
            values[name] = _number(name, value)
    return Parameters(**values)


def _number(name: str, value: str) -> float:
    try:
        number = int(value) if name == "seed" else float(value)
    except ValueError:
        raise ValueError(f"{name}={value} in the address is not a number; expected such as {name}=1.") from None
    if name == "seed":
        return abs(number)
    if not math.isfinite(number):
        raise ValueError(f"{name}={value} in the address is not a finite number.")
    return min(max(number, FIELDS[name].low), FIELDS[name].high)
