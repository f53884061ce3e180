"""Words for one galaxy: caption, short description, and the sentence with shares."""

import numpy as np
import pytest
from answer_shares import answer_shares
from hypothesis import given

from galaxy_explorer.decision_tree import (
    COLUMNS,
    INDEX,
    SLICES,
    columns_of,
    fractions_from_shares,
    in_words,
    kind_of,
    label_of,
    most_likely_path,
    name_of,
    short_description,
    tile_name_of,
)


def galaxy(*answers: str) -> np.ndarray:
    """Vote fractions of a galaxy of which all votes went to the given answers, and to the first of other questions."""
    shares = np.zeros(len(COLUMNS))
    for number in SLICES:
        chosen = [column for column in columns_of(number) if column in answers]
        shares[INDEX[(chosen or columns_of(number))[0]]] = 1
    return fractions_from_shares(shares)


SPIRAL = ("Class1.2", "Class2.2", "Class3.2", "Class4.1", "Class5.2", "Class10.2", "Class11.2", "Class6.2")


def but(answer: str, *more: str) -> tuple[str, ...]:
    """The answers of a two-armed spiral with others for some questions."""
    changed = {column.split(".")[0]: column for column in SPIRAL} | {a.split(".")[0]: a for a in (answer, *more)}
    return tuple(changed.values())


@pytest.mark.parametrize(
    ("answers", "description", "kind"),
    [
        (SPIRAL, "Spiral galaxy with two arms, no bar, small bulge", "spiral"),
        (but("Class3.1", "Class10.1"), "Barred spiral galaxy with two tight arms, small bulge", "barred spiral"),
        (but("Class11.6"), "Spiral galaxy, no bar, small bulge", "spiral"),
        (but("Class11.1", "Class10.3"), "Spiral galaxy with one loose arm, no bar, small bulge", "spiral"),
        (but("Class4.2", "Class5.3"), "Disk galaxy without arms, no bar, obvious bulge", "disk"),
        (but("Class3.1", "Class4.2"), "Barred disk galaxy without arms, small bulge", "barred disk"),
        (but("Class2.1", "Class9.3"), "Edge-on disk without a bulge", "edge-on disk"),
        (but("Class2.1", "Class9.2"), "Edge-on disk with boxy bulge", "edge-on disk"),
        (but("Class1.1", "Class7.2"), "Smooth, oval galaxy", "smooth, oval"),
        (but("Class1.1", "Class7.3"), "Smooth, cigar-shaped galaxy", "cigar-shaped"),
        (but("Class1.3"), "Star or artifact, not a galaxy", "star or artifact"),
        (
            but("Class6.1", "Class8.1"),
            "Spiral galaxy with two arms, no bar, small bulge, with a ring",
            "spiral with a ring",
        ),
        (but("Class6.1", "Class8.6"), "Spiral galaxy with two arms, no bar, small bulge, merging", "merger"),
        (but("Class6.1", "Class8.4"), "Spiral galaxy with two arms, no bar, small bulge, irregular", "irregular"),
        (
            but("Class6.1", "Class8.3"),
            "Spiral galaxy with two arms, no bar, small bulge, disturbed",
            "disturbed spiral",
        ),
    ],
)
def test_a_galaxy_is_described_as_an_astronomer_would(answers, description, kind):
    assert (short_description(galaxy(*answers)), kind_of(galaxy(*answers))) == (description, kind)


@given(answer_shares())
def test_descriptions_are_short(shares):
    fractions = fractions_from_shares(shares)
    assert 3 <= len(short_description(fractions).split()) <= 15
    assert 1 <= len(kind_of(fractions).split()) <= 7


def test_what_is_unknown_is_left_out():
    unknown = np.full(len(COLUMNS), np.nan)
    assert (short_description(unknown), kind_of(unknown)) == ("No votes are known for this galaxy", "")
    unknown[SLICES[1]] = (0.2, 0.8, 0)
    assert (short_description(unknown), kind_of(unknown)) == ("Disk galaxy", "disk")
    unknown[SLICES[1]] = (0.8, 0.2, 0)
    assert (short_description(unknown), kind_of(unknown)) == ("Smooth galaxy", "smooth")


def test_an_answer_has_names_with_and_without_its_question():
    assert (name_of("Class4.2"), label_of("Class4.2"), tile_name_of("Class4.2")) == (
        "spiral arms: no",
        "no spiral arms",
        "no spiral arms",
    )
    assert (label_of("Class10.1"), tile_name_of("Class10.1")) == ("tightly wound arms", "tight")
    assert len({label_of(column) for column in COLUMNS}) == len(COLUMNS)


class TestInWords:
    def test_describes_the_path_of_a_smooth_galaxy(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("100053")]).replace("\u00a0", " ") == (
            "Most likely a smooth galaxy (77 %), between round and cigar-shaped (97 %), "
            "and with nothing odd about it (100 %)."
        )

    def test_describes_the_path_of_a_merging_spiral(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("587726016142835881")]).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (50 %), not seen edge-on (97 %), without a bar (67 %), "
            "with spiral arms (85 %), which are moderately wound (56 %), and hard to count (61 %), "
            "with an obvious bulge (82 %), and with something odd about it (69 %), namely a merger (92 %)."
        )

    def test_describes_the_path_of_an_edge_on_disk(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("587736542560715163")]).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (97 %), seen edge-on (100 %), with a rounded bulge (66 %), "
            "and with nothing odd about it (71 %)."
        )

    def test_describes_what_is_odd_though_questions_before_are_unknown(self):
        fractions = np.full(len(COLUMNS), np.nan)
        fractions[SLICES[6]] = (0.1, 0.9)
        assert in_words(fractions).replace("\u00a0", " ") == "Most likely with nothing odd about it (90 %)."
        fractions[SLICES[1]] = (0.2, 0.8, 0)
        assert in_words(fractions).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (80 %), and with nothing odd about it (90 %)."
        )

    def test_says_when_nothing_is_known(self):
        assert in_words(np.full(len(COLUMNS), np.nan)) == "No votes are known for this galaxy."

    @given(answer_shares())
    def test_is_one_sentence_with_a_share_for_each_step(self, shares):
        fractions = fractions_from_shares(shares)
        words = in_words(fractions)
        assert words.startswith("Most likely ")
        assert words.endswith(".")
        assert words.count(".") == 1
        assert words.count("%") == len(most_likely_path(fractions))
