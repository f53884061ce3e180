"""Presets of Browse, each a query with the reason for its bounds."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from galaxy_explorer.app.browse.query import BrowseQuery, query_from_url


class Preset(NamedTuple):
    """A query with a name."""

    name: str
    query: BrowseQuery
    reason: str


@cache
def presets() -> tuple[Preset, ...]:
    """Read the presets from their file."""
    rows = tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8"))["preset"]
    return tuple(
        Preset(row["name"], query_from_url({"filter": row["filter"], "sort": [row["sort"]]})[0], row["reason"])
        for row in rows
    )


def preset_of(query: BrowseQuery) -> Preset | None:
    """Return the preset that a query is, on whichever page."""
    for preset in presets():
        if (query.ranges, query.sort, query.search) == (preset.query.ranges, preset.query.sort, ""):
            return preset
    return None
