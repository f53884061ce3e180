"""Tests of `galaxy_explorer.prediction`."""

import copy
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from galaxy_explorer.catalogue import CatalogueError, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, mass_of
from galaxy_explorer.images import ImageError, tta_views
from galaxy_explorer.models import Model
from galaxy_explorer.prediction import (
    PredictOptions,
    Source,
    predict,
    predict_catalogue,
    predict_pictures,
)

ONE_VIEW = PredictOptions(1)


def test_a_picture_gets_the_same_numbers_alone_and_in_a_batch(model, pictures):
    together, _ = predict(model, pictures)
    alone = np.concatenate([predict(model, [picture])[0] for picture in pictures])
    assert np.abs(together - alone).max() < 1e-6
    again, _ = predict(model, pictures)
    assert np.array_equal(together, again)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_fractions_are_the_mean_over_the_views(model, pictures, count):
    inputs = model.inputs(pictures[0])[np.newaxis]
    with torch.no_grad():
        seen = [model.network(torch.from_numpy(view)).numpy()[0] for view in tta_views(inputs, count)]
    fractions, _ = predict(model, pictures[:1], tta_views=count)
    assert np.allclose(fractions[0], np.mean(seen, axis=0), atol=1e-6)


def test_a_rotated_image_gets_the_same_numbers_from_all_eight_views(model, pictures):
    # As the pictures are: resizing would round grey values.
    model = replace(model, card=replace(model.card, image_size=64, crop=1.0))
    turned = [np.rot90(picture).copy() for picture in pictures]
    assert np.abs(predict(model, pictures)[0] - predict(model, turned)[0]).max() < 1e-6


def test_averaged_fractions_obey_the_tree(model, pictures):
    fractions, _ = predict(model, pictures)
    for number, where in SLICES.items():
        assert np.allclose(fractions[:, where].sum(axis=1), mass_of(number, fractions), atol=1e-5)


def test_no_pictures_give_no_rows(model):
    fractions, intervals = predict(model, [])
    assert (fractions.shape, intervals.shape) == ((0, len(COLUMNS)), (0, 2, len(COLUMNS)))


def test_a_network_that_cannot_predict_is_refused(model, pictures):
    training = copy.deepcopy(model)
    training.network.train()
    with pytest.raises(ValueError, match="training mode"):
        predict(training, pictures)
    broken = copy.deepcopy(model)
    broken.network.to_answers.bias.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN or inf"):
        predict(broken, pictures)
    with pytest.raises(ValueError, match="9 views"):
        predict(model, pictures, tta_views=9)


def test_the_key_changes_with_weights_preprocessing_and_views_alone(model):
    key = model.key(8)
    assert key == Model(copy.deepcopy(model.network), replace(model.card, date="today")).key(8)
    other = copy.deepcopy(model)
    other.network.to_answers.bias[0] += 1e-3
    others = {other.key(8), replace(model, card=replace(model.card, crop=0.7)).key(8), model.key(4)}
    assert len(others | {key}) == 4


def test_pictures_decoded_in_parallel_come_in_their_order(model, pictures):
    def slowly(n):
        time.sleep(0.02 * (n % 3))  # later pictures are ready before earlier ones
        return pictures[n % len(pictures)]

    sources = [Source(str(n), lambda n=n: slowly(n)) for n in range(25)]
    batches = list(predict_pictures(model, sources, PredictOptions(1, batch_size=4, workers=8)))
    assert [len(batch) for batch in batches] == [4] * 6 + [1]
    assert [galaxy_id for batch in batches for galaxy_id in batch.ids] == [str(n) for n in range(25)]
    fractions = np.concatenate([batch.fractions for batch in batches])
    expected, _ = predict(model, [pictures[n % len(pictures)] for n in range(25)], tta_views=1)
    assert np.allclose(fractions, expected, atol=1e-6)


def test_only_a_few_pictures_are_opened_ahead_of_the_network(model, picture):
    opened = []

    def endless():
        n = 0
        while True:
            yield Source(str(n), lambda n=n: opened.append(n) or picture)
            n += 1

    batches = predict_pictures(model, endless(), PredictOptions(1, batch_size=5, workers=2))
    for number in range(1, 8):
        next(batches)
        time.sleep(0.02)
        assert len(opened) <= 5 * number + 10
    batches.close()
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_decoding_continues_while_the_network_works(model, picture):
    working, decoded = threading.Event(), threading.Event()

    def wait_for_the_network():
        if not working.wait(10):
            raise ImageError("the network waits for this picture")
        decoded.set()
        return picture

    def work(*_):
        working.set()
        decoded.wait(10)

    hook = model.network.features_net.register_forward_pre_hook(work)
    sources = [Source("0", lambda: picture), Source("1", wait_for_the_network)]
    batches = list(predict_pictures(model, sources, PredictOptions(1, batch_size=1, workers=1)))
    hook.remove()
    assert [batch.failures for batch in batches] == [{}, {}]


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_a_bad_image_fails_alone(model, pictures, folder, batch_size):
    found = predict_catalogue(model, open_catalogue(folder), PredictOptions(batch_size=batch_size))
    assert sorted(found.failures) == ["0003", "0008"]
    assert all(reason for reason in found.failures.values())
    good = [n for n in range(11) if n not in (3, 8)]
    assert found.fractions.index.tolist() == [f"{n:04}" for n in good]
    assert np.allclose(found.fractions, predict(model, [pictures[n] for n in good])[0], atol=1e-6)


def test_an_image_that_vanishes_fails_alone(model, folder):
    catalogue = open_catalogue(folder)
    (folder / "0000.png").unlink()
    assert sorted(predict_catalogue(model, catalogue, ONE_VIEW).failures) == ["0000", "0003", "0008"]


@pytest.mark.parametrize("mount_stays", [False, True])
def test_a_folder_that_is_away_for_a_while_loses_no_galaxy(model, folder, tmp_path, mount_stays):
    catalogue, store = open_catalogue(folder), tmp_path / "kept.parquet"
    folder.rename(tmp_path / "away")
    if mount_stays:
        folder.mkdir()
    with pytest.raises(CatalogueError, match=r"is missing; restore it, or mount its disk"):
        predict_catalogue(model, catalogue, ONE_VIEW, store=store)
    if mount_stays:
        folder.rmdir()
    (tmp_path / "away").rename(folder)
    assert sorted(predict_catalogue(model, catalogue, ONE_VIEW, store=store).failures) == ["0003", "0008"]


def test_pictures_cropped_before_are_taken_for_what_they_are(model, folder, pictures):
    (folder / "field.json").write_text(json.dumps({"centre": 400, "of": 424}))
    found = predict_catalogue(model, open_catalogue(folder), PredictOptions(2))
    expected, _ = predict(model, pictures[:1], tta_views=2, field=400 / 424)
    assert np.allclose(found.fractions.loc["0000"], expected[0], atol=1e-6)
