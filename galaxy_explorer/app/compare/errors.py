"""The typical error of each network: one sentence, the figures, and a chart by question."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import state
from galaxy_explorer.app.compare import charts
from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.app.services.networks import LABELS, label
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.theme import is_dark, show_figure
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, listed
from galaxy_explorer.decision_tree import QUESTIONS

MEAN = "average answers"
MEAN_HELP = "The same, average votes for every galaxy (the mean predictor): a network must have smaller errors."
EVERY = "all questions"
SHORT = {question.number: f"{question.number} · {question.short}" for question in QUESTIONS}

Errors = tuple[float | None, Mapping[int, float]]  # RMSE over all questions, and by question


def show_table(title: str, by_question: Mapping[str, Mapping[int, float | None]], form: str) -> None:
    """Show values by name and question number as a folded table."""
    with st.expander(title, icon=":material/table_rows:"):
        table = pd.DataFrame(by_question).sort_index().rename(index={0: EVERY} | SHORT).rename_axis("question")
        st.dataframe(table, column_config={name: st.column_config.NumberColumn(format=form) for name in by_question})


def show_errors(key: str, networks: Mapping[str, Errors], mean: Errors, about: str) -> DeltaGenerator:
    """Show the RMSE of each network and of the mean predictor, overall and by question.

    Parameters
    ----------
    key : str
        Start of the keys.
    networks : mapping of str to (float, mapping)
        By the network's name.
    mean : (float, mapping)
        Of the mean predictor; None if it is unknown.
    about : str
        Markdown about the galaxies.

    Returns
    -------
    DeltaGenerator
        The column of the words, for more below them.
    """
    rmse_of_mean, mean_by_question = mean
    by_question = {label(name): errors for name, (_, errors) in networks.items()}
    overall = {label(name): {0: rmse} for name, (rmse, _) in networks.items()} | {MEAN: {0: rmse_of_mean}}
    words, chart = st.columns([5, 7], gap="large")
    with words:
        _show_figure({name: rmse for name, (rmse, _) in networks.items()}, rmse_of_mean)
        st.caption(about)
        table = {name: overall[name] | dict(errors) for name, errors in {**by_question, MEAN: mean_by_question}.items()}
        show_table("Errors (RMSE) as a table", table, "%.4f")
    with chart:
        figure = charts.errors_per_question(by_question, mean_by_question, MEAN, is_dark())
        show_figure(
            figure,
            f"{key}_errors",
            "Typical error of each network by question; a table next to it holds the same numbers",
        )
    return words


def _show_figure(errors: Mapping[str, float | None], of_mean: float | None) -> None:
    """Show the smallest of the errors, by network, and the others in a line below it."""
    known = {name: rmse for name, rmse in errors.items() if rmse is not None}
    if not known:
        return
    best = min(known, key=known.__getitem__)
    change = 100 * (1 - known[best] / of_mean) if of_mean else None
    named = f" The name of the network is {best}." if best in LABELS else ""
    st.metric(
        f"Typical error of {f'the {label(best)} network' if best in LABELS else escape_markdown(best)}",
        f"{_points(known[best])} percentage points",
        change and f"{abs(change):.0f}\u00a0% {'less' if change > 0 else 'more'} than with {MEAN}",
        delta_color="off",
        delta_arrow="off",
        help=f"The root-mean-square error (RMSE): {known[best]:.4f}, in percentage points of all votes.{named}",
    )
    others = {escape_markdown(label(name)): rmse for name, rmse in known.items() if name != best}
    others |= {MEAN: of_mean} if of_mean else {}
    if others:
        line = " · ".join(f"{name} **{_points(rmse)}**" for name, rmse in others.items())
        st.markdown(line, help=MEAN_HELP if of_mean else None)


def _points(rmse: float) -> str:
    """Return an RMSE in percentage points, without the unit."""
    return f"{100 * rmse:.1f}"


def show_scores(comparison: Comparison) -> None:
    """Show the errors over these galaxies."""
    st.subheader("Errors by question")
    scores = comparison.scores()
    first = next(iter(scores.values()))
    networks: dict[str, Errors] = {name: (score.rmse, score.rmse_by_question) for name, score in scores.items()}
    show_errors("these", networks, (first.mean_rmse, first.mean_rmse_by_question), in_training(comparison))


def in_training(comparison: Comparison) -> str:
    """Describe on how many of the galaxies the networks were trained."""
    trained, messages = comparison.trained(), []
    if unseen := [label(name) for name, number in trained.items() if not number]:
        messages.append(f"Not among the training galaxies of {listed(unseen, 'or')}.")
    if seen := [f"{label(name)} {number:,}" for name, number in trained.items() if number]:
        advice = "See the unseen galaxies above." if state.widget(Key.COMPARE_UNSEEN) is None else "Use “Unseen only”."
        count = galaxies_in_words(len(comparison))
        messages.append(f"Includes training galaxies, so errors look too small ({listed(seen)} of {count}). {advice}")
    if unknown := [label(name) for name in comparison.predicted if name not in trained]:
        messages.append(f"Whether {listed(unknown, 'or')} was trained on these galaxies is unknown.")
    return escape_markdown(" ".join(messages))
