"""Presets of Browse, each a query with the reason for its bounds."""

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from galaxy_explorer.app.query.matching import Matches, filtered_rows
from galaxy_explorer.app.query.query import BrowseQuery, query_from_url
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue, Votes

FIRST = 10_000  # galaxies


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


def presets_of(catalogue: Catalogue, answers: Answers) -> list[Preset]:
    """Return the presets that match any galaxy of a catalogue, by some answers."""

    def matches_any(preset: Preset, some: Matches) -> bool:
        return len(filtered_rows(catalogue, preset.query, some)) > 0

    def match() -> list[Preset]:
        # Most presets match some of the first galaxies; all of 240,000 take a tenth of a second longer.
        first = Votes(lambda column: answers.votes.fractions(column)[:FIRST], complete=True)
        few = Matches(np.arange(min(FIRST, len(catalogue))), replace(answers, votes=first))
        every = Matches(np.arange(len(catalogue)), answers)
        return [preset for preset in presets() if matches_any(preset, few) or matches_any(preset, every)]

    return catalogue_result(catalogue, ("presets", answers.key), match)


def preset_of(query: BrowseQuery) -> Preset | None:
    """Return the preset that a query is, by whichever answers, on whichever page."""
    for preset in presets():
        if (query.ranges, query.sort, query.search, query.filters) == (preset.query.ranges, preset.query.sort, "", ()):
            return preset
    return None


def reason_of(preset: Preset, answers: Answers) -> str:
    """Return the reason for the bounds of a preset, by some answers."""
    if not answers.network:
        return preset.reason
    return f"Predicted by the {answers.label} network: {preset.reason[0].lower()}{preset.reason[1:]}"
