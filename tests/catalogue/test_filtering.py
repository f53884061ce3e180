"""Filters, sort orders and id search over catalogues."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.core.strings.accessor import StringMethods

from galaxy_explorer.catalogue import (
    Catalogue,
    CatalogueError,
    Measure,
    VoteRange,
    Votes,
    filtering,
    find_ids,
    open_catalogue,
    rows_by_id,
)
from galaxy_explorer.decision_tree import COLUMNS, INDEX, shares_from_fractions


@pytest.fixture(scope="module")
def galaxies(random_fractions):
    """Forty galaxies without pictures; the last four have no votes, number 3 lacks question 4."""
    fractions = random_fractions(40).astype(np.float32)
    fractions[36:] = np.nan
    fractions[3, [INDEX["Class4.1"], INDEX["Class4.2"]]] = np.nan
    ids = pd.Index([f"{n * 37 % 40:04d}" for n in range(40)], dtype=str, name="GalaxyID")
    table = pd.DataFrame(fractions, columns=list(COLUMNS), index=ids).assign(picture=[f"{name}.jpg" for name in ids])
    return Catalogue("drawn", table, Path("nowhere"))


def inside(catalogue, vote_range, min_mass=0.0):
    """The ids of the galaxies inside a range, in their order."""
    return catalogue.rows(vote_range.mask(catalogue.votes, min_mass)).ids


def in_order(catalogue, by, **options):
    """The ids of a catalogue sorted by an answer's vote fraction."""
    return catalogue.rows(catalogue.votes.order(by, Measure.FRACTION, **options)).ids


class TestRanges:
    def test_select_galaxies_in_their_order(self, galaxies):
        ids = inside(galaxies, VoteRange("Class4.1", 0.1, 0.3, measure=Measure.FRACTION))
        assert 0 < len(ids) < len(galaxies)
        assert ids == galaxies.table.index[galaxies.table["Class4.1"].between(0.1, 0.3)].tolist()

    @pytest.mark.parametrize("measure", [Measure.SHARE, Measure.FRACTION])
    def test_unknown_scores_are_outside(self, galaxies, measure):
        ids = inside(galaxies, VoteRange("Class4.1", measure=measure))
        assert len(ids) == 35
        assert galaxies.ids[3] not in ids

    def test_shares_are_not_fractions(self, galaxies):
        shares = shares_from_fractions(galaxies.volunteer_fractions)[:, INDEX["Class11.1"]]
        ids = inside(galaxies, VoteRange("Class11.1", 0.2))
        assert ids == [galaxy for galaxy, share in zip(galaxies.ids, shares, strict=True) if share >= 0.2]
        assert len(ids) > len(inside(galaxies, VoteRange("Class11.1", 0.2, measure=Measure.FRACTION)))

    def test_a_share_of_few_votes_can_be_excluded(self, galaxies):
        ids = inside(galaxies, VoteRange("Class11.1"), min_mass=0.15)
        assert ids == galaxies.table.index[galaxies.table["Class4.1"] >= 0.15].tolist()

    def test_every_vote_reaches_the_first_question(self, galaxies):
        assert len(inside(galaxies, VoteRange("Class1.1"), min_mass=1.0)) == 36

    def test_include_scores_that_were_rounded_to_32_bits(self, galaxies):
        for score in galaxies.table["Class1.1"].dropna().round(6):
            assert inside(galaxies, VoteRange("Class1.1", float(score), float(score), measure=Measure.FRACTION))

    def test_of_another_column_or_beyond_0_to_1_are_an_error(self):
        with pytest.raises(CatalogueError, match=r"'Class12\.1' is not a score column"):
            VoteRange("Class12.1")
        for low, high in [(0.5, 0.4), (-0.1, 1), (0, 1.1), (float("nan"), 1)]:
            with pytest.raises(CatalogueError, match=f"from {low:g} to {high:g}"):
                VoteRange("Class1.1", low, high)


class TestSorting:
    @pytest.mark.parametrize("measure", [Measure.SHARE, Measure.FRACTION])
    @pytest.mark.parametrize("descending", [True, False])
    def test_puts_unknown_scores_last_in_both_directions(self, galaxies, descending, measure):
        rows = galaxies.votes.order("Class4.1", measure, descending=descending)
        fractions = galaxies.volunteer_fractions[rows]
        values = (shares_from_fractions(fractions) if measure == Measure.SHARE else fractions)[:, INDEX["Class4.1"]]
        assert np.isnan(values[35:]).all()
        steps = np.diff(values[:35])
        assert ((steps <= 1e-7) if descending else (steps >= -1e-7)).all()

    def test_by_share_puts_galaxies_with_few_votes_last(self, galaxies):
        rows = galaxies.votes.order("Class11.1", min_mass=0.15)
        reached = galaxies.volunteer_fractions[rows, INDEX["Class4.1"]] >= 0.15
        assert 0 < reached.sum() < 35
        assert reached[: reached.sum()].all()

    @pytest.mark.parametrize("descending", [True, False])
    def test_is_stable(self, galaxies, descending):
        same = Catalogue("same", galaxies.table.assign(**{"Class1.1": np.float32(0.5)}), Path("nowhere"))
        assert in_order(same, "Class1.1", descending=descending) == galaxies.ids

    def test_by_id_is_by_text(self, galaxies):
        assert galaxies.table.index[rows_by_id(galaxies)].tolist() == sorted(galaxies.ids)
        assert galaxies.table.index[rows_by_id(galaxies, descending=True)].tolist() == sorted(galaxies.ids)[::-1]

    def test_of_an_empty_catalogue_is_empty(self, galaxies):
        empty = galaxies.rows(np.array([], dtype=int))
        assert in_order(empty, "Class1.1") == rows_by_id(empty).tolist() == []

    @pytest.mark.parametrize("measure", [Measure.LOWER, Measure.UPPER])
    def test_the_ends_of_intervals_are_unknown_of_counted_votes(self, galaxies, measure):
        assert inside(galaxies, VoteRange("Class4.1", measure=measure)) == []

    def test_ends_of_intervals_count_only_where_enough_votes_reach_the_question(self, galaxies):
        def around(column, shares, fractions, masses):
            np.testing.assert_allclose(shares[:3] * masses[:3], fractions[:3], rtol=1e-5)
            return np.stack([shares - 0.1, shares + 0.1])

        votes = Votes(galaxies.votes.fractions, around)
        share = votes.values("Class11.1")
        reached = galaxies.votes.fractions("Class4.1") >= 0.15
        lower = VoteRange("Class11.1", 0.1, 1.0, Measure.LOWER).mask(votes, 0.15)
        upper = VoteRange("Class11.1", 0.0, 0.4, Measure.UPPER).mask(votes, 0.15)
        assert 0 < lower.sum() < reached.sum()
        np.testing.assert_array_equal(lower, (share >= 0.2) & reached)
        np.testing.assert_array_equal(upper, (share <= 0.3) & reached)

    def test_is_cached_up_to_a_number_of_orders(self, galaxies, monkeypatch):
        catalogue = galaxies.rows(np.arange(40))
        monkeypatch.setattr("galaxy_explorer.catalogue.volunteer_votes._MAX_ORDERS", 2)
        first = catalogue.votes.order("Class2.1")
        assert catalogue.votes.order("Class2.1") is first
        for column in ("Class2.2", "Class3.1"):
            catalogue.votes.order(column)
        assert catalogue.votes.order("Class2.1") is not first


class TestVotes:
    def test_are_known_if_any_answer_is(self, galaxies):
        np.testing.assert_array_equal(galaxies.votes.known, np.isfinite(galaxies.volunteer_fractions).any(axis=1))
        assert galaxies.votes.known.sum() == 36

    def test_are_views_of_the_table(self, galaxies):
        assert np.shares_memory(galaxies.votes.fractions("Class4.1"), galaxies.table["Class4.1"].to_numpy())

    def test_as_shares_are_cached(self, galaxies):
        share = galaxies.votes.values("Class3.1")
        assert galaxies.votes.values("Class3.1") is share


class TestSearching:
    def found(self, catalogue, text):
        exact, others, not_found = find_ids(catalogue, text)
        return [catalogue.ids[row] for row in exact], {catalogue.ids[row] for row in others}, not_found

    def test_separates_full_ids_from_those_that_contain_the_text(self, galaxies):
        assert self.found(galaxies, " 0012\n") == (["0012"], set(), [])
        assert self.found(galaxies, "003") == ([], {"0003"} | {f"003{n}" for n in range(10)}, [])

    @pytest.mark.parametrize("text", ["0012,0003", "0012 0003", "0012\n 0003\t", " 0012;, 0003,0012"])
    def test_returns_several_ids_in_the_given_order(self, galaxies, text):
        assert self.found(galaxies, text) == (["0012", "0003"], set(), [])

    def test_lists_texts_that_no_id_contains(self, galaxies):
        assert self.found(galaxies, "0012, M51 9999") == (["0012"], set(), ["M51", "9999"])

    def test_finds_an_id_with_a_space_and_knows_no_patterns(self, picture_folder):
        catalogue = open_catalogue(picture_folder)
        assert self.found(catalogue, "a b.c") == (["a b.c"], set(), [])
        assert self.found(catalogue, "[.*") == ([], set(), ["[.*"])

    @pytest.mark.parametrize("text", ["0012 003 12", "0 00 001 0012 00121", "M51 0012", "12 21 1"])
    def test_finds_what_a_scan_of_every_id_finds(self, text):
        ids = ["12", "0012", "00121", "21", "0003", "0030"]
        table = pd.DataFrame(index=pd.Index(ids, dtype=str, name="GalaxyID"))
        parts = text.split()
        exact = [part for part in parts if part in ids]
        others = {galaxy for galaxy in ids if galaxy not in exact and any(part in galaxy for part in parts)}
        nothing = [part for part in parts if not any(part in galaxy for galaxy in ids)]
        assert self.found(Catalogue("mixed", table, Path("nowhere")), text) == (exact, others, nothing)

    def test_scans_nothing_for_a_list_of_full_ids(self, galaxies, monkeypatch):
        monkeypatch.setattr(StringMethods, "contains", lambda *_, **__: pytest.fail("every id was scanned"))
        assert self.found(galaxies, ", ".join(galaxies.ids)) == (galaxies.ids, set(), [])

    def test_scans_the_ids_for_a_bounded_number_of_texts(self, galaxies, monkeypatch):
        scanned = []
        contains = StringMethods.contains
        monkeypatch.setattr(
            StringMethods, "contains", lambda self, text, **how: scanned.append(text) or contains(self, text, **how)
        )
        texts = [f"x{n}" for n in range(1000)]
        assert self.found(galaxies, " ".join([*galaxies.ids, "001", *texts])) == (galaxies.ids, set(), texts)
        assert 1 < len(scanned) <= filtering.MAX_PARTIAL

    def test_finds_nothing_in_an_empty_catalogue(self, galaxies):
        assert self.found(galaxies.rows(np.array([], dtype=int)), "a 0012") == ([], set(), ["a", "0012"])


class TestSubset:
    def test_has_the_galaxies_in_the_given_order(self, galaxies):
        wanted = galaxies.ids[5:0:-2]
        taken = galaxies.subset(wanted)
        assert taken.ids == wanted
        np.testing.assert_array_equal(taken.volunteer_fractions, galaxies.volunteer_fractions[5:0:-2])

    def test_does_not_change_the_catalogue(self, sample):
        part = sample.subset(["100053"])
        assert (len(part), len(sample)) == (1, 9)
        assert part.picture("100053").shape == (424, 424, 3)
        assert "100008" not in part

    def test_of_unknown_or_repeated_ids_is_an_error(self, galaxies):
        with pytest.raises(CatalogueError, match="'12' is not among the 40 of drawn"):
            galaxies.subset(["0012", "12"])
        with pytest.raises(CatalogueError, match="'0012' is listed twice"):
            galaxies.subset(["0012", "0001", "0012"])

    def test_of_no_ids_is_empty(self, galaxies):
        assert len(galaxies.subset([])) == 0
