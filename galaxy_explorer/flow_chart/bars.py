"""Share bars of the flow-chart, as plotly bar traces."""

from typing import Any

import numpy as np

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import key
from galaxy_explorer.flow_chart.layout import SHARE_HEIGHT, TILES, TRACK, TRACK_LEFT
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import Reading, State
from galaxy_explorer.flow_chart.writing import share_tops

Trace = dict[str, Any]


def all_bars(readings: list[Reading], colours: Palette) -> list[Trace]:
    """Return tracks, shares and the key's samples."""
    samples = [
        _bar(f"key to {reading.name}", [point], [key.SAMPLE[0]], _marker(reading, [1.0], colours))
        for reading, point in zip(readings, key.sample_points(len(readings)), strict=True)
    ]
    return [_tracks(readings, colours), *_shares(readings, colours), *samples]


def _tracks(readings: list[Reading], colours: Palette) -> Trace:
    """Return the full length behind every share, so that a small one looks small."""
    asked = [
        (TILES[column].middle + TRACK_LEFT, y)
        for column in tree.COLUMNS
        for reading, y in zip(readings, share_tops(column, len(readings)), strict=True)
        if reading.state(column) is State.ASKED
    ]
    return _bar("of all answers", asked, [TRACK] * len(asked), {"color": colours.track})


def _shares(readings: list[Reading], colours: Palette) -> list[Trace]:
    """Return each source's shares as bars, the volunteers' hatched."""
    traces = []
    for i, reading in enumerate(readings):
        asked = [column for column in tree.COLUMNS if reading.state(column) is State.ASKED]
        points = [(TILES[c].middle + TRACK_LEFT, share_tops(c, len(readings))[i]) for c in asked]
        lengths = [TRACK * reading.share(column) for column in asked]
        opacities = [reading.opacity(tree.QUESTION_OF[column].number) for column in asked]
        trace = _bar(reading.name, points, lengths, _marker(reading, opacities, colours))
        trace["customdata"] = asked
        if reading.intervals is not None:
            trace["error_x"] = _whiskers(reading, reading.intervals, asked, colours)
        traces.append(trace)
    return traces


def _marker(reading: Reading, opacities: list[float], colours: Palette) -> dict[str, Any]:
    """Return the colours of a source's bars, and the hatching of the volunteers'.

    Opacity is blended into the colours, since plotly resets a marker's opacity on every click.
    """
    full = colours.network if reading.is_network else colours.volunteers
    shades = [blend(colours.track, full, opacity) for opacity in opacities]
    if reading.is_network:
        return {"color": shades}
    pattern = {"shape": "/", "fillmode": "overlay", "size": 4, "solidity": 0.28, "fgcolor": colours.tile}
    return {"color": shades, "pattern": pattern}


def _whiskers(reading: Reading, intervals: np.ndarray, columns: list[str], colours: Palette) -> dict[str, Any]:
    """Return the 68 % prediction intervals of shares as error bars."""
    where = [tree.INDEX[column] for column in columns]
    share, (lower, upper) = reading.shares[where], intervals[:, where]
    return {
        "type": "data",
        "symmetric": False,
        "array": TRACK * (upper - share),
        "arrayminus": TRACK * (share - lower),
        "color": blend(colours.track, colours.ink, 0.8),
        "thickness": 1.2,
        "width": 2,
    }


def _bar(name: str, points: list[tuple[float, float]], lengths: list[float], marker: dict[str, Any]) -> Trace:
    """Return horizontal bars from their left ends; a click elsewhere does not dim them."""
    # Plain: go.Bar would validate every colour, which takes as long as all the rest of the chart.
    return {
        "type": "bar",
        "name": name,
        "orientation": "h",
        "base": [x for x, _ in points],
        "y": [y for _, y in points],
        "x": lengths,
        "width": SHARE_HEIGHT,
        "marker": {"line": {"width": 0}, **marker},
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hoverinfo": "skip",
    }
