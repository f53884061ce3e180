"""Answers that move as one parameter runs over its range, as a plot and a CSV file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.workbench.sliders import Field, format_of
from galaxy_explorer.app.workbench.sweep import Sweep, sweep
from galaxy_explorer.decision_tree import INDEX, label_of
from galaxy_explorer.flow_chart.figure import FONT
from galaxy_explorer.flow_chart.palette import blend, palette

# Okabe and Ito, for the dark and the light theme.
COLOURS = {
    True: ("#56b4e9", "#e69f00", "#14b88a", "#cc79a7", "#f0e442"),
    False: ("#0072b2", "#d55e00", "#009e73", "#a8487f", "#8a7a00"),
}
HEIGHT_PX = 420


def response_chart(swept: Sweep, columns: list[str], now: float, dark: bool) -> go.Figure:
    """Draw vote fractions by a parameter: network solid, simulated volunteers dotted.

    A band is the 68 % prediction interval of the first answer.

    Parameters
    ----------
    swept : Sweep
        The responses.
    columns : list of str
        The answers that are drawn, at most five.
    now : float
        The parameter's value on the workbench.
    dark : bool
        Whether the page is dark.
    """
    traces: list[dict[str, Any]] = []
    for number, (column, colour) in enumerate(zip(columns, COLOURS[dark], strict=False)):
        if number == 0 and np.isfinite(swept.intervals[:, :, INDEX[column]]).all():
            traces.append(_band(swept, column, colour))
        traces.append(_line(swept, column, colour, swept.fractions, "network"))
        if swept.votes is not None:
            dotted = {"showlegend": False, "line": {"color": colour, "width": 2.5, "dash": "dot"}}
            traces.append(_line(swept, column, colour, swept.votes, "simulated volunteers") | dotted)
    return go.Figure({"data": traces, "layout": _frame(swept.field, now, dark)}, _validate=False)


def _line(swept: Sweep, column: str, colour: str, fractions: np.ndarray, whose: str) -> dict[str, Any]:
    """Return the line of an answer's vote fractions."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label_of(column),
        "x": swept.values.tolist(),
        "y": fractions[:, INDEX[column]].tolist(),
        "line": {"color": colour, "width": 2.5, "dash": "solid"},
        "hovertemplate": f"{label_of(column)}, {whose}: %{{y:.0%}}<extra></extra>",
    }


def _band(swept: Sweep, column: str, colour: str) -> dict[str, Any]:
    """Return the area between the ends of an answer's interval."""
    x, (lower, upper) = swept.values.tolist(), swept.intervals[:, :, INDEX[column]].T.tolist()
    shade = {"fill": "toself", "fillcolor": colour, "opacity": 0.16, "line": {"width": 0}, "mode": "lines"}
    return {
        "type": "scatter",
        "x": x + x[::-1],
        "y": upper + lower[::-1],
        "showlegend": False,
        "hoverinfo": "skip",
        **shade,
    }


def _frame(field: Field, now: float, dark: bool) -> dict[str, Any]:
    """Return the layout, with a line at the value on the workbench."""
    colours = palette(dark)
    grid = {"gridcolor": blend(colours.page, colours.quiet, 0.2), "zeroline": False, "fixedrange": True}
    unit = f" ({field.unit})" if field.unit else ""
    line = {"type": "line", "x0": now, "x1": now, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "xaxis": grid | {"title": {"text": f"{field.label}{unit}"}, "range": [field.low, field.high]},
        "yaxis": grid | {"title": {"text": "vote fraction"}, "range": [-0.02, 1.02], "tickformat": ".0%"},
        "shapes": [line | {"line": {"color": colours.quiet, "width": 1.5, "dash": "dash"}}],
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": colours.tile, "font": {"color": colours.ink}},
        "height": HEIGHT_PX,
        "margin": {"l": 56, "r": 12, "t": 8, "b": 48},
        "font": {"family": FONT, "size": 13, "color": colours.ink},
        "paper_bgcolor": colours.page,
        "plot_bgcolor": colours.page,
    }


def show_varying(
    model: str,
    galaxy: ShownGalaxy,
    values: Any,
    fields: Mapping[str, Field],
    make: Callable[[Any], ShownGalaxy],
) -> None:
    """Draw the choice of a parameter, and what follows as it runs over its range.

    Parameters
    ----------
    model : str
        Name of the network.
    galaxy : ShownGalaxy
        The galaxy on the workbench.
    values : dataclass
        Its parameters or changes.
    fields : mapping
        Labels and ranges of the parameters by name.
    make : callable
        Returns the galaxy by other values.
    """
    st.subheader("Vary one", anchor=False)
    name = st.selectbox(
        "Parameter",
        list(fields),
        index=None,
        format_func=lambda name: _name(fields[name]),
        key=Key.BENCH_VARIED.of(len(fields)),
        placeholder="Choose what to vary",
        persist_state="session",
    )
    if name is None:
        st.caption("Everything else stays as it is above; the plot shows the answers that move.")
        return
    swept = _responses(model, galaxy, values, name, fields[name], make)
    _show(swept, name, model, getattr(values, name))


def _responses(
    model: str, galaxy: ShownGalaxy, values: Any, name: str, field: Field, make: Callable[[Any], ShownGalaxy]
) -> Sweep:
    """Return the responses to a parameter; those of an earlier galaxy stay until an update."""
    mine = state.workbench()
    of = name, model, mine.changed_galaxy if mine.is_real else None
    others = str(replace(values, **{name: field.default}))
    before = mine.swept if mine.swept and mine.swept[0] == of else None
    if before and before[1] != others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The galaxy has changed since this plot.", width="content")
            st.button("Update plot", icon=":material/refresh:", on_click=lambda: setattr(mine, "swept", None))
    if before is None:
        swept = _sweep(model, galaxy, field, lambda value: make(replace(values, **{name: value})))
        mine.swept = before = (of, others, swept)
    return before[2]


def _name(field: Field) -> str:
    """Return the name of a parameter next to those of other groups."""
    group = getattr(field, "group", "")
    return f"{group}: {field.label.lower()}" if group and not field.label.startswith(group) else field.label


def _sweep(model: str, galaxy: ShownGalaxy, field: Field, make: Callable[[float], ShownGalaxy]) -> Sweep:
    """Compute the responses under a progress bar."""
    bar = st.progress(0.0, text="Predicting …")
    try:
        return sweep(
            field,
            model,
            lambda value: make(value).picture,
            lambda value: make(value).volunteers,
            lambda done, of: bar.progress(done / of, text=f"Predicting {done} of {of} pictures …"),
            galaxy.field,
        )
    finally:
        bar.empty()


def _show(swept: Sweep, name: str, model: str, now: float) -> None:
    """Draw the plot with its caption and file."""
    columns = swept.moved()
    if not columns:
        st.info("No answer moves by 5 % or more over the whole range.", icon=":material/trending_flat:")
    else:
        alt = f"Vote fractions by {swept.field.label}: " + ", ".join(map(label_of, columns))
        figure = response_chart(swept, columns, now, theme.is_dark())
        theme.show_figure(figure, "bench_response", alt)
        dotted = "; dotted: simulated volunteers" if swept.votes is not None else ""
        st.caption(
            f"Solid: the {networks.label(model)} network{dotted}. Band: 68 % interval of “{label_of(columns[0])}”. "
            f"Dashed line: the value above, {format_of(swept.field) % now}."
        )
    csv = swept.table().to_csv(index=False, float_format="%.6g")
    st.download_button("Download table (CSV)", csv, f"{name}_{model}.csv", "text/csv", icon=":material/download:")
