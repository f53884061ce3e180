"""Rounds of judging: ten galaxies, one after the other, each "yes", "no" or skipped."""

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import Address, Collection, Mark
from galaxy_explorer.app.services.collections.ranking import Ranking, rank
from galaxy_explorer.app.state import ClassRound
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError
from galaxy_explorer.similarity.classifier import MEMBER, suggest

VERDICTS: tuple[tuple[str, Mark, str, Literal["primary", "secondary"]], ...] = (
    ("Yes", "yes", "favorite", "primary"),
    ("No", "no", "close", "secondary"),
)  # label, mark, icon and kind of each button


def current_round(source: str, catalogue: Catalogue, collection: Collection, network: str) -> ClassRound:
    """Return the galaxies to judge; a new round when all are judged, or another class is shown."""
    mine = state.classify()
    current = mine.round
    if not current or (current.source, current.learned_from.name) != (source, collection.name):
        mine.skipped.clear()
    elif current.network == network and waiting_ids(current, collection):
        return current
    return next_round(source, catalogue, collection, network)


def next_round(source: str, catalogue: Catalogue, collection: Collection, network: str) -> ClassRound:
    """Learn the class from all marks, and choose the next galaxies to judge."""
    mine = state.classify()
    found = rank(catalogue, collection, network)
    ids: tuple[str, ...] = ()
    if found:
        marked = [*collection.ids(source), *collection.ids(source, "no"), *mine.skipped]
        rows = catalogue.table.index.get_indexer(pd.Index(marked))
        ids = tuple(catalogue.table.index[suggest(found.scores, rows[rows >= 0])])
    mine.round = ClassRound(source, network, collection, ids)
    return mine.round


def waiting_ids(current: ClassRound, collection: Collection) -> list[str]:
    """Return the galaxies of a round that are neither judged nor skipped."""
    judged = {*collection.ids(current.source), *collection.ids(current.source, "no"), *state.classify().skipped}
    return [galaxy_id for galaxy_id in current.galaxy_ids if galaxy_id not in judged]


def show_round(catalogue: Catalogue, collection: Collection, current: ClassRound, found: Ranking) -> None:
    """Draw the next galaxy of the round, with the buttons that judge it."""
    waiting = waiting_ids(current, collection)
    if not waiting:
        st.success("You have judged every galaxy that is predicted.", icon=":material/done_all:")
        return
    galaxy_id, name = waiting[0], escape_markdown(collection.name)
    with st.container(key="judging", horizontal=True):
        with st.container(key="judged_picture"):
            try:
                st.image(catalogue.picture(galaxy_id), width="stretch", alt=f"Galaxy {galaxy_id}")
            except (ImageError, CatalogueError, OSError) as error:
                st.warning(f"No picture of {escape_markdown(galaxy_id)}: {with_full_stop(error)}")
        with st.container(key="verdict"):
            number = len(current.galaxy_ids) - len(waiting) + 1
            st.markdown(f"#### Is this one of “{name}”?")
            st.progress((number - 1) / len(current.galaxy_ids), f"{number} of {len(current.galaxy_ids)}")
            _buttons(current.source, collection, galaxy_id)
            row = int(np.flatnonzero(catalogue.table.index == galaxy_id)[0])
            st.caption(_why(float(found.scores[row])))
            _offer_update(catalogue, collection, current)


def _buttons(source: str, collection: Collection, galaxy_id: str) -> None:
    """Draw the buttons that judge a galaxy, skip it, or undo."""
    with st.container(horizontal=True, key="verdict_buttons"):
        for label, mark, symbol, kind in VERDICTS:
            judge, icon = partial(_judge, source, collection.name, galaxy_id, mark), f":material/{symbol}:"
            st.button(label, key=f"judge_{mark}", icon=icon, type=kind, shortcut=label[0], on_click=judge)
    with st.container(horizontal=True):
        skip = partial(state.classify().skipped.add, galaxy_id)
        st.button("Skip", key="skip", icon=":material/skip_next:", type="tertiary", shortcut="S", on_click=skip)
        st.button(
            "Undo",
            key="undo_mark",
            icon=":material/undo:",
            type="tertiary",
            shortcut="U",
            on_click=session.undo,
            disabled=not session.last_change(),
        )


def _judge(source: str, name: str, galaxy_id: str, mark: Mark) -> None:
    """Mark a galaxy."""
    if problem := session.mark(name, [Address(source, galaxy_id)], mark, f"{mark} for {galaxy_id}"):
        state.classify().message = problem


def _why(score: float) -> str:
    """Return in words why a galaxy is offered."""
    return "The app thinks: likely." if score > MEMBER else "The app is not sure about this one."


def _offer_update(catalogue: Catalogue, collection: Collection, current: ClassRound) -> None:
    """Draw the button that learns from new marks before the round is over."""
    before, now = (len(one.galaxies) + len(one.rejected) for one in (current.learned_from, collection))
    if now == before:
        return

    def update() -> None:
        next_round(current.source, catalogue, collection, current.network)

    label = f"Learn now from {abs(now - before)} new mark{'s' if abs(now - before) > 1 else ''}"
    st.button(label, key="learn_now", icon=":material/refresh:", type="tertiary", on_click=update)
