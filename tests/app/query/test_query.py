"""Queries of Browse: URL parameters, words, presets, neighbours."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.app.query.filters.ood import OodRange
from galaxy_explorer.app.query.filters.rmse import RmseRange
from galaxy_explorer.app.query.presets import preset_of, presets
from galaxy_explorer.app.query.query import (
    SORTS,
    BrowseQuery,
    query_from_url,
    range_from_url,
    range_in_words,
    range_to_url,
)
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.catalogue import Measure, VoteRange
from galaxy_explorer.decision_tree import COLUMNS

RANGES = st.builds(
    lambda column, bounds, measure: VoteRange(column, min(bounds) / 100, max(bounds) / 100, measure),
    st.sampled_from(COLUMNS),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.sampled_from(Measure),
)
OOD = [OodRange(1.0), OodRange(0.0, 1.0), OodRange(0.25, 1.5), OodRange()]
QUERIES = st.builds(
    BrowseQuery,
    answers=st.sampled_from(["", "densenet", "volunteers"]),
    ranges=st.lists(RANGES, max_size=4, unique_by=lambda wanted: (wanted.column, wanted.measure)).map(tuple),
    min_asked=st.integers(0, 100),
    filters=st.tuples(st.sampled_from(OOD), st.sampled_from([RmseRange(0.1), RmseRange(0.0, 0.05)])).flatmap(
        lambda both: st.sampled_from([(), both[:1], both])
    ),
    search=st.text(st.characters(min_codepoint=33, max_codepoint=400), max_size=12).map(str.strip),
    sort=st.sampled_from([*SORTS, *COLUMNS]),
    measure=st.sampled_from(Measure),
    ascending=st.sampled_from([None, True, False]),
    page=st.integers(1, 9999),
)


def through_a_url(query):
    """Write a query as a URL and read it again."""
    return query_from_url(parse_qs(urlencode(query.url_params(), doseq=True)))


@given(query=QUERIES)
def test_a_query_survives_its_url(query):
    again, messages = through_a_url(query)
    assert messages == []
    assert again.url_params() == query.url_params()
    assert (again.answers, again.ranges, again.filters) == (query.answers, query.ranges, query.filters)
    assert again.descending == query.descending


def test_seed_network_and_measure_are_in_the_url_if_they_matter():
    for query in (
        BrowseQuery(sort="random", seed=7),
        BrowseQuery(sort="volunteers", network="fcn"),
        BrowseQuery(sort="volunteers", answers="densenet"),
        BrowseQuery(sort="Class4.1", measure=Measure.FRACTION),
        BrowseQuery(sort="Class4.1", measure=Measure.LOWER, answers="fcn"),
    ):
        assert through_a_url(query) == (query, [])


def test_the_default_query_has_an_empty_url_and_others_a_readable_one():
    assert BrowseQuery().url_params() == {}
    query = BrowseQuery(
        ranges=(VoteRange("Class4.1", 0.6), VoteRange("Class1.2", 0, 0.25, Measure.FRACTION)), sort="Class11.6", page=3
    )
    assert urlencode(query.url_params(), doseq=True) == (
        "filter=t04_yes~60-100s&filter=t01_features-or-disk~0-25f&sort=t11_cant-tell&page=3"
    )


def test_every_answer_has_a_name_of_its_own_in_a_url():
    names = {range_to_url(VoteRange(column)) for column in COLUMNS}
    assert len(names) == len(COLUMNS)
    assert all(re.fullmatch(r"[\w.~-]+", name) for name in names)  # nothing that a URL would have to encode


def test_a_colon_does_as_well_as_a_tilde():
    assert range_from_url("t04_yes:62.5-100s") == VoteRange("Class4.1", 0.625)


MALFORMED = {
    "filter": (
        *("", "x", "t04_yes", "t04_yes~", "t04_yes~60s", "t04_yes~9-1s", "t04_yes~0-200s", "t04_yes~nan-100s"),
        *("t04_yes~1-2-3s", "t04_yes~60-100", "t99_yes~0-1s", "`<b>`\n" * 50),
    ),
    "sort": ("", "x", "t04_yes~x", "Class4.1"),
    "page": ("", "0", "-1", "two", "1.5", "9" * 5000),
    "asked": ("101",),
    "answers": ("",),
    "rmse": ("", "0.1", "1-0", "nan-"),
    "order": ("sideways",),
    "seed": ("-1",),
}


@pytest.mark.parametrize("parameters", [{name: [text]} for name, texts in MALFORMED.items() for text in texts])
def test_a_malformed_value_is_ignored_with_a_message(parameters):
    query, messages = query_from_url(parameters)
    assert query == BrowseQuery()
    assert len(messages) == 1
    (name,) = parameters
    assert f"`{name}=" in messages[0]
    assert messages[0].count("`") % 2 == 0
    assert "\n" not in messages[0]


def test_a_malformed_value_affects_no_other():
    query, messages = query_from_url({"filter": ["x", "t04_yes~60-100s"], "page": ["x"], "sort": ["t04_yes"]})
    assert query == BrowseQuery(ranges=(VoteRange("Class4.1", 0.6),), sort="Class4.1")
    assert len(messages) == 2


def test_many_unreadable_filters_give_a_handful_of_sentences():
    texts = [f"t04_yess{n}~60-100s" for n in range(5000)]
    query, messages = query_from_url({"filter": [*texts, "t04_yes~60-100s"]})
    assert len(query.ranges) == 1
    assert len(messages) == 6
    assert messages[-1] == "4,995 more filters in the URL are ignored."
    assert sum(map(len, messages)) < 1000


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (VoteRange("Class4.1", 0.6), "spiral arms ≥ 60 %"),
        (VoteRange("Class4.1", 0, 0.6), "spiral arms ≤ 60 %"),
        (VoteRange("Class11.2", 0.2, 0.4), "two arms between 20 and 40 %"),
        (VoteRange("Class11.2", 0.2, 0.2), "two arms = 20 %"),
        (VoteRange("Class8.1", 0.125, measure=Measure.FRACTION), "ring ≥ 12.5 % of all votes"),
        (VoteRange("Class3.1", 0.5, measure=Measure.LOWER), "bar, lower end ≥ 50 %"),
        (VoteRange("Class3.1", 0, 0.2, Measure.UPPER), "bar, upper end ≤ 20 %"),
        (VoteRange("Class8.1"), "odd feature: asked"),
        (VoteRange("Class8.1", measure=Measure.FRACTION), "ring: votes known"),
    ],
)
def test_a_filter_is_described_in_words(wanted, words):
    assert range_in_words(wanted).replace("\u00a0", " ") == words


def test_another_range_of_an_answer_replaces_the_first_and_resets_the_page():
    query = BrowseQuery(page=5).with_range(VoteRange("Class4.1", 0.6)).with_range(VoteRange("Class3.1", 0.5))
    query = query.with_range(VoteRange("Class4.1", 0.2, measure=Measure.FRACTION)).with_range(
        VoteRange("Class4.1", 0.8)
    )
    assert [(wanted.column, wanted.low) for wanted in query.ranges] == [
        ("Class3.1", 0.5),
        ("Class4.1", 0.2),
        ("Class4.1", 0.8),
    ]
    assert query.page == 1


def test_every_preset_is_recognised_by_its_url_on_every_page():
    for preset in presets():
        query, messages = through_a_url(replace(preset.query, page=3))
        assert (preset_of(query), messages) == (preset, [])
        assert preset.query.ranges
        assert preset.query.sort in COLUMNS
    assert preset_of(BrowseQuery()) is None


class TestSelection:
    def test_finds_the_neighbours_of_a_galaxy(self, sample):
        rows = np.array([4, 0, 7], dtype=np.int32)
        ids = sample.ids
        selection = Selection("sample", rows, len(sample))
        assert selection.neighbours(sample, ids[0]) == (ids[4], ids[7], 2)
        assert selection.neighbours(sample, ids[4]) == (None, ids[0], 1)
        assert selection.neighbours(sample, ids[7]) == (ids[0], None, 3)

    def test_has_no_neighbours_for_other_galaxies_or_another_catalogue(self, sample):
        selection = Selection("sample", np.array([4, 0, 7]), len(sample))
        assert selection.neighbours(sample, sample.ids[1]) is None
        assert selection.neighbours(sample.rows(np.arange(8)), sample.ids[0]) is None


def test_galaxies_open_with_the_answer_that_the_query_looks_for():
    asked = {preset.name: preset.query.asked_answer for preset in presets()}
    assert asked["Barred spirals"] == "Class3.1"
    assert asked["Edge-on disks"] == "Class2.1"
    few = BrowseQuery(ranges=(VoteRange("Class1.1", 0.0, 0.2), VoteRange("Class4.1", 0.5, 1.0)))
    assert few.asked_answer == "Class4.1"  # not the one that the query rules out
    assert BrowseQuery().asked_answer is None
