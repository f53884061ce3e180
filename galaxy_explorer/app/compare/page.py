"""Compare: networks against volunteers and each other, over a catalogue or a part of it."""

from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import state
from galaxy_explorer.app.compare import errors, external_tables, progress, results
from galaxy_explorer.app.compare.comparison import (
    SAMPLE_SIZE,
    compare,
    origins_of,
    rows_with_votes,
    sample_of,
    unseen_rows,
)
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.local_paths import may_open_paths
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.skeletons import CHARTS, FIGURES, WORDS, waiting
from galaxy_explorer.app.ui.theme import follow_theme
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import VALIDATION_FILE, Catalogue, CatalogueError
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import cached

CATALOGUE, SELECTION = "catalogue", "Browse selection"
SAMPLE, ALL = "sample", "all"

INTRODUCTION = Path(__file__).with_name("introduction.md")
UNSEEN_HELP = (
    f"The galaxies of the catalogue's {VALIDATION_FILE}, which are never trained on. On training galaxies a network's "
    "errors are smaller than on others."
)
TABLE_HELP = (
    "A file that `galaxy-explorer predict … --output predictions.parquet --interval` wrote, or one of its other "
    "formats. "
    "Its galaxies need not be predicted here."
)


def show_validation() -> None:
    """Show each network's errors on the validation set."""
    st.header("Unseen galaxies", anchor=False)
    with waiting("Reading the model cards …", FIGURES):
        cards = networks.cards()
    for reason in networks.unreadable_networks():
        st.warning(with_full_stop(reason))
    measured = {name: values for name in networks.networks() if (values := cards[name].validation)}
    if not measured:
        st.info("The model cards in weights/ hold no validation errors.")
        return
    first = next(iter(measured.values()))
    about = (
        f"Measured on **{first.galaxies} galaxies** that the networks were not trained on, a random sample of the "
        "Galaxy Zoo challenge. The model card in each checkpoint holds these figures."
    )
    found: dict[str, errors.Errors] = {
        name: (values.rmse, values.rmse_by_question) for name, values in measured.items()
    }
    words = errors.show_errors("card", found, (first.mean_rmse, first.mean_rmse_by_question), about)
    with words, st.expander("What these words mean", icon=":material/help:"):
        st.markdown(INTRODUCTION.read_text(encoding="utf-8"))


def choose_source() -> str:
    """Return the chosen source."""
    current = state.shared().source = sources.current_source()
    state.set_widget(Key.COMPARE_SOURCE, current)

    def switch() -> None:
        sources.turn_to(state.widget(Key.COMPARE_SOURCE))

    options, label = list(sources.sources()), sources.source_label
    return st.selectbox("Catalogue", options, format_func=label, key=Key.COMPARE_SOURCE, width=280, on_change=switch)


def choose_rows(catalogue: Catalogue) -> np.ndarray:
    """Return the rows of the chosen galaxies, and show what they are."""
    rows, selection = rows_with_votes(catalogue), state.shared().selection
    parts = {CATALOGUE: rows}
    if selection and selection.source == catalogue.source and selection.of == len(catalogue) > len(selection.rows):
        parts[SELECTION] = np.sort(selection.rows[np.isin(selection.rows, rows)])
    part = _choose("Galaxies", {name: len(rows) for name, rows in parts.items()}, SELECTION, Key.COMPARE_PART)
    rows = choose_unseen(catalogue, parts[part])
    sizes = {SAMPLE: SAMPLE_SIZE, ALL: len(rows)} if len(rows) > SAMPLE_SIZE else {ALL: len(rows)}
    size = _choose("Sample size", sizes, SAMPLE, Key.COMPARE_SIZE)
    return sample_of(rows) if size == SAMPLE else rows


def choose_unseen(catalogue: Catalogue, rows: np.ndarray) -> np.ndarray:
    """Return the unseen ones among some rows, or all if the visitor wants or none is unseen."""
    try:
        unseen = rows[np.isin(rows, unseen_rows(catalogue))]
    except CatalogueError as error:
        st.warning(with_full_stop(error))
        return rows
    if not 0 < len(unseen) < len(rows):
        return rows
    label = f"Unseen only ({len(unseen):,} of {len(rows):,})"
    only = st.toggle(label, value=True, key=Key.COMPARE_UNSEEN, help=UNSEEN_HELP, persist_state="session")
    return unseen if only else rows


def _choose(label: str, counts: dict[str, int], default: str, key: Key) -> str:
    """Return the chosen one of several sets of galaxies; a single one is not shown."""
    if len(counts) == 1:
        return next(iter(counts))

    def with_count(name: str) -> str:
        return f"{name} ({counts[name]:,})"

    return st.segmented_control(
        label, list(counts), default=default, required=True, key=key, format_func=with_count, persist_state="session"
    )


def choose_networks() -> list[str]:
    """Return the chosen networks and external tables; all if none is chosen."""
    names = list(dict.fromkeys([*networks.networks(), *external_tables.tables()]))
    key = Key.COMPARE_NETWORKS.of(*names)  # a table that was just opened is among the chosen
    chosen = st.pills(
        "Networks",
        names,
        selection_mode="multi",
        default=names,
        key=key,
        format_func=networks.label,
        persist_state="session",
    )
    if not chosen:
        st.caption("None is chosen: all are compared.")
    return [name for name in names if name in chosen] or names


def offer_tables() -> None:
    """Show the form that opens an external prediction table, if the visitor may open paths."""
    if not may_open_paths():
        return
    with st.popover("Open table", icon=":material/table_view:"):
        with st.form("table", border=False):
            path = st.text_input("Prediction table", placeholder="/data/predictions.parquet", help=TABLE_HELP)
            if st.form_submit_button("Open table") and path.strip():
                try:
                    external_tables.open_table(path)
                except (ValueError, OSError) as error:
                    st.error(f"This cannot be opened: {with_full_stop(error)}")
                else:
                    st.rerun()
        tables = external_tables.tables()
        for name, file in tables.items():
            twice = sum(other.name == file.name for other in tables.values()) > 1
            label = f"Close {escape_markdown(f'{file.parent.name}/{file.name}' if twice else file.name)}"
            close = partial(external_tables.close_table, name)
            st.button(label, key=f"close_{name}", on_click=close, icon=":material/close:", type="tertiary")


def show_comparison(catalogue: Catalogue, choices: DeltaGenerator) -> None:
    """Compare the chosen galaxies of a catalogue, as far as they are predicted."""
    with choices:
        rows = choose_rows(catalogue)
        names = choose_networks()
        offer_tables()
    if not len(rows):
        st.info("The selection holds no galaxies with votes. Select others in Browse.", icon=":material/balance:")
        return
    voted = np.isfinite(catalogue.table.iloc[rows[0]][list(COLUMNS)].to_numpy(dtype=float)).any()
    label = escape_markdown(sources.source_label(catalogue.source))
    votes = "with votes" if voted else "without votes"
    st.markdown(f"Below: **{galaxies_in_words(len(rows))}** {votes}, of {len(catalogue):,} in {label}.")
    vote_kind.show_vote_kind(catalogue)
    try:
        with waiting("Comparing …", CHARTS):
            comparison = compare(catalogue, rows, origins_of(catalogue, names, external_tables.tables()))
            comparison.prepare()
    except (ValueError, OSError) as error:
        message = cached.disk_error_message(error) if isinstance(error, OSError) else error
        st.error(f"The predictions cannot be read: {with_full_stop(message)}")
        return
    progress.show_predictions(catalogue, comparison, len(rows))
    progress.list_failures(catalogue, comparison)
    results.show(catalogue, comparison)


def page() -> None:
    """Show the page."""
    st.title("Networks against volunteers")
    st.markdown("See how close the networks come to the volunteers' votes, and where they fail.")
    warn_once([*unknown_params(("source", "votes")), *sources.unknown_source(), *sources.unknown_votes()])
    follow_theme()
    show_validation()
    st.header("Galaxies of your choice", anchor=False)
    if not networks.networks():
        st.info("There are no networks in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return
    choices = st.container(horizontal=True, vertical_alignment="bottom", key="choices_galaxies")
    with choices:
        source = choose_source()
    try:
        with waiting(sources.opening(source), WORDS):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        return
    show_comparison(catalogue, choices)


page()
