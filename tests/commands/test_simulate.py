"""Tests of `python -m galaxy_explorer simulate`: a folder that opens, marked as simulated, and repeats."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.decision_tree import INDEX, shares_from_fractions
from galaxy_explorer.simulation import FIELDS, Parameters, render
from galaxy_explorer.simulation.survey import draw_survey

SIZE = 64


def simulate(folder: Path, *more: str) -> int:
    """Simulate three small pictures in this process."""
    return main(["simulate", "--to", str(folder), "--count", "3", "--size", str(SIZE), "--workers", "1", *more])


@pytest.fixture
def simulated(tmp_path: Path) -> Catalogue:
    """Three simulated galaxies without losses by compression."""
    assert simulate(tmp_path / "made", "--format", "png") == 0
    return open_catalogue(tmp_path / "made")


def test_the_folder_opens_as_simulated_galaxies_with_votes(simulated: Catalogue) -> None:
    assert simulated.ids == ["simulated-001", "simulated-002", "simulated-003"]
    assert simulated.simulated
    assert simulated.framed
    assert simulated.note == "Pictures of the folder made."
    assert np.isfinite(simulated.volunteer_fractions).all()


def test_the_table_of_parameters_gives_the_pictures_again(simulated: Catalogue) -> None:
    rows = pd.read_csv(simulated.root / "parameters.csv", index_col="GalaxyID")
    for galaxy_id, row in rows.iterrows():
        parameters = Parameters(**{name: float(row[name]) for name in FIELDS}, seed=int(row["seed"]))
        assert np.array_equal(render(parameters, SIZE), simulated.picture(str(galaxy_id)))


def test_the_same_command_keeps_pictures_and_completes_the_folder(simulated: Catalogue) -> None:
    kept, lost = (simulated.root / f"{galaxy_id}.png" for galaxy_id in simulated.ids[:2])
    content, state = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    assert simulate(simulated.root, "--format", "png") == 0
    assert lost.read_bytes() == content
    assert kept.stat().st_mtime_ns == state


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--seed", "2"], "simulated galaxies of other options"),
        (["--size", "4000"], "the size from"),
        (["--kind", "Class4.1", "--balanced"], "leave one of them out"),
        (["--seed", "-1"], "0 or more"),
    ],
)
def test_what_cannot_be_done_is_refused(
    simulated: Catalogue, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert simulate(simulated.root, "--format", "png", *more) == 2
    assert message in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert simulate(tmp_path) == 2
    assert "other files" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_pack_of_simulated_galaxies_is_marked_as_well(simulated: Catalogue, tmp_path: Path) -> None:
    output = tmp_path / "small.zip"
    assert main(["pack", str(simulated.root), "--output", str(output), "--size", "48"]) == 0
    packed = open_catalogue(output)
    assert packed.simulated
    assert packed.parameters_file() == simulated.parameters_file() != b""


def test_the_first_galaxies_do_not_depend_on_the_count_and_a_seed_gives_others() -> None:
    three, two, others = (list(draw_survey(*arguments)) for arguments in ((3, 1), (2, 1), (2, 2)))
    assert [galaxy.parameters for galaxy in three[:2]] == [galaxy.parameters for galaxy in two]
    assert {galaxy.parameters for galaxy in others}.isdisjoint(galaxy.parameters for galaxy in two)


def test_a_kind_is_what_most_people_say() -> None:
    votes = np.stack([galaxy.votes for galaxy in draw_survey(8, 5, "Class2.1")])
    assert shares_from_fractions(votes)[:, INDEX["Class2.1"]].mean() > 0.6
