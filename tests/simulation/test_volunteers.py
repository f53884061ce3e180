"""Simulated volunteers: their answers obey the tree, follow what is there and what can be seen of it, and repeat."""

from dataclasses import replace

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, SLICES, shares_from_fractions
from galaxy_explorer.simulation import PRESETS, Parameters, sample
from galaxy_explorer.simulation.volunteers import PEOPLE, answer_shares, simulate_votes, vote_fractions
from galaxy_explorer.simulation.volunteers.visibility import quantities, rules

SPIRAL = replace(PRESETS["Sb"], arm_contrast=1.5, inclination=20)


def share(parameters: Parameters, column: str) -> float:
    """The expected share of an answer."""
    return float(shares_from_fractions(vote_fractions(parameters))[INDEX[column]])


@pytest.mark.parametrize("seed", range(8))
def test_votes_obey_the_tree(seed: int) -> None:
    galaxy = sample(seed)
    for votes in (vote_fractions(galaxy), simulate_votes(galaxy, seed=seed)):
        assert votes.shape == (len(COLUMNS),)
        for number, mass in MASS_COLUMN.items():
            assert votes[SLICES[number]].sum() == pytest.approx(1 if mass is None else votes[INDEX[mass]], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("E0", "Class7.1"), ("E5", "Class7.2"), ("Sb", "Class4.1"), ("SBb", "Class3.1"), ("Sa", "Class10.1"),
        ("Sc", "Class10.2"), ("NGC 4565-like", "Class2.1"), ("Irr", "Class8.4"), ("Ring galaxy", "Class8.1"),
        ("Merger", "Class8.6"), ("Lens", "Class8.2"), ("Sb", "Class11.2"), ("Sc", "Class5.2"),
    ],
)  # fmt: skip
def test_a_clear_galaxy_is_named_by_most(name: str, column: str) -> None:
    shares = shares_from_fractions(vote_fractions(PRESETS[name]))
    where = next(where for where in SLICES.values() if INDEX[column] in range(where.start, where.stop))
    assert shares[INDEX[column]] == shares[where].max()


@pytest.mark.parametrize(
    ("column", "field", "values"),
    [
        ("Class2.1", "inclination", (0, 60, 75, 82, 90)),
        ("Class3.1", "bar_fraction", (0, 0.03, 0.06, 0.2)),
        ("Class4.1", "arm_contrast", (0, 0.3, 0.6, 2)),
        ("Class5.4", "bulge_fraction", (0.02, 0.2, 0.5, 0.7)),
        ("Class8.1", "ring_fraction", (0, 0.1, 0.2, 0.5)),
        ("Class8.6", "companion", (0, 0.1, 0.3, 1)),
        ("Class10.3", "pitch", (8, 15, 25, 40)),
    ],
)
def test_an_answer_rises_with_what_it_is_for(column: str, field: str, values: tuple[float, ...]) -> None:
    shares = [share(replace(SPIRAL, **{field: value}), column) for value in values]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0] + 0.3


@pytest.mark.parametrize(
    "worse", [{"seeing": 3.0}, {"sky_noise": 5.0, "magnitude": 17.5}, {"radius": 1.5, "magnitude": 17.8}]
)
def test_arms_are_missed_in_a_poor_picture(worse: dict[str, float]) -> None:
    small = replace(SPIRAL, radius=3.0, magnitude=16.5)
    assert share(replace(small, **worse), "Class4.1") < share(small, "Class4.1") - 0.1


def test_votes_are_those_of_44_people_and_repeat() -> None:
    votes = simulate_votes(SPIRAL, seed=3)
    assert np.allclose(votes[:2] * PEOPLE, np.round(votes[:2] * PEOPLE))
    assert np.array_equal(votes, simulate_votes(SPIRAL, seed=3))
    assert not np.array_equal(votes, simulate_votes(SPIRAL, seed=4))


def test_many_people_agree_with_the_expected_votes() -> None:
    assert np.abs(simulate_votes(SPIRAL, people=40_000, seed=1) - vote_fractions(SPIRAL)).max() < 0.02


def test_a_star_has_votes_for_every_question_of_everyone() -> None:
    votes = simulate_votes(Parameters(star_fraction=1.0, bulge_fraction=0, arms=0), people=5)
    assert votes[INDEX["Class1.3"]] > 0.5
    assert np.isfinite(votes).all()
    assert votes[SLICES[6]].sum() == pytest.approx(1)


def test_without_people_there_are_no_votes() -> None:
    with pytest.raises(ValueError, match="0 people"):
        simulate_votes(SPIRAL, people=0)


def test_each_rule_names_quantities_and_features_that_exist() -> None:
    table = rules()
    columns = {name: np.full(2, float(getattr(SPIRAL, name))) for name in SPIRAL.__dataclass_fields__}
    assert {name for steps in table["visible"].values() for name in steps} <= quantities(columns).keys()
    weighted = {name for number in ("1", "2", "3", "4", "6") for name in table["answers"][number]}
    assert weighted - {"none", "star_or_artifact", "trail_as_artifact"} <= table["visible"].keys()
    assert np.allclose(answer_shares(columns)[:, SLICES[1]].sum(axis=1), 1)
