"""The galaxy panel, which shows one galaxy on every page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import state
from galaxy_explorer.app.panel import saliency
from galaxy_explorer.app.panel.chart import choose_chart, explain_hardly_asked, show_chart
from galaxy_explorer.app.panel.downloads import offer_downloads
from galaxy_explorer.app.panel.enlarged_picture import PanelPicture
from galaxy_explorer.app.panel.examples import show_examples
from galaxy_explorer.app.panel.score_table import show_scores
from galaxy_explorer.app.panel.selected_answer import selected_answer, show_list, start_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.app.panel.similar import show_similar
from galaxy_explorer.app.panel.words import show_words
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.skeletons import PREDICTION, waiting
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF, columns_of, label_of
from galaxy_explorer.flow_chart import ASKING_ORDER, as_list

STYLE = Path(__file__).with_name("panel.css")
ANSWERS = [column for question in ASKING_ORDER for column in columns_of(question)]
NORMALISED = (6, 8)  # questions whose scores are as if everyone had been asked the first of them
ARCHITECTURES = {"densenet": "a DenseNet", "fcn": "a plain convolutional network"}


def choose_network() -> str | None:
    """Draw the choice of a network and return its name; None, with a message, if there is none."""
    names = networks.networks()
    for reason in networks.unreadable_networks():
        st.warning(with_full_stop(reason))
    if not names:
        st.error("There is no network in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return None
    with st.container(key="network_choice", width="content"):
        return st.segmented_control(
            "Network",
            names,
            default=None if state.widget(Key.NETWORK) else names[0],  # the URL may have set one
            required=True,
            format_func=networks.label,
            key=Key.NETWORK,
            persist_state="session",
            help="Both were trained on the volunteers' votes.  \n" + "  \n".join(map(_in_help, names)),
        )


def _in_help(name: str) -> str:
    """Describe a network for the help of its choice: architecture and error."""
    card = networks.cards()[name]
    architecture = f"{ARCHITECTURES[card.model]}, " if card.model in ARCHITECTURES else ""
    error = "not validated"
    if card.validation:
        rmse = card.validation.rmse
        error = f"typical error {100 * rmse:.1f} percentage points (RMSE {rmse:.3f}) on galaxies it was not trained on"
    return f"**{networks.label(name)}**: {architecture}`{name}`; {error}."


def show(galaxy: ShownGalaxy, choose: Callable[[], str | None]) -> str | None:
    """Draw a galaxy: its picture at once, then a network's sentence, flow-chart and scores.

    A saliency map, if it is turned on, similar galaxies and the pictures of others come last and fill their slots.

    Parameters
    ----------
    galaxy : ShownGalaxy
        The galaxy.
    choose : callable
        Returns the network, or None without one. It is called after the picture is drawn, as it may import torch.

    Returns
    -------
    str or None
        The network.
    """
    st.html(STYLE)
    theme.follow_theme()
    shown = "/".join(galaxy.picture_key or galaxy.key)
    has_map = saliency.is_shown() and state.panel().answer_of == shown
    with st.container(key="panel"):
        with st.container(key="aside"):
            picture, tools = PanelPicture(galaxy, has_map), st.container(key="tools")
        reading = st.container(key="reading")
        with reading, waiting("Predicting …", PREDICTION):
            if not (model := choose()):
                return None
            prediction = galaxy.predict(model)
        start_answer(shown, prediction.fractions, prediction.card.training_mean)
        with reading:
            with st.container(key="words"):
                show_words(prediction)
            answers_slot = st.container(key="all_answers")
            list_slot, list_arguments = _show_chart(prediction)
        with tools:
            downloads_slot, choices = _show_tools(prediction)
            overlaid = saliency.show_map(prediction, choices, picture) if choices else None
        with list_slot:
            small = "" if overlaid is None else saliency.small_picture(overlaid)
            show_list(as_list(**list_arguments, selected_picture=small))
        if choices and choices.side_by_side:
            with answers_slot:
                saliency.show_all_answers(prediction, choices)
    with st.container(key="below"):
        similar_slot = st.container(key="similar_slot")
        _show_examples(galaxy.galaxy_id)
        table = show_scores(prediction)
    with downloads_slot:
        offer_downloads(prediction, table, choices or saliency.Choices())
    with similar_slot:
        show_similar(galaxy, model)
    return model


def _show_chart(prediction: GalaxyPrediction) -> tuple[DeltaGenerator, dict[str, Any]]:
    """Draw the flow-chart; return the slot and the arguments of its list."""
    shown = choose_chart(prediction)
    explain_hardly_asked(prediction, shown)
    with st.container(key="flow"):
        arguments = show_chart(prediction, shown)
        return st.container(key="flow_list"), arguments  # over the chart, or instead of it


def _show_tools(prediction: GalaxyPrediction) -> tuple[DeltaGenerator, saliency.Choices | None]:
    """Draw the tools below the picture; return the slot of downloads, and the map's choices."""
    with st.container(key="picture_tools", horizontal=True, vertical_alignment="center"):
        is_on = saliency.choose_map()
        downloads_slot = st.container(key="download_menu", width="content")
    choose_answer(prediction)
    with st.container(key="choices"):
        return downloads_slot, saliency.choose_saliency() if is_on else None


def choose_answer(prediction: GalaxyPrediction) -> None:
    """Draw the choice of an answer, with its meaning and vote fractions."""
    slot = st.container(key="chosen_answer")
    slot.selectbox("Explain answer", ANSWERS, format_func=label_of, key=Key.ANSWER)
    column = selected_answer()
    interval = prediction.interval(column)
    values = [f"network {prediction.percent(column)}" + (f" ({interval})" if interval else "")]
    if volunteers := prediction.volunteer_percent(column):
        values.append(f"{prediction.galaxy.voters} {volunteers}")
    of = "Of the votes, as if all had been asked" if QUESTION_OF[column].number in NORMALISED else "Of all votes"
    slot.caption(f"{ANSWER_OF[column].meaning} {of}: {', '.join(values)}.")


def _show_examples(galaxy_id: str) -> None:
    """Draw galaxies of the open catalogue with a clear majority for the selected answer."""
    column = selected_answer()
    with st.container(key="sure"):
        st.markdown(f"**Examples of “{label_of(column)}”**")
        try:
            show_examples(sources.current_source(), column, without=galaxy_id)
        except (CatalogueError, OSError) as error:
            st.caption(f"The galaxies cannot be opened: {with_full_stop(error)}")
