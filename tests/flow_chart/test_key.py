"""The key to the flow-chart, and the bars that it explains."""

import numpy as np
import pytest
from ends import share_ends

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.decision_tree import COLUMNS, SLICES
from galaxy_explorer.flow_chart import flow_chart
from galaxy_explorer.flow_chart import key as chart_key
from galaxy_explorer.flow_chart.layout import KEY_HEIGHT, SHARE_HEIGHT, WIDTH, layout_of
from galaxy_explorer.flow_chart.palette import LIGHT
from galaxy_explorer.flow_chart.readings import HARDLY_ASKED, read_sources
from galaxy_explorer.flow_chart.writing import share_tops, track_of


@pytest.fixture
def galaxy(random_fractions):
    """Vote fractions of a galaxy with votes on every question, also for a network."""
    return next(one for one in random_fractions(99) if min(tree.mass_of(n, one) for n in SLICES) > HARDLY_ASKED)


def written(*sources):
    """The words of the key for network, volunteers and the network's spread."""
    return [text.words for text in chart_key.texts(read_sources(*sources, "fcn"), LIGHT)]


def test_the_key_names_the_sources_and_what_is_drawn(galaxy):
    assert written(galaxy, galaxy, None)[:2] == ["fcn", "volunteers"]
    assert written(None, galaxy, None)[0] == "volunteers"
    for sources in ((galaxy, galaxy), (None, galaxy)):
        text = " ".join(written(*sources, None))
        assert all(meaning in text for meaning in ("share of votes", "likeliest path", "curves: votes"))


def test_the_key_explains_the_lines_of_intervals_where_there_are_some(galaxy):
    assert not any("lines" in words for words in written(galaxy, galaxy, None))
    assert any("thin lines: 68" in words for words in written(galaxy, galaxy, share_ends(galaxy)))


def test_the_key_stands_above_the_chart_and_no_two_of_its_words_in_one_place(galaxy):
    texts = chart_key.texts(read_sources(galaxy, galaxy, share_ends(galaxy), "fcn"), LIGHT)
    assert all(0 <= text.x < WIDTH and 0 < text.y < KEY_HEIGHT for text in texts)
    assert len({text.x for text in texts}) == len(texts)
    assert len({text.y for text in texts}) == 1  # one line


def test_a_track_lies_behind_every_share_and_nowhere_else(galaxy):
    smooth = np.nan_to_num(tree.shares_from_fractions(galaxy))
    smooth[SLICES[1]] = [1, 0, 0]  # what follows a disk is not asked
    fractions = tree.fractions_from_shares(smooth)
    figure = flow_chart(galaxy, fractions)
    tracks = next(figure.select_traces({"name": "of all answers"}))
    points = set(zip(tracks.base, tracks.y, strict=True))
    bars = [next(figure.select_traces({"name": name})) for name in ("network", "volunteers")]
    assert points == {point for bar in bars for point in zip(bar.base, bar.y, strict=True)}
    assert len(points) == len(COLUMNS) + sum(len(tree.columns_of(number)) for number in (1, 6, 7, 8))
    tiles = layout_of().tiles
    for column, left in zip(bars[1].customdata, bars[1].base, strict=True):
        start, length = track_of(tiles[column])
        assert length in tracks.x
        assert tiles[column].left < left == start < start + length < tiles[column].right


def test_the_bars_of_two_sources_stand_one_above_the_other_in_the_tile():
    for tile in layout_of().tiles.values():
        network, volunteers = share_tops(tile, 2)
        assert tile.top < network < volunteers - SHARE_HEIGHT < tile.bottom - SHARE_HEIGHT
        assert share_tops(tile, 1) == [(network + volunteers) / 2]
