"""Sections of Compare: errors, disagreements, votes, network against network, downloads."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.compare import charts, tables
from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.app.compare.errors import EVERY, SHORT, show_scores, show_table
from galaxy_explorer.app.panel.selected_answer import answer_label
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections.collection import Address
from galaxy_explorer.app.services.networks import label as label_of_network
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.buttons.heart import heart_html
from galaxy_explorer.app.ui.theme import is_dark, show_figure
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, columns_of, in_words
from galaxy_explorer.evaluation.intervals import LEVEL
from galaxy_explorer.images import ImageError

FEWEST = 50  # galaxies below which a statistic means little
CARDS = 12  # galaxies of a gallery, and how many more at a time


def show(catalogue: Catalogue, comparison: Comparison) -> None:
    """Show all sections of a comparison."""
    if not len(comparison):
        return
    if len(comparison) < FEWEST:
        show_one_by_one(catalogue, comparison)
    else:
        if comparison.voted:
            show_scores(comparison)
            show_worst(catalogue, comparison)
            with st.expander("Predictions against votes, and prediction intervals", icon=":material/scatter_plot:"):
                show_votes(comparison)
        else:
            st.info("These galaxies have no votes: only the networks are compared.", icon=":material/how_to_vote:")
        if len(comparison.predicted) > 1:
            with st.expander("Network against network", icon=":material/balance:", expanded=not comparison.voted):
                show_networks(catalogue, comparison)
    show_downloads(catalogue, comparison)


def choose_question(key: Key) -> int | None:
    """Return the chosen question; None for all."""

    def label(number: int) -> str:
        return SHORT.get(number, EVERY)

    return st.selectbox("Question", [0, *SHORT], format_func=label, key=key, persist_state="session", width=220) or None


def choose_network(comparison: Comparison, key: Key) -> str:
    """Return the chosen network."""
    names = list(comparison.predicted)
    if len(names) == 1:
        return names[0]
    return st.segmented_control(
        "Network", names, default=names[0], required=True, key=key.of(*names), format_func=label_of_network
    )


def choose_columns() -> tuple[str, ...]:
    """Return the columns of the chosen question and answer."""
    question = choose_question(Key.VOTES_QUESTION)
    if question is None:
        return COLUMNS

    def label(column: str) -> str:
        return "all answers" if column == EVERY else answer_label(column)

    options, key = [EVERY, *columns_of(question)], Key.VOTES_ANSWER.of(question)
    answer = st.selectbox("Answer", options, key=key, width=240, format_func=label)
    return columns_of(question) if answer == EVERY else (answer,)


@st.fragment
def show_votes(comparison: Comparison) -> None:
    """Show the density of votes over predictions, the calibration and the coverage."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_votes"):
        columns = choose_columns()
        network = choose_network(comparison, Key.VOTES_NETWORK)
    binned = comparison.calibration(network, columns)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            "Stronger colour: more answers. **Dotted line**: prediction equals votes. **Diamonds**: mean votes by "
            "predicted fraction."
        )
        show_density(comparison, network, None, columns, binned)
        with st.expander("Mean votes as a table", icon=":material/table_rows:"):
            st.dataframe(binned.round(4), hide_index=True)
    with right:
        show_coverage(comparison)


def show_density(
    comparison: Comparison,
    network: str,
    other: str | None,
    columns: tuple[str, ...],
    binned: pd.DataFrame | None = None,
) -> None:
    """Show the density of another network's fractions, or of the votes, over a network's."""
    across, up = (
        f"vote fraction {f'predicted by {label_of_network(side)}' if side else 'of volunteers'}"
        for side in (network, other)
    )
    figure = charts.density_chart(comparison.density(network, other, columns), across, up, is_dark(), binned)
    show_figure(figure, f"density_{other}", f"Density of {up} over {across}; a table next to it sums it up")


def show_coverage(comparison: Comparison) -> None:
    """Show the empirical coverage of the prediction intervals."""
    if not comparison.coverage:
        st.info("These predictions have no intervals.")
        return
    overall = ", ".join(
        f"**{within.all:.1%}** for {label_of_network(name)}" for name, within in comparison.coverage.items()
    )
    st.markdown(
        f"Prediction intervals should hold **{LEVEL:.0%}** of the votes, and more where many votes are exactly 0. "
        f"Over these galaxies they hold {overall}."
    )
    by_network = {label_of_network(name): within.by_question for name, within in comparison.coverage.items()}
    figure = charts.coverage_per_question(by_network, LEVEL, is_dark())
    show_figure(figure, "coverage", "Coverage of the intervals by question; the table below holds the numbers")
    show_table("Coverage as a table", by_network, "percent")


@st.fragment
def show_worst(catalogue: Catalogue, comparison: Comparison) -> None:
    """Show the galaxies on which a network and the volunteers disagree most."""
    st.subheader("Largest disagreements")
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_worst"):
        question = choose_question(Key.WORST_QUESTION)
        network = choose_network(comparison, Key.WORST_NETWORK)
    show_gallery("worst", catalogue, comparison.disagreements(network, None, question), (network, "volunteers"))


@st.fragment
def show_networks(catalogue: Catalogue, comparison: Comparison) -> None:
    """Show the density of two networks' predictions, and their largest disagreements."""
    pairs = tables.pairs_of(list(comparison.predicted))
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_networks"):
        question = choose_question(Key.PAIR_QUESTION)
        pair, key = pairs[0], Key.PAIR.of(len(pairs))
        if len(pairs) > 1:
            pair = st.selectbox("Networks", pairs, format_func=_label_of_pair, key=key, width=320)
    one, other = pair
    between = comparison.between(one, other)
    rmse = between.rmse if question is None else between.rmse_by_question[question]
    over = EVERY if question is None else SHORT[question]
    words = f"Typical difference between {_label_of_pair(pair)} over {over}: **{100 * rmse:.1f} percentage points**."
    st.markdown(words, help=f"The root-mean-square difference (RMSE): {rmse:.4f}.")
    left, right = st.columns(2, gap="large")
    with left:
        show_density(comparison, one, other, COLUMNS if question is None else columns_of(question))
    with right:
        table = pd.DataFrame({"difference (RMSE)": between.rmse_by_question})
        st.dataframe(table.rename(index=SHORT).rename_axis("question").style.format("{:.4f}"), height="content")
    st.markdown("**Largest disagreements**")
    show_gallery("networks", catalogue, comparison.disagreements(one, other, question), pair)


def _label_of_pair(pair: tuple[str, str]) -> str:
    """Return the labels of two networks: ``accurate and quick``."""
    return " and ".join(map(label_of_network, pair))


def show_gallery(key: str, catalogue: Catalogue, worst: pd.DataFrame, sides: tuple[str, str]) -> None:
    """Show a gallery of disagreements between two sides, the largest first."""
    network, other = map(label_of_network, sides)
    st.caption(f"Under each picture: the answer on which {network} and {other} differ most, with both vote fractions.")
    shown = state.compare().shown.get(key, CARDS)
    with st.container(key=f"cards_{key}"):
        pictures = sources.galaxy_thumbnails(catalogue, worst.index[:shown])
        for (galaxy_id, row), picture in zip(worst.head(shown).iterrows(), pictures, strict=True):
            with st.container(key=f"card_{key}_{galaxy_id}"):
                show_tile(f"tile_{key}_{galaxy_id}", catalogue, str(galaxy_id), picture)
                st.markdown(tables.disagreement_in_words(row, network, other))
    if shown < len(worst):
        more = partial(state.compare().shown.update, {key: shown + CARDS})
        st.button(f"Show {CARDS} more", key=f"{key}_more", icon=":material/expand_more:", on_click=more)


def show_tile(key: str, catalogue: Catalogue, galaxy_id: str, picture: bytes | ImageError) -> None:
    """Show a galaxy's picture, which is a link to its page."""
    with st.container(key=key):
        if isinstance(picture, ImageError):
            st.caption(f"No picture: {with_full_stop(picture)}")
        else:
            st.image(picture, width="stretch", alt=f"Galaxy {galaxy_id}")
        params = {"source": catalogue.source, "galaxy": galaxy_id} | sources.vote_params(catalogue)
        st.page_link(paths.GALAXY, label=f"{escape_markdown(galaxy_id)} →", query_params=params)
        st.html(heart_html(Address(catalogue.source, galaxy_id)))


def show_one_by_one(catalogue: Catalogue, comparison: Comparison) -> None:
    """List few galaxies one by one, as a statistic of few means little."""
    st.markdown(
        f"Statistics need at least {FEWEST} galaxies. These are {galaxies_in_words(len(comparison))}, one by one."
    )
    pictures = sources.galaxy_thumbnails(catalogue, comparison.ids)
    for i, (galaxy_id, picture) in enumerate(zip(comparison.ids, pictures, strict=True)):
        with st.container(key=f"pair_{galaxy_id}"):
            show_tile(f"tile_pair_{galaxy_id}", catalogue, str(galaxy_id), picture)
            votes = comparison.volunteers[i].astype(float)
            lines = [f"**volunteers**: {in_words(votes)}"] if np.isfinite(votes).any() else []
            lines += [
                f"**{label_of_network(name)}**: {in_words(values[i])}" for name, values in comparison.predicted.items()
            ]
            st.markdown("  \n".join(lines))


def show_downloads(catalogue: Catalogue, comparison: Comparison) -> None:
    """Show the download buttons; a file is written when its button is pressed."""
    st.subheader("Downloads")
    st.caption(
        f"Galaxies: a row for each of these {len(comparison):,}, with all vote fractions and errors (RMSE). "
        "Questions: a row for each question."
    )
    stem = f"compare_{catalogue.name}".replace(" ", "_")
    files: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        ("Galaxies as CSV", partial(tables.galaxies_as, ".csv", comparison), ".csv", "text/csv"),
        (
            "Galaxies as Parquet",
            partial(tables.galaxies_as, ".parquet", comparison),
            ".parquet",
            "application/vnd.apache.parquet",
        ),
        ("Questions as CSV", partial(tables.questions_as_csv, comparison), "_questions.csv", "text/csv"),
    )
    with st.container(horizontal=True):
        for label, make, ending, kind in files:
            st.download_button(label, make, f"{stem}{ending}", kind, on_click="ignore", icon=":material/download:")
