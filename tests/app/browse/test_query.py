"""What Browse is asked for: addresses, plain words, neighbours."""

import re
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.app.browse.presets import READY_MADE, ready_made_of
from galaxy_explorer.app.browse.query import (
    BESIDE_ANSWERS,
    View,
    range_from_address,
    range_in_address,
    range_in_words,
    view_from_address,
)
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.catalogue import VoteRange
from galaxy_explorer.decision_tree import COLUMNS

RANGES = st.builds(
    lambda column, bounds, as_share: VoteRange(column, min(bounds) / 100, max(bounds) / 100, as_share),
    st.sampled_from(COLUMNS),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.booleans(),
)
VIEWS = st.builds(
    View,
    ranges=st.lists(RANGES, max_size=4, unique_by=lambda wanted: (wanted.column, wanted.as_share)).map(tuple),
    asked=st.integers(0, 100),
    search=st.text(st.characters(min_codepoint=33, max_codepoint=400), max_size=12),
    sort=st.sampled_from([*BESIDE_ANSWERS, *COLUMNS]),
    upward=st.sampled_from([None, True, False]),
    page=st.integers(1, 9999),
)


def through_an_address(view):
    """Write a view as the address of a page and read it again."""
    return view_from_address(parse_qs(urlencode(view.address(), doseq=True)))


@given(view=VIEWS)
def test_a_view_survives_its_address(view):
    again, complaints = through_an_address(view)
    assert complaints == []
    assert again.address() == view.address()
    assert (again.ranges, again.descending) == (view.ranges, view.descending)


def test_seed_network_and_measure_are_part_of_the_address_where_they_matter():
    for view in (
        View(sort="random", seed=7),
        View(sort="volunteers", network="fcn"),
        View(sort="Class4.1", as_share=False),
    ):
        assert through_an_address(view) == (view, [])


def test_a_plain_view_has_an_empty_address_and_a_full_one_a_readable():
    assert View().address() == {}
    view = View(ranges=(VoteRange("Class4.1", 0.6), VoteRange("Class1.2", 0, 0.25, False)), sort="Class11.6", page=3)
    assert urlencode(view.address(), doseq=True) == (
        "filter=t04_yes~60-100s&filter=t01_features-or-disk~0-25f&sort=t11_cant-tell&page=3"
    )


def test_every_answer_has_a_name_of_its_own_in_an_address():
    names = {range_in_address(VoteRange(column)) for column in COLUMNS}
    assert len(names) == len(COLUMNS)
    assert all(re.fullmatch(r"[\w.~-]+", name) for name in names)  # nothing that an address would have to encode


def test_a_colon_does_as_well_as_a_tilde():
    assert range_from_address("t04_yes:62.5-100s") == VoteRange("Class4.1", 0.625)


@pytest.mark.parametrize(
    "parameters",
    [
        *({"filter": [text]} for text in ("", "x", "t04_yes", "t04_yes~", "t04_yes~60s", "t04_yes~9-1s", "t04_yes~0-200s",
                                          "t04_yes~nan-100s", "t04_yes~1-2-3s", "t04_yes~60-100", "t99_yes~0-1s",
                                          "`<b>`\n" * 50)),
        *({"sort": [text]} for text in ("", "x", "t04_yes~x", "Class4.1")),
        *({"page": [text]} for text in ("", "0", "-1", "two", "1.5", "9" * 5000)),
        {"asked": ["101"]}, {"order": ["sideways"]}, {"seed": ["-1"]},
    ],
)  # fmt: skip
def test_a_malformed_value_is_left_out_with_a_sentence(parameters):
    view, complaints = view_from_address(parameters)
    assert view == View()
    assert len(complaints) == 1
    (name,) = parameters
    assert complaints[0].startswith(f"`{name}=")
    assert complaints[0].count("`") % 2 == 0
    assert "\n" not in complaints[0]


def test_a_malformed_value_costs_no_other():
    view, complaints = view_from_address({"filter": ["x", "t04_yes~60-100s"], "page": ["x"], "sort": ["t04_yes"]})
    assert view == View(ranges=(VoteRange("Class4.1", 0.6),), sort="Class4.1")
    assert len(complaints) == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (VoteRange("Class4.1", 0.6), "spiral arms: yes ≥ 60 %"),
        (VoteRange("Class4.1", 0, 0.6), "spiral arms: yes ≤ 60 %"),
        (VoteRange("Class11.2", 0.2, 0.4), "arm count: 2 between 20 and 40 %"),
        (VoteRange("Class11.2", 0.2, 0.2), "arm count: 2 20 %"),
        (VoteRange("Class8.1", 0.125, as_share=False), "odd feature: ring ≥ 12.5 % of all votes"),
        (VoteRange("Class8.1"), "odd feature: asked"),
        (VoteRange("Class8.1", as_share=False), "odd feature: ring: votes known"),
    ],
)
def test_a_condition_is_said_in_plain_words(wanted, words):
    assert range_in_words(wanted).replace("\u00a0", " ") == words


def test_another_range_of_an_answer_takes_the_place_of_the_first_and_goes_to_page_1():
    view = View(page=5).with_range(VoteRange("Class4.1", 0.6)).with_range(VoteRange("Class3.1", 0.5))
    view = view.with_range(VoteRange("Class4.1", 0.2, as_share=False)).with_range(VoteRange("Class4.1", 0.8))
    assert [(wanted.column, wanted.low) for wanted in view.ranges] == [
        ("Class3.1", 0.5), ("Class4.1", 0.2), ("Class4.1", 0.8),
    ]  # fmt: skip
    assert view.page == 1


def test_every_ready_made_selection_is_known_again_on_every_page():
    assert [ready_made_of(through_an_address(choice.view)[0]) for choice in READY_MADE] == [c.name for c in READY_MADE]
    assert ready_made_of(View()) is None


class TestSelection:
    def test_tells_the_neighbours_of_a_galaxy(self, sample):
        rows = np.array([4, 0, 7], dtype=np.int32)
        ids = sample.ids
        selection = Selection("sample", rows, len(sample))
        assert selection.neighbours(sample, ids[0]) == (ids[4], ids[7], 2)
        assert selection.neighbours(sample, ids[4]) == (None, ids[0], 1)
        assert selection.neighbours(sample, ids[7]) == (ids[0], None, 3)

    def test_knows_nothing_of_other_galaxies_or_another_catalogue(self, sample):
        selection = Selection("sample", np.array([4, 0, 7]), len(sample))
        assert selection.neighbours(sample, sample.ids[1]) is None
        assert selection.neighbours(sample.rows(np.arange(8)), sample.ids[0]) is None
