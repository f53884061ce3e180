"""Class files: a round trip, and files that are refused."""

import json

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.similarity.class_files import MAX_BYTES, ClassFileError, SavedClass, read_class
from galaxy_explorer.similarity.classifier import Classifier, Quality

WEIGHTS = np.linspace(-1, 1, 4 + len(COLUMNS)).astype(np.float32)
MARKS = (("kaggle", "0012", "yes"), ("kaggle", "a, b", "no"))
SAVED = SavedClass("rings", "fcn", "0123456789abcdef", 8, Classifier(WEIGHTS, 0.25, 4), MARKS, Quality(8.5, 7.0, 9))


def test_a_saved_class_gives_the_same_scores_again():
    found = read_class(SAVED.to_bytes(), "rings.class.json")
    vectors, answers = np.ones((3, 4), np.float16), np.full((3, len(COLUMNS)), 0.5, np.float32)
    np.testing.assert_array_equal(found.classifier.scores(vectors, answers), SAVED.classifier.scores(vectors, answers))
    assert (found.name, found.network, found.network_fingerprint, found.views) == (
        "rings",
        "fcn",
        "0123456789abcdef",
        8,
    )
    assert (found.marks, found.quality) == (MARKS, SAVED.quality)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a class file"),
        (b"\xff\xfe\x00", "is not a class file"),
        (b"[" * 100_000, "is not a class file"),
        (b"[1, 2]", "is not a class file"),
        (b'{"format": "another"}', "is not a class file"),
        (b" " * (MAX_BYTES + 1), "at most 5 MB"),
    ],
)
def test_other_files_are_refused(content, reason):
    with pytest.raises(ClassFileError, match=reason):
        read_class(content, "file.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "of version 2; this program reads version 1"),
        ({"weights": [1.0, 2.0]}, "the number of weights"),
        ({"weights": [float("nan")] * len(WEIGHTS)}, "NaN or inf"),
        ({"weights": ["x"] * len(WEIGHTS)}, "damaged"),
        ({"bias": float("inf")}, "NaN or inf"),
        ({"bias": None}, "damaged"),
        ({"tta_views": 9}, "1 to 8"),
        ({"tta_views": 10**400}, "1 to 8"),
        ({"name": ""}, "1 to 200 letters"),
        ({"name": "a\x1b[2J"}, "1 to 200 letters"),
        ({"network_fingerprint": "x" * 201}, "1 to 200 letters"),
        ({"features": {}}, "damaged"),
        ({"features": {"square roots of the embedding": 4, "predicted vote fractions": []}}, "not the 37"),
        ({"features": {"square roots of the embedding": -1, "predicted vote fractions": list(COLUMNS)}}, "number of"),
        ({"marks": [["kaggle"]]}, "damaged"),
        ({"marks": 7}, "damaged"),
        ({"cross_validation": {"called": 1}}, "damaged"),
    ],
)
def test_impossible_values_are_named(changes, reason):
    content = json.loads(SAVED.to_bytes()) | changes
    with pytest.raises(ClassFileError, match=reason):
        read_class(json.dumps(content).encode(), "file.json")
