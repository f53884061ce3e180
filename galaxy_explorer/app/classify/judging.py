"""Rounds of judging: ten galaxies, one after the other, each "yes", "no" or skipped."""

from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import Address, Collection, Mark
from galaxy_explorer.app.services.collections.ranking import Ranking, rank
from galaxy_explorer.app.state import ClassRound
from galaxy_explorer.app.ui.wording import cut, escape_markdown, with_full_stop
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
    before, ids = mine.round, tuple[str, ...]()
    if found:
        marked = [*collection.ids(source), *collection.ids(source, "no"), *mine.skipped]
        rows = catalogue.table.index.get_indexer(pd.Index(marked))
        ids = tuple(catalogue.table.index[suggest(found.scores, rows[rows >= 0])])
    again = before and (before.source, before.learned_from.name) == (source, collection.name)
    mine.round = ClassRound(source, network, collection, ids, before.number + 1 if before and again else 1)
    return mine.round


def waiting_ids(current: ClassRound, collection: Collection) -> list[str]:
    """Return the galaxies of a round that are neither judged nor skipped."""
    judged = _judged(current.source, collection) | {*state.classify().skipped}
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
            words = f"Round {current.number}: {number} of {len(current.galaxy_ids)}"
            st.progress((number - 1) / len(current.galaxy_ids), words)
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
        more: dict[str, Any] = {"type": "tertiary", "on_click": partial(_skip, galaxy_id)}
        st.button("Skip", key="skip", icon=":material/skip_next:", shortcut="S", **more)
        words = "skip" if state.classify().skipped_last else cut(session.last_change())
        more = {"type": "tertiary", "on_click": partial(_undo, source, collection.name), "disabled": not words}
        label = f"Undo: {escape_markdown(words)}" if words else "Undo"
        st.button(label, key="undo_mark", icon=":material/undo:", shortcut="U", **more)


def _skip(galaxy_id: str) -> None:
    """Offer a galaxy no more for this class."""
    mine = state.classify()
    mine.skipped.append(galaxy_id)
    mine.skipped_last = True


def _undo(source: str, name: str) -> None:
    """Undo the last press; the galaxy is offered again, also if it belongs to the round before."""
    mine = state.classify()
    if mine.skipped_last:
        again, mine.skipped_last = [mine.skipped.pop()], False
    else:
        judged = _judged(source, session.collections().get(name))
        session.undo()
        again = list(judged - _judged(source, session.collections().get(name)))
    if mine.round and len(again) == 1 and again[0] not in mine.round.galaxy_ids:
        mine.round = mine.round._replace(galaxy_ids=(again[0], *mine.round.galaxy_ids))


def _judged(source: str, collection: Collection) -> set[str]:
    """Return the galaxies of a source with a mark."""
    return {*collection.ids(source), *collection.ids(source, "no")}


def _judge(source: str, name: str, galaxy_id: str, mark: Mark) -> None:
    """Mark a galaxy."""
    state.classify().skipped_last = False
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
