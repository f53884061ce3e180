"""The bundled survey: enough simulated galaxies for each selection and answer, with the networks' predictions."""

import hashlib

import numpy as np
import pytest

from galaxy_explorer.app.panel.examples import ENOUGH, MIN_ASKED, MIN_SHARE
from galaxy_explorer.app.query.matching import Matches, filtered_rows
from galaxy_explorer.app.query.presets import presets
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.catalogue import SIMULATED, Catalogue, VoteRange, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.checkpoints import available
from galaxy_explorer.prediction import cached, open_embeddings
from galaxy_explorer.simulation import FIELDS

MAX_BYTES = 4_000_000  # without predictions


@pytest.fixture(scope="module")
def survey() -> Catalogue:
    """The bundled survey."""
    return open_catalogue(SIMULATED)


def test_it_is_small_complete_and_marked(survey: Catalogue) -> None:
    assert len(survey) == 400
    assert survey.simulated
    assert survey.framed
    assert "None of them exists" in survey.note
    assert all(galaxy_id.startswith("simulated-") for galaxy_id in survey.ids)
    assert np.isfinite(survey.volunteer_fractions).all()
    assert {*FIELDS, "seed"} < {*survey.parameters_file().decode().splitlines()[0].split(",")}
    assert sum(file.stat().st_size for file in survey.root.glob("*.*") if file.is_file()) <= MAX_BYTES


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_each_ready_made_selection_finds_24_galaxies(survey: Catalogue, preset) -> None:
    answers = Answers("volunteers", survey.votes, len(survey))
    every = Matches(np.arange(len(survey)), answers)
    assert len(filtered_rows(survey, preset.query, every)) >= 24


def test_each_answer_has_clear_examples(survey: Catalogue) -> None:
    clear = {column: VoteRange(column, MIN_SHARE).mask(survey.votes, MIN_ASKED).sum() for column in COLUMNS}
    assert {column: count for column, count in clear.items() if count < ENOUGH} == {}


@pytest.mark.parametrize("network", sorted(available()))
def test_the_predictions_of_both_networks_are_bundled_with_embeddings(survey: Catalogue, network: str) -> None:
    """After a change of the networks: python benchmarks/bundled_survey.py --predictions."""
    tables = cached.tables_by(survey, network)
    fractions = cached.open_columns(survey.table.index, tables)("Class1.1")
    assert np.isfinite(fractions).all()
    embeddings = open_embeddings(survey, tables)
    assert embeddings is not None
    assert len(embeddings) == len(survey)


def test_predictions_of_other_weights_or_pictures_are_ignored(
    survey: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not cached.tables_of(survey.subset(survey.ids[:-1]))
    monkeypatch.setattr(cached, "_digest", lambda *_: hashlib.blake2b(b"another").hexdigest())
    assert not cached.tables_of(survey)
