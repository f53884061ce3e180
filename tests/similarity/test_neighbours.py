"""Nearest neighbours: exact, whatever the table."""

from dataclasses import dataclass

import numpy as np
import pytest

from galaxy_explorer.similarity import Neighbours, nearest, unit_roots


@dataclass(frozen=True)
class Table:
    """Embeddings as the store of predictions has them."""

    rows: np.ndarray
    vectors: np.ndarray
    network: str = "tiny"


def embeddings(count, width=196, seed=0, rows=None):
    """Embeddings like those of a network: means of maps after a ReLU, whose values depend on one another."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, 8)) @ random.normal(size=(8, width)) + random.normal(size=(count, width)) / 2
    rows = np.arange(count) if rows is None else rows
    return Table(rows.astype(np.int32), np.maximum(mixed, 0).astype(np.float16))


def brute_force(table, vector, count, exclude=None):
    """Rows and distances by comparing with all of them in float64."""
    differences = unit_roots(table.vectors.astype(np.float64)) - unit_roots(vector.astype(np.float64))
    distances = np.sqrt((differences**2).sum(axis=1))
    distances[table.rows == exclude] = np.inf
    order = np.lexsort((table.rows, distances))[:count]
    return table.rows[order], distances[order]


@pytest.mark.parametrize("width", [8, 60, 196])  # fewer than the components, a few more, many more
@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_those_of_a_comparison_with_all(width, seed):
    table = embeddings(3000, width, seed, rows=np.arange(3000) * 3 + 1)
    search = Neighbours(table)
    for vector in (table.vectors[17], np.random.default_rng(9).exponential(size=width)):
        rows, distances = search.nearest(vector, 12, exclude=52)
        expected, expected_distances = brute_force(table, vector, 12, exclude=52)
        np.testing.assert_array_equal(rows, expected)
        np.testing.assert_allclose(distances, expected_distances, atol=1e-6)


def test_structureless_vectors_are_searched_exactly_as_well():
    random = np.random.default_rng(1)  # where no component says more than another
    table = Table(np.arange(2000, dtype=np.int32), random.exponential(size=(2000, 192)).astype(np.float16))
    for vector in table.vectors[:5]:
        np.testing.assert_array_equal(nearest(table, vector)[0], brute_force(table, vector, 12)[0])


def test_the_galaxy_itself_is_first_at_distance_0_unless_it_is_excluded():
    table = embeddings(300)
    rows, distances = nearest(table, table.vectors[40], 3)
    assert rows[0] == 40
    assert distances[0] == 0
    assert 40 not in nearest(table, table.vectors[40], 299, exclude=40)[0]


def test_equally_near_galaxies_come_in_the_order_of_the_catalogue():
    table = embeddings(500)
    table.vectors[[7, 450, 33, 201]] = table.vectors[7]
    rows, distances = nearest(table, table.vectors[7], 3)
    assert rows.tolist() == [7, 33, 201]
    assert distances.tolist() == [0, 0, 0]


def test_brightness_of_all_maps_alike_does_not_count():
    table = embeddings(300, 192)
    np.testing.assert_array_equal(nearest(table, table.vectors[3])[0], nearest(table, 4 * table.vectors[3])[0])


@pytest.mark.parametrize("damaged", [np.nan, np.inf, 0])
def test_damaged_vectors_are_never_found(damaged):
    table = embeddings(300)
    table.vectors[[0, 12]] = damaged
    table.vectors[13, 5 if damaged else slice(None)] = damaged
    rows, distances = nearest(table, table.vectors[1], 400)
    assert set(rows.tolist()) == set(range(300)) - {0, 12, 13}
    assert np.isfinite(distances).all()


def test_an_empty_table_and_a_count_beyond_the_table():
    rows, distances = nearest(embeddings(0), np.ones(196))
    assert (len(rows), len(distances)) == (0, 0)
    table = embeddings(5)
    assert len(nearest(table, table.vectors[0], 12)[0]) == 5
    assert len(nearest(table, table.vectors[0], 12, exclude=0)[0]) == 4
    assert len(nearest(table, table.vectors[0], 0)[0]) == 0


@pytest.mark.parametrize("vector", [np.ones(195), np.ones((1, 196)), np.full(196, np.nan), np.zeros(196)])
def test_another_vector_is_an_error_that_says_what_is_expected(vector):
    with pytest.raises(ValueError, match="expected 196 finite numbers, an embedding by tiny"):
        nearest(embeddings(10), vector)


def test_a_table_that_has_grown_is_searched_to_its_end():
    whole = embeddings(900)
    first = Table(whole.rows[:400], whole.vectors[:400])
    vector = whole.vectors[700]
    assert nearest(first, vector, 1)[0] < 400
    assert nearest(whole, vector, 1)[0] == 700


def test_vectors_on_disk_are_read_in_place(tmp_path):
    table = embeddings(1000)
    np.save(tmp_path / "vectors.npy", table.vectors)
    mapped = Table(table.rows, np.load(tmp_path / "vectors.npy", mmap_mode="r"))
    np.testing.assert_array_equal(nearest(mapped, table.vectors[5])[0], nearest(table, table.vectors[5])[0])


def test_few_rows_are_compared_in_full(monkeypatch):
    table = embeddings(20_000)
    search, compared = Neighbours(table), []
    squared = search._squared
    monkeypatch.setattr(search, "_squared", lambda rows, wanted: compared.append(len(rows)) or squared(rows, wanted))
    search.nearest(table.vectors[5])
    assert sum(compared) < 2000
