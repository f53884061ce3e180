"""Presets: the tuning fork and a few famous kinds of galaxies, from presets.toml."""

import tomllib
from pathlib import Path
from typing import Any

from galaxy_explorer.simulation.parameters import Parameters


def _read() -> dict[str, Parameters]:
    """Return the presets by name, in the order of the file."""
    rows = tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8"))
    return {name: Parameters(**_values(rows, name)) for name in rows if not name.islower()}


def _values(rows: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what differs from the defaults, of a row and those it is like."""
    values: dict[str, Any] = {}
    for other in rows[name].get("like", []):
        values |= _values(rows, other)
    return values | {key: value for key, value in rows[name].items() if key != "like"}


PRESETS: dict[str, Parameters] = _read()
