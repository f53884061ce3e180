"""Prediction intervals: fit of both ends, coverage, check of each end, and their use in predictions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import TINY, in_one_thread

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, QUESTION_OF, SLICES
from galaxy_explorer.evaluation.interval_check import check_intervals, vote_noise
from galaxy_explorer.evaluation.interval_fit import KNOTS, cross_coverage, fit_interval_model
from galaxy_explorer.evaluation.intervals import (
    LEVEL,
    Coverage,
    IntervalModel,
    QuantileCurves,
    coverage,
    hats,
    mass_hats,
)
from galaxy_explorer.flow_chart import flow_chart
from galaxy_explorer.models import Card, Model, build
from galaxy_explorer.prediction import predict, predict_catalogue

GALAXIES = 400


@pytest.fixture(autouse=True)
def one_thread():
    yield from in_one_thread()


@pytest.fixture(scope="module")
def sparse(random_fractions):
    """Predictions, and weighted votes of forty people each: most of the small ones are exactly 0."""
    predicted = random_fractions(GALAXIES, seed=1)
    return predicted, votes_of_forty(predicted, seed=3)


def votes_of_forty(fractions, seed):
    """Vote fractions of forty people with unequal weights."""
    random = np.random.default_rng(seed)
    counts = random.binomial(40, fractions)
    return np.where(counts > 0, counts + random.uniform(-0.5, 0.5, counts.shape), 0).clip(0, 40) / 40


@pytest.fixture(scope="module")
def interval_model(sparse):
    return fit_interval_model(*sparse)


def constant(lower, upper):
    """An interval model with the same ends everywhere."""
    both = [{name: [[end], [end]] for name in COLUMNS} for end in (lower, upper)]
    curves = QuantileCurves([0.0, 1.0], [1.0], *both, {name: [-1.0] * 3 for name in COLUMNS})
    return IntervalModel(9, curves, curves)


class TestTheFit:
    def test_puts_84_per_cent_below_the_upper_and_16_below_the_lower_end_of_other_galaxies(self):
        random = np.random.default_rng(4)
        predicted, votes = random.uniform(0.25, 0.75, (2, 2 * GALAXIES, len(COLUMNS)))
        votes = predicted + 0.1 * random.standard_normal(votes.shape)
        model = fit_interval_model(predicted[::2], votes[::2].clip(0, 1))
        lower, upper = np.moveaxis(
            model.fractions.ends(predicted[1::2], predicted[1::2], np.ones_like(votes[1::2])), 1, 0
        )
        assert (votes[1::2] <= upper).mean() == pytest.approx(0.84, abs=0.015)
        assert (votes[1::2] < lower).mean() == pytest.approx(0.16, abs=0.015)
        assert (upper - predicted[1::2]).mean() == pytest.approx(0.1, abs=0.01)  # one standard deviation

    def test_is_no_knife_edge_where_most_votes_are_exactly_0(self, sparse, interval_model):
        # Half-widths about the prediction ended at 0 by a hair: 2 % shorter, they lost a fifth of the votes.
        predicted, _ = sparse
        checked = check_intervals(interval_model, predicted, votes_of_forty(predicted, seed=8))
        for group, figures in (checked["fractions"] | checked["shares"]).items():
            assert figures["upper"] > 0.78, group
            if figures["uppers_inside"] > 500:
                assert figures["upper_inside"] == pytest.approx(0.84, abs=0.06), group
                assert figures["upper_change"] < 0.02, group
            if figures["lowers_above_0"] > 500:
                assert figures["lower_above_0"] == pytest.approx(0.16, abs=0.06), group
                assert figures["lower_change"] < 0.02, group

    def test_ends_are_exactly_0_where_so_many_votes_are(self):
        random = np.random.default_rng(5)
        predicted = np.full((GALAXIES, len(COLUMNS)), 0.02)
        predicted[::2] = 0.3
        zero = random.random(predicted.shape) < np.where(predicted == 0.02, 0.5, 0.05)
        votes = np.where(zero, 0.0, random.uniform(0.2, 0.5, predicted.shape))
        curves = fit_interval_model(predicted, votes).fractions
        lower, upper = curves.ends(predicted, predicted, np.ones_like(predicted))[:2, :, 0].T
        assert lower[1] == 0  # half of these votes are 0
        assert 0.2 <= lower[0] < upper[0] < 0.5
        assert upper[1] > 0.2
        predicted = predicted[:100]
        none = np.where(random.random(predicted.shape) < 0.1, 0.3, 0.0)
        assert not fit_interval_model(predicted, none).fractions.ends(predicted, predicted, predicted).any()

    def test_share_of_few_votes_is_between_0_and_1(self):
        # Of two voters all may agree: then the 84th percentile of a large share is exactly 1.
        random = np.random.default_rng(6)
        fractions = np.zeros((100, len(COLUMNS)))
        fractions[:, SLICES[1]], fractions[:, SLICES[2]] = (0.9, 0.1, 0), (0.02, 0.08)
        votes = fractions.copy()
        votes[:, SLICES[2]] = np.where(random.random((100, 1)) < 0.7, [0, 0.1], [0.05, 0.05])
        lower, upper = fit_interval_model(fractions, votes).share_intervals(fractions[:1])[0]
        assert upper[INDEX["Class2.2"]] == 1.0
        assert lower[INDEX["Class2.2"]] == pytest.approx(0.5, abs=1e-3)
        assert lower[INDEX["Class2.1"]] == 0.0
        assert np.isnan(upper[SLICES[3]]).all()  # not asked

    def test_weighs_galaxies_by_importance(self):
        predicted = np.full((60, len(COLUMNS)), 0.5)
        votes = np.where(np.arange(60)[:, np.newaxis] % 3, 0.4, 0.8) * np.ones_like(predicted)
        upper = fit_interval_model(predicted, votes).intervals(predicted)[0, 1, 0]
        weighted = fit_interval_model(predicted, votes, np.where(votes[:, 0] > 0.5, 0.2, 1.0)).intervals(predicted)
        assert upper == pytest.approx(0.8)
        assert weighted[0, 1, 0] == pytest.approx(0.4)

    def test_ignores_unknown_votes_and_counts_galaxies_with_any(self, sparse):
        predicted, votes = (table[:50] for table in sparse)
        twice = fit_interval_model(
            np.concatenate([predicted] * 2), np.concatenate([votes, np.full_like(votes, np.nan)])
        )
        assert twice == fit_interval_model(predicted, votes)
        assert twice.galaxies == 50

    def test_of_one_galaxy_or_of_an_answer_without_votes_is_finite(self, sparse):
        predicted, votes = (table[:1].copy() for table in sparse)
        votes[:, SLICES[9]] = np.nan
        ends = fit_interval_model(predicted, votes).intervals(sparse[0])
        assert np.isfinite(ends).all()

    def test_cross_coverage_is_at_least_the_level(self, sparse):
        assert LEVEL - 0.02 <= cross_coverage(*sparse).all < 0.95


class TestEnds:
    @given(st.integers(0, 2**32 - 1))
    def test_obey_the_limits_of_the_tree_and_grow_with_the_prediction(self, interval_model, seed):
        random = np.random.default_rng(seed)
        fractions = random.uniform(size=(2, len(COLUMNS)))
        ends = interval_model.intervals(fractions)
        assert ((ends >= 0) & (ends <= 1)).all()
        assert (ends[:, 0] <= ends[:, 1]).all()
        for name in COLUMNS:
            if mass_column := MASS_COLUMN[QUESTION_OF[name].number]:
                assert (ends[..., INDEX[name]] <= ends[..., INDEX[mass_column]]).all()
        one = random.integers(len(COLUMNS))
        more = fractions.copy()
        more[:, one] += (1 - more[:, one]) * random.random()
        masses = np.ones_like(fractions)
        curves = interval_model.fractions
        assert (curves.ends(more, more, masses) >= curves.ends(fractions, fractions, masses) - 1e-12).all()

    def test_of_shares_can_be_drawn_as_whiskers(self, sparse, interval_model):
        fractions = sparse[0][:1]
        assert flow_chart(fractions[0], network_share_intervals=interval_model.share_intervals(fractions)[0])

    def test_of_no_galaxies_are_empty(self, interval_model):
        assert interval_model.intervals(np.empty((0, 37))).shape == (0, 2, len(COLUMNS))

    @pytest.mark.parametrize(
        "change",
        [
            {"knots": KNOTS[::-1]},
            {"knots": []},
            {"masses": [0.0]},
            {"lower": {"Class1.1": [[0.1]] * len(KNOTS)}},
            {"upper": {name: [[0.1]] for name in COLUMNS}},
            {"upper": {name: [[np.nan]] * len(KNOTS) for name in COLUMNS}},
            {"steps": {}},
        ],
    )
    def test_of_an_invalid_model_are_an_error(self, sparse, interval_model, change):
        damaged = replace(interval_model, fractions=replace(interval_model.fractions, **change))
        with pytest.raises(ValueError, match="the interval model is invalid"):
            damaged.intervals(sparse[0])


class TestCoverage:
    def test_counts_the_votes_inside(self):
        lower, upper = np.full((2, len(COLUMNS)), 0.4), np.full((2, len(COLUMNS)), 0.6)
        volunteers = np.full_like(lower, np.nan)
        volunteers[:, SLICES[1]] = [[0.45, 0.6, 0.39], [0.61, np.nan, 0.4]]
        volunteers[:, SLICES[6]] = 0.5
        assert coverage(lower, upper, volunteers) == Coverage(round(7 / 9, 6), {1: 0.6, 6: 1.0})

    def test_counts_galaxies_by_their_weights(self):
        lower = np.full((2, len(COLUMNS)), 0.4)
        volunteers = np.full_like(lower, 0.5) + np.array([[0.0], [0.3]])
        found = coverage(lower, lower + 0.2, volunteers, np.array([3.0, 1.0]))
        assert set(found.by_question.values()) == {found.all} == {0.75}

    @pytest.mark.parametrize("weights", [np.ones(3), np.array([1.0, 0.0]), np.array([1.0, np.nan])])
    def test_invalid_weights_are_an_error(self, sparse, weights):
        predicted, votes = (table[:2] for table in sparse)
        with pytest.raises(ValueError, match="expected 2 values above 0"):
            fit_interval_model(predicted, votes, weights)
        with pytest.raises(ValueError, match="expected 2 values above 0"):
            coverage(predicted, predicted, votes, weights)

    @pytest.mark.parametrize(
        ("index", "invalid", "words"),
        [
            (0, np.full((3, 37), np.nan), "predicted: the value of Class1.1, row 0, is nan; expected 0 to 1"),
            (1, np.zeros((2, 37)), r"predicted has the shape \(3, 37\); expected \(2, 37\)"),
            (1, np.full((3, 37), np.inf), "volunteers: the value of Class1.1, row 0, is inf"),
            (1, np.full((3, 37), np.nan), "none of the 3 galaxies has a known vote"),
        ],
    )
    def test_invalid_tables_are_an_error(self, index, invalid, words):
        tables = [np.zeros((3, 37)) for _ in range(2)]
        tables[index] = invalid
        with pytest.raises(ValueError, match=words):
            fit_interval_model(*tables)
        with pytest.raises(ValueError, match=words.replace("predicted", "ends")):
            coverage(tables[0], *tables)


class TestTheCheck:
    def test_looks_at_each_end_by_itself(self):
        predicted = np.full((10, len(COLUMNS)), 0.5)
        votes = np.linspace(0.05, 0.95, 10)[:, np.newaxis] * np.ones_like(predicted)
        checked = check_intervals(constant(0.2, 0.8), predicted, votes)["fractions"]
        figures = checked["question 6"]
        assert (figures["upper"], figures["upper_inside"], figures["lower_above_0"]) == (0.8, 0.8, 0.2)
        assert figures["upper_change"] == figures["lower_change"] == 0  # no vote is so near
        assert checked["prediction 0.3 to 1"]["votes"] == 370
        assert "prediction 0 to 0.01" not in checked

    def test_leaves_out_ends_that_are_0_or_1(self):
        predicted = np.full((10, len(COLUMNS)), 0.5)
        figures = check_intervals(constant(0.0, 1.0), predicted, predicted)["fractions"]["all"]
        assert (figures["uppers_inside"], figures["lowers_above_0"], figures["upper"]) == (0, 0, 1.0)
        assert not {"upper_inside", "lower_above_0"} & figures.keys()

    def test_looks_at_shares_where_votes_are_predicted(self, sparse, interval_model):
        predicted, votes = sparse
        asked = check_intervals(interval_model, predicted, votes)["shares"]
        assert asked["question 1"]["votes"] == 3 * GALAXIES
        assert 0 < asked["question 11"]["votes"] < 6 * GALAXIES


def test_the_scatter_of_votes_alone_is_the_error_of_a_perfect_prediction(random_fractions):
    truth = random_fractions(3000, seed=2)
    votes = np.random.default_rng(0).binomial(44, truth) / 44
    noise = vote_noise(votes)
    for number, columns in SLICES.items():
        assert noise[number] == pytest.approx(np.sqrt(np.mean((votes - truth)[:, columns] ** 2)), rel=0.1)


@pytest.fixture
def model():
    preprocessing = {"image_size": 32, "crop": 0.8, "mean": [0.1] * 3, "std": [0.2] * 3}
    network = build("fcn", **TINY.model_arguments()).eval().requires_grad_(False)
    return Model(network, Card(model="fcn", arguments=TINY.model_arguments(), columns=list(COLUMNS), **preprocessing))


def with_models(model, interval_models):
    return replace(model, card=replace(model.card, interval_models=interval_models))


class TestPredictions:
    def test_have_the_ends_of_the_interval_model(self, model, interval_model, draw_galaxy):
        pictures = [draw_galaxy(seed) for seed in range(3)]
        fractions, unknown = predict(model, pictures)
        assert np.isnan(unknown).all()  # not the scatter over the views, which covers a few per cent of the votes
        again, intervals = predict(with_models(model, {8: interval_model}), pictures)
        assert np.array_equal(fractions, again)
        assert intervals.dtype == np.float32
        assert np.allclose(intervals, interval_model.intervals(fractions), atol=1e-6)

    def test_of_a_catalogue_have_them_as_well(self, model, interval_model, picture_folder):
        model = with_models(model, {1: interval_model})
        catalogue = open_catalogue(picture_folder)
        found = predict_catalogue(model, catalogue)
        _, intervals = predict(model, [catalogue.picture(galaxy) for galaxy in found.fractions.index])
        assert np.allclose(np.stack([found.lower, found.upper], axis=1), intervals, atol=1e-6)

    @pytest.mark.parametrize(("views", "measured"), [(1, 2), (2, 2), (7, 2), (8, 8)])
    def test_have_the_model_of_as_many_views_or_of_the_next_fewer(self, model, draw_galaxy, views, measured):
        models = {2: constant(0.2, 0.6), 8: constant(0.3, 0.5)}
        _, intervals = predict(with_models(model, models), [draw_galaxy(0)], tta_views=views)
        assert np.allclose(intervals[0, :, 0], {2: (0.2, 0.6), 8: (0.3, 0.5)}[measured], atol=1e-6)

    def test_of_another_interval_model_have_another_key(self, model, interval_model):
        models = ({}, {1: interval_model}, {1: constant(0.2, 0.6)})
        assert len({with_models(model, one).key(8) for one in models}) == 3


@pytest.mark.parametrize("masses", [(0.1,), (0.05, 0.2, 0.9)])
def test_ends_are_interpolated_linearly_as_they_are_fitted(masses):
    random, knots = np.random.default_rng(5), (0.0, 0.1, 0.5, 1.0)
    curve = np.sort(random.uniform(size=(2, len(knots), len(masses))), axis=0)
    both = [{name: one.tolist() for name in COLUMNS} for one in curve]
    curves = QuantileCurves(knots, masses, *both, steps=dict.fromkeys(COLUMNS, (-1.0, -1.0, -1.0)))
    values, reached = np.append(random.uniform(-0.1, 1.1, (2, 500)), [[0.1, 1.0, np.nan], [0.2, 0.0, 0.5]], axis=1)
    expected = ((hats(values, knots) @ curve) * mass_hats(reached, masses)).sum(axis=-1)
    assert curves.ends_of("Class3.1", values, reached, reached) == pytest.approx(expected, abs=1e-12, nan_ok=True)
