"""Colours of the flow-chart: distinct to the colour-blind too, and paler for fewer votes."""

from itertools import combinations, pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from ends import share_ends

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.decision_tree import COLUMNS, SLICES
from galaxy_explorer.flow_chart import HEIGHT, as_list, flow_chart
from galaxy_explorer.flow_chart.palette import DARK, LIGHT, blend
from galaxy_explorer.flow_chart.readings import FULL_OPACITY_FROM, PALEST, opacity_of_question, read_sources

# What someone sees who lacks one kind of cone, on linear RGB: Machado, Oliveira & Fernandes 2009 (IEEE Transactions on
# Visualization and Computer Graphics 15, 1291), their table of matrices at severity 1.0.
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# From linear sRGB to XYZ under D65, whose white is the sum of each row (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
APART = 25  # CIELAB distance; 2.3 is just noticeable, and these must be told apart at a glance


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def cielab(colour, sight):
    seen = np.clip(SIGHT[sight] @ linear(colour), 0, 1)
    ratio = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other, sight):
    return float(np.linalg.norm(cielab(one, sight) - cielab(other, sight)))


@pytest.fixture
def galaxy(random_fractions):
    return random_fractions(1)[0]


def with_mass(galaxy, mass):
    """The same galaxy with a given mass of votes on what follows from features."""
    shares = tree.shares_from_fractions(galaxy)
    shares[SLICES[1]] = (1 - mass, mass, 0)
    return tree.fractions_from_shares(shares)


def bar_colours(figure, name):
    bars = next(figure.select_traces({"name": name}))
    return dict(zip(bars.customdata, bars.marker.color, strict=True))


def test_simulated_sight_keeps_grey_grey():
    for sight in SIGHT:
        assert distance("#808080", "#808080", sight) == 0
        assert np.abs(cielab("#808080", sight)[1:]).max() < 1
    assert cielab("#ffffff", "all cones") == pytest.approx([100, 0, 0], abs=0.1)


def test_red_and_green_meet_for_those_without_red_or_green_cones():
    # The check can fail: this pair passes for most people, and not for these.
    assert distance("#c05a3c", "#6f8a3c", "all cones") > APART
    assert distance("#c05a3c", "#6f8a3c", "deuteranopia") < APART


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_network_volunteers_group_and_ground_are_told_apart(colours, sight):
    sources = (colours.network, colours.volunteers, colours.group)
    assert all(distance(one, other, sight) > APART for one, other in combinations(sources, 2))
    for bar in sources:
        for ground in (colours.page, colours.tile, colours.accent_tile, colours.track):
            assert distance(bar, ground, sight) > APART


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_the_likeliest_path_is_told_from_the_other_curves(colours, sight):
    assert distance(colours.accent, colours.curve, sight) > APART


def test_blending_goes_from_one_colour_to_the_other():
    assert blend("#000000", "#ff8000", 0) == "#000000"
    assert blend("#000000", "#ff8000", 0.5) == "#804000"
    assert blend("#000000", "#ff8000", 1) == "#ff8000"


def test_bars_grow_stronger_with_the_votes_behind_them(galaxy):
    for name, sources in (("network", {"network": None}), ("volunteers", {"volunteers": None})):
        away = []
        for mass in (0.02, 0.1, 0.3, FULL_OPACITY_FROM, 0.9):
            figure = flow_chart(**dict.fromkeys(sources, with_mass(galaxy, mass)))
            colours = bar_colours(figure, name)
            away.append(distance(colours["Class2.1"], DARK.track, "all cones"))
            assert len({colours[column] for column in tree.columns_of(2)}) == 1
        full = DARK.network if name == "network" else DARK.volunteers
        assert all(a < b for a, b in pairwise(away[:4]))
        assert away[3] == away[4] == distance(full, DARK.track, "all cones")
        assert away[0] > 5  # faint, and there


def test_few_votes_of_one_source_pale_its_bars_alone(galaxy):
    figure = flow_chart(with_mass(galaxy, 0.9), with_mass(galaxy, 0.03))
    assert bar_colours(figure, "network")["Class2.1"] == DARK.network
    assert bar_colours(figure, "volunteers")["Class2.1"] == blend(
        DARK.track, DARK.volunteers, PALEST + (1 - PALEST) * 0.03 / FULL_OPACITY_FROM
    )


def test_a_question_comes_forward_with_its_votes(galaxy):
    few, many = (read_sources(with_mass(galaxy, mass), None, None, "network") for mass in (0.05, 0.9))
    assert 0 < opacity_of_question(few, 2) < opacity_of_question(many, 2) == 1
    assert opacity_of_question(read_sources(None, with_mass(galaxy, 0.0), None, "network"), 2) == 0
    assert opacity_of_question(few, tree.ASKED_OF_EVERYONE) == 1


def test_the_list_pales_as_the_chart_does(galaxy):
    pale = blend(DARK.track, DARK.volunteers, PALEST + (1 - PALEST) * 0.03 / FULL_OPACITY_FROM)
    assert f"background:{pale}" in as_list(read_sources(volunteers=with_mass(galaxy, 0.03)))
    assert f"background:{pale}" not in as_list(read_sources(volunteers=with_mass(galaxy, 0.5)))


@pytest.mark.parametrize("dark", [True, False])
def test_plotly_takes_everything_that_is_drawn(galaxy, dark):
    figure = flow_chart(
        galaxy,
        galaxy,
        network_share_intervals=share_ends(galaxy),
        selected=COLUMNS[3],
        dark=dark,
        caption="Galaxy <1> · a network",
    )
    go.Figure(figure.to_dict())  # raises if a property is unknown or a value invalid
    assert "Galaxy &lt;1&gt; · a network" in next(figure.select_traces({"name": "texts"})).text
    assert figure.layout.paper_bgcolor == (DARK if dark else LIGHT).page


def test_a_saved_chart_is_as_high_as_the_one_on_the_page(galaxy):
    figure = flow_chart(galaxy, caption="one line")
    assert figure.layout.height == round(HEIGHT) <= 750  # on one screen with every question open
    assert max(next(figure.select_traces({"name": "texts"})).y) < HEIGHT


def test_shares_of_nothing_are_no_colour(galaxy):
    colours = bar_colours(flow_chart(volunteers=with_mass(galaxy, 0.0)), "volunteers")
    assert not set(tree.columns_of(2)) & set(colours)
    assert "Class1.1" in colours
