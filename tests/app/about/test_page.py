"""About in `AppTest`: arithmetic, examples and networks are those of the code and the data."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from app_page import ask_for, run, texts
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.about import worked_example
from galaxy_explorer.app.about.texts import texts as contents
from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.app.state import Key
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTIONS, column, columns_of, mass_of, shares_from_fractions
from galaxy_explorer.models import checkpoints

WORKED = "100053"


@pytest.fixture(scope="module")
def worked(sample: Catalogue) -> np.ndarray:
    """The vote fractions of the galaxy that the page works through."""
    return sample.table.loc[WORKED, list(COLUMNS)].to_numpy(dtype=float)


@pytest.fixture
def folded(app: AppTest) -> AppTest:
    """The app, about to open the page."""
    return ask_for(app, "about")


@pytest.fixture
def about(folded: AppTest) -> AppTest:
    """The app, about to open the page with all its sections."""
    for name in contents()["sections"]:
        folded.session_state[Key.SECTION.of(name)] = True
    return folded


def shown(about: AppTest) -> str:
    """Run the page, and return its texts and its HTML."""
    run(about)
    assert not about.error
    return " ".join([texts(about), *(html.proto.body for html in about.get("html"))])


def examples_shown(about: AppTest) -> list[str]:
    """The ids of the galaxies that are shown as examples of an answer."""
    found = (re.fullmatch(r".*\d\s% \*\*((?:simulated\\-)?\d+)\*\*", link.label) for link in about.page_link)
    return [match[1].replace("\\", "") for match in found if match]


def test_the_sections_hold_their_facts(about: AppTest) -> None:
    words = shown(about)
    for fact in ("February 2009 to April 2010", "0.02 × `petroR90_r`", "arcsinh", "**What it is not:** a flux"):
        assert fact in words
    for cited in ("Willett et al. 2013", "Hart et al. 2016", "Dambre 2015", "Huang et al. 2017", "Selvaraju et al."):
        assert cited in words
    assert "not probabilities" in words
    assert "The shape of its light profile defines it" in words  # the Petrosian radius, which is not petroR90_r


def test_the_page_is_short_until_its_details_are_opened(folded: AppTest, worked: np.ndarray) -> None:
    words = shown(folded)
    assert [section.label for section in folded.expander] == list(contents()["sections"].values())
    assert worked_example.as_short_table(worked, 4) in words
    assert re.search(r"error \(RMSE of the vote fractions\) is \*\*0\.\d+ \(accurate\) and", words)
    assert "CC BY 4.0" in words
    assert "Grad-CAM" not in words
    assert len(texts(folded)) < 4500


def test_a_url_with_a_question_opens_its_section(folded: AppTest) -> None:
    folded.query_params["question"] = "4"
    shown(folded)
    assert any(header.value.startswith("4. ") for header in folded.subheader)


def test_the_page_works_its_galaxy_through(about: AppTest, worked: np.ndarray) -> None:
    words = shown(about)
    assert worked_example.as_table(worked) in words
    for lesson in worked_example.lessons(worked):
        assert lesson in words


def test_every_step_multiplies_mass_and_share_to_the_score(worked: np.ndarray) -> None:
    steps = list(worked_example.steps(worked))
    assert len(steps) == len(QUESTIONS)
    asked = [step for step in steps if step.answer]
    assert all(step.mass * step.share == pytest.approx(step.fraction, abs=1e-5) for step in asked)
    assert {step.mass for step in steps if not step.answer} == {0.0}


def test_the_worked_galaxy_shows_the_exception_and_questions_not_asked(worked: np.ndarray) -> None:
    assert worked[INDEX["Class1.3"]] > 0.03
    probabilities, exception, unasked = worked_example.lessons(worked)
    assert f"add up to {worked.sum():.2f}" in probabilities
    assert f"{1 - worked[INDEX['Class1.3']]:.3f} of the votes would reach question 6" in exception
    assert "questions 8, 9, 10 and 11" in unasked


def test_a_galaxy_that_was_asked_everything_has_two_lessons(
    random_fractions: Callable[..., np.ndarray],
) -> None:
    assert len(worked_example.lessons(random_fractions(1)[0])) == 2


@pytest.mark.parametrize("name", [column(1, 2), column(2, 1), column(4, 1), column(8, 6), column(11, 5)])
def test_examples_are_the_surest_of_those_that_were_asked(sample: Catalogue, name: str) -> None:
    fractions = sample.volunteer_fractions
    shares = shares_from_fractions(fractions)[:, INDEX[name]].round(4)
    mass = mass_of(int(name.removeprefix("Class").partition(".")[0]), fractions)
    sure = [i for i in range(len(sample)) if shares[i] >= 0.6 and mass[i] >= 0.495]
    expected = sorted(sure, key=lambda i: (-shares[i], -mass[i]))
    found = find_examples("sample", name)
    assert list(found) == [sample.ids[i] for i in expected][:6]
    assert list(found.values()) == pytest.approx([shares[i] for i in expected][:6])
    assert list(find_examples("sample", name, 1)) == [sample.ids[i] for i in expected][:1]


def test_a_url_opens_one_question_with_its_examples_as_links(about: AppTest) -> None:
    about.query_params["question"] = "8"
    shown(about)
    assert any("Is the odd feature a ring" in header.value for header in about.subheader)
    assert set(examples_shown(about)) & set(find_examples("sample", "Class8.6"))
    assert set(examples_shown(about)) & set(find_examples("simulated", "Class8.2"))


def test_a_fresh_install_shows_three_examples_or_more_of_every_answer(about: AppTest) -> None:
    for question in QUESTIONS:
        about.query_params["question"] = str(question.number)
        shown(about)
        sure = [len(find_examples("sample", name)) for name in columns_of(question.number)]
        ids = examples_shown(about)
        assert sum(galaxy.startswith("simulated-") for galaxy in ids) == sum(max(3 - galaxies, 0) for galaxies in sure)
        assert len(ids) == sum(max(3, galaxies) for galaxies in sure)


def test_without_an_openable_source_the_sample_and_simulated_galaxies_are_shown(
    about: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path / "gone"))
    about.query_params["source"] = "gone"
    about.query_params["question"] = "8"
    words = shown(about)
    assert "gone cannot be opened: " in words
    assert set(examples_shown(about)) & set(find_examples("simulated", "Class8.1"))


@pytest.mark.parametrize("asked", ["0", "12", "one"])
def test_an_unknown_question_in_the_url_opens_the_first_and_is_reported_once(about: AppTest, asked: str) -> None:
    about.query_params["question"] = asked
    shown(about)
    assert any(header.value.startswith("1. ") for header in about.subheader)
    (warning,) = about.warning
    assert f"`question={asked}`" in warning.value
    assert "from 1 to 11" in warning.value
    assert about.query_params["question"] == asked  # another URL would be a step of the Back button
    shown(about)
    assert not about.warning


def test_the_networks_are_described_by_their_cards(about: AppTest) -> None:
    from galaxy_explorer.models.checkpoints import available, load

    words = shown(about)
    for name in available():
        model = load(name)
        card = model.card
        assert f"**{sum(parameter.numel() for parameter in model.network.parameters()):,}** parameters" in words
        assert f"**{card.validation.rmse:.4f}**" in words
        assert f"**{card.training_galaxies:,}** galaxies" in words
        assert f"The network {name}, from picture to scores" in words
    assert "Batch normalisation" in words
    assert "intervals contained" in words


def test_a_galaxy_that_the_open_folder_shares_with_the_sample_is_shown_once(
    about: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = next(iter(find_examples("sample", "Class1.1")))
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / f"{shared}.jpg").symlink_to(sample.root / f"{shared}.jpg")
    votes = ",".join(str(sample.table.at[shared, column]) for column in COLUMNS)
    (folder / "scores.csv").write_text(f"GalaxyID,{','.join(COLUMNS)}\n{shared},{votes}\n")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    about.query_params["source"], about.query_params["question"] = "mine", "1"
    shown(about)
    ids = examples_shown(about)
    assert ids.count(shared) == 1
    assert set(find_examples("sample", "Class1.1")) <= set(ids)


def test_the_cells_of_a_map_are_those_of_the_shipped_networks(about: AppTest) -> None:
    words = shown(about)
    for name in checkpoints.available():
        model = checkpoints.load(name)
        cells = model.network.features(torch.zeros(1, 3, model.card.image_size, model.card.image_size)).shape[-1]
        assert re.search(rf"{cells} × {cells}( cells)? \(`{name}`\)", words)
