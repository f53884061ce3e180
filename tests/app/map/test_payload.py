"""What the map sends to the browser: positions, codes, matches."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from galaxy_explorer.app.map.colourings import DEFAULT_COLOUR, Colouring, answer_colourings
from galaxy_explorer.app.map.payload import LARGEST, UNKNOWN, encode, pack_matches, pack_points
from galaxy_explorer.app.services.places import Places, places_from
from galaxy_explorer.catalogue import Votes
from galaxy_explorer.decision_tree import COLUMNS, SLICES

N = 500


@pytest.fixture
def votes(random_fractions: Callable) -> Votes:
    table = pd.DataFrame(random_fractions(N).astype(np.float32), columns=list(COLUMNS))
    table.iloc[3] = np.nan
    return Votes(lambda column: table[column].to_numpy())


@pytest.fixture
def places() -> Places:
    return places_from("fcn", np.arange(N), np.random.default_rng(0).uniform(size=(N, 2)))


def unpacked(message: bytes) -> tuple[dict, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Read a message as the browser does."""
    assert message[:4] == b"PNTS"
    (length,) = np.frombuffer(message, "<u4", 1, 4)
    header, at = json.loads(message[8 : 8 + length]), 8 + int(length)
    n = header["count"]
    x, y = np.frombuffer(message, "<u2", 2 * n, at).reshape(2, n)
    stored = [measure["name"] for measure in header["measures"] if measure["stored"]]
    columns = np.frombuffer(message, "u1", n * len(stored), at + 4 * n).reshape(len(stored), n)
    assert at + 4 * n + columns.size == len(message)
    return header, x, y, dict(zip(stored, columns, strict=True))


def test_the_browser_reads_what_was_packed(votes: Votes, places: Places) -> None:
    message, key = pack_points(places, answer_colourings(votes))
    header, x, y, columns = unpacked(message)
    assert (header["version"], header["key"], header["count"]) == (1, key, N)
    grey = {measure["question"]: measure["grey"] for measure in header["measures"]}
    assert (grey[1], grey[4], grey[6]) == ("", "asked of fewer than 30 %", "")
    assert (x == places.xy[:, 0]).all()
    assert (y == places.xy[:, 1]).all()
    shares = votes.values("Class1.2", min_mass=0.3)[places.rows]
    known = np.isfinite(shares)
    assert np.abs(columns[DEFAULT_COLOUR][known] / LARGEST - shares[known]).max() <= 0.5 / LARGEST + 1e-6
    assert (columns[DEFAULT_COLOUR][~known] == UNKNOWN).all()
    assert columns[DEFAULT_COLOUR][places.rows == 3] == UNKNOWN


def test_answers_that_are_not_sent_are_what_the_others_leave(votes: Votes, places: Places) -> None:
    choices = answer_colourings(votes)
    _, _, _, columns = unpacked(pack_points(places, choices)[0])
    derived = [(choice, column) for choice, column in zip(choices, COLUMNS, strict=True) if choice.values is None]
    assert len(derived) == len([part for part in SLICES.values() if part.stop - part.start <= 3])
    for choice, column in derived:
        shares = votes.values(column, min_mass=0.3)[places.rows]
        others = np.stack([columns[other] for other in choice.rest_of]).astype(int)
        known = (others != UNKNOWN).all(axis=0)
        assert (known == np.isfinite(shares)).all()
        assert np.abs((LARGEST - others.sum(axis=0))[known] / LARGEST - shares[known]).max() < 1.5 / LARGEST


def test_240_000_galaxies_take_less_than_ten_megabytes(votes: Votes, places: Places) -> None:
    scores = np.zeros(N)
    choices = [*answer_colourings(votes), *(Colouring(name, name, "Network", 2, scores) for name in ("ood", "rmse"))]
    message, _ = pack_points(places, choices)
    bare, _ = pack_points(places_from("fcn", np.empty(0, int), np.empty((0, 2))), choices)
    assert (len(message) - len(bare)) / N * 240_000 + len(bare) < 10e6


def test_the_key_changes_with_what_is_sent(votes: Votes, places: Places) -> None:
    choices = answer_colourings(votes)
    key = pack_points(places, choices)[1]
    assert pack_points(places, choices)[1] == key
    assert pack_points(places, choices[:-1])[1] != key
    moved = Places("fcn", places.rows, places.xy[::-1])
    assert pack_points(moved, choices)[1] != key


def test_values_beyond_the_scale_have_the_colour_of_its_end() -> None:
    assert encode(np.array([0, 1, 2, 9, np.nan]), 2.0).tolist() == [0, 127, 254, 254, UNKNOWN]


def test_matches_are_bits_in_the_order_of_the_points(places: Places) -> None:
    rows = np.array([0, 7, 499])
    message = pack_matches(places, rows, N, "0123456789abcdef")
    assert message[:20] == b"MTCH0123456789abcdef"
    bits = np.unpackbits(np.frombuffer(message[20:], np.uint8), bitorder="little")[:N].astype(bool)
    assert sorted(places.rows[bits]) == rows.tolist()
    assert len(pack_matches(places, np.arange(N), N, "0123456789abcdef")) == 20  # all of them
