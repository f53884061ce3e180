"""The flow-chart of one galaxy as a plotly figure."""

from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import key
from galaxy_explorer.flow_chart.bars import Trace, all_bars
from galaxy_explorer.flow_chart.layout import EDGE, FOOT, HEIGHT, NARROWEST_PX, TILES, WIDTH
from galaxy_explorer.flow_chart.palette import Palette, palette
from galaxy_explorer.flow_chart.readings import Reading, check_selected, read_sources
from galaxy_explorer.flow_chart.shapes import all_shapes
from galaxy_explorer.flow_chart.writing import SMALL_PX, Text, answer_texts, hover, question_texts

ANSWER_TRACE = "answers"  # the trace whose points carry an answer's column as `customdata`
FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial, sans-serif'
_TARGET_PX = 180  # the largest clickable square; a smaller one is as wide as its tile at the narrowest width
_REACH_PX = 60  # how far from it the pointer may be


def flow_chart(
    network: np.ndarray | None = None,
    volunteers: np.ndarray | None = None,
    *,
    network_share_intervals: np.ndarray | None = None,
    selected: str | None = None,
    dark: bool = True,
    network_name: str = "network",
    caption: str = "",
) -> go.Figure:
    """Draw one galaxy's votes on the question flow-chart.

    Bars are answer shares; curves are as wide as the vote fraction that flows along them, the network's
    if it is given. Every question has the same position for every galaxy.

    Parameters
    ----------
    network, volunteers : (37,) np.ndarray or None
        Vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1], NaN where unknown. One of them
        may be None.
    network_share_intervals : (2, 37) np.ndarray or None
        Lower and upper ends of the 68 % prediction intervals of the answer shares, as
        `IntervalModel.share_intervals` returns them; drawn as whiskers.
    selected : str or None
        The column of the answer to put a ring around.
    dark : bool
        Whether the page is dark.
    network_name : str
        The network's name in the key.
    caption : str
        One line for the foot of the chart, so that a saved copy names its galaxy and its sources.

    Returns
    -------
    go.Figure
        On the page's colour, of fixed height, as wide as its container; it can be shown in a notebook and saved
        by ``write_html``. The points of the trace `ANSWER_TRACE` are the answers, with their column as `customdata`.

    Raises
    ------
    ValueError
        If neither source is given, an array is not one galaxy's vote fractions, or `selected` is not a column.
    """
    readings = read_sources(network, volunteers, network_share_intervals, network_name)
    check_selected(selected)
    colours = palette(dark)
    path = {column for column, _ in tree.most_likely_path(readings[0].fractions)}
    shapes = all_shapes(readings, path, selected, colours) + key.shapes(colours)
    texts = all_texts(readings, path, colours)
    if caption:
        texts.append(Text(0.0, FOOT, escape(caption), colours.quiet, colours.page, SMALL_PX, "middle right"))
    traces = [*all_bars(readings, colours), _written(texts, colours)]
    drawing = {"data": [*traces, _targets(readings)], "layout": {"shapes": shapes, **_frame(colours)}}
    # plotly's validation of 200 shapes takes ten times as long as all the rest; a test validates what is drawn here.
    return go.Figure(drawing, _validate=False)


def all_texts(readings: list[Reading], path: set[str], colours: Palette) -> list[Text]:
    """Return every text of the chart."""
    return [
        *key.texts(readings, colours),
        *question_texts(readings, path, colours),
        *answer_texts(readings, path, colours),
    ]


def _written(texts: list[Text], colours: Palette) -> Trace:
    """Return all texts as one trace; a colour for selected text keeps clicks from dimming it."""
    return {
        "type": "scatter",
        "name": "texts",
        "mode": "text",
        "x": [text.x for text in texts],
        "y": [text.y for text in texts],
        "text": [text.words for text in texts],
        "textposition": [text.position for text in texts],
        "textfont": {"size": [text.size_px for text in texts], "color": [text.colour for text in texts]},
        "selected": {"textfont": {"color": colours.ink}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _targets(readings: list[Reading]) -> Trace:
    """Return an invisible square over every answer, for hovering and clicks."""
    tiles = [TILES[column] for column in tree.COLUMNS]
    widths_px = [(tile.right - tile.left) / WIDTH * NARROWEST_PX for tile in tiles]
    return {
        "type": "scatter",
        "name": ANSWER_TRACE,
        "mode": "markers",
        "x": [tile.middle for tile in tiles],
        "y": [tile.centre for tile in tiles],
        "customdata": list(tree.COLUMNS),
        "hovertext": [hover(readings, column) for column in tree.COLUMNS],
        "hoverinfo": "text",
        "marker": {"symbol": "square", "size": [min(px, _TARGET_PX) for px in widths_px], "opacity": 0.0},
        "selected": {"marker": {"opacity": 0.0}},
        "unselected": {"marker": {"opacity": 0.0}},
    }


def _frame(colours: Palette) -> dict[str, Any]:
    """Return the layout without shapes: fixed height, free width, no zoom or drag."""
    hidden = {"visible": False, "fixedrange": True, "zeroline": False}
    return {
        "template": pio.templates["none"].to_plotly_json(),  # its name is not resolved without validation
        "height": round(HEIGHT),
        "autosize": True,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0, "autoexpand": False},
        "xaxis": {**hidden, "range": [-EDGE, WIDTH + EDGE]},
        "yaxis": {**hidden, "range": [HEIGHT, 0]},
        "paper_bgcolor": colours.page,  # not transparent: a saved copy must be legible on any page
        "plot_bgcolor": colours.page,
        "font": {"family": FONT, "size": SMALL_PX, "color": colours.ink},
        "showlegend": False,
        "barmode": "overlay",
        "dragmode": False,
        "clickmode": "event+select",
        "modebar": {"bgcolor": colours.page, "color": colours.quiet, "activecolor": colours.ink},
        "hovermode": "closest",
        "hoverdistance": _REACH_PX,
        "hoverlabel": {
            "align": "left",
            "bgcolor": colours.bar,
            "bordercolor": colours.quiet,
            "font": {"family": FONT, "size": 13, "color": colours.ink},
        },
    }
