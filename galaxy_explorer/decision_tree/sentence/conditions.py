"""From clauses to conditions on votes, and what excludes each other among them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from galaxy_explorer.decision_tree.sentence.clauses import Clause
from galaxy_explorer.decision_tree.sentence.vocabulary import Columns, Measure, vocabulary
from galaxy_explorer.decision_tree.table import MASS_COLUMN, QUESTION_OF, columns_of, label_of

_RARELY_ASKED = (8,)  # the odd features: most galaxies have none, which excludes them all


@dataclass(frozen=True)
class Condition:
    """Closed bounds on the summed votes for one or more answers of a question.

    Parameters
    ----------
    columns : tuple of str
        Score columns of answers of one question, in the order of the tree.
    low, high : float
        Bounds in [0, 1], both included.
    measure : str
        What the bounds are on: an answer share, a vote fraction, or an end of the interval of a share.
    """

    columns: Columns
    low: float = 0.0
    high: float = 1.0
    measure: Measure = "share"

    @property
    def question(self) -> int:
        """The number of the answers' question."""
        return QUESTION_OF[self.columns[0]].number


@dataclass(frozen=True)
class Worded:
    """A condition with the words that asked for it."""

    words: str
    condition: Condition


def conditions_of(clauses: Sequence[Clause]) -> tuple[list[Worded], list[str]]:
    """Return one condition for each clause, and sentences about what is left out."""
    found, problems = [], []
    for clause in clauses:
        words = f"not {clause.words}" if clause.negated else clause.words
        if clause.negated and clause.answers == columns_of(clause.question):
            problems.append(f"“{words}” is left out: it excludes all answers of its question.")
        else:
            found.append(Worded(words, _condition(clause)))
    return found, problems


def _condition(clause: Clause) -> Condition:
    """Return the condition of one clause."""
    answers, level, bound = clause.answers, vocabulary().levels[clause.level], clause.bound
    rest = tuple(column for column in columns_of(clause.question) if column not in answers)
    if bound:
        return _of(rest if clause.negated else answers, bound.low, bound.high, clause.measure)
    if clause.negated:
        return _excluding(clause, rest)
    if len(rest) == 1 and len(answers) > 2:  # "with a bulge": few say "no bulge"
        return _of(rest, 1 - level.high, 1 - level.low)
    return _of(answers, level.low, level.high)


def _excluding(clause: Clause, rest: Columns) -> Condition:
    """Return the condition of a negated clause, given the other answers of its question."""
    negated, level = vocabulary().negated, vocabulary().levels[clause.level]
    if clause.inside:  # "not strongly barred"
        return _of(clause.answers, 0.0, level.low)
    if clause.question in _RARELY_ASKED:
        return _of(clause.answers, 0.0, negated["of_all_votes"], "vote fraction")
    if len(rest) == 1:  # "no bar" is an answer
        return _of(rest, level.low, level.high)
    return _of(clause.answers, 0.0, negated.get(clause.level, 1 - level.low))


def _of(answers: Columns, low: float, high: float, measure: Measure = "share") -> Condition:
    """Return a condition on summed shares; on all answers of a question, whether it was asked."""
    if answers == columns_of(QUESTION_OF[answers[0]].number):
        answers, low, high = answers[:1], 0.0, 1.0
    low, high = round(low, 4), round(high, 4)
    return Condition(answers, low, high, measure)


def merged(found: Sequence[Worded]) -> tuple[list[Worded], list[str]]:
    """Join conditions on the same answers into their common part; report those without one."""
    kept: dict[tuple[Columns, Measure], Worded] = {}
    problems = []
    for worded in found:
        key = worded.condition.columns, worded.condition.measure
        before = kept.get(key, worded)
        low = max(before.condition.low, worded.condition.low)
        high = min(before.condition.high, worded.condition.high)
        if low > high:
            problems.append(f"“{before.words}” and “{worded.words}” exclude each other; the first is used.")
            continue
        columns, measure = key
        kept[key] = Worded(before.words, Condition(columns, low, high, measure))
    return list(kept.values()), problems


def contradictions(found: Sequence[Worded]) -> Iterator[str]:
    """Yield a sentence for each pair of conditions that few or no galaxies match together."""
    for first, second in combinations(found, 2):
        if first.condition.question == second.condition.question:
            reason = _chosen_once(first, second)
        else:
            reason = _not_asked(first, second) or _not_asked(second, first) or _asked_apart(first, second)
        if reason:
            yield f"“{first.words}” and “{second.words}”: {reason}, so few or no galaxies match both."


def _chosen_once(first: Worded, second: Worded) -> str:
    """Return why two conditions on one question exclude each other, or an empty text."""
    one, other = first.condition, second.condition
    if set(one.columns) & set(other.columns) or one.measure != "share" or other.measure != "share":
        return ""
    together = min(one.low, other.low) > 0 and one.low + other.low >= 1
    return "each volunteer chose one of these answers (“or” joins them)" if together else ""


def _not_asked(before: Worded, after: Worded) -> str:
    """Return why one condition keeps the question of another from being asked, or an empty text."""
    wanted = before.condition
    if wanted.measure != "share" or not _needs_question(after.condition):
        return ""
    for column in _way_to(after.condition.question):
        if QUESTION_OF[column].number == wanted.question and (
            wanted.high < 0.5 if column in wanted.columns else wanted.low >= 0.5
        ):
            asked = QUESTION_OF[after.condition.columns[0]].short
            return f"volunteers are asked about “{asked}” only after they chose “{label_of(column)}”"
    return ""


def _asked_apart(first: Worded, second: Worded) -> str:
    """Return why no volunteer is asked the questions of both conditions, or an empty text."""
    if not (_needs_question(first.condition) and _needs_question(second.condition)):
        return ""
    ways = [{QUESTION_OF[column].number: column for column in _way_to(w.condition.question)} for w in (first, second)]
    for question in ways[0].keys() & ways[1].keys():
        if ways[0][question] != ways[1][question]:
            one, other = (label_of(way[question]) for way in ways)
            return f"volunteers are asked one after “{one}” and the other after “{other}”"
    return ""


def _needs_question(wanted: Condition) -> bool:
    """Return whether a galaxy that was not asked the question does not match."""
    return wanted.measure != "vote fraction" or wanted.low > 0


def _way_to(question: int) -> list[str]:
    """Return the answers that all lead to a question, the last first."""
    way = []
    while column := MASS_COLUMN[question]:
        way.append(column)
        question = QUESTION_OF[column].number
    return way
