"""Share bars of the flow-chart, as plotly bar traces."""

from typing import Any

import numpy as np

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import key
from galaxy_explorer.flow_chart.layout import SHARE_HEIGHT, Layout
from galaxy_explorer.flow_chart.palette import Palette, blend
from galaxy_explorer.flow_chart.readings import Reading, Source, State
from galaxy_explorer.flow_chart.writing import share_tops, track_of

Trace = dict[str, Any]
PATTERNS = {Source.VOLUNTEERS: "/", Source.GROUP: "."}  # of bars, for those who see no colours


def all_bars(readings: list[Reading], layout: Layout, colours: Palette) -> list[Trace]:
    """Return tracks, shares and the key's samples."""
    samples = [
        _bar(f"key to {reading.name}", [point], [key.SAMPLE[0]], _marker(reading, [1.0], colours))
        for reading, point in zip(readings, key.sample_points(readings), strict=True)
    ]
    return [_tracks(readings, layout, colours), *_shares(readings, layout, colours), *samples]


def _tracks(readings: list[Reading], layout: Layout, colours: Palette) -> Trace:
    """Return the full length behind every share, so that a small one looks small."""
    tracks = [
        (*track_of(layout.tiles[column]), y)
        for column in layout.shown
        for reading, y in zip(readings, share_tops(layout.tiles[column], len(readings)), strict=True)
        if reading.state(column) is State.ASKED
    ]
    points, lengths = [(left, y) for left, _, y in tracks], [length for _, length, _ in tracks]
    return _bar("of all answers", points, lengths, {"color": colours.track})


def _shares(readings: list[Reading], layout: Layout, colours: Palette) -> list[Trace]:
    """Return each source's shares as bars, those of people with a pattern."""
    traces = []
    for i, reading in enumerate(readings):
        asked = [column for column in layout.shown if reading.state(column) is State.ASKED]
        tiles = [layout.tiles[column] for column in asked]
        tracks = np.array([track_of(tile)[1] for tile in tiles])
        shares = np.array([reading.share(column) for column in asked])
        points = [(track_of(tile)[0], share_tops(tile, len(readings))[i]) for tile in tiles]
        opacities = [reading.opacity(tree.QUESTION_OF[column].number) for column in asked]
        trace = _bar(reading.name, points, (tracks * shares).tolist(), _marker(reading, opacities, colours))
        trace["customdata"] = asked
        if reading.intervals is not None:
            ends = reading.intervals[:, [tree.INDEX[column] for column in asked]]
            trace["error_x"] = _whiskers(tracks * (ends[1] - shares), tracks * (shares - ends[0]), colours)
        traces.append(trace)
    return traces


def _marker(reading: Reading, opacities: list[float], colours: Palette) -> dict[str, Any]:
    """Return the colours of a source's bars, and the pattern of people's.

    Opacity is blended into the colours, since plotly resets a marker's opacity on every click.
    """
    full = getattr(colours, reading.source)
    shades = [blend(colours.track, full, opacity) for opacity in opacities]
    if (shape := PATTERNS.get(reading.source)) is None:
        return {"color": shades}
    pattern = {"shape": shape, "fillmode": "overlay", "size": 4, "solidity": 0.28, "fgcolor": colours.tile}
    return {"color": shades, "pattern": pattern}


def _whiskers(above: np.ndarray, below: np.ndarray, colours: Palette) -> dict[str, Any]:
    """Return the 68 % prediction intervals as error bars, by their lengths from the bar's end."""
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
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
