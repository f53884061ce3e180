"""``fetch sdss`` from a fake server of SDSS."""

import numpy as np
import pandas as pd
import pytest
from local_server import once, saying

from galaxy_explorer.catalogue import has_known_field, open_catalogue
from galaxy_explorer.cli import main


@pytest.fixture
def server(sky_server):
    """The fake server."""
    return sky_server


@pytest.fixture
def folder(tmp_path):
    """The folder of the galaxies."""
    return tmp_path / "live"


@pytest.fixture
def fetched(server, folder):
    """A function that fetches some galaxies and returns the exit status."""
    return lambda count, *more: main(["fetch", "sdss", "--to", str(folder), "--count", str(count), *more])


def test_the_folder_has_votes_and_positions(fetched, folder, capsys):
    assert fetched(6) == 0
    catalogue = open_catalogue(folder)
    assert len(catalogue) == 6
    assert catalogue.missing_pictures == 0
    assert np.isfinite(catalogue.volunteer_fractions).all()
    assert catalogue.table[["ra_deg", "dec_deg"]].notna().all(axis=None)
    assert catalogue.picture(catalogue.ids[0]).shape == (424, 424, 3)
    assert "6 of 6 galaxies are in" in capsys.readouterr().out
    assert {path.suffix for path in folder.iterdir()} == {".jpg", ".csv", ".json"}
    assert has_known_field(folder)


@pytest.mark.parametrize(
    ("count", "more", "message"),
    [
        (5000, (), "--count 5000 was given; one draw has 1 to 1,000 galaxies: draw several times"),
        (5, ("--seed", "-1"), "--seed -1 was given; it must be 0 or more"),
    ],
)
def test_a_draw_out_of_range_is_an_error(server, fetched, folder, capsys, count, more, message):
    assert fetched(count, *more) == 2
    assert capsys.readouterr().err.startswith(f"fetch could not run: {message}")
    assert server.asked == []
    assert not folder.exists()


def test_a_file_with_the_name_of_the_folder_is_an_error(server, tmp_path, capsys):
    (tmp_path / "file").write_text("-")
    assert main(["fetch", "sdss", "--to", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.endswith(f"{tmp_path / 'file'} is a file; choose a folder with --to\n")


def test_a_file_with_the_name_of_the_parent_folder_is_an_error(server, tmp_path, capsys):
    (tmp_path / "file").write_text("-")
    assert main(["fetch", "sdss", "--to", str(tmp_path / "file" / "live")]) == 2
    message = capsys.readouterr().err
    assert f"{tmp_path / 'file'}" in message
    assert "cannot be written (" in message
    assert "--to" in message
    assert "Errno" not in message


def test_a_second_run_sends_no_request(server, fetched, folder):
    fetched(6)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    server.asked.clear()
    assert fetched(6) == 0
    assert server.asked == []
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_more_galaxies_and_other_draws_are_added(server, fetched, folder):
    fetched(4)
    first = open_catalogue(folder)
    server.asked.clear()
    assert fetched(9) == 0
    assert server.count("skyserver") == 5
    fetched(4, "--seed", "2")
    catalogue = open_catalogue(folder)
    assert set(first.ids) < set(catalogue.ids)
    assert len(catalogue) > 9
    pd.testing.assert_frame_equal(catalogue.subset(first.ids).table, first.table)


def test_a_picture_that_fails_is_reported_and_the_others_are_written(server, fetched, folder, capsys):
    fetched(5)
    one = open_catalogue(folder).ids[2]
    (folder / f"{one}.jpg").unlink()
    for path in (folder.parent / "cache").rglob("*"):
        if path.is_file() and path.read_bytes()[:2] == b"\xff\xd8":
            path.unlink()
    server.faults = dict.fromkeys(("skyserver", "legacy", "cds"), saying(b"<html>down</html>", "text/html"))
    assert fetched(5) == 1
    errors = capsys.readouterr().err
    assert f"galaxy {one} failed: " in errors
    assert "run the same command again" in errors
    assert "Traceback" not in errors
    assert len(open_catalogue(folder)) == 4
    assert open_catalogue(folder).missing_pictures == 1
    server.faults = {}
    assert fetched(5) == 0
    assert len(open_catalogue(folder)) == 5


def test_another_source_is_used(server, fetched, folder):
    server.faults = {"skyserver": once(saying(b"", status=404))}
    assert fetched(3) == 0
    assert len(open_catalogue(folder)) == 3
    assert server.count("legacy") == 1


def test_sdss_being_unavailable_is_an_error(server, fetched, folder, capsys):
    server.faults = {"sql": saying(b"no", status=503)}
    assert fetched(3) == 2
    assert "fetch could not run: " in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_other_scores_in_the_folder_are_not_changed(server, fetched, folder, capsys):
    folder.mkdir()
    (folder / "scores.csv").write_text("GalaxyID,Class1.1,mine\n7,0.5,x\n")
    assert fetched(3) == 2
    assert "choose another folder" in capsys.readouterr().err
    assert (folder / "scores.csv").read_text() == "GalaxyID,Class1.1,mine\n7,0.5,x\n"


@pytest.mark.parametrize("content", ["", "objid,score\n1,2\n"])
def test_a_file_that_is_not_a_score_table_is_not_changed(server, fetched, folder, capsys, content):
    folder.mkdir()
    (folder / "scores.csv").write_text(content)
    assert fetched(3) == 2
    assert f"{folder / 'scores.csv'} cannot be read as scores" in capsys.readouterr().err
    assert (folder / "scores.csv").read_text() == content
