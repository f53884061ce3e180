"""Filtering, sorting, searching and splitting catalogues."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.core.strings.accessor import StringMethods

from galaxy_explorer.catalogue import (
    Catalogue,
    CatalogueError,
    VoteRange,
    find_ids,
    open_catalogue,
    read_ids,
    sorted_rows,
    split,
)
from galaxy_explorer.decision_tree import COLUMNS, INDEX, shares_from_fractions


@pytest.fixture(scope="module")
def galaxies(random_fractions):
    """Forty galaxies without pictures; the last four were never voted on, number 3 lacks question 4."""
    fractions = random_fractions(40).astype(np.float32)
    fractions[36:] = np.nan
    fractions[3, [INDEX["Class4.1"], INDEX["Class4.2"]]] = np.nan
    ids = pd.Index([f"{n * 37 % 40:04d}" for n in range(40)], dtype=str, name="GalaxyID")
    table = pd.DataFrame(fractions, columns=list(COLUMNS), index=ids).assign(picture=[f"{name}.jpg" for name in ids])
    return Catalogue("drawn", table, Path("nowhere"))


def kept(catalogue, *ranges, least_asked=0.0):
    """The ids of the galaxies that fulfil all conditions, in their order."""
    rows = np.logical_and.reduce([wanted.holds(catalogue, least_asked) for wanted in ranges])
    return catalogue.rows(rows).ids


def in_order(catalogue, by, **options):
    """The ids of a sorted catalogue."""
    return catalogue.rows(sorted_rows(catalogue, by, **options)).ids


class TestRanges:
    def test_keep_the_galaxies_in_them_in_their_order(self, galaxies):
        ids = kept(galaxies, VoteRange("Class4.1", 0.1, 0.3, as_share=False))
        assert 0 < len(ids) < len(galaxies)
        assert ids == galaxies.table.index[galaxies.table["Class4.1"].between(0.1, 0.3)].tolist()

    @pytest.mark.parametrize("as_share", [True, False])
    def test_unknown_scores_never_pass(self, galaxies, as_share):
        ids = kept(galaxies, VoteRange("Class4.1", as_share=as_share))
        assert len(ids) == 35
        assert galaxies.ids[3] not in ids

    def test_shares_are_not_fractions(self, galaxies):
        shares = shares_from_fractions(galaxies.volunteer_fractions)[:, INDEX["Class11.1"]]
        ids = kept(galaxies, VoteRange("Class11.1", 0.2))
        assert ids == [galaxy for galaxy, share in zip(galaxies.ids, shares, strict=True) if share >= 0.2]
        assert len(ids) > len(kept(galaxies, VoteRange("Class11.1", 0.2, as_share=False)))

    def test_a_share_of_few_votes_can_be_left_out(self, galaxies):
        ids = kept(galaxies, VoteRange("Class11.1"), least_asked=0.15)
        assert ids == galaxies.table.index[galaxies.table["Class4.1"] >= 0.15].tolist()

    def test_the_first_question_is_always_asked(self, galaxies):
        assert len(kept(galaxies, VoteRange("Class1.1"), least_asked=1.0)) == 36

    def test_include_scores_that_were_rounded_to_32_bits(self, galaxies):
        for score in galaxies.table["Class1.1"].dropna().round(6):
            assert kept(galaxies, VoteRange("Class1.1", float(score), float(score), as_share=False))

    def test_of_another_column_or_beyond_0_to_1_are_refused(self):
        with pytest.raises(CatalogueError, match=r"'Class12\.1' is not a score column"):
            VoteRange("Class12.1")
        for low, high in [(0.5, 0.4), (-0.1, 1), (0, 1.1), (float("nan"), 1)]:
            with pytest.raises(CatalogueError, match="must rise within 0 to 1"):
                VoteRange("Class1.1", low, high)


class TestSorting:
    @pytest.mark.parametrize("as_share", [True, False])
    @pytest.mark.parametrize("descending", [True, False])
    def test_puts_unknown_scores_last_either_way(self, galaxies, descending, as_share):
        rows = sorted_rows(galaxies, "Class4.1", as_share=as_share, descending=descending)
        fractions = galaxies.volunteer_fractions[rows]
        values = (shares_from_fractions(fractions) if as_share else fractions)[:, INDEX["Class4.1"]]
        assert np.isnan(values[35:]).all()
        steps = np.diff(values[:35])
        assert ((steps <= 1e-7) if descending else (steps >= -1e-7)).all()

    def test_by_share_puts_galaxies_that_few_were_asked_about_last(self, galaxies):
        rows = sorted_rows(galaxies, "Class11.1", as_share=True, least_asked=0.15)
        asked = galaxies.volunteer_fractions[rows, INDEX["Class4.1"]] >= 0.15
        assert 0 < asked.sum() < 35
        assert asked[: asked.sum()].all()

    @pytest.mark.parametrize("descending", [True, False])
    def test_leaves_equal_galaxies_in_their_order(self, galaxies, descending):
        same = Catalogue("same", galaxies.table.assign(**{"Class1.1": np.float32(0.5)}), Path("nowhere"))
        assert in_order(same, "Class1.1", descending=descending) == galaxies.ids

    def test_by_id_is_by_text(self, galaxies):
        assert in_order(galaxies, "GalaxyID", descending=False) == sorted(galaxies.ids)
        assert in_order(galaxies, "GalaxyID") == sorted(galaxies.ids, reverse=True)

    def test_at_random_is_the_same_for_the_same_seed(self, galaxies):
        order = in_order(galaxies, "random", seed=5)
        assert order == in_order(galaxies, "random", seed=5)
        assert order != in_order(galaxies, "random", seed=6)
        assert sorted(order) == sorted(galaxies.ids)

    def test_by_another_column_is_refused(self, galaxies):
        with pytest.raises(CatalogueError, match=r"'Class12\.1' is not a score column"):
            sorted_rows(galaxies, "Class12.1")

    def test_of_nothing_is_nothing(self, galaxies):
        nothing = galaxies.rows(np.array([], dtype=int))
        assert in_order(nothing, "Class1.1", as_share=True) == in_order(nothing, "GalaxyID") == []

    def test_is_worked_out_once(self, galaxies):
        assert sorted_rows(galaxies, "Class2.1") is sorted_rows(galaxies, "Class2.1")


class TestVotes:
    def test_are_known_where_any_answer_is(self, galaxies):
        np.testing.assert_array_equal(galaxies.votes.known, np.isfinite(galaxies.volunteer_fractions).any(axis=1))
        assert galaxies.votes.known.sum() == 36

    def test_copy_nothing_of_the_table(self, galaxies):
        assert np.shares_memory(galaxies.votes.fractions("Class4.1"), galaxies.table["Class4.1"].to_numpy())


class TestSearching:
    def found(self, catalogue, text):
        exact, others, not_found = find_ids(catalogue, text)
        return [catalogue.ids[row] for row in exact], {catalogue.ids[row] for row in others}, not_found

    def test_tells_ids_given_in_full_from_those_that_hold_the_text(self, galaxies):
        assert self.found(galaxies, " 0012\n") == (["0012"], set(), [])
        assert self.found(galaxies, "003") == ([], {"0003"} | {f"003{n}" for n in range(10)}, [])

    @pytest.mark.parametrize("text", ["0012,0003", "0012 0003", "0012\n 0003\t", " 0012;, 0003,0012"])
    def test_takes_several_ids_in_the_order_given(self, galaxies, text):
        assert self.found(galaxies, text) == (["0012", "0003"], set(), [])

    def test_names_what_no_id_holds(self, galaxies):
        assert self.found(galaxies, "0012, M51 9999") == (["0012"], set(), ["M51", "9999"])

    def test_takes_an_id_with_a_space_and_no_text_for_a_pattern(self, picture_folder):
        catalogue = open_catalogue(picture_folder)
        assert self.found(catalogue, "a b.c") == (["a b.c"], set(), [])
        assert self.found(catalogue, "[.*") == ([], set(), ["[.*"])

    @pytest.mark.parametrize("text", ["0012 003 12", "0 00 001 0012 00121", "M51 0012", "12 21 1"])
    def test_finds_what_a_look_at_every_id_finds(self, text):
        ids = ["12", "0012", "00121", "21", "0003", "0030"]
        table = pd.DataFrame(index=pd.Index(ids, dtype=str, name="GalaxyID"))
        parts = text.split()
        exact = [part for part in parts if part in ids]
        others = {galaxy for galaxy in ids if galaxy not in exact and any(part in galaxy for part in parts)}
        nothing = [part for part in parts if not any(part in galaxy for galaxy in ids)]
        assert self.found(Catalogue("mixed", table, Path("nowhere")), text) == (exact, others, nothing)

    def test_looks_through_no_ids_for_a_list_of_whole_ones(self, galaxies, monkeypatch):
        monkeypatch.setattr(StringMethods, "contains", lambda *_, **__: pytest.fail("every id was looked at"))
        assert self.found(galaxies, ", ".join(galaxies.ids)) == (galaxies.ids, set(), [])

    def test_finds_nothing_in_an_empty_catalogue(self, galaxies):
        assert self.found(galaxies.rows(np.array([], dtype=int)), "a 0012") == ([], set(), ["a", "0012"])


class TestSubset:
    def test_takes_galaxies_in_the_order_asked_for(self, galaxies):
        wanted = galaxies.ids[5:0:-2]
        taken = galaxies.subset(wanted)
        assert taken.ids == wanted
        np.testing.assert_array_equal(taken.volunteer_fractions, galaxies.volunteer_fractions[5:0:-2])

    def test_leaves_the_whole_as_it_was(self, sample):
        part = sample.subset(["100053"])
        assert (len(part), len(sample)) == (1, 9)
        assert part.picture("100053").shape == (424, 424, 3)
        assert "100008" not in part

    def test_refuses_unknown_and_repeated_ids(self, galaxies):
        with pytest.raises(CatalogueError, match="galaxy '12' is not among the 40 of drawn"):
            galaxies.subset(["0012", "12"])
        with pytest.raises(CatalogueError, match="galaxy '0012' was asked for twice"):
            galaxies.subset(["0012", "0001", "0012"])

    def test_of_nothing_is_empty(self, galaxies):
        assert len(galaxies.subset([])) == 0


class TestSplitting:
    @given(fraction=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
    def test_gives_every_galaxy_to_exactly_one_side(self, galaxies, fraction, seed):
        training, validation = split(galaxies, fraction=fraction, seed=seed)
        assert len(validation) == round(fraction * 40)
        assert set(training.ids).isdisjoint(validation.ids)
        assert set(training.ids) | set(validation.ids) == set(galaxies.ids)
        assert [galaxy for galaxy in galaxies.ids if galaxy in training] == training.ids

    def test_is_the_same_for_the_same_seed_and_another_for_another(self, galaxies):
        drawn = split(galaxies, fraction=0.3, seed=1)[1].ids
        assert drawn == split(galaxies, fraction=0.3, seed=1)[1].ids
        assert drawn != split(galaxies, fraction=0.3, seed=2)[1].ids

    def test_does_not_depend_on_the_order_of_the_catalogue(self, galaxies):
        shuffled = galaxies.rows(sorted_rows(galaxies, "random", seed=0))
        assert set(split(shuffled, fraction=0.3)[1].ids) == set(split(galaxies, fraction=0.3)[1].ids)

    def test_by_ids_takes_those_and_passes_over_the_unknown(self, galaxies):
        training, validation = split(galaxies, validation_ids=["0007", "no such galaxy", "0003"])
        assert set(validation.ids) == {"0007", "0003"}
        assert len(training) == 38

    def test_by_ids_of_another_catalogue_is_refused(self, galaxies):
        with pytest.raises(CatalogueError, match="none of the 2 galaxies to validate on is in drawn"):
            split(galaxies, validation_ids=["7", "3"])

    @pytest.mark.parametrize("fraction", [0.0, 0.001, 0.999, 1.0, -0.5])
    def test_that_leaves_a_side_empty_is_refused(self, galaxies, fraction):
        with pytest.raises(CatalogueError, match="at least one galaxy is needed"):
            split(galaxies, fraction=fraction)

    def test_needs_exactly_one_of_ids_and_fraction(self, galaxies):
        for arguments in ({}, {"fraction": 0.5, "validation_ids": ["0001"]}):
            with pytest.raises(ValueError, match="either validation_ids or a fraction"):
                split(galaxies, **arguments)

    def test_of_the_challenge_by_its_list(self, kaggle_folder):
        catalogue = open_catalogue(kaggle_folder)
        training, validation = split(catalogue, validation_ids=read_ids(kaggle_folder / "validation.txt"))
        assert validation.ids == ["200001", "200002", "200003"]
        assert len(training) == 14

    def test_of_the_real_challenge_sets_600_apart(self, shared_data):
        catalogue = open_catalogue(shared_data / "kaggle")
        training, validation = split(catalogue, validation_ids=read_ids(shared_data / "kaggle" / "validation.txt"))
        assert (len(training), len(validation)) == (11_949, 600)
        assert np.isfinite(validation.volunteer_fractions).all()
