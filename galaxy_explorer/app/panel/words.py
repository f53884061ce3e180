"""Sentences on one galaxy by network and volunteers, and their biggest disagreement."""

from html import escape

import numpy as np
import streamlit as st

from galaxy_explorer.app.panel.selected_answer import select_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.decision_tree import INDEX, in_words, label_of, short_description
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import read_sources

MIN_DIFFERENCE = 0.05  # between vote fractions that count as different
NETWORK, VOLUNTEERS, BOTH = "network", "volunteers", "both"


def show_words(prediction: GalaxyPrediction) -> None:
    """Draw what network and volunteers see, each in one sentence, and where they differ most."""
    fractions, votes = prediction.fractions, prediction.galaxy.volunteers
    said = short_description(fractions)
    shares = f"Network ({prediction.label}): {in_words(fractions)}"
    if votes is None:
        st.html(sentence(NETWORK, "Network", said, [shares]))
        st.caption("No votes on this picture are known.")
        return
    voters = prediction.galaxy.voters
    voted, shares_voted = short_description(votes), f"{voters.capitalize()}: {in_words(votes)}"
    if said == voted:
        st.html(sentence(BOTH, f"Network and {voters} agree", said, [shares, shares_voted]))
    else:
        by_voters = sentence(VOLUNTEERS, voters.capitalize(), voted, [shares_voted])
        st.html(sentence(NETWORK, "Network", said, [shares]) + by_voters)
    _show_disagreement(prediction, votes)


def sentence(kind: str, heading: str, words: str, shares: list[str]) -> str:
    """Return a sentence as HTML, whose shares show under a pointer or the focus.

    Parameters
    ----------
    kind : str
        ``network``, ``volunteers`` or ``both``, which sets the colour.
    heading : str
        Whose sentence it is.
    words : str
        The sentence.
    shares : list of str
        What shows with it.
    """
    tip = "".join(f"<span>{escape(text)}</span>" for text in shares)
    return (
        f'<div class="said said-{kind}"><p class="who">{escape(heading)}</p>'
        f'<p class="what" tabindex="0" aria-describedby="shares-{kind}">{escape(words)}'
        '<span class="more" aria-hidden="true">%</span></p>'
        f'<p class="shares" id="shares-{kind}" role="tooltip">{tip}</p></div>'
    )


def _show_disagreement(prediction: GalaxyPrediction, votes: np.ndarray) -> None:
    """Draw the shares of the answer whose vote fractions differ most; a press explains it."""
    (column,) = largest_differences(prediction.fractions, votes, 1)
    with st.container(key="disagreement"):
        if abs(prediction.fractions[INDEX[column]] - votes[INDEX[column]]) < MIN_DIFFERENCE:
            st.caption(f"No vote fraction differs by {100 * MIN_DIFFERENCE:.0f} % or more.")
            return
        network, volunteers = (each.label(column) for each in read_sources(prediction.fractions, votes))
        interval = prediction.interval(column)
        within = f" (68 % prediction interval: {interval})" if interval else ""
        voters = prediction.galaxy.voters
        fractions = f"{voters} {prediction.volunteer_percent(column)}, network {prediction.percent(column)}{within}"
        st.button(
            f"Biggest disagreement: {label_of(column)} ({voters} {volunteers}, network {network})",
            key="biggest_disagreement",
            type="tertiary",
            wrap=True,  # or on a phone the figures would be cut off
            help=f"Answer shares, as in the chart. Vote fractions: {fractions}. Press to explain it.",
            on_click=select_answer,
            args=(column,),
        )
