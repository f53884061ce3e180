"""The share bars of the flow-chart, as plotly bar traces."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import key
from galaxy_explorer.flow_chart.layout import SHARE_HEIGHT, TILES, TRACK, TRACK_LEFT
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import Reading, State
from galaxy_explorer.flow_chart.writing import share_tops


def all_bars(readings: list[Reading], colours: Palette) -> list[go.Bar]:
    """Draw tracks, shares and the key's samples."""
    samples = [
        _bar(f"key to {reading.name}", [place], [key.SAMPLE[0]], _marker(reading, [1.0], colours))
        for reading, place in zip(readings, key.places(len(readings)), strict=True)
    ]
    return [_tracks(readings, colours), *_shares(readings, colours), *samples]


def _tracks(readings: list[Reading], colours: Palette) -> go.Bar:
    """Draw the full length behind every share, so that a small one is seen to be small."""
    asked = [
        (TILES[column].middle + TRACK_LEFT, y)
        for column in tree.COLUMNS
        for reading, y in zip(readings, share_tops(column, len(readings)), strict=True)
        if reading.state(column) is State.ASKED
    ]
    return _bar("of all answers", asked, [TRACK] * len(asked), {"color": colours.track})


def _shares(readings: list[Reading], colours: Palette) -> list[go.Bar]:
    """Draw each source's shares as bars, the volunteers' hatched."""
    traces = []
    for i, reading in enumerate(readings):
        asked = [column for column in tree.COLUMNS if reading.state(column) is State.ASKED]
        places = [(TILES[c].middle + TRACK_LEFT, share_tops(c, len(readings))[i]) for c in asked]
        lengths = [TRACK * reading.share(column) for column in asked]
        strengths = [reading.strength(tree.QUESTION_OF[column].number) for column in asked]
        trace = _bar(reading.name, places, lengths, _marker(reading, strengths, colours))
        trace.customdata = asked
        if reading.spread is not None:
            trace.error_x = _whiskers(reading, reading.spread, asked, colours)
        traces.append(trace)
    return traces


def _marker(reading: Reading, strengths: list[float], colours: Palette) -> dict[str, Any]:
    """Colour a source's bars by the votes behind them, and hatch the volunteers'.

    By colours of their own and not by opacity, which plotly sets anew when something is clicked.
    """
    full = colours.network if reading.is_network else colours.volunteers
    shades = [blend(colours.track, full, strength) for strength in strengths]
    if reading.is_network:
        return {"color": shades}
    pattern = {"shape": "/", "fillmode": "overlay", "size": 4, "solidity": 0.28, "fgcolor": colours.tile}
    return {"color": shades, "pattern": pattern}


def _whiskers(reading: Reading, spreads: np.ndarray, columns: list[str], colours: Palette) -> dict[str, Any]:
    """Draw half the width of the 68 % interval to either side of a share, within what a share can be."""
    where = [tree.INDEX[column] for column in columns]
    share, spread = reading.shares[where], np.nan_to_num(spreads[where])
    return {
        "type": "data",
        "symmetric": False,
        "array": TRACK * np.minimum(spread, 1 - share),
        "arrayminus": TRACK * np.minimum(spread, share),
        "color": blend(colours.track, colours.ink, 0.8),
        "thickness": 1.2,
        "width": 2,
    }


def _bar(name: str, places: list[tuple[float, float]], lengths: list[float], marker: dict[str, Any]) -> go.Bar:
    """Draw horizontal bars from given left ends; a click elsewhere does not dim them."""
    return go.Bar(
        name=name,
        orientation="h",
        base=[x for x, _ in places],
        y=[y for _, y in places],
        x=lengths,
        width=SHARE_HEIGHT,
        marker={"line": {"width": 0}, **marker},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hoverinfo="skip",
    )
