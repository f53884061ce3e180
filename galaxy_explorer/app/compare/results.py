"""The results of Compare, room by room: errors, votes against predictions, disagreements, network against network."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from galaxy_explorer.app.compare import charts, tables
from galaxy_explorer.app.compare.charts import Axes
from galaxy_explorer.app.compare.comparison import Comparison, columns_asked
from galaxy_explorer.app.panel.selected_answer import answer_label
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.ui.theme import is_dark
from galaxy_explorer.app.ui.wording import ended, escaped, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, columns_of, in_words
from galaxy_explorer.evaluation.intervals import LEVEL
from galaxy_explorer.images import ImageError

FEWEST = 50  # voted galaxies below which a statistic says little
CARDS = 12  # galaxies of a gallery, and how many more at a time
GALAXY = "galaxy_explorer/app/galaxy/page.py"
CHART = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
SHORT = {question.number: f"{question.number} · {question.short}" for question in QUESTIONS}
EVERY = "all questions"


def show(source: str, catalogue: Catalogue, comparison: Comparison) -> None:
    """Show everything that a comparison holds."""
    address = {"source": source} | sources.votes_in_address(catalogue)  # of the galaxies' pages, but for the id
    if not len(comparison):
        return
    if len(comparison) < FEWEST:
        show_one_by_one(address, comparison)
    else:
        if comparison.voted:
            show_scores(comparison)
            show_votes(comparison)
            show_worst(address, comparison)
        else:
            st.info("Nobody has voted on these galaxies: the networks can be compared with each other alone.",
                    icon=":material/how_to_vote:")  # fmt: skip
        if len(comparison.predicted) > 1:
            show_networks(address, comparison)
    show_downloads(catalogue, comparison)


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """Show a figure in its own colours, without plotly's toolbar."""
    st.plotly_chart(figure, theme=None, config=CHART, key=key, alt=alt)


def show_errors(
    key: str,
    networks: Mapping[str, tuple[float, Mapping[int, float]]],
    mean: tuple[float | None, Mapping[int, float]],
    mean_name: str,
) -> None:
    """Show the RMSE of each network as a number and by question, beside that of the mean predictor."""
    overall, of_mean = mean
    with st.container(horizontal=True, key=f"{key}_figures"):
        for name, (rmse, _) in networks.items():
            better = _beside_the_mean(rmse / overall) if overall else None
            st.metric(f"RMSE of {name}", f"{rmse:.4f}", better, delta_color="off", delta_arrow="off", width="content")
        if overall is not None:
            st.metric(f"RMSE of the {mean_name}", f"{overall:.4f}", width="content")
    drawn = charts.errors_per_question(
        {name: by_question for name, (_, by_question) in networks.items()}, of_mean, mean_name, is_dark()
    )
    chart(drawn, f"{key}_errors", "RMSE of each network by question; the table below holds the same numbers")
    with st.expander("The same numbers as a table", icon=":material/table_rows:"):
        rows = {name: by_question for name, (_, by_question) in networks.items()} | {mean_name: of_mean}
        st.dataframe(_by_question(rows), column_config=_columns(rows, "%.4f"))


def _beside_the_mean(ratio: float) -> str:
    """Say how an error stands to the mean predictor's."""
    return f"{100 * abs(1 - ratio):.0f}\u00a0% {'less' if ratio <= 1 else 'more'} than the mean predictor"


def _by_question(values: Mapping[str, Mapping[int, float]]) -> pd.DataFrame:
    """Lay out values by name and question number, a row for each question."""
    return pd.DataFrame(values).sort_index().rename(index=SHORT).rename_axis("question")


def _columns(names: Iterable[str], form: str) -> dict[str, Any]:
    """Say in which form the numbers of some columns are shown."""
    return {name: st.column_config.NumberColumn(format=form) for name in names}


def show_scores(comparison: Comparison) -> None:
    """Show the errors over these galaxies, beside those of their own mean."""
    st.subheader("How far off, question by question")
    st.caption("Galaxies that a network was trained on flatter it: for unseen ones look at the chart above.")
    first = next(iter(comparison.scores.values()))
    networks = {name: (found.rmse, found.rmse_by_question) for name, found in comparison.scores.items()}
    show_errors("these", networks, (first.mean_rmse, first.mean_rmse_by_question), "mean of these galaxies")


def choose_question(key: str) -> int | None:
    """Let the visitor choose one question, or all; None stands for all."""
    chosen = st.selectbox("Question", [0, *SHORT], format_func=lambda number: SHORT.get(number, EVERY), key=key,
                          persist_state="session", width=220)  # fmt: skip
    return chosen or None


def choose_network(comparison: Comparison, key: str) -> str:
    """Let the visitor choose one of the networks, where there are more."""
    names = list(comparison.predicted)
    if len(names) == 1:
        return names[0]
    return st.segmented_control("Network", names, default=names[0], required=True, key=f"{key}_{'_'.join(names)}")


@st.fragment
def show_votes(comparison: Comparison) -> None:
    """Show predicted against voted fractions as a density, with the calibration and the intervals' coverage."""
    st.subheader("Predicted and voted")
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_votes"):
        question = choose_question("votes_question")
        answer = None
        if question is not None:
            answers = [EVERY, *columns_of(question)]
            answer = st.selectbox("Answer", answers, key=f"votes_answer_{question}", width=240,
                                  format_func=lambda name: "all its answers" if name == EVERY else answer_label(name))  # fmt: skip
        name = choose_network(comparison, "votes_network")
    columns = columns_asked(question, None if answer in (None, EVERY) else answer)
    binned = comparison.calibration(name, columns)
    axes = Axes(f"vote fraction predicted by {name}", "volunteers' vote fraction", "answers")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("The stronger the colour of a spot, the more answers are there. **On the dotted line** network and volunteers say the "
                    "same. Each **diamond** is the volunteers' mean where the network predicted that much.")  # fmt: skip
        dark = is_dark()
        drawn = comparison.memo.recall(
            ("votes chart", name, columns, dark),
            lambda: charts.density_chart(comparison.density(name, None, columns), axes, dark, binned),
        )
        chart(drawn, "votes_density", f"Density of {axes.up} over {axes.across}; the table below holds the mean votes")
        with st.expander("The mean votes as a table", icon=":material/table_rows:"):
            st.dataframe(binned.round(4), hide_index=True)
    with right:
        show_coverage(comparison)


def show_coverage(comparison: Comparison) -> None:
    """Show how many votes lie within the intervals that the networks give with their predictions."""
    if not comparison.coverage:
        st.info("These predictions come without intervals, so there is nothing to check them by.")
        return
    overall = ", ".join(f"**{within.all:.1%}** for {name}" for name, within in comparison.coverage.items())
    st.markdown(f"With each fraction a network says how far off it may be: an interval that should hold **{LEVEL:.0%}** of the "
                f"votes. Over these galaxies it holds {overall}.")  # fmt: skip
    by_network = {name: within.by_question for name, within in comparison.coverage.items()}
    dark = is_dark()
    drawn = comparison.memo.recall(
        ("coverage chart", dark), lambda: charts.coverage_per_question(by_network, LEVEL, dark)
    )
    chart(drawn, "coverage", "Part of the votes within the intervals by question; the table below holds the numbers")
    with st.expander("The coverage as a table", icon=":material/table_rows:"):
        st.dataframe(_by_question(by_network), column_config=_columns(by_network, "percent"))


@st.fragment
def show_worst(address: dict[str, str], comparison: Comparison) -> None:
    """Show the galaxies over which a network and the volunteers disagree most; each leads to its page."""
    st.subheader("Where they disagree most")
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_worst"):
        question = choose_question("worst_question")
        name = choose_network(comparison, "worst_network")
    worst = comparison.disagreements(name, None, question)
    show_cards("worst", address, worst, name, "volunteers")


@st.fragment
def show_networks(address: dict[str, str], comparison: Comparison) -> None:
    """Show one network's fractions against another's, and the galaxies over which they disagree most."""
    st.subheader("Network against network")
    pairs = tables.pairs_of(list(comparison.predicted))
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices_networks"):
        question = choose_question("networks_question")
        one, other = pairs[0]
        if len(pairs) > 1:
            one, other = st.selectbox(
                "Networks", pairs, format_func=" and ".join, key=f"networks_pair_{len(pairs)}", width=320
            )
    between = comparison.between(one, other)
    apart = between.rmse if question is None else between.rmse_by_question[question]
    over = "all questions" if question is None else SHORT[question]
    st.markdown(f"RMSE between {one} and {other} over {over}: **{apart:.4f}**.")
    left, right = st.columns([1, 1], gap="large")
    with left:
        axes = Axes(f"vote fraction predicted by {one}", f"vote fraction predicted by {other}", "answers")
        dark = is_dark()
        drawn = comparison.memo.recall(
            ("networks chart", one, other, question, dark),
            lambda: charts.density_chart(comparison.density(one, other, columns_asked(question)), axes, dark),
        )
        chart(drawn, "networks_density", f"Density of {axes.up} over {axes.across}; the table beside it holds the RMSE")
    with right:
        table = (
            pd.DataFrame({"RMSE between them": between.rmse_by_question}).rename(index=SHORT).rename_axis("question")
        )
        st.dataframe(table.style.format("{:.4f}"), height="content")
    st.markdown("**The galaxies that they disagree on most**")
    show_cards("networks", address, comparison.disagreements(one, other, question), one, other)


def show_cards(key: str, address: dict[str, str], found: pd.DataFrame, network: str, other: str) -> None:
    """Show a gallery of disagreements, the largest first."""
    st.caption(f"Under each picture: the answer over which {network} and {other} differ most, and which part of all "
               "votes each gives it. The picture leads to the galaxy.")  # fmt: skip
    shown = st.session_state.setdefault(f"{key}_shown", CARDS)
    with st.container(key=f"cards_{key}"):
        for galaxy_id, row in found.head(shown).iterrows():
            with st.container(key=f"card_{key}_{galaxy_id}"):
                show_tile(f"tile_{key}_{galaxy_id}", address, str(galaxy_id))
                st.markdown(tables.disagreement_in_words(row, network, other))
    if shown < len(found):
        st.button(
            f"Show {CARDS} more", key=f"{key}_more", icon=":material/expand_more:", on_click=_show_more, args=(key,)
        )


def _show_more(key: str) -> None:
    """Lengthen a gallery."""
    st.session_state[f"{key}_shown"] += CARDS


def show_tile(key: str, address: dict[str, str], galaxy_id: str) -> None:
    """Show a galaxy's picture, the whole of which is a link to its page."""
    with st.container(key=key):
        try:
            picture = sources.galaxy_thumbnail(sources.sources()[address["source"]], galaxy_id)
            st.image(picture, width="stretch", alt=f"Galaxy {galaxy_id}")
        except (ImageError, OSError) as error:
            st.caption(f"No picture: {ended(error)}")
        st.page_link(GALAXY, label=f"{escaped(galaxy_id)} →", query_params=address | {"galaxy": galaxy_id})


def show_one_by_one(address: dict[str, str], comparison: Comparison) -> None:
    """List few galaxies one by one, since a statistic of few says little."""
    st.markdown(f"A statistic needs {FEWEST} galaxies or more to say something. Here are {galaxies_in_words(len(comparison))}, "
                "one by one.")  # fmt: skip
    for place, galaxy_id in enumerate(comparison.ids):
        with st.container(key=f"pair_{galaxy_id}"):
            show_tile(f"tile_pair_{galaxy_id}", address, str(galaxy_id))
            voted = comparison.volunteers[place].astype(float)
            said = [f"**volunteers**: {in_words(voted)}"] if np.isfinite(voted).any() else []
            said += [f"**{name}**: {in_words(values[place])}" for name, values in comparison.predicted.items()]
            st.markdown("  \n".join(said))


def show_downloads(catalogue: Catalogue, comparison: Comparison) -> None:
    """Offer all numbers as files, which are made when they are asked for."""
    st.subheader("All numbers")
    st.caption(f"One row for each of these {len(comparison):,} galaxies: its id, the {len(COLUMNS)} vote fractions of each "
               "network and of the volunteers, and each network's RMSE; or one row for each question.")  # fmt: skip
    stem = f"compare_{catalogue.name}".replace(" ", "_")
    with st.container(horizontal=True):
        _download("Galaxies as CSV", lambda: tables.galaxies_as(".csv", comparison),
                  f"{stem}.csv", "text/csv")  # fmt: skip
        _download("Galaxies as Parquet", lambda: tables.galaxies_as(".parquet", comparison),
                  f"{stem}.parquet", "application/vnd.apache.parquet")  # fmt: skip
        _download("Questions as CSV", lambda: tables.questions_as_csv(comparison),
                  f"{stem}_questions.csv", "text/csv")  # fmt: skip


def _download(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    """Show a button that makes a file and sends it."""
    st.download_button(label, make, name, kind, on_click="ignore", icon=":material/download:")
