"""After a vote: the visitor's answers, the volunteers' and the network's on one flow-chart."""

from html import escape

import numpy as np
import streamlit as st

from galaxy_explorer.app.asking.prediction import predict_soon
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.wording import listed, with_full_stop
from galaxy_explorer.app.vote.questions import icon_url
from galaxy_explorer.decision_tree import (
    INDEX,
    QUESTION_OF,
    SLICES,
    columns_of,
    label_of,
    shares_from_fractions,
    tile_name_of,
)
from galaxy_explorer.flow_chart import flow_chart

NO_MODEBAR = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
VOLUNTEERS, NETWORK = "volunteers", "network"  # as the names of their columns' colours, too


def show_result(galaxy: ShownGalaxy, answers: tuple[str, ...]) -> None:
    """Draw the comparison; the network's prediction began with the first answer."""
    with st.spinner("Predicting …", show_time=False):
        network = _prediction(galaxy)
    votes = galaxy.volunteers
    sides = {VOLUNTEERS: votes, NETWORK: network}
    known = {name: shares_from_fractions(fractions) for name, fractions in sides.items() if fractions is not None}
    words = verdict(answers, known.get(VOLUNTEERS), galaxy.voters)
    st.html(f'<h2 class="verdict" role="status">{escape(words)}</h2>')
    st.html(table_html(answers, known, galaxy.voters))
    if known:
        whose = [f"of the {galaxy.voters}"] * (VOLUNTEERS in known)
        whose += ["that the network predicts"] * (NETWORK in known)
        voters = "simulated" if galaxy.simulated else VOLUNTEERS
        with st.container(key="vote_chart"):
            words = f"Rings are your answers; bars are the shares of the votes {listed(whose)}."
            st.html(f'<p class="note" tabindex="0">{escape(words)}</p>')  # by which keys move a wide chart
            figure = flow_chart(network, votes, given=answers, opened=(), dark=theme.is_dark(), volunteers_name=voters)
            alt = "Flow-chart of all questions; the table has the numbers of those that you answered"
            theme.show_figure(figure, "vote_flow_chart", alt)


def verdict(answers: tuple[str, ...], shares: np.ndarray | None, voters: str = VOLUNTEERS) -> str:
    """Return in words how many of the answers are the volunteers' most frequent ones."""
    if shares is None:
        return "Your vote is kept. Volunteers have not voted on this galaxy."
    asked = [column for column in answers if not np.isnan(shares[INDEX[column]])]
    same = [column for column in asked if _most(column, shares) == column]
    if not asked:
        return f"Your vote is kept. The {voters} were asked none of your questions."
    if len(same) == len(asked):
        return f"Most {voters} say the same on all questions."
    return f"Most {voters} say the same on {len(same)} of the {len(asked)} questions that they were asked too."


def table_html(answers: tuple[str, ...], sides: dict[str, np.ndarray], voters: str = VOLUNTEERS) -> str:
    """Return a table of the visitor's answers, with their shares and what most people said."""
    names = {VOLUNTEERS: voters.capitalize(), NETWORK: "Network"}
    heads = "".join(f'<th scope="col">{escape(names[side])}</th>' for side in sides)
    rows = "".join(
        f'<tr><th scope="row"><div><img alt="" src="{icon_url(column)}"><span><small>'
        f"{escape(QUESTION_OF[column].short)}</small> {escape(tile_name_of(column))}</span></div></th>"
        + "".join(f'<td class="{side}">{_cell(column, shares)}</td>' for side, shares in sides.items())
        + "</tr>"
        for column in answers
    )
    head = f'<thead><tr><th scope="col">Your answer</th>{heads}</tr></thead>'
    return f'<table class="plain paths">{head}<tbody>{rows}</tbody></table>'


def _cell(column: str, shares: np.ndarray) -> str:
    """Return the share of an answer, and the most frequent answer if it is another one."""
    share = shares[INDEX[column]]
    if np.isnan(share):
        return '<span class="unasked">not asked</span>'
    most = _most(column, shares)
    bar = f'<i class="bar" style="--share:{share:.3f}"></i><b>{100 * share:.0f}\u00a0%</b>'
    other = "" if most == column else f"<small>most: {escape(label_of(most))}</small>"
    return f"{bar}{other}"


def _most(column: str, shares: np.ndarray) -> str:
    """Return the most frequent answer to the question of a column."""
    number = QUESTION_OF[column].number
    return columns_of(number)[int(np.argmax(shares[SLICES[number]]))]


def _prediction(galaxy: ShownGalaxy) -> np.ndarray | None:
    """Return the network's vote fractions, or None with a message."""
    future = predict_soon(galaxy)
    if error := future.exception():
        st.caption(f"The network cannot predict: {with_full_stop(error)}")
        return None
    return future.result()
