"""Vote fractions of one galaxy by a network, the volunteers or a group, ready to be drawn."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from galaxy_explorer import decision_tree as tree

# A network's masses are never exactly 0. Below this share of the votes a question counts as hardly asked:
# the shares of so few votes mean nothing. Votes of volunteers always count.
HARDLY_ASKED = 0.01
# The opacity of bars, tiles and drawings shows the votes that reached a question: palest for next to none, full from
# half of all votes on. A share of 100 % of three votes in a hundred must not look like one of all votes.
FULL_OPACITY_FROM = 0.5
FOLDED_BELOW = 0.05  # a question that fewer of the votes reach is folded to one line
PALEST = 0.4
_ROUNDING = 1e-3  # half-precision networks and rounded tables leave [0, 1] by less than this


class State(StrEnum):
    """Whether a source has votes on a question, in the words shown."""

    ASKED = "asked"
    NOT_ASKED = "not asked"
    HARDLY_ASKED = "hardly asked"  # of a network, which expects next to no votes there
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who voted: the names of their colours, too."""

    GROUP = "group"  # people who voted here: a class, or one person
    NETWORK = "network"
    VOLUNTEERS = "volunteers"


@dataclass(frozen=True)
class Reading:
    """One source's vote fractions and answer shares, which are NaN where not asked."""

    name: str
    source: Source
    fractions: np.ndarray  # (37,)
    shares: np.ndarray  # (37,)
    intervals: np.ndarray | None  # (2, 37) lower and upper ends of the 68 % prediction intervals of the shares
    states: dict[int, State]  # by question

    @property
    def is_network(self) -> bool:
        """Whether a network predicts the votes."""
        return self.source is Source.NETWORK

    def state(self, column: str) -> State:
        """Return whether the question of an answer was asked."""
        return self.states[tree.QUESTION_OF[column].number]

    def mass(self, question: int) -> float:
        """Return the part of the votes that reaches a question, NaN if unknown."""
        return float(self.fractions[tree.SLICES[question]].sum())

    def opacity(self, question: int) -> float:
        """Return a question's opacity by the votes that reached it: 0 if none, else `PALEST` to 1."""
        if self.states[question] is not State.ASKED:
            return 0.0
        return PALEST + (1 - PALEST) * min(1.0, self.mass(question) / FULL_OPACITY_FROM)

    def share(self, column: str) -> float:
        """Return an answer's share, NaN if not asked."""
        return float(self.shares[tree.INDEX[column]])

    def flow(self, column: str) -> float:
        """Return the votes that leave an answer towards the next question; 0 if unknown."""
        return float(np.nan_to_num(self.fractions[tree.INDEX[column]]))

    def label(self, column: str) -> str:
        """Format an answer's share, or why it has none."""
        state = self.state(column)
        return percent(self.share(column)) if state is State.ASKED else str(state)

    def share_text(self, column: str) -> str:
        """Format an answer's share with its 68 % prediction interval, if known."""
        interval = self.interval_text(column)
        return self.label(column) + (f" (68\u202f% interval: {interval})" if interval else "")

    def interval_text(self, column: str) -> str:
        """Format the 68 % prediction interval of an answer's share; empty if unknown."""
        if self.intervals is None:
            return ""
        lower, upper = 100 * self.intervals[:, tree.INDEX[column]]
        return f"{lower:.0f} to {upper:.0f}\u202f%"

    def sentence(self, column: str) -> str:
        """Describe an answer's share and vote fraction, or why it has none."""
        state = self.state(column)
        if state is State.ASKED:
            return f"{self.share_text(column)} of those asked, vote fraction {self.fractions[tree.INDEX[column]]:.3f}"
        few = f", as fewer than {100 * HARDLY_ASKED:.0f} in 100 votes would reach this question"
        return state + (few if state is State.HARDLY_ASKED else "")


def hardly_asked(network: np.ndarray, volunteers: np.ndarray | None = None) -> list[int]:
    """Return the questions that the chart of a galaxy calls “hardly asked”.

    Both are (37,) vote fractions. The network expects next to no votes there; if no volunteer was asked, the chart
    writes “not asked” instead.
    """
    few = [n for n, where in tree.SLICES.items() if _state(network[where], is_network=True) is State.HARDLY_ASKED]
    if volunteers is None:
        return few
    return [n for n in few if _state(volunteers[tree.SLICES[n]], is_network=False) is not State.NOT_ASKED]


def foldable_questions(readings: list[Reading], selected: str | None = None) -> list[int]:
    """Return the questions that fewer than `FOLDED_BELOW` of the votes reach, by every source.

    Never one whose votes are unknown, one on the likeliest path, or that of the selected answer.
    """
    few = [q.number for q in tree.QUESTIONS if all(reading.mass(q.number) < FOLDED_BELOW for reading in readings)]
    return [number for number in few if selected is None or number != tree.QUESTION_OF[selected].number]


def folded_questions(
    readings: list[Reading], opened: Collection[int] | None, selected: str | None = None
) -> frozenset[int]:
    """Return the questions that `flow_chart` folds.

    Parameters
    ----------
    readings : list of Reading
        As of `read_sources`.
    opened, selected
        As for `flow_chart`.

    Returns
    -------
    frozenset of int
        Numbers of questions; empty if `opened` is None.
    """
    return frozenset() if opened is None else frozenset(foldable_questions(readings, selected)).difference(opened)


def reach_text(readings: list[Reading], question: int) -> str:
    """Format the largest part of the votes that reaches a question: ``asked of 2 %``."""
    states = {reading.states[question] for reading in readings}
    if State.ASKED not in states:
        return str(readings[-1].states[question])  # the volunteers' if they are shown
    mass = max(reading.mass(question) for reading in readings if reading.states[question] is State.ASKED)
    if round(mass, 2) >= FOLDED_BELOW > mass:  # 4.7 % must not look like enough to stay open
        return f"asked of <{100 * FOLDED_BELOW:.0f}\u202f%"
    return f"asked of {percent(mass)}"


def percent(share: float) -> str:
    """Format a share as a whole percentage; more than nothing is never 0."""
    return "<1\u202f%" if 0 < share <= 0.005 else f"{100 * share:.0f}\u202f%"


def read_sources(
    network: np.ndarray | None = None,
    volunteers: np.ndarray | None = None,
    network_share_intervals: np.ndarray | None = None,
    network_name: str = "network",
    volunteers_name: str = "volunteers",
    group: tuple[str, np.ndarray] | None = None,
) -> list[Reading]:
    """Check the vote fractions of a galaxy and read them; a group comes first, then the network.

    Parameters
    ----------
    network, volunteers, network_share_intervals, network_name, volunteers_name, group
        As for `flow_chart`.

    Returns
    -------
    list of Reading
        One to three.

    Raises
    ------
    ValueError
        If neither source is given, or an array is not one galaxy's vote fractions.
    """
    readings = []
    if group is not None:
        readings.append(_read(group[1], group[0], Source.GROUP))
    if network is not None:
        readings.append(_read(network, network_name, Source.NETWORK, network_share_intervals))
    if volunteers is not None:
        readings.append(_read(volunteers, volunteers_name, Source.VOLUNTEERS))
    if not readings:
        raise ValueError(
            "no network, volunteers or group was given, but the chart needs at least one of them: "
            f"pass the {len(tree.COLUMNS)} vote fractions of a galaxy"
        )
    return readings


def check_selected(selected: str | None) -> None:
    """Raise ValueError if the selected answer is neither None nor a column."""
    if selected is not None and selected not in tree.INDEX:
        raise ValueError(
            f"selected is {selected!r}, but must be one of the columns {tree.COLUMNS[0]} to {tree.COLUMNS[-1]}, "
            "or None to select no answer"
        )


def opacity_of_question(readings: list[Reading], question: int) -> float:
    """Return the opacity of a question: that of its strongest source; 1 if asked of everyone."""
    if question == tree.ASKED_OF_EVERYONE:
        return 1.0
    return max(reading.opacity(question) for reading in readings)


def opacity_of_answer(readings: list[Reading], column: str) -> float:
    """Return the opacity of an answer's question."""
    return opacity_of_question(readings, tree.QUESTION_OF[column].number)


def _read(values: np.ndarray, name: str, source: Source, intervals: np.ndarray | None = None) -> Reading:
    """Read the vote fractions of one source."""
    fractions, is_network = _check(values, source), source is Source.NETWORK
    states = {q.number: _state(fractions[tree.SLICES[q.number]], is_network) for q in tree.QUESTIONS}
    shares = tree.shares_from_fractions(fractions)
    for number, where in tree.SLICES.items():
        if states[number] is not State.ASKED:
            shares[where] = np.nan
    if intervals is not None:
        lower, upper = (_check(end, "network_share_intervals") for end in intervals)
        # A whisker begins at the bar's end, also where few votes are expected and the mean lies outside.
        intervals = np.stack([np.fmin(lower, shares), np.fmax(upper, shares)])
    return Reading(name, source, fractions, shares, intervals, states)


def _state(fractions: np.ndarray, is_network: bool) -> State:
    """Return whether a question with these vote fractions was asked."""
    if np.isnan(fractions).any():
        return State.UNKNOWN
    if is_network:
        return State.ASKED if fractions.sum() >= HARDLY_ASKED else State.HARDLY_ASKED
    return State.ASKED if fractions.sum() > 0 else State.NOT_ASKED


def _check(values: np.ndarray, name: str) -> np.ndarray:
    """Copy one galaxy's 37 values as float64, each in [0, 1] or NaN."""
    array = np.asarray(values, dtype=float)
    return np.clip(tree.check_scores(array, name, leading=(), bounds=(0.0, 1.0), tolerance=_ROUNDING), 0.0, 1.0)
