"""Compare: the networks against the volunteers, and against each other, over a catalogue or a part of it."""

from pathlib import Path

import numpy as np
import streamlit as st

from galaxy_explorer.app.compare import progress, results
from galaxy_explorer.app.compare.comparison import SAMPLE_SIZE, compare, origins_of, rows_with_votes, sample_of
from galaxy_explorer.app.compare.external_tables import close_table, open_table, opened_tables
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.local_paths import may_be_typed
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.skeletons import CHARTS, FIGURES, WORDS, waiting
from galaxy_explorer.app.ui.theme import follow_theme
from galaxy_explorer.app.ui.url_params import say_once, unknown_names
from galaxy_explorer.app.ui.wording import ended, escaped, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import cached

WHOLE, SELECTED = "the whole catalogue", "Browse's selection"
SOME, ALL = "a sample", "all of them"

INTRODUCTION = """
Volunteers of Galaxy Zoo looked at pictures of galaxies and answered questions about them. The **vote fraction** of an
answer is the part of all their votes that it got. A network has learnt to predict these fractions from the picture
alone. How close does it come?

**RMSE** (root-mean-square error) is a mean distance between what a network predicts and what the volunteers said, in which
large errors count most: at 0.08 half of all vote fractions are closer than some 2 percentage points, and a fifth are 8 or more off. The
**mean predictor** gives every galaxy the same average answers without looking at it: that is the mark to beat.
"""


def show_cards() -> None:
    """Open with how each network did on the validation galaxies."""
    st.header("On galaxies that no network has seen")
    with waiting("Reading the networks’ cards …", FIGURES):
        cards = networks.cards()
    for reason in networks.unreadable_networks():
        st.warning(ended(reason))
    measured = {name: found for name in networks.networks() if (found := cards[name].validation)}
    if not measured:
        st.info("The networks in weights/ say nothing of galaxies that they have not seen.")
        return
    first = next(iter(measured.values()))
    st.markdown(
        f"Measured when the networks were trained, on **{first.galaxies} galaxies** that were kept from them, a fair "
        "sample of the Galaxy Zoo challenge's. Each network's card, a note stored with its weights, holds these figures."
    )
    results.show_errors(
        "card",
        {name: (figures.rmse, dict(figures.rmse_by_question)) for name, figures in measured.items()},
        (first.mean_rmse, dict(first.mean_rmse_by_question)),
        "mean predictor",
    )


def choose_source() -> str:
    """Let the visitor choose among the sources, and give its name."""
    known = list(sources.sources())
    st.session_state["compare_source"] = st.session_state["source"] = sources.current_source()
    return st.selectbox(
        "Catalogue", known, format_func=sources.source_label, key="compare_source", width=280,
        on_change=lambda: sources.turn_to(st.session_state["compare_source"]),
    )  # fmt: skip


def selected_rows(source: str, catalogue: Catalogue) -> np.ndarray | None:
    """Give the rows of Browse's selection; None where there is none of this source, or it is the whole catalogue."""
    selection: Selection | None = st.session_state.get("selection")
    if selection is None or selection.source != source or selection.of != len(catalogue):
        return None
    return selection.rows if len(selection.rows) < len(catalogue) else None


def choose_rows(source: str, catalogue: Catalogue) -> tuple[np.ndarray, str, bool]:
    """Let the visitor choose galaxies; give their rows, what they were chosen from, and whether a sample was drawn."""
    voted, selected = rows_with_votes(catalogue), selected_rows(source, catalogue)
    parts = {WHOLE: voted}
    if selected is not None:
        parts[SELECTED] = selected[np.isin(selected, voted)]
    of = WHOLE
    if len(parts) > 1:
        of = st.segmented_control(
            "Which galaxies", list(parts), default=SELECTED, required=True, key="compare_of", persist_state="session",
            format_func=lambda part: f"{part} ({len(parts[part]):,})",
        )  # fmt: skip
    rows = parts[of]
    extent = ALL
    if len(rows) > SAMPLE_SIZE:
        sizes = {SOME: SAMPLE_SIZE, ALL: len(rows)}
        extent = st.segmented_control(
            "How many", list(sizes), default=SOME, required=True, key="compare_extent", persist_state="session",
            format_func=lambda name: f"{name} ({sizes[name]:,})",
            help="The sample is drawn at random, and is the same for everyone: its statistics are close to those of all.",
        )  # fmt: skip
    whole = f"the {len(catalogue):,} in {escaped(sources.source_label(source))}"
    chosen_from = whole if of == WHOLE else f"the {len(rows):,} that Browse selects from {whole}"
    return (sample_of(rows), chosen_from, True) if extent == SOME else (np.sort(rows), chosen_from, False)


def say_which(catalogue: Catalogue, rows: np.ndarray, chosen_from: str, drawn: bool) -> None:
    """Say of which galaxies everything below is."""
    voted = np.isfinite(catalogue.table.iloc[rows[0]][list(COLUMNS)].to_numpy(dtype=float)).any()
    told = "with votes" if voted else "none of which has votes"
    number, _, word = galaxies_in_words(len(rows)).partition(" ")
    st.markdown(f"Below: {'a sample of ' if drawn else ''}**{number}** {word} {told}, of {chosen_from}.")


def choose_networks() -> list[str]:
    """Let the visitor choose networks and tables of predictions, and give their names."""
    names = list(dict.fromkeys([*networks.networks(), *opened_tables()]))
    chosen = st.pills(
        "Networks", names, selection_mode="multi", default=names,
        key=f"compare_networks_{'/'.join(names)}", persist_state="session",  # a table just opened is among the chosen
    )  # fmt: skip
    if not chosen:
        st.caption("None is chosen: all are compared.")
    return [name for name in names if name in chosen] or names


def offer_tables() -> None:
    """Let the visitor open a finished table of predictions, where folders may be typed in."""
    if not may_be_typed():
        return
    with st.popover("Open a table", icon=":material/table_view:"):
        with st.form("table", border=False):
            path = st.text_input("Table of predictions", placeholder="/data/predictions.parquet", help=TABLE_HELP)
            if st.form_submit_button("Open") and path.strip():
                try:
                    open_table(path)
                except (ValueError, OSError) as error:
                    st.error(f"This cannot be opened: {ended(error)}")
                else:
                    st.rerun()
        tables = opened_tables()
        for name, file in tables.items():
            alike = sum(other.name == file.name for other in tables.values()) > 1
            called = f"{file.parent.name}/{file.name}" if alike else file.name
            st.button(f"Close {escaped(called)}", key=f"close_{name}", on_click=close_table, args=(name,),
                      icon=":material/close:", type="tertiary")  # fmt: skip


TABLE_HELP = (
    "A file that `python -m galaxy_explorer predict … --output predictions.parquet --spread` wrote, or one of its other "
    "formats, which are read without the spread. The galaxies that are in it need not be predicted here."
)


def show_comparison(source: str, catalogue: Catalogue) -> None:
    """Compare the chosen galaxies of a catalogue, as far as they are predicted."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_galaxies"):
        rows, chosen_from, drawn = choose_rows(source, catalogue)
        names = choose_networks()
        offer_tables()
    if not len(rows):
        st.info("None of the selected galaxies has votes. Choose others in Browse.", icon=":material/balance:")
        return
    say_which(catalogue, rows, chosen_from, drawn)
    vote_kind.say_votes(catalogue)
    tables: dict[str, Path] = opened_tables()
    try:
        with waiting("Comparing …", CHARTS):
            comparison = compare(catalogue, rows, origins_of(catalogue, names, tables))
            comparison.prepare()
    except (ValueError, OSError) as error:
        said = cached.disk_error_message(error) if isinstance(error, OSError) else error
        st.error(f"The predictions cannot be read: {ended(said)}")
        return
    progress.see_to_predictions(catalogue, comparison, len(rows))
    progress.name_the_bad(catalogue, comparison)
    results.show(source, catalogue, comparison)


def page() -> None:
    """Describe the screen."""
    st.title("Networks against volunteers")
    say_once([*unknown_names(("source", "votes")), *unknown_source(), *unknown_votes()])
    follow_theme()
    st.markdown(INTRODUCTION)
    show_cards()
    st.header("On galaxies of your choice")
    if not networks.networks():
        st.info("There are no networks in weights/. Train one with `python train.py`, or fetch the project's weights.")
        return
    source = choose_source()
    try:
        with waiting(sources.opening(source), WORDS):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {ended(error)}")
        return
    show_comparison(source, catalogue)


page()
