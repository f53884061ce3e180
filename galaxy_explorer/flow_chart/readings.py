"""What one source, the network or the volunteers, says of one galaxy, ready to be shown."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from galaxy_explorer import decision_tree as tree

# A network's masses are never exactly 0. Below this share of the votes a question counts as hardly asked:
# the shares of so few votes mean nothing. Votes that people cast always count.
HARDLY_ASKED = 0.01
# Bars, tiles and drawings are as strong as the votes that reached a question: palest for next to none, full from
# half of all votes on. A share of 100 % of three votes in a hundred must not look like one of all votes.
FULL_STRENGTH_FROM = 0.5
PALEST = 0.4
VOLUNTEERS = 40  # that look at a galaxy: the median is 44, of which some are given little weight (Willett et al. 2013)
# How much wider (above 1) or narrower than `_share_spread` reckons the interval must be that holds 68 % of the
# volunteers' shares of a question: the errors of share and votes are not quite independent. Measured on the galaxies held
# out, weighted against their selection, the mean of both shipped networks, which differ by 0.04 at most
# (`python benchmarks/studies/shares.py`).
SHARE_SCALES = {1: 1.0, 2: 0.75, 3: 1.07, 4: 1.12, 5: 1.08, 6: 1.0, 7: 0.73, 8: 0.96, 9: 0.87, 10: 1.21, 11: 0.98}
_ROUNDING = 1e-3  # half-precision networks and rounded tables leave [0, 1] by less than this


class State(StrEnum):
    """Whether a source has anything to say on a question, in the words shown."""

    ASKED = "asked"
    NOT_ASKED = "not asked"
    HARDLY_ASKED = "hardly asked"  # a network's word: it was asked itself, but expects next to no votes there
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """One source's vote fractions and shares; shares are NaN wherever the question was not asked."""

    name: str
    is_network: bool
    fractions: np.ndarray  # (37,)
    shares: np.ndarray  # (37,)
    spread: np.ndarray | None  # (37,) half the widths of the 68 % intervals of the shares
    states: dict[int, State]  # by question

    def state(self, column: str) -> State:
        """Say whether the question of an answer was asked."""
        return self.states[tree.QUESTION_OF[column].number]

    def strength(self, question: int) -> float:
        """Say how strongly a question is drawn for the votes that reached it: 0 if none, else `PALEST` to 1."""
        if self.states[question] is not State.ASKED:
            return 0.0
        mass = float(self.fractions[tree.SLICES[question]].sum())
        return PALEST + (1 - PALEST) * min(1.0, mass / FULL_STRENGTH_FROM)

    def share(self, column: str) -> float:
        """Give an answer's share, NaN where not asked."""
        return float(self.shares[tree.INDEX[column]])

    def flow(self, column: str) -> float:
        """Give the votes that leave an answer towards the next question; 0 where unknown."""
        return float(np.nan_to_num(self.fractions[tree.INDEX[column]]))

    def label(self, column: str) -> str:
        """Write an answer's share as a number, or why there is none."""
        state = self.state(column)
        return percent(self.share(column)) if state is State.ASKED else str(state)

    def share_text(self, column: str) -> str:
        """Write an answer's share with half the width of its 68 % interval, where there is one."""
        if self.spread is None:
            return self.label(column)
        return f"{self.label(column)} ± {100 * self.spread[tree.INDEX[column]]:.0f}"

    def sentence(self, column: str) -> str:
        """Write an answer's share and vote fraction in words, or why there are none."""
        if self.state(column) is State.HARDLY_ASKED:
            return (
                f"{State.HARDLY_ASKED}, as fewer than {100 * HARDLY_ASKED:.0f} in 100 votes would reach this question"
            )
        if self.state(column) is not State.ASKED:
            return str(self.state(column))
        return f"{self.share_text(column)} of those asked, vote fraction {self.fractions[tree.INDEX[column]]:.3f}"


def hardly_asked(network: np.ndarray, volunteers: np.ndarray | None = None) -> list[int]:
    """Number the questions at which the chart writes “hardly asked”, from one galaxy's ``(37,)`` vote fractions.

    These are the questions which the network expects hardly any volunteer to be asked, but for those where no
    volunteer was asked: there the chart writes “not asked”.
    """
    found = [n for n, where in tree.SLICES.items() if _state(network[where], is_network=True) is State.HARDLY_ASKED]
    if volunteers is None:
        return found
    return [n for n in found if _state(volunteers[tree.SLICES[n]], is_network=False) is not State.NOT_ASKED]


def percent(share: float) -> str:
    """Write a share as a whole percentage; what is more than nothing is never written as 0."""
    return "<1\u202f%" if 0 < share <= 0.005 else f"{100 * share:.0f}\u202f%"


def read_sources(
    network: np.ndarray | None, volunteers: np.ndarray | None, network_spread: np.ndarray | None, network_name: str
) -> list[Reading]:
    """Check what was given and read it; the network comes first.

    Raises
    ------
    ValueError
        If neither source is given, or an array is not one galaxy's vote fractions.
    """
    if network is None and volunteers is None:
        raise ValueError(
            "neither network nor volunteers was given, but the chart needs at least one of them: "
            f"pass the {len(tree.COLUMNS)} vote fractions of a galaxy"
        )
    readings = []
    if network is not None:
        readings.append(_read(network, network_name, network_spread, is_network=True))
    if volunteers is not None:
        readings.append(_read(volunteers, "volunteers", None, is_network=False))
    return readings


def check_selected(selected: str | None) -> None:
    """Refuse what is not an answer's column.

    Raises
    ------
    ValueError
        If it is neither None nor a column.
    """
    if selected is not None and selected not in tree.INDEX:
        raise ValueError(
            f"selected is {selected!r}, but must be one of the columns {tree.COLUMNS[0]} to {tree.COLUMNS[-1]}, "
            "or None to select no answer"
        )


def presence(readings: list[Reading], question: int) -> float:
    """Say how far a question comes forward, in [0, 1]: by its strongest source; the one asked of everyone wholly."""
    if question == tree.ASKED_OF_EVERYONE:
        return 1.0
    return max(reading.strength(question) for reading in readings)


def is_faded(readings: list[Reading], question: int) -> bool:
    """Say whether a question recedes: nobody was asked, and it is not the one asked of everyone."""
    return presence(readings, question) == 0


def _read(values: np.ndarray, name: str, spread: np.ndarray | None, *, is_network: bool) -> Reading:
    """Read the vote fractions of one source."""
    fractions = _checked(values, "network" if is_network else "volunteers")
    states = {q.number: _state(fractions[tree.SLICES[q.number]], is_network) for q in tree.QUESTIONS}
    shares = tree.shares_from_fractions(fractions)
    for number, where in tree.SLICES.items():
        if states[number] is not State.ASKED:
            shares[where] = np.nan
    share_spread = None if spread is None else _share_spread(fractions, shares, _checked(spread, "network_spread"))
    return Reading(name, is_network, fractions, shares, share_spread, states)


def _share_spread(fractions: np.ndarray, shares: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Turn the spread of vote fractions into that of shares, ``(37,)``; NaN where a question was not asked.

    A fraction is f = share · mass. With independent errors its variance is mass² σ_share² + share² σ_mass²: what
    the mass brings is taken off, or a share of 99 % of few votes would seem to be anything. Where next to nothing is
    left (a leading answer errs as its mass does), the scatter of a count stands for it: `VOLUNTEERS` · mass people
    are asked, and a share of so few is never known better. `SHARE_SCALES` then make it hold for each question.
    """
    deviations = np.full_like(spread, np.nan)
    for number, where in tree.SLICES.items():
        mass_column = tree.MASS_COLUMN[number]
        if not mass_column:
            deviations[where] = spread[where] / fractions[where].sum()
            continue
        mass, share = fractions[where].sum(), shares[where]
        with np.errstate(divide="ignore", invalid="ignore"):  # nobody was asked: NaN
            own = (spread[where] ** 2 - (share * spread[tree.INDEX[mass_column]]) ** 2) / mass**2
            counted = share * (1 - share) / (VOLUNTEERS * mass)
        deviations[where] = SHARE_SCALES[number] * np.sqrt(np.maximum(own, counted))
    return np.minimum(deviations, 1.0)


def _state(fractions: np.ndarray, is_network: bool) -> State:
    """Say whether a question with these vote fractions was asked."""
    if np.isnan(fractions).any():
        return State.UNKNOWN
    if is_network:
        return State.ASKED if fractions.sum() >= HARDLY_ASKED else State.HARDLY_ASKED
    return State.ASKED if fractions.sum() > 0 else State.NOT_ASKED


def _checked(values: np.ndarray, what: str) -> np.ndarray:
    """Copy one galaxy's 37 values as float64, each in [0, 1] or NaN."""
    array = np.array(values, dtype=float)
    if array.shape != (len(tree.COLUMNS),):
        raise ValueError(
            f"{what} has the shape {array.shape}, but one galaxy has ({len(tree.COLUMNS)},) values, "
            f"{tree.COLUMNS[0]} to {tree.COLUMNS[-1]}: pass one row of a score table"
        )
    wrong = (array < -_ROUNDING) | (array > 1 + _ROUNDING)
    if wrong.any():
        column = tree.COLUMNS[int(np.argmax(wrong))]
        raise ValueError(
            f"{what} has {array[tree.INDEX[column]]:g} at {column}, but its values lie between 0 and 1: "
            "pass fractions, not percentages or logits, and NaN where a value is unknown"
        )
    return np.clip(array, 0.0, 1.0)
