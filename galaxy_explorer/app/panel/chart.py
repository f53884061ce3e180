"""The flow-chart in the panel: its choices, what it leaves out, and the chart itself."""

from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.selected_answer import select_clicked, selected_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.skeletons import style_of_chart
from galaxy_explorer.app.ui.wording import listed
from galaxy_explorer.decision_tree import QUESTION_OF, QUESTIONS
from galaxy_explorer.flow_chart import (
    HARDLY_ASKED,
    flow_chart,
    folded_questions,
    hardly_asked,
    layout_of,
    read_sources,
)

BOTH, NETWORK, VOLUNTEERS = "both", "network", "volunteers"
SAVED_PX = 1000  # width of a saved chart, whatever the window
TOOLBAR = {"displayModeBar": True, "displaylogo": False, "modeBarButtons": [["toImage"]]}  # one button, which saves
NO_GESTURES = {"scrollZoom": False, "doubleClick": False}


def choose_chart(prediction: GalaxyPrediction) -> str:
    """Draw the choice of what the chart shows, and return it: BOTH, NETWORK or VOLUNTEERS."""
    if prediction.galaxy.volunteers is None:
        return NETWORK
    return st.segmented_control(
        "Answers",
        [BOTH, NETWORK, VOLUNTEERS],
        default=BOTH,
        required=True,
        key=Key.CHART_SOURCES,
        persist_state="session",
    )


def explain_hardly_asked(prediction: GalaxyPrediction, shown: str) -> None:
    """Show why an opened question that almost no votes reach has no numbers."""
    votes = prediction.galaxy.volunteers if shown == BOTH else None
    few = [number for number in hardly_asked(prediction.fractions, votes) if number in opened_questions()]
    if shown != VOLUNTEERS and few:
        questions = listed([question.short for question in QUESTIONS if question.number in few])
        st.caption(
            f"“Hardly asked”: the network expects fewer than {100 * HARDLY_ASKED:.0f} in 100 volunteers to be asked "
            f"about {questions}, too few for meaningful shares."
        )


def opened_questions() -> set[int]:
    """Return the questions that stay open for this galaxy: pressed, or of a selected answer."""
    opened = state.panel().opened
    opened.add(QUESTION_OF[selected_answer()].number)
    return opened


def _named(galaxy: ShownGalaxy) -> str:
    """Return what a saved chart calls a galaxy: its title, if any, and its id."""
    has_name = galaxy.title and galaxy.galaxy_id not in galaxy.title
    return f"{galaxy.title} ({galaxy.galaxy_id})" if has_name else galaxy.name


def show_chart(prediction: GalaxyPrediction, shown: str) -> dict[str, Any]:
    """Draw the flow-chart and return the arguments of its list."""
    galaxy, model = prediction.galaxy, prediction.model
    network = None if shown == VOLUNTEERS else prediction.fractions
    votes: np.ndarray | None = None if shown == NETWORK else galaxy.volunteers
    drawn: dict[str, Any] = {
        "network": network,
        "volunteers": votes,
        "network_share_intervals": prediction.share_intervals,
        "network_name": networks.label(model),
        "volunteers_name": "simulated" if galaxy.simulated else "volunteers",
    }
    readings, opened, selected = read_sources(**drawn), opened_questions(), selected_answer()
    style: dict[str, Any] = {"selected": selected, "opened": opened, "dark": theme.is_dark()}
    layout = layout_of(folded_questions(readings, opened, selected))
    voters = galaxy.voters if galaxy.simulated else "volunteers of Galaxy Zoo 2"
    names = [f"network {networks.label(model)}"] * (network is not None) + [voters] * (votes is not None)
    # A saved copy shows what the page shows. Browsers draw its pixels at twice this size.
    image = {"format": "png", "width": SAVED_PX, "height": round(layout.height), "scale": 2}
    st.html(f"<style>.st-key-flow_chart [data-testid='stSkeleton'] {{ {style_of_chart(layout)} }}</style>")
    with st.container(key="flow_chart"):
        st.plotly_chart(
            flow_chart(**drawn, **style, caption=" · ".join([_named(galaxy), *names, "Galaxy Explorer"])),
            key=Key.CHART,
            on_select=select_clicked,
            selection_mode="points",
            theme=None,
            config={
                **TOOLBAR,
                **NO_GESTURES,
                "toImageButtonOptions": image | {"filename": f"{galaxy.galaxy_id}_{model}_chart"},
            },
            alt=f"Flow-chart of {galaxy.name}; the list after it carries the same numbers",
        )
    return {"readings": readings, **style}
