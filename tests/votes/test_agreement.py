"""Agreement with the volunteers, against that of two random volunteers."""

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES, columns_of, fractions_from_shares
from galaxy_explorer.votes import Ballot, agreement, differences

SHARES = {1: (0.7, 0.2, 0.1), 7: (0.5, 0.5, 0.0), 6: (0.1, 0.9)}
TIME = "2026-01-01T00:00:00Z"


def votes() -> np.ndarray:
    """Vote fractions with the shares of `SHARES`; other questions are not known."""
    shares = np.full(len(COLUMNS), np.nan)
    for number, values in SHARES.items():
        shares[SLICES[number]] = values
    return fractions_from_shares(shares)


def test_own_and_expected_agreement_by_question():
    ballot = Ballot("1", ("Class1.1", "Class7.3", "Class6.2"), "ann", TIME)
    found = agreement([ballot], {"1": votes()})
    assert found[1].own == pytest.approx(0.7)
    assert found[1].expected == pytest.approx(0.49 + 0.04 + 0.01)
    assert found[7].own == 0
    assert found[0].answers == 3
    assert found[0].own == pytest.approx((0.7 + 0 + 0.9) / 3)
    assert set(found) == {0, 1, 7, 6}


def test_questions_that_no_volunteer_was_asked_do_not_count():
    ballot = Ballot("1", ("Class1.2", "Class2.1", "Class9.1", "Class6.2"), "ann", TIME)
    assert set(agreement([ballot], {"1": votes()})) == {0, 1, 6}
    assert agreement([ballot], {}) == {}


def test_a_random_volunteer_agrees_as_expected_and_a_contrary_one_less():
    rng, theirs = np.random.default_rng(0), {str(galaxy): votes() for galaxy in range(400)}

    def pick(number: int, chances: tuple[float, ...]) -> str:
        return str(rng.choice(columns_of(number), p=chances))

    def answers(galaxy: str) -> tuple[str, ...]:
        first = pick(1, (0.8, 0.0, 0.2))
        return (first, pick(7, SHARES[7]), pick(6, SHARES[6])) if first == "Class1.1" else (first,)

    def vote(galaxy: str) -> tuple[str, ...]:
        path = answers(galaxy)
        return (*path, "Class8.1") if path[-1] == "Class6.1" else path

    fair = agreement([Ballot(galaxy, vote(galaxy), "ann", TIME) for galaxy in theirs], theirs)
    assert fair[7].differs == fair[6].differs == 0
    star = agreement([Ballot(galaxy, ("Class1.3",), "ben", TIME) for galaxy in theirs], theirs)
    assert star[0].differs == -1
    plain = agreement([Ballot(g, ("Class1.1", "Class7.1", "Class6.2"), "eve", TIME) for g in theirs], theirs)
    assert plain[0].differs == 1  # always the most frequent answer


def test_differences_name_the_most_frequent_answer():
    ballot = Ballot("1", ("Class1.1", "Class7.3", "Class6.2"), "ann", TIME)
    (one,) = differences([ballot], {"1": votes()})
    assert (one.mine, one.theirs, one.my_share, one.their_share) == ("Class7.3", "Class7.1", 0.0, 0.5)
    assert INDEX[one.theirs] < INDEX[one.mine]
