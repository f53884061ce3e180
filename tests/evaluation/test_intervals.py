"""Prediction intervals: error model, half-widths, coverage, and their use in predictions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import TINY, in_one_thread

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTIONS, SLICES
from galaxy_explorer.evaluation.intervals import (
    EDGES,
    LEVEL,
    MIN_ERROR,
    Coverage,
    ErrorModel,
    coverage,
    cross_coverage,
    fit_error_model,
)
from galaxy_explorer.flow_chart import flow_chart
from galaxy_explorer.models import Card, Model, build
from galaxy_explorer.prediction import predict, predict_catalogue

GALAXIES = 600


@pytest.fixture(autouse=True)
def one_thread():
    yield from in_one_thread()


@pytest.fixture(scope="module")
def noisy(random_fractions):
    """Predictions, their view spreads, and votes whose distance grows with both."""
    random = np.random.default_rng(3)
    predicted = random_fractions(GALAXIES, seed=1)
    view_spread = random.uniform(0, 0.05, size=predicted.shape)
    scale = np.hypot(view_spread, 0.02 + 0.2 * predicted)
    volunteers = np.clip(predicted + scale * random.standard_normal(predicted.shape), 0, 1)
    return predicted, view_spread, volunteers


@pytest.fixture(scope="module")
def error_model(noisy):
    return fit_error_model(*noisy)


class TestTheErrorModel:
    def test_holds_68_per_cent_of_galaxies_it_has_not_seen(self, noisy):
        found = cross_coverage(*noisy)
        assert found.all == pytest.approx(LEVEL, abs=0.015)
        assert found.by_question.keys() == {question.number for question in QUESTIONS}
        assert all(share == pytest.approx(LEVEL, abs=0.05) for share in found.by_question.values())

    def test_holds_68_per_cent_wherever_the_prediction_lies(self, noisy, error_model):
        predicted, view_spread, volunteers = noisy
        within = np.abs(predicted - volunteers) <= error_model.half_widths(predicted, view_spread)
        for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.0)):
            assert within[(predicted >= low) & (predicted < high)].mean() == pytest.approx(LEVEL, abs=0.03)

    def test_holds_68_per_cent_where_most_votes_are_exactly_0(self):
        random = np.random.default_rng(5)
        predicted = random.uniform(0.01, 0.1, size=(2000, len(COLUMNS)))
        volunteers = np.where(random.random(predicted.shape) < 0.6, 0.0, random.uniform(0, 0.6, size=predicted.shape))
        found = cross_coverage(predicted, np.zeros_like(predicted), volunteers)
        assert found.all == pytest.approx(LEVEL, abs=0.02)

    def test_holds_68_per_cent_of_few_galaxies_it_has_not_seen(self, noisy):
        groups = [[table[start : start + 60] for table in noisy] for start in range(0, GALAXIES, 60)]
        assert np.mean([cross_coverage(*group).all for group in groups]) == pytest.approx(LEVEL, abs=0.015)

    def test_holds_68_per_cent_of_another_selection_by_importance_weights(self, noisy):
        predicted, view_spread, volunteers = noisy
        wild = np.arange(GALAXIES) % 4 == 0  # a fourth of the galaxies err thrice as much, and are chosen five times
        volunteers = np.where(wild[:, np.newaxis], predicted + 3 * (volunteers - predicted), volunteers).clip(0, 1)
        rows = np.repeat(np.arange(GALAXIES), np.where(wild, 5, 1))
        chosen = predicted[rows], view_spread[rows], volunteers[rows]

        def held(weights):
            model = fit_error_model(*chosen, weights)
            return coverage(predicted, model.half_widths(predicted, view_spread), volunteers).all

        assert held(None) > LEVEL + 0.05
        assert held(np.where(wild, 0.2, 1.0)[rows]) == pytest.approx(LEVEL, abs=0.01)

    def test_is_narrower_than_a_standard_deviation_where_errors_have_long_tails(self):
        predicted = np.full((1000, len(COLUMNS)), 0.03)
        volunteers = np.where(np.arange(1000)[:, np.newaxis] % 10, 0.03, 0.9) * np.ones_like(predicted)
        half_width = fit_error_model(predicted, 0 * predicted, volunteers).half_widths(predicted, 0 * predicted)
        assert half_width.max() < 0.1 < (predicted - volunteers).std()

    def test_recovers_a_known_error(self):
        random = np.random.default_rng(4)
        predicted = random.uniform(0.3, 0.7, size=(2000, len(COLUMNS)))
        volunteers = predicted + 0.05 * random.standard_normal(predicted.shape)
        own = fit_error_model(predicted, 0 * predicted, volunteers).half_widths(predicted, 0 * predicted)
        assert own == pytest.approx(0.05, abs=0.006)

    def test_subtracts_the_view_spread_that_half_widths_adds_again(self, noisy):
        predicted, _, volunteers = noisy
        for view_spread in (0.0, 0.01):
            spreads = np.full_like(predicted, view_spread)
            half_widths = fit_error_model(predicted, spreads, volunteers).half_widths(predicted, spreads)
            assert coverage(predicted, half_widths, volunteers).all == pytest.approx(LEVEL, abs=0.015)

    def test_of_an_answer_with_few_galaxies_is_near_that_of_its_question(self, noisy):
        predicted, view_spread, volunteers = (table.copy() for table in noisy)
        rare = INDEX["Class11.5"]
        volunteers[:, rare] = np.nan
        without = fit_error_model(predicted, view_spread, volunteers).errors["Class11.5"]
        here = int(np.argmin(np.abs(predicted[:, rare] - 0.07)))
        volunteers[here, rare] = 1.0
        one_wild = fit_error_model(predicted, view_spread, volunteers).errors["Class11.5"]
        assert np.isfinite(without).all()
        assert np.max(np.array(one_wild) / without) < 2  # the vote alone would make it more than ten times as large

    def test_of_an_answer_without_votes_is_that_of_its_question_or_of_all(self, noisy):
        predicted, view_spread, volunteers = (table.copy() for table in noisy)
        volunteers[:, [*range(*SLICES[8].indices(37)), *range(*SLICES[11].indices(37))]] = np.nan
        volunteers[:, INDEX["Class8.1"]] = np.clip(predicted[:, INDEX["Class8.1"]] + 0.5, 0, 1)
        errors = fit_error_model(predicted, view_spread, volunteers).errors
        assert errors["Class11.1"] == errors["Class11.2"]
        assert np.max(np.divide(errors["Class8.2"], errors["Class11.1"])) > 2

    def test_of_perfect_predictions_is_as_small_as_it_can_be(self, noisy):
        predicted = noisy[0]
        model = fit_error_model(predicted, np.zeros_like(predicted), predicted)
        own = model.half_widths(predicted, np.zeros_like(predicted))
        assert np.isfinite(own).all()
        assert MIN_ERROR <= own.min() <= own.max() < 0.05

    def test_of_one_galaxy_is_finite(self, noisy):
        model = fit_error_model(*(table[:1] for table in noisy))
        half_width = model.half_widths(noisy[0], noisy[1])
        assert np.isfinite(half_width).all()
        assert ((half_width > 0) & (half_width <= 1)).all()

    def test_ignores_unknown_votes(self, noisy):
        predicted, view_spread, volunteers = noisy
        unknown = np.full_like(volunteers, np.nan)
        twice = [np.concatenate(pair) for pair in ((predicted,) * 2, (view_spread,) * 2, (volunteers, unknown))]
        assert fit_error_model(*twice) == fit_error_model(*noisy)

    def test_counts_galaxies_with_any_vote(self, noisy):
        predicted, view_spread, volunteers = (table.copy() for table in noisy)
        volunteers[:100, SLICES[4]] = np.nan
        volunteers[:20] = np.nan
        assert fit_error_model(predicted, view_spread, volunteers).galaxies == GALAXIES - 20

    def test_has_knots_and_errors_for_every_column(self, error_model):
        assert error_model.level == LEVEL
        assert error_model.galaxies == GALAXIES
        assert list(error_model.errors) == list(COLUMNS)
        assert {len(errors) for errors in error_model.errors.values()} == {len(error_model.knots)}
        assert len(error_model.knots) == len(EDGES) - 1


class TestHalfWidths:
    @given(st.integers(0, 2**32 - 1), st.floats(0, 0.5))
    def test_grows_with_the_view_spread_and_is_never_below_it(self, error_model, seed, more):
        random = np.random.default_rng(seed)
        fractions = random.uniform(size=(2, len(COLUMNS)))
        view_spread = random.uniform(0, 0.5, size=fractions.shape)
        narrow = error_model.half_widths(fractions, view_spread)
        wide = error_model.half_widths(fractions, view_spread + more)
        assert (wide >= narrow).all()
        assert (narrow >= view_spread).all()
        assert ((narrow > 0) & (wide <= 1) & np.isfinite(wide)).all()

    def test_is_linear_between_knots_and_constant_beyond_them(self, error_model):
        knots, errors = error_model.knots, error_model.errors["Class1.1"]
        at = np.zeros((4, len(COLUMNS)))
        at[:, 0] = [0.0, knots[0], (knots[3] + knots[4]) / 2, 1.0]
        own = error_model.half_widths(at, np.zeros_like(at))[:, 0]
        assert own == pytest.approx([errors[0], errors[0], (errors[3] + errors[4]) / 2, errors[-1]])

    def test_can_be_drawn_as_whiskers(self, noisy, error_model):
        fractions, view_spread = noisy[0][:1], noisy[1][:1]
        assert flow_chart(fractions[0], network_half_widths=error_model.half_widths(fractions, view_spread)[0])

    def test_of_no_galaxies_is_empty(self, error_model):
        assert error_model.half_widths(np.empty((0, 37)), np.empty((0, 37))).shape == (0, len(COLUMNS))

    @pytest.mark.parametrize(
        "change",
        [
            {"knots": [0.5, 0.1]},
            {"knots": []},
            {"errors": {"Class1.1": [0.1]}},
            {"errors": {column: [0.1] for column in COLUMNS}},
            {"errors": {column: [-0.1] * (len(EDGES) - 1) for column in COLUMNS}},
        ],
    )
    def test_an_invalid_error_model_is_an_error(self, noisy, error_model, change):
        with pytest.raises(ValueError, match="the error model is invalid"):
            replace(error_model, **change).half_widths(noisy[0], noisy[1])


class TestCoverage:
    def test_counts_the_votes_inside(self):
        fractions, spread = np.full((2, len(COLUMNS)), 0.5), np.full((2, len(COLUMNS)), 0.1)
        volunteers = np.full_like(fractions, np.nan)
        volunteers[:, SLICES[1]] = [[0.45, 0.6, 0.39], [0.61, np.nan, 0.4]]
        volunteers[:, SLICES[6]] = 0.5
        assert coverage(fractions, spread, volunteers) == Coverage(round(7 / 9, 6), {1: 0.6, 6: 1.0})

    def test_counts_galaxies_by_their_weights(self):
        fractions = np.full((2, len(COLUMNS)), 0.5)
        volunteers = fractions + np.array([[0.0], [0.3]])
        found = coverage(fractions, np.full_like(fractions, 0.1), volunteers, np.array([3.0, 1.0]))
        assert set(found.by_question.values()) == {found.all} == {0.75}

    @pytest.mark.parametrize("weights", [np.ones(3), np.array([1.0, 0.0]), np.array([1.0, np.nan])])
    def test_invalid_weights_are_an_error(self, noisy, weights):
        two = [table[:2] for table in noisy]
        for measure in (fit_error_model, coverage):
            with pytest.raises(ValueError, match="expected 2 values above 0"):
                measure(*two, weights)

    @pytest.mark.parametrize(
        ("index", "invalid", "words"),
        [
            (0, np.full((3, 37), np.nan), "fractions: the value of Class1.1, row 0, is nan; expected 0 to 1"),
            (1, np.full((3, 37), -0.1), "half_widths: the value of Class1.1, row 0, is -0.1"),
            (1, np.zeros((3, 36)), r"half_widths has the shape \(3, 36\); expected \(3, 37\)"),
            (2, np.zeros((2, 37)), r"fractions has the shape \(3, 37\); expected \(2, 37\)"),
            (2, np.full((3, 37), np.inf), "volunteers: the value of Class1.1, row 0, is inf"),
            (2, np.full((3, 37), np.nan), "none of the 3 galaxies has a known vote"),
        ],
    )
    def test_invalid_tables_are_an_error(self, index, invalid, words):
        tables = [np.zeros((3, 37)) for _ in range(3)]
        tables[index] = invalid
        with pytest.raises(ValueError, match=words):
            coverage(*tables)
        words = words.replace("fractions", "predicted").replace("half_widths", "view_spread")
        with pytest.raises(ValueError, match=words):
            fit_error_model(*tables)


@pytest.fixture
def model():
    preprocessing = {"image_size": 32, "crop": 0.8, "mean": [0.1] * 3, "std": [0.2] * 3}
    network = build("fcn", **TINY.model_arguments()).eval().requires_grad_(False)
    return Model(network, Card(model="fcn", arguments=TINY.model_arguments(), columns=list(COLUMNS), **preprocessing))


def with_error_models(model, error_models):
    return replace(model, card=replace(model.card, error_models=error_models))


class TestPredictions:
    def test_have_the_half_widths_of_the_error_model(self, model, error_model, draw_galaxy):
        pictures = [draw_galaxy(seed) for seed in range(3)]
        fractions, over_views = predict(model, pictures)
        again, half_widths = predict(with_error_models(model, {8: error_model}), pictures)
        assert np.array_equal(fractions, again)
        assert half_widths.dtype == np.float32
        assert np.allclose(half_widths, error_model.half_widths(fractions, over_views), atol=1e-6)

    def test_of_a_catalogue_have_them_as_well(self, model, error_model, picture_folder):
        model = with_error_models(model, {1: error_model})
        catalogue = open_catalogue(picture_folder)
        table = predict_catalogue(model, catalogue).spread
        _, half_widths = predict(model, [catalogue.picture(galaxy) for galaxy in table.index])
        assert np.allclose(table.to_numpy(), half_widths, atol=1e-6)

    @pytest.mark.parametrize(("views", "measured"), [(1, 2), (2, 2), (7, 2), (8, 8)])
    def test_have_the_error_model_of_as_many_views_or_of_the_next_fewer(self, model, draw_galaxy, views, measured):
        def constant(error):
            return ErrorModel(knots=[0.5], errors={name: [error] for name in COLUMNS})

        models, pictures = {2: constant(0.25), 8: constant(0.125)}, [draw_galaxy(0)]
        fractions, over_views = predict(model, pictures, tta_views=views)
        _, half_widths = predict(with_error_models(model, models), pictures, tta_views=views)
        assert np.allclose(half_widths, models[measured].half_widths(fractions, over_views), atol=1e-6)

    def test_of_another_error_model_have_another_key(self, model, error_model):
        error_models = ({}, {1: error_model}, {1: replace(error_model, knots=[0.1])})
        assert len({with_error_models(model, one).key(8) for one in error_models}) == 3
