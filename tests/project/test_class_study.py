"""The study of classes of one's own: its runs are the same each time, and end with the last number of marks."""

import numpy as np

from benchmarks.studies import classes
from galaxy_explorer.decision_tree import COLUMNS


def drawn_data(dimensions=4, count=600):
    """Galaxies of which a tenth belong, and differ in one feature."""
    random = np.random.default_rng(0)
    features = random.uniform(0, 1, (count, dimensions + len(COLUMNS))).astype(np.float32)
    belongs = np.arange(count) % 10 == 0
    features[belongs, 1] += 1
    return classes.Data(features, dimensions, belongs, features[:, 1])


def test_marks_of_offered_galaxies_find_the_class():
    data = classes.chosen(drawn_data(), "embeddings")
    first, second = (list(classes.run(data, 1, at_random=False)) for _ in range(2))
    assert first == second
    assert [marks for marks, _, _ in first] == list(classes.MARKS)
    assert first[-1][2] > 0.9  # average precision; at random 0.1
    assert [marks for marks, _, _ in classes.run(data, 1, at_random=True)] == list(classes.MARKS)


def test_quality_is_that_of_the_first_hundred_and_of_the_whole_order():
    belongs = np.arange(200) < 50
    precision, average = classes.quality(belongs, -np.arange(200.0))
    assert (precision, average) == (0.5, 1.0)
