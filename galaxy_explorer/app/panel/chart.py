"""The flow-chart in the panel: its choices, what it leaves out, and the chart itself."""

from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from galaxy_explorer.app.panel.selected_answer import select_clicked, selected_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.wording import listed
from galaxy_explorer.flow_chart import HARDLY_ASKED, HEIGHT, flow_chart, hardly_asked, read_sources

BOTH, NETWORK, VOLUNTEERS = "both", "network", "volunteers"
SAVED_PX = 1000  # width of a saved chart, whatever the window
EXPORT_HELP = "Format that the camera at the top right of the chart saves: SVG for papers and slides, or PNG."
TOOLBAR = {"displayModeBar": True, "displaylogo": False, "modeBarButtons": [["toImage"]]}  # one button, which saves
NO_GESTURES = {"scrollZoom": False, "doubleClick": False}


class ChartChoices(NamedTuple):
    """How the flow-chart is shown."""

    sources: str  # BOTH, NETWORK or VOLUNTEERS
    file_format: str
    side_by_side: bool  # whether the pictures of all answers of the question are shown as well


def _switch(label: str, options: list[str], key: Key, **more: Any) -> str:
    """Draw a choice between options that lasts for the session."""
    return st.segmented_control(
        label, options, default=options[0], required=True, key=key, persist_state="session", **more
    )


def choose_chart(prediction: GalaxyPrediction) -> ChartChoices:
    """Draw the choices of the flow-chart."""
    with st.container(key="chart_choices", horizontal=True, vertical_alignment="bottom"):
        shown = NETWORK
        if prediction.galaxy.volunteers is not None:
            names = {NETWORK: prediction.model}
            sides = [BOTH, NETWORK, VOLUNTEERS]
            shown = _switch("Answers", sides, Key.CHART_SOURCES, format_func=lambda side: names.get(side, side))
        file_format = _switch("Export as", ["SVG", "PNG"], Key.CHART_FILE, help=EXPORT_HELP)
        side_by_side = st.toggle("Compare answers", key=Key.SIDE_BY_SIDE, persist_state="session")
    return ChartChoices(shown, file_format.lower(), side_by_side)


def explain_hardly_asked(prediction: GalaxyPrediction, shown: str) -> None:
    """Show why questions that the network expects almost no votes to reach have no numbers."""
    votes = prediction.galaxy.volunteers if shown == BOTH else None
    if shown != VOLUNTEERS and (few := hardly_asked(prediction.fractions, votes)):
        questions = ("question " if len(few) == 1 else "questions ") + listed([str(number) for number in few])
        st.caption(
            f"“Hardly asked”: {prediction.model} expects fewer than {100 * HARDLY_ASKED:.0f} in 100 votes to reach "
            f"{questions}, too few for meaningful shares."
        )


def show_chart(prediction: GalaxyPrediction, chart: ChartChoices) -> dict[str, Any]:
    """Draw the flow-chart and return the arguments of its list."""
    galaxy, model = prediction.galaxy, prediction.model
    network = None if chart.sources == VOLUNTEERS else prediction.fractions
    votes: np.ndarray | None = None if chart.sources == NETWORK else galaxy.volunteers
    drawn: dict[str, Any] = {
        "network": network,
        "volunteers": votes,
        "network_share_intervals": prediction.share_intervals,
        "network_name": model,
    }
    style: dict[str, Any] = {"selected": selected_answer(), "dark": theme.is_dark()}
    names = [f"network {model}"] * (network is not None) + ["volunteers of Galaxy Zoo 2"] * (votes is not None)
    file = {"format": chart.file_format, "filename": f"{galaxy.galaxy_id}_{model}_chart"}
    image = file | {"width": SAVED_PX, "height": round(HEIGHT), "scale": 2}
    with st.container(key="flow_chart"):
        st.plotly_chart(
            flow_chart(**drawn, **style, caption=" · ".join([f"Galaxy {galaxy.galaxy_id}", *names, "Galaxy Explorer"])),
            key=Key.CHART,
            on_select=select_clicked,
            selection_mode="points",
            theme=None,
            config={**TOOLBAR, **NO_GESTURES, "toImageButtonOptions": image},
            alt=f"Flow-chart of galaxy {galaxy.galaxy_id}; the list after it carries the same numbers",
        )
    return {"readings": read_sources(**drawn), **style}
