"""The flow-chart of one galaxy as a plotly figure."""

from collections.abc import Collection
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart import key
from galaxy_explorer.flow_chart.bars import Trace, all_bars
from galaxy_explorer.flow_chart.layout import EDGE, WIDTH, Layout, layout_of
from galaxy_explorer.flow_chart.palette import Palette, palette
from galaxy_explorer.flow_chart.readings import Reading, check_selected, folded_questions, read_sources
from galaxy_explorer.flow_chart.shapes import all_shapes
from galaxy_explorer.flow_chart.writing import SMALL_PX, Text, answer_texts, hover, question_texts

ANSWER_TRACE = "answers"  # the trace whose points carry an answer's column as `customdata`
FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial, sans-serif'
_REGULAR, _BOLD = 400, 650
_REACH_PX = 20  # how far from an answer the pointer may be


def flow_chart(
    network: np.ndarray | None = None,
    volunteers: np.ndarray | None = None,
    *,
    network_share_intervals: np.ndarray | None = None,
    selected: str | None = None,
    given: Collection[str] = (),
    opened: Collection[int] | None = None,
    dark: bool = True,
    network_name: str = "network",
    volunteers_name: str = "volunteers",
    group: tuple[str, np.ndarray] | None = None,
    caption: str = "",
) -> go.Figure:
    """Draw one galaxy's votes on the question flow-chart.

    Bars are answer shares; curves are as wide as the vote fraction that flows along them, the network's
    if it is given, or a group's. Questions stand in the same columns and in the same order for every galaxy.

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
    given : collection of str
        Columns of the answers of one person, each with a ring around it.
    opened : collection of int or None
        None draws every question with its answers. Otherwise a question that less than 5 % of the votes reach, by all
        given sources, is folded to one line, except for these numbers and the question of `selected`: ``()`` folds
        all of them, which suits a page that opens them on a press.
    dark : bool
        Whether the page is dark.
    network_name, volunteers_name : str
        Their names in the key.
    group : (str, (37,) np.ndarray) or None
        Name and vote fractions of people who voted here, such as a class. They come first: the likeliest path and
        the curves are theirs.
    caption : str
        One line for the foot of the chart, so that a saved copy names its galaxy and its sources.

    Returns
    -------
    go.Figure
        On the page's colour, as wide as its container and up to `HEIGHT` pixels high, less where questions are folded;
        it can be shown in a notebook and saved by ``write_html``. The bars of the trace `ANSWER_TRACE` are the answers
        that are drawn, with their column as `customdata`.

    Raises
    ------
    ValueError
        If neither source is given, an array is not one galaxy's vote fractions, or `selected` or one of `given`
        is not a column.
    """
    readings = read_sources(network, volunteers, network_share_intervals, network_name, volunteers_name, group)
    rings = [*given, *([selected] if selected is not None else [])]
    for column in rings:
        check_selected(column)
    if opened is not None:
        opened = {*opened, *(tree.QUESTION_OF[column].number for column in given)}
    colours = palette(dark)
    path = {column for column, _ in tree.most_likely_path(readings[0].fractions)}
    layout = layout_of(folded_questions(readings, opened, selected), len(readings))
    shapes = all_shapes(readings, layout, path, rings, colours) + key.shapes(colours)
    texts = all_texts(readings, layout, path, colours)
    if caption:
        words = escape(caption)
        texts.append(Text(0.0, layout.foot, words, colours.quiet, colours.page, SMALL_PX, "middle right"))
    traces = [*all_bars(readings, layout, colours), _written(texts, colours), _targets(readings, layout)]
    drawing = {"data": traces, "layout": {"shapes": shapes, **_frame(layout, colours)}}
    # plotly's validation of 200 shapes takes ten times as long as all the rest; a test validates what is drawn here.
    return go.Figure(drawing, _validate=False)


def all_texts(readings: list[Reading], layout: Layout, path: set[str], colours: Palette) -> list[Text]:
    """Return every text of the chart."""
    return [
        *key.texts(readings, colours),
        *question_texts(readings, layout, path, colours),
        *answer_texts(readings, layout, path, colours),
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
        "textfont": {
            "size": [text.size_px for text in texts],
            "color": [text.colour for text in texts],
            "weight": [_BOLD if text.bold else _REGULAR for text in texts],
        },
        "selected": {"textfont": {"color": colours.ink}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _targets(readings: list[Reading], layout: Layout) -> Trace:
    """Return an invisible bar over every answer, for hovering and clicks."""
    tiles = [layout.tiles[column] for column in layout.shown]
    unseen = {"marker": {"opacity": 0.0}}
    return {
        "type": "bar",
        "name": ANSWER_TRACE,
        "orientation": "h",
        "base": [tile.left for tile in tiles],
        "x": [tile.width for tile in tiles],
        "y": [tile.centre for tile in tiles],
        "width": tiles[0].bottom - tiles[0].top,  # that of question 1 at least is never folded
        "customdata": list(layout.shown),
        "hovertext": [hover(readings, column) for column in layout.shown],
        "hoverinfo": "text",
        **unseen,
        "selected": unseen,
        "unselected": unseen,
    }


def _frame(layout: Layout, colours: Palette) -> dict[str, Any]:
    """Return the layout without shapes: height by what is folded, free width, no zoom or drag."""
    hidden = {"visible": False, "fixedrange": True, "zeroline": False}
    return {
        "template": pio.templates["none"].to_plotly_json(),  # its name is not resolved without validation
        "height": round(layout.height),
        "autosize": True,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0, "autoexpand": False},
        "xaxis": {**hidden, "range": [-EDGE, WIDTH + EDGE]},
        "yaxis": {**hidden, "range": [layout.height, 0]},
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
