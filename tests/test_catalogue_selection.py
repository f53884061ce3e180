"""Filtering, sorting and splitting catalogues."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.catalogue import (
    Catalogue,
    CatalogueError,
    filter_galaxies,
    open_catalogue,
    read_ids,
    sort_galaxies,
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


class TestFiltering:
    def test_keeps_the_galaxies_in_the_range_in_their_order(self, galaxies):
        kept = filter_galaxies(galaxies, "Class4.1", 0.1, 0.3)
        wanted = galaxies.table["Class4.1"].between(0.1, 0.3)
        assert 0 < len(kept) < len(galaxies)
        assert kept.ids == galaxies.table.index[wanted].tolist()

    def test_unknown_scores_never_pass(self, galaxies):
        kept = filter_galaxies(galaxies, "Class4.1", 0.0, 1.0)
        assert len(kept) == 35
        assert galaxies.ids[3] not in kept

    def test_filters_can_follow_one_another_in_any_order(self, galaxies):
        one = filter_galaxies(filter_galaxies(galaxies, "Class1.1", 0.3, 1), "Class6.1", 0, 0.5)
        other = filter_galaxies(filter_galaxies(galaxies, "Class6.1", 0, 0.5), "Class1.1", 0.3, 1)
        assert 0 < len(one) < len(galaxies)
        assert one.ids == other.ids

    def test_shares_are_not_fractions(self, galaxies):
        shares = shares_from_fractions(galaxies.volunteer_fractions)[:, INDEX["Class11.1"]]
        kept = filter_galaxies(galaxies, "Class11.1", 0.2, 1, as_share=True)
        assert kept.ids == [galaxy for galaxy, share in zip(galaxies.ids, shares, strict=True) if share >= 0.2]
        assert len(kept) > len(filter_galaxies(galaxies, "Class11.1", 0.2, 1))

    def test_a_share_of_few_votes_can_be_left_out(self, galaxies):
        kept = filter_galaxies(galaxies, "Class11.1", 0, 1, as_share=True, smallest_mass=0.15)
        assert kept.ids == galaxies.table.index[galaxies.table["Class4.1"] >= 0.15].tolist()

    def test_bounds_include_scores_that_were_rounded_to_32_bits(self, galaxies):
        for score in galaxies.table["Class1.1"].dropna().round(6):
            assert len(filter_galaxies(galaxies, "Class1.1", float(score), float(score))) >= 1

    def test_nothing_may_be_left(self, galaxies):
        nothing = filter_galaxies(galaxies, "Class1.1", 0.99999, 1)
        assert len(nothing) == 0
        assert nothing.volunteer_fractions.shape == (0, 37)
        assert len(sort_galaxies(nothing, "Class1.1")) == len(filter_galaxies(nothing, "Class1.1", 0, 1)) == 0

    @pytest.mark.parametrize("function", [lambda c, name: filter_galaxies(c, name, 0, 1), sort_galaxies])
    def test_another_column_is_refused(self, galaxies, function):
        with pytest.raises(CatalogueError, match=r"'Class12\.1' is not a score column"):
            function(galaxies, "Class12.1")


class TestSorting:
    @pytest.mark.parametrize("descending", [True, False])
    def test_puts_unknown_scores_last_either_way(self, galaxies, descending):
        values = sort_galaxies(galaxies, "Class4.1", descending=descending).table["Class4.1"].to_numpy()
        assert np.isnan(values[35:]).all()
        steps = np.diff(values[:35])
        assert ((steps <= 0) if descending else (steps >= 0)).all()

    @pytest.mark.parametrize("descending", [True, False])
    def test_leaves_equal_galaxies_in_their_order(self, galaxies, descending):
        same = Catalogue("same", galaxies.table.assign(**{"Class1.1": np.float32(0.5)}), Path("nowhere"))
        assert sort_galaxies(same, "Class1.1", descending=descending).ids == galaxies.ids

    def test_by_id_is_by_text(self, galaxies):
        assert sort_galaxies(galaxies, "GalaxyID", descending=False).ids == sorted(galaxies.ids)
        assert sort_galaxies(galaxies, "GalaxyID").ids == sorted(galaxies.ids, reverse=True)

    def test_at_random_is_the_same_for_the_same_seed(self, galaxies):
        order = sort_galaxies(galaxies, "random", seed=5).ids
        assert order == sort_galaxies(galaxies, "random", seed=5).ids
        assert order != sort_galaxies(galaxies, "random", seed=6).ids
        assert sorted(order) == sorted(galaxies.ids)


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
        shuffled = sort_galaxies(galaxies, "random", seed=0)
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


class TestListsOfIds:
    def test_are_text_one_a_line(self, tmp_path):
        path = tmp_path / "ids.txt"
        path.write_bytes("\ufeff0012\r\n\r\n 587726016142835881 \r\nNA\r\n".encode())
        assert read_ids(path) == ["0012", "587726016142835881", "NA"]

    def test_without_ids_or_a_file_are_refused(self, tmp_path):
        (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"empty\.txt is empty: write one id a line"):
            read_ids(tmp_path / "empty.txt")
        with pytest.raises(CatalogueError, match=r"none\.txt cannot be read"):
            read_ids(tmp_path / "none.txt")
