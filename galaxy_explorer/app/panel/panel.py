"""The galaxy panel: the one way in which a galaxy is shown, wherever it came from."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app.panel import saliency, selected_answer
from galaxy_explorer.app.panel.examples import RULE, show_examples
from galaxy_explorer.app.panel.score_table import show_scores
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services import sources as services_sources
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.skeletons import style_of_chart
from galaxy_explorer.app.ui.wording import ended
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    QUESTION_OF,
    SLICES,
    in_words,
    most_likely_path,
    name_of,
    shares_from_fractions,
)
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import HARDLY_ASKED, HEIGHT, as_list, flow_chart, hardly_asked, read_sources

STYLE = Path(__file__).with_name("panel.css")
BOTH, NETWORK, VOLUNTEERS = "both", "network", "volunteers"
NORMALISED = (6, 8)  # questions whose scores are as if everybody had been asked the first of them
SAVED_PX = 1000  # the width of a saved chart, whatever the window
HARDLY_APART = 0.05  # vote fractions that differ by less are said to agree
DISAGREEMENTS = 3


def choose_network() -> str | None:
    """Let the visitor choose a network; say what to do, and give None, where there is none."""
    names = networks.networks()
    for reason in networks.unreadable_networks():
        st.warning(ended(reason))
    if not names:
        st.error("There are no networks in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return None
    return st.segmented_control(
        "Network",
        names,
        default=None if "network" in st.session_state else names[0],  # an address may have named one
        required=True,
        key="network",
        persist_state="session",
        help="Each has learnt from the volunteers' votes in its own way; the one with the smaller error comes first.",
    )


def ask(galaxy: ShownGalaxy, name: str) -> None:
    """Do all that takes time before a galaxy can be shown: a page calls this while it says that it is waiting."""
    import galaxy_explorer.saliency  # noqa: F401  which takes a second, the first time

    galaxy.prediction(name)


def show(galaxy: ShownGalaxy, name: str) -> None:
    """Show a galaxy as a network sees it: picture with saliency, sentences, flow-chart, examples, table, downloads.

    What is quick comes first; the saliency and the pictures of other galaxies then take their places.
    """
    st.html(STYLE)
    theme.follow_theme()
    st.html(f"<style>.st-key-flow_chart [data-testid='stSkeleton'] {{ {style_of_chart()} }}</style>")
    fractions, spread = galaxy.prediction(name)
    _start_answer(galaxy, fractions)
    with st.container(key="panel"):
        left, right = st.columns([4, 9], gap="medium")
        with left, st.container(key="aside"):
            seen = st.container(key="picture")
            _show_answer(galaxy, name, fractions, spread)
            with st.container(key="choices"):
                choices = saliency.choose_saliency()
            sure = st.container(key="sure")
        with right:
            with st.container(key="words"):
                _show_words(galaxy, name, fractions, spread)
            shown, kind = _choose_chart(galaxy, name)
            all_answers = st.container(key="all_answers") if st.session_state["side_by_side"] else None
            if shown != VOLUNTEERS:
                _explain_hardly_asked(name, fractions, galaxy.volunteers if shown == BOTH else None)
            listed = _show_chart(galaxy, name, (fractions, spread), shown, kind)
            flow_list = st.container(key="flow_list")  # in place of the chart where that has no room
        with seen:
            lit = saliency.show_picture(galaxy, name, choices)
        with flow_list:
            selected_answer.show_list(as_list(**listed, selected_picture=saliency.small_picture(lit)))
        if all_answers:
            with all_answers:
                saliency.show_all_answers(galaxy, name, choices, shares_from_fractions(fractions))
        with sure:
            _show_examples(galaxy, selected_answer.chosen_answer())
    show_scores(galaxy, name, fractions, spread, lit)


def _start_answer(galaxy: ShownGalaxy, fractions: np.ndarray) -> None:
    """Explain, when a galaxy comes up first, the most telling answer of its likeliest path; another crop keeps the choice."""
    shown = "/".join(galaxy.whole_address or galaxy.address)
    if st.session_state.get("answer_of") == shown and st.session_state.get(selected_answer.CHOSEN) in INDEX:
        return
    st.session_state["answer_of"] = shown
    path = most_likely_path(fractions)
    asked = st.session_state.pop("asked_answer", None)  # an address may ask for an answer, once
    selected_answer.choose_answer(asked if asked in INDEX else path[min(1, len(path) - 1)][0])


def _show_words(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray) -> None:
    """Say the likeliest path, by the network and by the volunteers, and where these are furthest apart."""
    st.markdown(f":blue-badge[{name}] {in_words(fractions)}")
    if galaxy.volunteers is None:
        st.markdown(":orange-badge[volunteers] No votes on this picture are known.")
        return
    st.markdown(f":orange-badge[volunteers] {in_words(galaxy.volunteers)}")
    worst = largest_differences(fractions, galaxy.volunteers, DISAGREEMENTS)
    apart = [c for c in worst if abs(fractions[INDEX[c]] - galaxy.volunteers[INDEX[c]]) >= HARDLY_APART]
    with st.container(key="differences", horizontal=True, vertical_alignment="center"):
        if not apart:
            st.caption(f"They agree: no vote fraction differs by {100 * HARDLY_APART:.0f} % or more.")
            return
        st.caption(
            "Furthest apart, of all votes:",
            help="In vote fractions: the share of all votes that chose the answer. The largest difference of a question stands for it. "
            "± is half the interval meant to hold the volunteers' value in 68 of 100 cases.",
            width="content",
        )
        for column in apart:
            st.button(
                _difference(column, name, fractions, spread, galaxy.volunteers),
                key=f"difference_{column}",
                on_click=selected_answer.choose_answer,
                args=(column,),
                type="tertiary",
                wrap=True,  # on a phone a longer network's name would cut the figures off
            )


def _percent(fraction: float, spread: float | None = None) -> str:
    """Write a vote fraction in per cent, and its spread, so that no line breaks within."""
    if 0.0 < fraction < 0.005 and (spread is None or spread < 0.005):
        return "<1\u00a0%"
    around = "" if spread is None else f"\u00a0±\u00a0{100 * spread:.0f}"
    return f"{100 * fraction:.0f}{around}\u00a0%"


def _difference(column: str, name: str, fractions: np.ndarray, spread: np.ndarray, volunteers: np.ndarray) -> str:
    """Say how far network and volunteers are apart on an answer."""
    index = INDEX[column]
    return (
        f"{name_of(column)} — volunteers {_voted(column, volunteers)}, "
        f"{name} {_percent(fractions[index], spread[index])}"
    )


def _voted(column: str, volunteers: np.ndarray) -> str:
    """Write which part of their votes the volunteers gave an answer, whose number is known."""
    asked = volunteers[SLICES[QUESTION_OF[column].number]].sum() > 0
    return _percent(volunteers[INDEX[column]]) if asked else "not asked"


def _show_answer(galaxy: ShownGalaxy, name: str, fractions: np.ndarray, spread: np.ndarray) -> None:
    """Let the visitor choose an answer; say what it means, and how many gave it."""
    box = st.container(key="chosen_answer")
    box.selectbox("Explain answer", COLUMNS, format_func=selected_answer.answer_label, key=selected_answer.CHOSEN)
    column = selected_answer.chosen_answer()
    index = INDEX[column]
    said = [f"{name} {_percent(fractions[index], spread[index])}"]
    if galaxy.volunteers is not None and np.isfinite(galaxy.volunteers[index]):
        said.append(f"volunteers {_voted(column, galaxy.volunteers)}")
    of = "Of the votes, as if all had been asked" if QUESTION_OF[column].number in NORMALISED else "Of all votes"
    box.caption(f"{ANSWER_OF[column].meaning} {of}: {', '.join(said)}.")


def _show_examples(galaxy: ShownGalaxy, column: str) -> None:
    """Show galaxies of the open catalogue of which volunteers were sure that the answer fits."""
    st.markdown(f"**Examples: {QUESTION_OF[column].short}, {ANSWER_OF[column].name}**", help=RULE)
    try:
        show_examples(services_sources.current_source(), column, without=galaxy.galaxy_id)
    except (CatalogueError, OSError) as error:
        st.caption(f"The galaxies cannot be opened: {ended(error)}")


def _choose_chart(galaxy: ShownGalaxy, name: str) -> tuple[str, str]:
    """Let the visitor choose whose answers the chart shows, and the kind of file its toolbar saves."""
    with st.container(key="chart_choices", horizontal=True, vertical_alignment="bottom"):
        shown = NETWORK
        if galaxy.volunteers is not None:
            shown = st.segmented_control(
                "Answers of",
                [BOTH, NETWORK, VOLUNTEERS],
                format_func=lambda which: name if which == NETWORK else which,
                default=BOTH,
                required=True,
                key="sources_shown",
                persist_state="session",
            )
        kind = st.segmented_control(
            "Camera saves", ["SVG", "PNG"], default="SVG", required=True, key="chart_file", persist_state="session",
            help="The camera at the top right of the chart saves it: SVG for papers and slides, PNG for everything else.",
        )  # fmt: skip
        st.toggle("All answers of this question side by side", key="side_by_side", persist_state="session")
    return shown, kind.lower()


def _explain_hardly_asked(name: str, fractions: np.ndarray, volunteers: np.ndarray | None) -> None:
    """Say what stands in the place of numbers where a network expects next to no votes."""
    if few := hardly_asked(fractions, volunteers):
        which = f"question {few[0]}" if len(few) == 1 else f"questions {', '.join(map(str, few[:-1]))} and {few[-1]}"
        st.caption(
            f"“Hardly asked”: {name} expects fewer than {100 * HARDLY_ASKED:.0f} in 100 votes to reach {which}, "
            "and shares of so few would mean nothing."
        )


def _show_chart(
    galaxy: ShownGalaxy, name: str, predicted: tuple[np.ndarray, np.ndarray], shown: str, kind: str
) -> dict[str, Any]:
    """Draw the flow-chart; return the arguments of its list."""
    fractions, spread = predicted
    sources = (None if shown == VOLUNTEERS else fractions, None if shown == NETWORK else galaxy.volunteers)
    drawn: dict[str, Any] = {
        "network": sources[0],
        "volunteers": sources[1],
        "network_half_widths": spread,
        "network_name": name,
    }
    looks: dict[str, Any] = {"selected": selected_answer.chosen_answer(), "dark": theme.is_dark()}
    who = [
        who
        for who, given in zip((f"network {name}", "volunteers of Galaxy Zoo 2"), sources, strict=True)
        if given is not None
    ]
    with st.container(key="flow_chart"):
        st.plotly_chart(
            flow_chart(**drawn, **looks, caption=" · ".join([f"Galaxy {galaxy.galaxy_id}", *who, "Galaxy Explorer"])),
            key="chart",
            on_select=selected_answer.take_click,
            selection_mode="points",
            theme=None,
            config=_chart_config(f"{galaxy.galaxy_id}_{name}_chart", kind),
            alt=f"Flow-chart of galaxy {galaxy.galaxy_id}; the list after it carries the same numbers",
        )
    return {"readings": read_sources(**drawn), **looks}


def _chart_config(filename: str, kind: str) -> dict[str, Any]:
    """Set up plotly's toolbar: one button, which saves the chart; a click on it selects, and nothing else."""
    return {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {
            "format": kind, "filename": filename, "width": SAVED_PX, "height": round(HEIGHT), "scale": 2,
        },
        "scrollZoom": False,
        "doubleClick": False,
    }  # fmt: skip
