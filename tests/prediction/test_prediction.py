"""Tests of `galaxy_explorer.prediction`."""

import copy
import json
import threading
import time

import numpy as np
import pytest
import torch
from tiny_prediction import eleven_pictures, folder_with_two_damaged, tiny_card, tiny_network
from tiny_training import in_one_thread

from galaxy_explorer.catalogue import CatalogueError, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, mass_of
from galaxy_explorer.images import ImageError, tta_views
from galaxy_explorer.prediction import (
    PredictOptions,
    Source,
    inputs_of,
    predict,
    predict_catalogue,
    predict_pictures,
    prediction_key,
)

ONE_VIEW = PredictOptions(1)

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)
card = pytest.fixture(scope="module")(tiny_card)
network = pytest.fixture(scope="module")(tiny_network)
pictures = pytest.fixture(scope="module")(eleven_pictures)
folder = pytest.fixture(folder_with_two_damaged)


def test_a_picture_gets_the_same_numbers_alone_and_in_a_batch(network, card, pictures):
    together, _ = predict(network, card, pictures)
    alone = np.concatenate([predict(network, card, [picture])[0] for picture in pictures])
    assert np.abs(together - alone).max() < 1e-6
    again, _ = predict(network, card, pictures)
    assert np.array_equal(together, again)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_fractions_are_the_mean_over_the_views_and_spread_their_deviation(network, card, pictures, count):
    inputs = inputs_of(pictures[0], card)[np.newaxis]
    with torch.no_grad():
        seen = [network(torch.from_numpy(view)).numpy()[0] for view in tta_views(inputs, count)]
    fractions, spread = predict(network, card, pictures[:1], tta_views=count)
    assert np.allclose(fractions[0], np.mean(seen, axis=0), atol=1e-6)
    assert np.allclose(spread[0], np.std(seen, axis=0), atol=1e-6)
    assert (spread.max() > 1e-5) == (count > 1)


def test_a_turned_picture_gets_the_same_numbers_from_all_eight_views(network, card, pictures):
    card = card | {"image_size": 64, "crop": 1.0}  # as the pictures are: resizing would round grey values
    turned = [np.rot90(picture).copy() for picture in pictures]
    assert np.abs(predict(network, card, pictures)[0] - predict(network, card, turned)[0]).max() < 1e-6


def test_averaged_fractions_obey_the_tree(network, card, pictures):
    fractions, _ = predict(network, card, pictures)
    for number, where in SLICES.items():
        assert np.allclose(fractions[:, where].sum(axis=1), mass_of(number, fractions), atol=1e-5)


def test_no_pictures_give_no_rows(network, card):
    fractions, spread = predict(network, card, [])
    assert fractions.shape == spread.shape == (0, len(COLUMNS))


def test_a_network_that_cannot_predict_is_refused_in_words(network, card, pictures):
    training = copy.deepcopy(network).train()
    with pytest.raises(ValueError, match="training mode"):
        predict(training, card, pictures)
    broken = copy.deepcopy(network)
    broken.to_answers.bias.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN or inf"):
        predict(broken, card, pictures)
    with pytest.raises(ValueError, match="9 views"):
        predict(network, card, pictures, tta_views=9)


def test_the_key_changes_with_weights_preprocessing_and_views_alone(network, card):
    key = prediction_key(network, card, 8)
    assert key == prediction_key(copy.deepcopy(network), card | {"date": "today"}, 8)
    other = copy.deepcopy(network)
    other.to_answers.bias[0] += 1e-3
    others = {
        prediction_key(other, card, 8),
        prediction_key(network, card | {"crop": 0.7}, 8),
        prediction_key(network, card, 4),
    }
    assert len(others | {key}) == 4


def test_pictures_decoded_in_parallel_come_in_their_order(network, card, pictures):
    def slowly(n):
        time.sleep(0.02 * (n % 3))  # later pictures are ready before earlier ones
        return pictures[n % len(pictures)]

    sources = [Source(str(n), lambda n=n: slowly(n)) for n in range(25)]
    batches = list(predict_pictures(network, card, sources, PredictOptions(1, batch_size=4, workers=8)))
    assert [len(batch) for batch in batches] == [4] * 6 + [1]
    assert [galaxy_id for batch in batches for galaxy_id in batch.ids] == [str(n) for n in range(25)]
    fractions = np.concatenate([batch.fractions for batch in batches])
    expected, _ = predict(network, card, [pictures[n % len(pictures)] for n in range(25)], tta_views=1)
    assert np.allclose(fractions, expected, atol=1e-6)


def test_only_a_few_pictures_are_opened_ahead_of_the_network(network, card, picture):
    opened = []

    def endless():
        n = 0
        while True:
            yield Source(str(n), lambda n=n: opened.append(n) or picture)
            n += 1

    batches = predict_pictures(network, card, endless(), PredictOptions(1, batch_size=5, workers=2))
    for number in range(1, 8):
        next(batches)
        time.sleep(0.02)
        assert len(opened) <= 5 * number + 10
    batches.close()
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_decoding_goes_on_while_the_network_works(network, card, picture):
    working, decoded = threading.Event(), threading.Event()

    def wait_for_the_network():
        if not working.wait(10):
            raise ImageError("the network waits for this picture")
        decoded.set()
        return picture

    def work(*_):
        working.set()
        decoded.wait(10)

    hook = network.register_forward_pre_hook(work)
    sources = [Source("0", lambda: picture), Source("1", wait_for_the_network)]
    batches = list(predict_pictures(network, card, sources, PredictOptions(1, batch_size=1, workers=1)))
    hook.remove()
    assert [batch.failures for batch in batches] == [{}, {}]


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_a_bad_picture_costs_that_one(network, card, pictures, folder, batch_size):
    found = predict_catalogue(network, card, open_catalogue(folder), PredictOptions(batch_size=batch_size))
    assert sorted(found.failures) == ["0003", "0008"]
    assert all(reason for reason in found.failures.values())
    good = [n for n in range(11) if n not in (3, 8)]
    assert found.fractions.index.tolist() == [f"{n:04}" for n in good]
    assert np.allclose(found.fractions, predict(network, card, [pictures[n] for n in good])[0], atol=1e-6)


def test_a_picture_that_vanishes_costs_that_one(network, card, folder):
    catalogue = open_catalogue(folder)
    (folder / "0000.png").unlink()
    assert sorted(predict_catalogue(network, card, catalogue, ONE_VIEW).failures) == ["0000", "0003", "0008"]


@pytest.mark.parametrize("place_stays", [False, True])
def test_a_folder_that_is_away_for_a_while_costs_no_galaxy(network, card, folder, tmp_path, place_stays):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    folder.rename(tmp_path / "away")
    if place_stays:
        folder.mkdir()
    with pytest.raises(CatalogueError, match=r"has gone; bring it back, or its disk"):
        predict_catalogue(network, card, catalogue, ONE_VIEW, store=store)
    if place_stays:
        folder.rmdir()
    (tmp_path / "away").rename(folder)
    assert sorted(predict_catalogue(network, card, catalogue, ONE_VIEW, store=store).failures) == ["0003", "0008"]


def test_pictures_cropped_before_are_taken_for_what_they_are(network, card, folder, pictures):
    (folder / "field.json").write_text(json.dumps({"centre": 400, "of": 424}))
    found = predict_catalogue(network, card, open_catalogue(folder), PredictOptions(2))
    expected, _ = predict(network, card, pictures[:1], tta_views=2, field=400 / 424)
    assert np.allclose(found.fractions.loc["0000"], expected[0], atol=1e-6)
