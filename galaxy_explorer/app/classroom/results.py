"""What a class said about each galaxy, next to the volunteers and the network."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app.services.classroom.rooms import class_galaxies, class_store
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.catalogue import SIMULATED
from galaxy_explorer.classroom import ClassGalaxy, Classroom
from galaxy_explorer.classroom.tables import ballots_of, class_scores
from galaxy_explorer.decision_tree import short_description
from galaxy_explorer.flow_chart import as_list, flow_chart, read_sources

CLASS, VOLUNTEERS, NETWORK = "class", "volunteers", "network"
CHECK_INTERVAL_S = 5.0
NO_VOTES = "No one has voted on this galaxy yet."


def show_results(classroom: Classroom) -> None:
    """Draw what the class said; it follows by itself as long as voting is open."""
    st.subheader("What the class said", anchor=False)
    if classroom.source == SIMULATED:
        st.caption("These galaxies are simulated, and so are the volunteers.")
    theme.follow_theme()
    st.fragment(_show_galaxy, run_every=CHECK_INTERVAL_S if classroom.is_open else None)(classroom)


def _show_galaxy(classroom: Classroom) -> None:
    """Draw the choice of a galaxy and of whose answers are shown, and the flow-chart."""
    galaxies, votes = class_galaxies(classroom), class_store().votes(classroom.class_id)
    ballots = ballots_of(galaxies, class_store().pupils(classroom.class_id), votes)
    scores = class_scores(galaxies, ballots)
    places = list(range(len(galaxies)))
    with st.container(horizontal=True, vertical_alignment="bottom", key="class_choices"):
        place = st.segmented_control(
            "Galaxy", places, format_func=lambda each: str(each + 1), default=0, required=True, key=Key.CLASS_PLACE
        )
        sources = [CLASS, VOLUNTEERS, NETWORK] if classroom.network else [CLASS, VOLUNTEERS]
        shown = st.pills(
            "Answers of",
            sources,
            selection_mode="multi",
            default=[CLASS],
            key=Key.CLASS_ANSWERS_OF,
            help="First the class alone; then press “volunteers” and “network” to compare.",
        )
    place = place if place in places else 0
    galaxy = galaxies[place]
    known = {CLASS: scores[place], VOLUNTEERS: galaxy.volunteers, NETWORK: galaxy.network}
    count = sum(vote.place == place for vote in votes)
    with st.container(key="class_result"):
        with st.container(key="class_picture"):
            st.image(galaxy.picture, width="stretch", alt=f"Galaxy {place + 1} of the class")
            st.html(_verdicts({name: known[name] for name in shown}, count, classroom.network))
        with st.container(key="class_flow"):
            _show_chart(galaxy, {name: found for name in shown if (found := known[name]) is not None})
    with st.expander("All galaxies in a table", icon=":material/table_rows:"):
        st.html(_overview(galaxies, scores, classroom.network))


def _verdicts(known: dict[str, np.ndarray | None], count: int, network: str) -> str:
    """Return what each side saw, in a few words."""
    names = {
        CLASS: f"Class ({count} vote{'s' * (count != 1)})",
        VOLUNTEERS: "Volunteers",
        NETWORK: f"Network ({network})",
    }
    missing = {CLASS: NO_VOTES, VOLUNTEERS: "No votes are known.", NETWORK: "No prediction."}
    lines = (
        f'<dt class="{name}">{escape(names[name])}</dt>'
        f"<dd>{escape(missing[name] if votes is None else short_description(votes))}</dd>"
        for name, votes in known.items()
    )
    return f'<dl class="verdicts">{"".join(lines)}</dl>'


def _show_chart(galaxy: ClassGalaxy, known: dict[str, np.ndarray]) -> None:
    """Draw the flow-chart, and its list instead of it in a narrow window."""
    if not known:
        st.info(NO_VOTES, icon=":material/hourglass_empty:")
        return
    drawn: dict[str, Any] = {
        "network": known.get(NETWORK),
        "volunteers": known.get(VOLUNTEERS),
        "group": (CLASS, known[CLASS]) if CLASS in known else None,
    }
    style: dict[str, Any] = {"opened": (), "dark": theme.is_dark()}
    with st.container(key="class_flow_chart"):
        theme.show_figure(
            flow_chart(**drawn, **style, caption=f"Galaxy {galaxy.galaxy_id} · Galaxy Explorer"),
            Key.CLASS_CHART,
            "Flow-chart of the answers; the list after it carries the same numbers",
        )
    with st.container(key="class_list"):
        st.html(as_list(read_sources(**drawn), dark=theme.is_dark(), interactive=False))


def _overview(galaxies: list[ClassGalaxy], scores: list[np.ndarray | None], network: str) -> str:
    """Return a table with the likeliest path of class, volunteers and network for every galaxy."""
    rows = ""
    for place, (galaxy, own) in enumerate(zip(galaxies, scores, strict=True), 1):
        sides = (own, galaxy.volunteers, *([galaxy.network] if network else []))
        cells = "".join(f"<td>{escape('–' if votes is None else short_description(votes))}</td>" for votes in sides)
        rows += f"<tr><th scope='row'>{place}</th>{cells}</tr>"
    heads = ["Class", "Volunteers", *(["Network"] if network else [])]
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("Galaxy", *heads))
    table = f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="wide" role="region" aria-label="All galaxies" tabindex="0">{table}</div>'
