"""Out-of-distribution score: the reference and the distance."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from galaxy_explorer.evaluation.out_of_distribution import (
    MAX_NUMBERS,
    MIN_HOLD_OUT,
    QUANTILE,
    OODReference,
    fit_reference,
    ood_score,
)


def embeddings(count, seed, size=24, shift=0.0):
    """Embeddings of galaxies: four hidden traits in all features, with noise, never negative."""
    traits = np.random.default_rng(0).normal(size=(4, size))
    random = np.random.default_rng(seed)
    roots = 3 + random.normal(size=(count, 4)) @ traits * 0.3 + random.normal(size=(count, size)) * 0.05 + shift
    return np.maximum(roots, 0) ** 2


@pytest.fixture(scope="module")
def reference():
    return fit_reference(embeddings(3000, 1), embeddings(1000, 2))


def test_one_unseen_galaxy_in_a_hundred_is_out_of_distribution(reference):
    above = ood_score(embeddings(10_000, 3), reference) > 1
    assert above.mean() == pytest.approx(1 - QUANTILE, abs=0.006)


def test_what_lies_off_the_components_is_out_of_distribution(reference):
    other = embeddings(100, 4)
    other[:, ::2] *= 1.3  # along no trait, by less than the galaxies differ
    assert (ood_score(other, reference) > 1).all()


def test_what_lies_far_along_a_component_is_out_of_distribution(reference):
    mean, axis = np.array(reference.mean), np.array(reference.components[0])
    steps = np.array([0, 2, 20]) * np.sqrt(reference.variances[0])
    found = ood_score((mean + steps[:, np.newaxis] * axis) ** 2, reference)
    assert found[0] == pytest.approx(0, abs=1e-3)
    assert found[1] < 1 < found[2]


def test_the_distance_is_mahalanobis_if_the_residual_variance_is_isotropic():
    random = np.random.default_rng(5)
    roots = 5 + random.normal(size=(4000, 4)) * [1.0, 0.7, 0.2, 0.2]
    reference = fit_reference(roots**2, roots**2)
    offsets = roots - roots.mean(axis=0)
    inverse = np.linalg.inv(np.cov(roots, rowvar=False, bias=True))
    expected = np.sqrt(np.einsum("ni,ij,nj->n", offsets, inverse, offsets))
    assert ood_score(roots**2, reference) * reference.threshold == pytest.approx(expected, rel=0.05)


def test_a_feature_that_rounding_left_below_0_counts_as_0(reference):
    at_zero = embeddings(5, 6)
    at_zero[:, 3] = 0
    below = at_zero.copy()
    below[:, 3] = -1e-9
    assert np.array_equal(ood_score(below, reference), ood_score(at_zero, reference))


@pytest.mark.parametrize("size", [24, 200, 1024])
def test_the_reference_is_plain_and_small(size):
    reference = fit_reference(embeddings(2 * size, 1, size), embeddings(MIN_HOLD_OUT, 2, size))
    assert OODReference(**json.loads(json.dumps(asdict(reference)))) == reference
    assert len(reference.components) * len(reference.components[0]) <= MAX_NUMBERS


def test_without_enough_galaxies_there_is_no_reference():
    assert fit_reference(embeddings(3000, 1), embeddings(MIN_HOLD_OUT - 1, 2)) is None
    assert fit_reference(embeddings(47, 1), embeddings(200, 2)) is None
    assert fit_reference(np.ones((3000, 24)), np.ones((200, 24))) is None
