"""Targets: the galaxies of a table that have a position and a radius."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from galaxy_explorer.survey.tables import DEC_NAMES, RA_NAMES, RADIUS_NAMES, SurveyError, SurveyTable

if TYPE_CHECKING:
    from astropy.table import Column

RADIUS_UNITS = ("arcsec", "arcmin", "deg", "pixel")
LARGEST_RADIUS_ARCSEC = 3600.0  # the largest galaxy of SDSS has 400; beyond it the unit is a mistake
_ARCSEC = {"arcsec": 1.0, "arcmin": 60.0, "deg": 3600.0}
_NOT_A_NAME = re.compile(r'[/\\\0-\x1f:*?"<>|]|^\.|[. ]$')  # of a file, on any system


@dataclass(frozen=True)
class Target:
    """A galaxy to cut out.

    Parameters
    ----------
    galaxy_id : str
    ra_deg, dec_deg : float
        Position in degrees, ICRS or J2000.
    radius : float
        Petrosian radius R90 in arcsec, or in pixels of the mosaic.
    in_pixels : bool
        Whether `radius` is in pixels.
    """

    galaxy_id: str
    ra_deg: float
    dec_deg: float
    radius: float
    in_pixels: bool = False


@dataclass(frozen=True)
class TargetColumns:
    """Which columns of a table are read, and what its radii are.

    Parameters
    ----------
    ra, dec, radius : str
    unit : str
        One of `RADIUS_UNITS`; empty for the column's own unit, or else arcsec.
    factor : float
        Petrosian R90 over the column's radius.
    """

    ra: str = ""
    dec: str = ""
    radius: str = ""
    unit: str = ""
    factor: float = 1.0


def targets_of(table: SurveyTable, columns: TargetColumns) -> tuple[list[Target], dict[str, str]]:
    """Return the galaxies of a table with position and radius, and the reason for each without.

    Raises
    ------
    SurveyError
        If a column is missing or is not of numbers, or no row can be used.
    """
    ra = _degrees(table.column(columns.ra, RA_NAMES, "--ra"), f"{table.path} (--ra)")
    dec = _degrees(table.column(columns.dec, DEC_NAMES, "--dec"), f"{table.path} (--dec)")
    column = table.column(columns.radius, RADIUS_NAMES, "--radius")
    unit = columns.unit or _unit_of(column)
    radius = _numbers(column, f"{table.path} (--radius)") * _ARCSEC.get(unit, 1.0) * columns.factor
    targets: list[Target] = []
    failures: dict[str, str] = {}
    for row, galaxy_id in enumerate(table.ids):
        target = Target(galaxy_id, float(ra[row]), float(dec[row]), float(radius[row]), unit == "pixel")
        if problem := _problem(target):
            failures[galaxy_id] = problem
        else:
            targets.append(target)
    if not targets:
        first, reason = next(iter(failures.items()))
        raise SurveyError(f"no row of {table.path} can be used; galaxy {first}: {reason}")
    return targets, failures


def _problem(target: Target) -> str:
    """Return why a row cannot be used; empty if it can."""
    ra, dec, radius = target.ra_deg, target.dec_deg, target.radius
    if np.isnan(ra) or np.isnan(dec):
        return "the table has no position of it"
    if not (-360 <= ra <= 720 and -90 <= dec <= 90):
        return f"its position is {ra:g}, {dec:g}; expected degrees, -90 to 90 for the declination"
    if np.isnan(radius):
        return "the table has no radius of it"
    if radius <= 0:
        return f"its radius is {radius:g}; expected more than 0"
    if not target.in_pixels and radius > LARGEST_RADIUS_ARCSEC:
        return f"its radius R90 is {radius:,.0f} arcsec, more than {LARGEST_RADIUS_ARCSEC:,.0f}; check --radius-unit"
    if _NOT_A_NAME.search(target.galaxy_id):
        return "its id cannot be the name of a file; use another column of ids"
    return ""


def _degrees(column: "Column", where: str) -> np.ndarray:
    """Return the values of an angle's column in degrees."""
    from astropy import units

    values = _numbers(column, where)
    try:
        return values * float(column.unit.to(units.deg)) if column.unit else values
    except (units.UnitConversionError, AttributeError):  # a unit that astropy does not know
        return values


def _unit_of(column: "Column") -> str:
    """Return a column's own unit as one of `RADIUS_UNITS`; arcsec if it has none or another."""
    text = str(column.unit or "").lower()
    return {"pix": "pixel", "degree": "deg", "degrees": "deg"}.get(text, text if text in RADIUS_UNITS else "arcsec")


def _numbers(column: "Column", where: str) -> np.ndarray:
    """Return a column as float64, NaN where it is masked."""
    values = np.ma.asarray(column)
    if values.ndim != 1:
        raise SurveyError(
            f"{where}: the column {column.name} has several values in a row; name one with a single number"
        )
    try:
        return np.ma.filled(values.astype(float), np.nan)
    except (ValueError, TypeError) as error:
        raise SurveyError(
            f"{where}: the column {column.name} holds {str(values.compressed()[0])!r}; expected numbers, degrees for "
            "angles"
        ) from error
