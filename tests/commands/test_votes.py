"""Tests of `python -m galaxy_explorer votes`: the logs of several people as one data set."""

from pathlib import Path

import pandas as pd
import pytest

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.votes import RAW, Ballot, files_of

ROUND, STAR = ("Class1.1", "Class7.1", "Class6.2"), ("Class1.3",)
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.fixture
def logs(tmp_path: Path, picture_folder: Path) -> list[str]:
    """The logs of Ann, who changed her mind, and of Ben."""
    galaxy = open_catalogue(picture_folder).ids[0]
    votes = {
        "ann-old": [Ballot(galaxy, STAR, "ann", OLD)],
        "ann": [Ballot(galaxy, ROUND, "ann", NEW)],
        "ben": [Ballot(galaxy, STAR, "ben", OLD)],
    }
    for name, ballots in votes.items():
        (tmp_path / f"{name}.csv").write_bytes(files_of(ballots)[RAW])
    return [str(tmp_path / f"{name}.csv") for name in votes]


def test_logs_are_joined_next_to_the_pictures(
    logs: list[str], picture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # the second run replaces what the first has written
        assert main(["votes", *logs, "--to", str(picture_folder)]) == 0
        assert "2 votes of 2 people" in " ".join(capsys.readouterr())
    assert pd.read_csv(picture_folder / "counts.csv")["Class1.3"].tolist() == [1]
    catalogue = open_catalogue(picture_folder)
    assert catalogue.subset(catalogue.ids[:1]).votes.values("Class1.1").tolist() == [0.5]


def test_scores_of_others_are_not_replaced(
    logs: list[str], picture_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (picture_folder / "scores.csv").write_text("votes of Galaxy Zoo")
    assert main(["votes", *logs, "--to", str(picture_folder)]) != 0
    assert "left as it is" in capsys.readouterr().err
    assert (picture_folder / "scores.csv").read_text() == "votes of Galaxy Zoo"
    assert not (picture_folder / RAW).exists()


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "eve.csv"
    log.write_text("GalaxyID,voter,time,answers\n")
    assert main(["votes", str(log), "--to", str(tmp_path / "new")]) != 0
    assert "hold no votes" in capsys.readouterr().err
    log.write_text("GalaxyID,voter,time,answers\n1,eve,t,Class7.1\n")
    assert main(["votes", str(log), "--to", str(tmp_path / "new")]) != 0
    assert "eve.csv, line 2" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
