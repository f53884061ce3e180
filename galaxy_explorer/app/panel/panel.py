"""The galaxy panel, which shows one galaxy on every page."""

from pathlib import Path
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel import saliency
from galaxy_explorer.app.panel.chart import choose_chart, explain_hardly_asked, show_chart
from galaxy_explorer.app.panel.examples import show_examples
from galaxy_explorer.app.panel.score_table import show_scores
from galaxy_explorer.app.panel.selected_answer import (
    answer_label,
    select_answer,
    selected_answer,
    show_list,
    start_answer,
)
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, INDEX, QUESTION_OF, in_words, label_of
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import as_list

STYLE = Path(__file__).with_name("panel.css")
NORMALISED = (6, 8)  # questions whose scores are as if everyone had been asked the first of them
MIN_DIFFERENCE = 0.05  # between vote fractions that count as different
MAX_DIFFERENCES = 3


def choose_network() -> str | None:
    """Draw the choice of a network and return its name; None, with a message, if there is none."""
    names = networks.networks()
    for reason in networks.unreadable_networks():
        st.warning(with_full_stop(reason))
    if not names:
        st.error("There is no network in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return None
    return st.segmented_control(
        "Network",
        names,
        default=None if state.widget(Key.NETWORK) else names[0],  # the URL may have set one
        required=True,
        key=Key.NETWORK,
        persist_state="session",
        help="Both were trained on the volunteers' votes; the one with the smaller error comes first.",
    )


def prefetch(galaxy: ShownGalaxy, model: str) -> GalaxyPrediction:
    """Do all that takes time before a galaxy can be shown; a page calls this under a skeleton."""
    import galaxy_explorer.saliency  # noqa: F401  its first import takes a second

    return galaxy.predict(model)


def show(prediction: GalaxyPrediction) -> None:
    """Draw a galaxy: picture with saliency, sentences, flow-chart, examples, table, downloads.

    The quick parts come first; the saliency map and the pictures of other galaxies then fill their slots.
    """
    st.html(STYLE)
    theme.follow_theme()
    galaxy = prediction.galaxy
    start_answer("/".join(galaxy.picture_key or galaxy.key), prediction.fractions, prediction.card.training_mean)
    with st.container(key="panel"):
        with st.container(key="words"):
            _show_words(prediction)
        left, right = st.columns([4, 9], gap="medium")
        with left, st.container(key="aside"):
            picture_slot = st.container(key="picture")
            _choose_answer(prediction)
            with st.container(key="choices"):
                choices = saliency.choose_saliency()
            examples_slot = st.container(key="sure")
        with right:
            with st.container(key="chart_choices", horizontal=True, vertical_alignment="bottom"):
                shown = choose_chart(prediction)
                side_by_side = st.toggle("Compare answers", key=Key.SIDE_BY_SIDE, persist_state="session")
            answers_slot = st.container(key="all_answers") if side_by_side else None
            explain_hardly_asked(prediction, shown)
            with st.container(key="flow"):
                list_arguments = show_chart(prediction, shown)
                list_slot = st.container(key="flow_list")  # over the chart, or instead of it
        with picture_slot:
            overlaid = saliency.show_picture(prediction, choices)
        with list_slot:
            show_list(as_list(**list_arguments, selected_picture=saliency.small_picture(overlaid)))
        if answers_slot:
            with answers_slot:
                saliency.show_all_answers(prediction, choices)
        with examples_slot:
            _show_examples(galaxy.galaxy_id)
    show_scores(prediction, overlaid)


def _show_words(prediction: GalaxyPrediction) -> None:
    """Draw the likeliest paths by network and volunteers, and their largest differences."""
    fractions, votes = prediction.fractions, prediction.galaxy.volunteers
    st.markdown(f":blue-badge[{prediction.model}] {in_words(fractions)}")
    if votes is None:
        st.markdown(":orange-badge[volunteers] No votes on this picture are known.")
        return
    st.markdown(f":orange-badge[volunteers] {in_words(votes)}")
    largest = [
        column
        for column in largest_differences(fractions, votes, MAX_DIFFERENCES)
        if abs(fractions[INDEX[column]] - votes[INDEX[column]]) >= MIN_DIFFERENCE
    ]
    with st.container(key="differences", horizontal=True, vertical_alignment="center"):
        if not largest:
            st.caption(f"They agree: no vote fraction differs by {100 * MIN_DIFFERENCE:.0f} % or more.")
            return
        st.caption("Largest differences in vote fraction (in brackets: the 68 % prediction interval):", width="content")
        for column in largest:
            volunteers, network = prediction.volunteer_percent(column), prediction.percent(column)
            label = f"{label_of(column)} — volunteers {volunteers}, {prediction.model} {network}"
            action: dict[str, Any] = {"key": f"difference_{column}", "on_click": select_answer, "args": (column,)}
            # Wrapped, or on a phone a longer network's name would cut the figures off.
            st.button(label, type="tertiary", wrap=True, **action)


def _choose_answer(prediction: GalaxyPrediction) -> None:
    """Draw the choice of an answer, with its meaning and vote fractions."""
    slot = st.container(key="chosen_answer")
    slot.selectbox("Explain answer", COLUMNS, format_func=answer_label, key=Key.ANSWER)
    column = selected_answer()
    values = [f"{prediction.model} {prediction.percent(column)}"]
    if volunteers := prediction.volunteer_percent(column):
        values.append(f"volunteers {volunteers}")
    of = "Of the votes, as if all had been asked" if QUESTION_OF[column].number in NORMALISED else "Of all votes"
    slot.caption(f"{ANSWER_OF[column].meaning} {of}: {', '.join(values)}.")


def _show_examples(galaxy_id: str) -> None:
    """Draw galaxies of the open catalogue with a clear majority for the selected answer."""
    column = selected_answer()
    st.markdown(f"**Examples: {QUESTION_OF[column].short}, {ANSWER_OF[column].name}**")
    try:
        show_examples(sources.current_source(), column, without=galaxy_id)
    except (CatalogueError, OSError) as error:
        st.caption(f"The galaxies cannot be opened: {with_full_stop(error)}")
