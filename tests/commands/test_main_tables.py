"""What the tables of ``predict`` hold apart from vote fractions: scores, crops, names, origin."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from PIL import Image
from tiny_prediction import command_with, tiny_reference, write_tiny_weights

from galaxy_explorer import __version__
from galaxy_explorer.cli import main
from galaxy_explorer.commands import sources
from galaxy_explorer.commands.reporting import printable
from galaxy_explorer.decision_tree import COLUMNS, shares_from_fractions
from galaxy_explorer.images import Finding, Square, cut_square, find_galaxy
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import (
    ENDINGS,
    INTERVAL_COLUMNS,
    ood_score,
    predict,
    read_about,
    read_failures,
    read_fractions,
    read_table,
)

FORMATS = list(ENDINGS)


def read(path):
    """Read a table as its users do."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype={"GalaxyID": str})
    table = Table.read(path, format="fits" if path.suffix == ".fits" else "ascii.ecsv")
    return table.to_pandas()


def look_in_the_corner(monkeypatch):
    """Have a cross-hair found in all pictures, and the galaxy in a square of 40 pixels of the large ones."""
    square = Square(30, 32, 40)

    def find(picture):
        part = cut_square(picture, square) if picture.shape[0] > 64 else picture
        return Finding(part, square if part is not picture else None, removed=("cross-hair",))

    monkeypatch.setattr(sources, "find_galaxy", find)


@pytest.fixture
def mixed(galaxies):
    """Six galaxies; the picture of 0002 is larger, so that its galaxy is small in it."""
    wide = np.zeros((96, 96, 3), np.uint8)
    wide[:64, :64] = np.asarray(Image.open(galaxies / "0002.png"))
    Image.fromarray(wide).save(galaxies / "0002.png")
    return galaxies


@pytest.mark.parametrize("ending", FORMATS)
def test_every_table_has_the_out_of_distribution_score_and_flag(galaxies, tmp_path, capsys, ending):
    model = load(write_tiny_weights(tmp_path))
    pictures = [np.asarray(Image.open(path)) for path in sorted(galaxies.iterdir())]
    scores = ood_score(model, pictures)
    threshold = 1e6 * np.sort(scores)[3:5].mean()  # two of six lie beyond it
    run = command_with(write_tiny_weights(tmp_path, ood_reference=tiny_reference(threshold)))
    output = tmp_path / f"scores{ending}"
    assert run("predict", galaxies, "--output", output, "--crop", "none") == 0
    table = read(output)
    assert np.allclose(table["ood_score"], scores * 1e6 / threshold, rtol=1e-4)
    assert table["out_of_distribution"].dtype == bool
    assert table["out_of_distribution"].tolist() == (table["ood_score"] > 1).tolist()
    assert "2 of 6 pictures differ from the training pictures" in capsys.readouterr().err
    assert np.allclose(read_table(output)[0]["ood_score"], table["ood_score"])


def test_a_network_without_reference_gives_no_score_and_says_so(galaxies, tmp_path, capsys):
    run = command_with(write_tiny_weights(tmp_path, ood_reference=None))
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 0
    assert "ood_score" not in read(tmp_path / "scores.csv")
    assert "no out-of-distribution reference: no column ood_score" in capsys.readouterr().err


@pytest.mark.parametrize("ending", FORMATS)
def test_the_crop_of_each_picture_is_in_the_table(run, weights, mixed, tmp_path, monkeypatch, capsys, ending):
    look_in_the_corner(monkeypatch)
    output = tmp_path / f"scores{ending}"
    assert run("predict", mixed, "--output", output) == 0
    found = read(output).set_index("GalaxyID")
    found.index = [name.decode() if isinstance(name, bytes) else name for name in found.index]
    assert found.loc["0002", ["crop_x", "crop_y", "crop_side"]].tolist() == [30, 32, 40]
    assert found.drop("0002")["crop_side"].isna().all()
    part = cut_square(np.asarray(Image.open(mixed / "0002.png")), Square(30, 32, 40))
    expected, _ = predict(load(weights), [part], tta_views=2)
    assert np.allclose(read_fractions(output).loc["0002"], expected[0], atol=1e-6)
    assert np.allclose(found.loc["0002", "ood_score"], ood_score(load(weights), [part])[0], rtol=1e-4)
    captured = capsys.readouterr().err
    assert "cropped to the galaxy: 1 of 6 pictures" in captured
    assert "galaxy 0001 and 5 more: removed from the picture before the prediction: cross-hair" in captured
    assert read_about(output)["crop"] == "auto"


@pytest.mark.parametrize("packed", [False, True])
def test_a_small_galaxy_in_a_wide_picture_is_cropped_as_the_app_crops_it(run, weights, sample, tmp_path, packed):
    small = Image.fromarray(sample.picture("100008")).resize((120, 120), Image.Resampling.LANCZOS)
    wide = np.full((480, 480, 3), np.asarray(small)[:4, :4].reshape(-1, 3).mean(axis=0), np.uint8)
    wide[150:270, 190:310] = small
    (tmp_path / "wide").mkdir()
    Image.fromarray(wide).save(tmp_path / "wide" / "1.png")
    where = tmp_path / "wide"
    if packed:
        where = Path(shutil.make_archive(str(tmp_path / "wide"), "zip", where))
    assert run("predict", where, "--output", tmp_path / "predictions.parquet") == 0
    found = find_galaxy(wide)
    table = read_table(tmp_path / "predictions.parquet")[0].loc["1"]
    assert table[["crop_x", "crop_y", "crop_side"]].tolist() == [found.square.x, found.square.y, found.square.side]
    assert np.allclose(table[list(COLUMNS)], predict(load(weights), [found.picture], tta_views=2)[0][0], atol=1e-6)
    assert np.allclose(table["ood_score"], ood_score(load(weights), [found.picture])[0], rtol=1e-4)


@pytest.mark.parametrize("prepared", ["none", "field.json", "kaggle", "one picture"])
def test_pictures_of_a_known_field_of_view_are_predicted_whole(
    run, mixed, kaggle_folder, tmp_path, monkeypatch, prepared
):
    look_in_the_corner(monkeypatch)
    where, more = kaggle_folder if prepared == "kaggle" else mixed, []
    if prepared in ("field.json", "one picture"):
        (mixed / "field.json").write_text('{"centre": 424, "of": 424}')
    if prepared == "none":
        more = ["--crop", "none"]
    if prepared == "one picture":
        where = mixed / "0002.png"
    assert run("predict", where, "--output", tmp_path / "scores.csv", *more) == 0
    assert "crop_side" not in read(tmp_path / "scores.csv")
    assert read_about(tmp_path / "scores.csv")["crop"] == "none"


def test_resume_does_not_mix_crops_and_whole_pictures(run, mixed, tmp_path, monkeypatch, capsys):
    look_in_the_corner(monkeypatch)
    output = tmp_path / "scores.csv"
    assert run("predict", mixed, "--output", output) == 0
    assert run("predict", mixed, "--output", output, "--resume", "--crop", "none") == 2
    assert "is finished, with --crop auto; leave out --resume" in capsys.readouterr().err
    assert run("predict", mixed, "--output", output, "--resume", "--names", "gz2") == 2
    assert "is finished, with --names class; leave out --resume" in capsys.readouterr().err


@pytest.mark.parametrize("ending", FORMATS)
def test_names_of_galaxy_zoo_2_have_no_dots_and_come_with_shares(run, galaxies, tmp_path, ending):
    output, plain = tmp_path / f"scores{ending}", tmp_path / "plain.parquet"
    assert run("predict", galaxies, "--output", output, "--names", "gz2", "--interval") == 0
    assert run("predict", galaxies, "--output", plain, "--spread") == 0
    table = read(output)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in table.columns)
    assert table.columns[[1, 4, 38]].tolist() == ["t01_smooth", "t02_yes", "t01_smooth_share"]
    expected = read_fractions(plain)
    assert np.array_equal(table["t04_spiral"].astype(np.float32), expected["Class4.1"])
    shares = shares_from_fractions(expected.to_numpy())
    assert np.allclose(table["t04_spiral_share"], shares[:, COLUMNS.index("Class4.1")], atol=1e-6)
    pd.testing.assert_frame_equal(read_table(output)[0], read_table(plain)[0])


@pytest.mark.parametrize("ending", FORMATS)
def test_a_table_says_which_weights_and_votes_it_comes_from(run, weights, galaxies, tmp_path, ending):
    output = tmp_path / f"scores{ending}"
    assert run("predict", galaxies, "--output", output) == 0
    about = read_about(output)
    with open(weights, "rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    assert about["weights_sha256"] == sha256
    assert about["network"] == f"tiny-{sha256[:8]}"
    assert about["prediction_key"] == load(weights).key(2)
    assert (about["version"], about["views"]) == (__version__, "2")
    assert "2013MNRAS.435.2835W" in about["references"]
    assert about["votes"].startswith("scores of the catalogue")


def test_a_bundled_network_keeps_its_name_and_the_kind_of_its_votes(galaxies, tmp_path):
    picture = str(galaxies / "0001.png")
    assert (
        main(["predict", picture, "--output", str(tmp_path / "scores.fits"), "--weights", "fcn", "--views", "1"]) == 0
    )
    header = fits.getheader(tmp_path / "scores.fits", 1)
    assert (header["NETWORK"], header["GXVOTES"], header["GXVIEWS"]) == ("fcn", "debiased", 1)


def test_a_table_of_an_earlier_version_is_still_read_and_finished(run, galaxies, tmp_path, capsys):
    output = tmp_path / "scores.parquet"
    assert run("predict", galaxies, "--output", output, "--crop", "none") == 0
    table = pq.read_table(output)
    old = table.select(["GalaxyID", *COLUMNS]).replace_schema_metadata(
        {b"galaxy_explorer.prediction_key": table.schema.metadata[b"galaxy_explorer.prediction_key"]}
    )
    pq.write_table(old, output)
    assert read_table(output)[0].columns.tolist() == list(COLUMNS)
    assert run("predict", galaxies, "--output", output, "--crop", "none", "--resume") == 0
    assert "is finished already" in capsys.readouterr().out


@pytest.mark.parametrize("ending", FORMATS)
def test_half_widths_of_an_earlier_version_become_ends(galaxies, tmp_path, ending, random_fractions):
    fractions = random_fractions(3).astype(np.float32)
    old = [f"{name}_spread" for name in COLUMNS]
    index = pd.Index(["1", "2", "3"], name="GalaxyID")
    table = pd.DataFrame(np.hstack([fractions, np.full_like(fractions, 0.1)]), index, [*COLUMNS, *old])
    names = {name: name.replace(".", "_") if ending == ".fits" else name for name in table.columns}
    content = table.rename(columns=names).reset_index()
    path = tmp_path / f"old{ending}"
    if ending == ".parquet":
        content.to_parquet(path)
    elif ending == ".csv":
        content.to_csv(path, index=False)
    else:
        Table.from_pandas(content).write(path, format=ending[1:] if ending == ".fits" else "ascii.ecsv")
    found = read_table(path)[0]
    assert found.columns.tolist() == [*COLUMNS, *INTERVAL_COLUMNS]
    np.testing.assert_allclose(found["Class1.1_lower"], (fractions[:, 0] - 0.1).clip(0), atol=1e-6)
    np.testing.assert_allclose(found["Class1.1_upper"], (fractions[:, 0] + 0.1).clip(0, 1), atol=1e-6)


def test_intervals_of_a_network_without_interval_model_are_refused(galaxies, tmp_path, capsys):
    run = command_with(write_tiny_weights(tmp_path, interval_models={}))
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv", "--interval") == 2
    assert "has no interval model, so it has no 68 % intervals; leave --interval out" in capsys.readouterr().err
    assert not (tmp_path / "scores.csv").exists()


TABLE = b"GalaxyID,Class1.1\n1,0.5\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("catalogue.csv", TABLE),
        ("list", b"1\n2\n"),
        ("shard.tar", bytes(2048)),
        ("page.html", b"<html>"),
        ("a.json", b"{}"),
    ],
)
def test_a_file_that_is_not_a_picture_is_refused_before_anything_is_written(
    run, galaxies, tmp_path, capsys, name, content
):
    (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    assert run("predict", galaxies, tmp_path / name, "--output", tmp_path / "predictions.csv") == 2
    assert f"{name} is not a picture (" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_picture_whose_name_is_not_text_is_refused(run, galaxies, tmp_path, capsys):
    (galaxies / "0001.png").rename(tmp_path / "\udcff.png")
    assert run("predict", tmp_path / "\udcff.png", "--output", tmp_path / "predictions.csv") == 2
    assert "\\udcff.png is not UTF-8, so it is not an id; rename it" in capsys.readouterr().err


def test_a_damaged_zip_is_refused_in_words(run, tmp_path, capsys):
    (tmp_path / "galaxies.zip").write_bytes(b"PK and no more")
    assert run("predict", tmp_path / "galaxies.zip", "--output", tmp_path / "predictions.csv") == 2
    assert "galaxies.zip cannot be read" in capsys.readouterr().err


def test_a_picture_without_an_ending_is_taken(run, galaxies, tmp_path):
    (galaxies / "0001.png").rename(tmp_path / "1004")
    assert run("predict", tmp_path / "1004", "--output", tmp_path / "predictions.csv") == 0
    assert read_fractions(tmp_path / "predictions.csv").index.tolist() == ["1004"]


@pytest.mark.parametrize("address", ["s3://bucket/x", "https://example.org/a.jpg", "file:///a.png"])
def test_an_address_is_refused_with_all_its_slashes(run, tmp_path, capsys, address):
    assert run("predict", address, "--output", tmp_path / "scores.csv") == 2
    assert f"{address} is an address; download it" in capsys.readouterr().err


def test_a_table_that_exists_is_replaced_with_a_word_and_not_by_failures_alone(run, galaxies, tmp_path, capsys):
    output = tmp_path / "scores.csv"
    assert run("predict", galaxies, "--output", output) == 0
    assert "replaced" not in capsys.readouterr().err
    assert run("predict", galaxies, "--output", output) == 0
    assert "scores.csv exists; it is replaced" in capsys.readouterr().err
    before = output.read_bytes()
    for picture in galaxies.iterdir():
        picture.write_bytes(b"")
    assert run("predict", galaxies, "--output", output) == 2
    assert output.read_bytes() == before
    assert len(read_failures(tmp_path / "scores.csv.failed.csv")) == 6


def test_files_that_a_killed_run_left_are_removed_by_the_next(run, galaxies, tmp_path):
    left = [f".scores.fits{middle}.8272.140570993830784" for middle in ("", ".json", ".failed.csv")]
    others = [".scores.fits.parquet.8272.1405", ".scores.fits.part", ".other.fits.8272.1405"]
    for name in (*left, *others):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".scores.fits.partial.8272").mkdir()
    (tmp_path / ".scores.fits.partial.8272" / "chunk.parquet").write_bytes(b"half")
    assert run("predict", galaxies, "--output", tmp_path / "scores.fits") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "galaxies", "scores.fits"])


def test_control_characters_of_a_file_name_are_escaped_on_the_screen(run, galaxies, tmp_path, capsys):
    (galaxies / "a\x1b]0;owned\x07\x9b1m\u202e.png").write_bytes(b"")
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 1
    captured = capsys.readouterr().err
    assert "galaxy a\\x1b]0;owned\\x07\\x9b1m\\u202e failed" in captured
    assert printable("Größe 46\u00a0% · 银河") == "Größe 46\u00a0% · 银河"


def test_ids_that_a_spreadsheet_would_run_stay_as_they_are(run, galaxies, tmp_path):
    names = ['=HYPERLINK("http:,x")', "@SUM(1+1)", "a\rb"]
    for number, name in enumerate(names, start=1):
        (galaxies / f"000{number}.png").rename(galaxies / f"{name}.png")
    assert run("predict", galaxies, "--output", tmp_path / "scores.csv") == 0
    assert set(names) < set(read_fractions(tmp_path / "scores.csv").index)
