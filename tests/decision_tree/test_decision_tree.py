"""The tree's table and its arithmetic."""

import numpy as np
import pandas as pd
import pytest
from answer_shares import answer_shares
from hypothesis import given

from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    ASKED_OF_EVERYONE,
    COLUMNS,
    INDEX,
    MASS_COLUMN,
    QUESTION_OF,
    QUESTIONS,
    SLICES,
    check_scores,
    column,
    columns_into,
    columns_of,
    fractions_from_shares,
    mass_of,
    name_of,
    shares_from_fractions,
)

# The masses as the challenge's description of the tree gives them, by hand.
MASSES = {1: None, 2: "1.2", 3: "2.2", 4: "2.2", 5: "2.2", 6: None, 7: "1.1", 8: "6.1", 9: "2.1", 10: "4.1", 11: "4.1"}


def walk_the_edges(shares):
    """Send one vote through the tree along every answer's edge; question 6 starts with 1."""
    mass = dict.fromkeys(SLICES, 0.0) | {1: 1.0}
    fractions = np.full(len(COLUMNS), np.nan)
    waiting = list(SLICES)
    while waiting:
        ready = next(q for q in waiting if not {QUESTION_OF[name].number for name in columns_into(q)} & set(waiting))
        waiting.remove(ready)
        if ready == ASKED_OF_EVERYONE:
            mass[ready] = 1.0
        for name in columns_of(ready):
            fractions[INDEX[name]] = mass[ready] * shares[INDEX[name]]
            following = ANSWER_OF[name].leads_to
            if following is not None:
                mass[following] += fractions[INDEX[name]]
    return fractions, mass


class TestTheTable:
    def test_has_eleven_questions_and_thirty_seven_answers(self):
        assert [q.number for q in QUESTIONS] == list(range(1, 12))
        assert [len(q.answers) for q in QUESTIONS] == [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
        assert len(COLUMNS) == len(set(COLUMNS)) == 37

    def test_columns_are_those_of_the_challenge_in_its_order(self, sample):
        header = (sample.root / "scores.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert tuple(header[1:38]) == COLUMNS
        assert COLUMNS[0] == column(1, 1) == "Class1.1"
        assert COLUMNS[-1] == column(11, 6) == "Class11.6"

    def test_slices_cover_the_columns_once(self):
        assert [i for q in SLICES for i in range(*SLICES[q].indices(len(COLUMNS)))] == list(range(len(COLUMNS)))

    def test_catalogue_stems_are_those_of_the_gz2_catalogue(self, sample):
        header = (sample.root / "gz2_rows.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        stems = [f"{QUESTION_OF[name].stem}_{ANSWER_OF[name].stem}" for name in COLUMNS]
        assert [name for name in header if name.endswith("_debiased")] == [f"{stem}_debiased" for stem in stems]

    def test_irregular_answer_numbers_of_the_catalogue_are_kept(self):
        stems = [ANSWER_OF[name].stem for name in COLUMNS]
        assert ANSWER_OF["Class8.7"].stem == "a38_dust_lane"
        assert ANSWER_OF["Class11.5"].stem == "a36_more_than_4"
        assert ANSWER_OF["Class11.6"].stem == "a37_cant_tell"
        assert not any(stem.startswith("a35") for stem in stems)
        numbers = sorted(int(stem[1:3]) for stem in stems)
        assert numbers == [n for n in range(1, 39) if n != 35]

    def test_edges_end_only_where_the_tree_ends(self):
        assert {name for name in COLUMNS if ANSWER_OF[name].leads_to is None} == {
            "Class1.3",
            "Class6.2",
            *columns_of(8),
        }

    def test_questions_reached_by_several_routes_are_4_5_and_6(self):
        sources = {q: {QUESTION_OF[name].number for name in columns_into(q)} for q in SLICES}
        assert sources[4] == {3}
        assert sources[5] == {4, 11}
        assert sources[6] == {5, 7, 9}

    def test_masses_are_those_of_the_challenge(self):
        assert {q: name and name.removeprefix("Class") for q, name in MASS_COLUMN.items()} == MASSES

    def test_a_question_is_walked_after_the_one_that_gives_its_mass(self):
        order = list(SLICES)
        for number, name in MASS_COLUMN.items():
            if name is not None:
                assert order.index(QUESTION_OF[name].number) < order.index(number)

    def test_every_answer_has_words_of_its_own(self):
        phrases = [(QUESTION_OF[name].number, ANSWER_OF[name].phrase) for name in COLUMNS]
        assert len(set(phrases)) == len(COLUMNS)
        assert all(ANSWER_OF[name].meaning.endswith(".") for name in COLUMNS)

    def test_an_answer_is_named_with_its_question(self):
        assert name_of("Class4.1") == "spiral arms: yes"
        assert len({name_of(name) for name in COLUMNS}) == len(COLUMNS)


class TestTheArithmetic:
    @given(answer_shares())
    def test_walking_the_edges_reproduces_every_fraction_and_mass(self, shares):
        walked, masses = walk_the_edges(shares)
        fractions = fractions_from_shares(shares)
        np.testing.assert_allclose(fractions, walked, atol=1e-12)
        for number in SLICES:
            assert mass_of(number, fractions) == pytest.approx(masses[number], abs=1e-12)

    @given(answer_shares())
    def test_answers_sum_to_their_mass(self, shares):
        fractions = fractions_from_shares(shares)
        for number, where in SLICES.items():
            assert fractions[where].sum() == pytest.approx(mass_of(number, fractions), abs=1e-12)

    @given(answer_shares())
    def test_what_flows_in_is_the_mass_of_every_question_but_one(self, shares):
        fractions = fractions_from_shares(shares)
        for number in set(SLICES) - {1, ASKED_OF_EVERYONE}:
            inflow = sum(fractions[INDEX[name]] for name in columns_into(number))
            assert inflow == pytest.approx(mass_of(number, fractions), abs=1e-12)

    @given(answer_shares())
    def test_question_6_is_the_exception_and_has_mass_1(self, shares):
        fractions = fractions_from_shares(shares)
        inflow = sum(fractions[INDEX[name]] for name in columns_into(ASKED_OF_EVERYONE))
        assert ASKED_OF_EVERYONE == 6
        assert inflow == pytest.approx(1 - fractions[INDEX["Class1.3"]], abs=1e-12)
        assert fractions[SLICES[6]].sum() == pytest.approx(1, abs=1e-12)

    @given(answer_shares())
    def test_fractions_survive_a_round_trip_through_shares(self, shares):
        fractions = fractions_from_shares(shares)
        np.testing.assert_allclose(fractions_from_shares(shares_from_fractions(fractions)), fractions, atol=1e-12)

    @given(answer_shares())
    def test_shares_survive_a_round_trip_where_a_question_was_asked(self, shares):
        fractions = fractions_from_shares(shares)
        again = shares_from_fractions(fractions)
        for number, where in SLICES.items():
            if mass_of(number, fractions) > 0:
                np.testing.assert_allclose(again[where], shares[where], atol=1e-9)
            else:
                assert np.isnan(again[where]).all()

    def test_a_question_nobody_was_asked_has_no_shares_rather_than_0(self):
        fractions = np.zeros(len(COLUMNS))
        fractions[[INDEX["Class1.1"], INDEX["Class6.2"], INDEX["Class7.2"]]] = 1
        shares = shares_from_fractions(fractions)
        asked = {number for number, where in SLICES.items() if not np.isnan(shares[where]).any()}
        assert asked == {1, 6, 7}
        assert all(np.isnan(shares[SLICES[number]]).all() for number in set(SLICES) - asked)

    def test_unknown_fractions_have_unknown_shares(self):
        fractions = np.full(len(COLUMNS), np.nan)
        fractions[SLICES[1]] = (0.5, 0.25, 0.25)
        shares = shares_from_fractions(fractions)
        np.testing.assert_array_equal(shares[SLICES[1]], (0.5, 0.25, 0.25))
        assert np.isnan(np.delete(shares, [0, 1, 2])).all()

    def test_unknown_shares_with_votes_are_unknown_fractions_and_without_votes_0(self):
        shares = np.full(len(COLUMNS), np.nan)
        shares[SLICES[1]] = (1, 0, 0)
        fractions = fractions_from_shares(shares)
        assert np.isnan(fractions[SLICES[7]]).all()  # all votes reach question 7, none question 2
        assert (fractions[SLICES[2]] == 0).all()

    def test_many_galaxies_at_once_are_as_one_by_one(self, random_fractions):
        fractions = random_fractions(5)
        one_by_one = [shares_from_fractions(row) for row in fractions]
        np.testing.assert_array_equal(shares_from_fractions(fractions), one_by_one)
        stacked = shares_from_fractions(fractions.reshape(5, 1, -1))
        assert stacked.shape == (5, 1, len(COLUMNS))

    def test_a_mass_is_given_for_each_galaxy_also_where_it_is_1(self, random_fractions):
        for number in SLICES:
            assert mass_of(number, random_fractions(5)).shape == (5,)

    def test_inputs_are_not_changed(self, random_fractions):
        fractions = random_fractions(3)
        before = fractions.copy()
        fractions_from_shares(shares_from_fractions(fractions))
        np.testing.assert_array_equal(fractions, before)

    @pytest.mark.parametrize("function", [shares_from_fractions, fractions_from_shares])
    def test_an_array_of_another_width_is_refused_with_the_columns(self, function):
        with pytest.raises(ValueError, match=r"\(2, 36\).*37 columns Class1\.1 to Class11\.6"):
            function(np.zeros((2, 36)))


class TestCheckedScores:
    def test_good_scores_are_returned_without_a_copy(self, random_fractions):
        fractions = random_fractions(3).astype(np.float32)
        assert check_scores(fractions, leading=(3,), bounds=(0, 1), tolerance=1e-6, allow_nan=False) is fractions

    @pytest.mark.parametrize(
        ("leading", "shape"), [((), (1, 37)), ((2,), (3, 37)), ((37,), (37,)), (None, (37, 2)), (None, ())]
    )
    def test_another_shape_is_an_error_that_holds_both(self, leading, shape):
        with pytest.raises(ValueError, match=r"table has the shape \(.*expected \(.*37.*Class1\.1 to Class11\.6"):
            check_scores(np.zeros(shape), "table", leading=leading)

    @pytest.mark.parametrize("wrong", [-0.1, 1.1, np.inf, -np.inf, np.nan])
    def test_the_first_wrong_value_is_located(self, random_fractions, wrong):
        fractions = random_fractions(4)
        fractions[2:, INDEX["Class4.2"]] = wrong
        with pytest.raises(ValueError, match=r"table: the value of Class4\.2, row 2, is .*; expected 0 to 1: "):
            check_scores(fractions, "table", bounds=(0, 1), tolerance=1e-6, allow_nan=False)
        with pytest.raises(ValueError, match=r"Class4\.2 is .*; expected 0 to 1: "):
            check_scores(fractions[2], bounds=(0, 1), tolerance=1e-6, allow_nan=False)

    def test_unknown_values_are_allowed_where_asked_for(self, random_fractions):
        fractions = random_fractions(2)
        fractions[1, 5] = np.nan
        check_scores(fractions, bounds=(0, 1), tolerance=1e-6)
        with pytest.raises(ValueError, match=r"row 1, is nan; expected a finite number"):
            check_scores(fractions, allow_nan=False)

    def test_infinity_is_out_of_any_bounds(self, random_fractions):
        fractions = random_fractions(2)
        fractions[0, 0] = np.inf
        check_scores(fractions)
        with pytest.raises(ValueError, match=r"Class1\.1, row 0, is inf"):
            check_scores(fractions, bounds=(0, np.inf))

    def test_values_may_leave_the_bounds_by_the_tolerance(self):
        fractions = np.full(37, 1.0005)
        check_scores(fractions, bounds=(0, 1), tolerance=1e-3)
        with pytest.raises(ValueError, match=r"is 1\.0005"):
            check_scores(fractions, bounds=(0, 1))


class TestRealGalaxies:
    def test_every_question_sums_to_its_mass_on_every_scored_galaxy(self, shared_data):
        table = pd.read_csv(shared_data / "kaggle" / "training_solutions_rev1.csv", dtype={"GalaxyID": str})
        fractions = table[list(COLUMNS)].to_numpy()
        assert len(fractions) > 8000
        for number, where in SLICES.items():
            error = np.abs(fractions[:, where].sum(axis=1) - mass_of(number, fractions))
            assert error.max() < 2.1e-6, number  # the scores are rounded

    def test_the_questions_of_the_partial_table_sum_to_their_masses(self, shared_data):
        table = pd.read_csv(shared_data / "kaggle" / "training_solutions_partial.csv", dtype={"GalaxyID": str})
        for number in (1, 2, 6, 7, 8):
            mass = 1.0 if MASS_COLUMN[number] is None else table[MASS_COLUMN[number]]
            assert (table[list(columns_of(number))].sum(axis=1) - mass).abs().max() < 2.1e-6

    def test_shares_give_the_scores_back(self, shared_data):
        table = pd.read_csv(shared_data / "kaggle" / "training_solutions_rev1.csv", dtype={"GalaxyID": str})
        fractions = table[list(COLUMNS)].to_numpy()
        np.testing.assert_allclose(fractions_from_shares(shares_from_fractions(fractions)), fractions, atol=5e-6)

    def test_question_6_is_the_only_one_whose_inflow_is_not_its_mass(self, shared_data):
        table = pd.read_csv(shared_data / "kaggle" / "training_solutions_rev1.csv", dtype={"GalaxyID": str})
        apart = {
            number
            for number, where in SLICES.items()
            if number != 1
            and (table[list(columns_into(number))].sum(axis=1) - table[list(COLUMNS[where])].sum(axis=1)).abs().max()
            > 5e-6
        }
        assert apart == {ASKED_OF_EVERYONE}
