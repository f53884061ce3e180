"""The controls of Browse that add or change a filter."""

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query.binding import bound, write_url
from galaxy_explorer.app.query.filters.filter import ScoreRange
from galaxy_explorer.app.query.filters.ood import IN_DISTRIBUTION, OUT_OF_DISTRIBUTION, OodRange
from galaxy_explorer.app.query.filters.rmse import RmseRange
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.app.state import Key
from galaxy_explorer.catalogue import Measure, VoteRange
from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, label_of

MEASURE_HELP = (
    "An answer share counts only the volunteers who were asked the question. A vote fraction is the share multiplied "
    "by the fraction of all votes that reached the question."
)
INTERVAL_HELP = (
    " The lower and the upper end are those of the 68 % prediction interval of the share: a bar whose lower end is at "
    "least 50 % is a sure one."
)
ASKED_HELP = (
    "Few volunteers are asked every question. If almost none were, a share means little: “two arms” by two of three "
    "votes is chance. Galaxies below this bound do not match a filter on a share, and come last in a sort by one."
)
OOD_HELP = (
    "The out-of-distribution (OOD) score tells how far a picture differs from the training pictures. Above 1 it "
    "differs more than 99 % of galaxies do: look at it before you use its prediction. Galaxies without a prediction do "
    "not match."
)
SCORE_HELP = "The out-of-distribution score itself."
RMSE_HELP = (
    "The root-mean-square error over the 37 vote fractions: how far a network's prediction of a galaxy is from the "
    "volunteers' votes on it. Galaxies without votes or without a prediction do not match."
)
SLIDER_STEPS = 60
FLAGS = {"yes": OUT_OF_DISTRIBUTION, "no": IN_DISTRIBUTION}


def measures_of(answers: Answers) -> list[Measure]:
    """Return the measures that some answers have."""
    return list(Measure) if answers.network else [Measure.SHARE, Measure.FRACTION]


def measure_help(answers: Answers) -> str:
    """Return the help on the measures that some answers have."""
    return MEASURE_HELP + INTERVAL_HELP * bool(answers.network)


def numbered_label(column: str) -> str:
    """Return an answer's label with the number of its question."""
    return f"{QUESTION_OF[column].number} · {label_of(column)}"


def add_range(query: BrowseQuery, answers: Answers) -> None:
    """Draw the form of a filter on any answer."""

    def add() -> None:
        low, high = state.widget(Key.NEW_BOUNDS)
        if column := state.widget(Key.NEW_ANSWER):
            measure = Measure(state.widget(Key.NEW_MEASURE))
            write_url(query.with_range(VoteRange(column, low / 100, high / 100, measure)))
        else:
            state.browse().answer_missing = True

    with st.form("new_filter", border=False):
        st.selectbox(
            "Filter by answer",
            COLUMNS,
            index=None,
            format_func=numbered_label,
            key=Key.NEW_ANSWER,
            placeholder="Choose one",
        )
        if state.widget(Key.NEW_MEASURE) not in (None, *measures_of(answers)):
            state.set_widget(Key.NEW_MEASURE, Measure.SHARE)
        st.segmented_control(
            "Measure",
            measures_of(answers),
            default=Measure.SHARE,
            required=True,
            key=Key.NEW_MEASURE,
            help=measure_help(answers),
        )
        st.slider("Range (%)", 0, 100, (50, 100), key=Key.NEW_BOUNDS)
        st.form_submit_button("Add filter", icon=":material/add:", on_click=add)
    if state.browse().answer_missing:
        st.warning("Choose an answer first.", icon=":material/arrow_upward:")
        state.browse().answer_missing = False


def choose_min_asked(query: BrowseQuery) -> None:
    """Draw the bound on the votes that must reach a question."""
    binding = bound(Key.ASKED, query.min_asked, query, lambda percent: {"min_asked": percent})
    st.slider("Minimum fraction of votes reaching the question (%)", 0, 100, help=ASKED_HELP, **binding)


def choose_ood(query: BrowseQuery) -> None:
    """Draw the filters by the flag and by the score of out-of-distribution pictures."""

    def flagged(flag: str | None) -> BrowseQuery:
        return query.with_filter(FLAGS[flag]) if flag else query.without_filters(OodRange)

    shown = query.filter_of(OodRange)
    flag = next((name for name, wanted in FLAGS.items() if wanted == shown), None)
    label = "Differs from the training pictures"
    st.segmented_control(label, list(FLAGS), help=OOD_HELP, **bound(Key.OOD_FLAG, flag, query, flagged))
    _choose_score(Key.OOD_SCORE, "How much it differs (above 1: clearly)", query, OodRange, SCORE_HELP)


def choose_rmse(query: BrowseQuery) -> None:
    """Draw the filter by the RMSE between a network and the volunteers."""
    _choose_score(Key.RMSE, "Error against the volunteers (RMSE)", query, RmseRange, RMSE_HELP)


def _choose_score(key: Key, label: str, query: BrowseQuery, kind: type[ScoreRange], help_text: str) -> None:
    """Draw a slider with two ends for a range of a score; its end stands for no upper bound."""
    shown, end = query.filter_of(kind), kind.slider_end

    def scored(bounds: tuple[float, float]) -> BrowseQuery:
        low, high = bounds
        if low >= high or high >= end:
            return query.with_filter(kind(low)) if low else query.without_filters(kind)
        return query.with_filter(kind(low, high))

    low, high = (min(one, end) for one in ((shown.low, shown.high) if shown else (0.0, end)))
    binding = bound(key, (low, high), query, scored)
    help_text = f"{help_text} The right end, {end:g}, stands for no upper bound."
    st.slider(label, 0.0, end, step=end / SLIDER_STEPS, help=help_text, **binding)
