"""The upload page: files, score tables, crops, warnings, and isolation between visitors."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from app_page import ROOT, SECONDS, files_of, give, opened, plain, press, run, said, texts
from PIL import Image
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import state
from galaxy_explorer.app.services import networks, result_cache
from galaxy_explorer.app.state import UploadState
from galaxy_explorer.app.upload import results, session
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import Exposure, Square, to_png


@pytest.fixture
def off_centre(sample: Catalogue) -> bytes:
    """A galaxy that is small and down on the left, in a picture that is not square."""
    sky = np.random.default_rng(0).normal(10, 3, (420, 640, 3)).clip(0, 255).astype(np.uint8)
    small = Image.open(io.BytesIO(sample.picture_bytes("100023"))).resize((170, 170))
    sky[180:350, 120:290] = np.asarray(small)
    return to_png(sky)


def predicted(app: AppTest) -> np.ndarray:
    """The fractions of the panel's table, which is the last."""
    return app.dataframe[-1].value["network_fraction"].to_numpy()


def test_a_picture_taken_off_the_list_is_gone(app: AppTest, sample: Catalogue) -> None:
    three = files_of(sample, "100008", "100023", "100053")
    give(opened(app, "upload"), *three, ("bad.png", b"no picture"))
    assert app.dataframe[0].value["galaxy"].tolist() == ["100008", "100023", "100053"]
    give(app, *three[1:])
    assert app.dataframe[0].value["galaxy"].tolist() == ["100023", "100053"]
    assert "cannot be used" not in said(app)
    give(app)
    assert "No picture at hand" in texts(app)


def test_a_score_table_taken_off_the_list_is_gone(app: AppTest, sample: Catalogue) -> None:
    picture = ("mine.jpg", sample.picture_bytes("242195"))
    give(opened(app, "upload"), picture, ("scores.csv", b"GalaxyID,Class1.1,Class1.2,Class1.3\nmine,0.2,0.7,0.1\n"))
    assert "Volunteers' votes: scores.csv" in said(app)
    give(app, picture)
    assert "No votes on this picture are known" in texts(app)


def test_a_corrected_score_table_takes_the_error_of_its_name_away(app: AppTest) -> None:
    bad, good = b"GalaxyID\n", b"GalaxyID,Class1.1,Class1.2,Class1.3\nmine,0.2,0.7,0.1\n"
    give(opened(app, "upload"), ("scores.csv", bad))
    assert "cannot be used" in said(app)
    give(app, ("scores.csv", good), uploader=1)
    assert "cannot be used" not in said(app)
    give(app)
    assert "scores.csv: 1 row," in said(app)
    give(app, ("scores.csv", bad))
    assert "cannot be used" in said(app)
    give(app)
    assert "cannot be used" not in said(app)
    assert "scores.csv: 1 row," in said(app)


def test_of_two_score_tables_the_last_one_counts(app: AppTest) -> None:
    head = b"GalaxyID,Class1.1,Class1.2,Class1.3\n"
    one, two = ("one.csv", head + b"a,0.2,0.7,0.1\n"), ("two.csv", head + b"a,0.2,0.7,0.1\nb,0.2,0.7,0.1\n")
    give(opened(app, "upload"), one)
    give(app, two, uploader=1)
    assert "scores.csv: 2 rows," in said(app)
    give(app, uploader=1)
    assert "scores.csv: 1 row," in said(app)  # the first one is still on the list
    give(app)
    assert "scores.csv:" not in said(app)


def test_an_upload_is_decoded_once(app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, read = [], session.read_exposure
    monkeypatch.setattr(session, "read_exposure", lambda *arguments: decoded.append(1) or read(*arguments))
    give(opened(app, "upload"), *files_of(sample, "100008", "100023"))
    app.selectbox(key="shown_upload").set_value("100023").run()
    opened(opened(app, "sky"), "upload")
    assert len(decoded) == 2


def test_decoded_pictures_are_bounded_and_the_one_that_is_shown_stays() -> None:
    exposures = UploadState().exposures
    for i in range(4):
        exposures.put(i, Exposure(np.zeros((4000, 4000, 3), np.uint8)))
    assert [i in exposures for i in range(4)] == [False, False, True, True]
    exposures.put("huge", Exposure(np.zeros((7000, 7000, 3), np.uint8)))
    assert len(exposures) == 1


def test_a_corrected_picture_takes_the_place_of_a_damaged_one(app: AppTest, sample: Catalogue) -> None:
    bad, good = b"no picture", sample.picture_bytes("100008")
    give(opened(app, "upload"), ("mine.png", bad), ("mine.jpg", b"no picture either"))
    assert "2 of 2 files cannot be used" in said(app)
    give(app, ("mine.png", bad))
    give(app, ("mine.png", good), uploader=1)
    assert app.subheader[0].value == "mine"
    assert "cannot be used" not in said(app)
    give(app)
    assert app.subheader[0].value == "mine"
    give(app, ("mine.png", bad))
    give(app, uploader=1)
    assert not app.subheader


def test_a_corrected_picture_goes_with_its_own_file(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), ("mine.png", b"no picture"))
    give(app, ("mine.png", sample.picture_bytes("100008")), uploader=1)
    give(app, uploader=1)
    assert not app.subheader


def test_a_score_table_says_how_many_of_the_pictures_it_knows(app: AppTest, sample: Catalogue) -> None:
    table = ("scores.csv", b"GalaxyID,Class1.1,Class1.2,Class1.3\nmine,0.2,0.7,0.1\nother,0.2,0.7,0.1\n")
    give(opened(app, "upload"), table)
    assert "scores.csv: 2 rows," in said(app)
    give(app, table, ("mine.jpg", sample.picture_bytes("242195")))
    assert "scores.csv: 2 rows, 1 of 1 pictures matched." in said(app)
    give(app, table, *files_of(sample, "242195"))
    assert "no picture matched" in app.warning[0].value
    assert "the first id is “mine”" in app.warning[0].value


def test_long_file_names_can_be_read_in_the_table(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), *files_of(sample, "100008", "100023"))
    columns = json.loads(app.dataframe[0].proto.columns)
    assert columns["galaxy"]["width"] == "medium"  # otherwise the first, short names decide
    assert columns["galaxy"]["pinned"]
    assert columns["picture"]["pinned"]  # or it would come after


def test_a_picture_from_before_a_change_of_page_can_be_removed(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), *files_of(sample, "100008"))
    assert "Remove picture" not in [button.label for button in app.button]  # its × does that
    opened(app, "sky")
    opened(app, "upload")
    press(app, "Remove picture")
    assert "No picture at hand" in texts(app)


def test_all_can_be_removed_at_once(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), *files_of(sample, "100008", "100023"))
    press(app, "Remove all pictures")
    assert "No picture at hand" in texts(app)
    assert not app.dataframe
    mine = app.session_state["UploadState"]
    assert not any([mine.pictures, mine.files, mine.listed, mine.refused, len(mine.results), len(mine.exposures)])


def test_a_folder_is_taken_with_what_lies_deeper_and_without_what_is_hidden(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    assert "close or reload the page" in texts(app)
    assert [uploader.accept_directory for uploader in app.file_uploader] == [False, True, False]
    one, other = (sample.picture_bytes(galaxy) for galaxy in ("100008", "100023"))
    give(app, ("night/b.jpg", one), ("night/deep/a.jpg", other), ("night/._b.jpg", b"what a Mac leaves"), uploader=1)
    assert app.dataframe[0].value["galaxy"].tolist() == ["b", "a"]
    assert not app.warning


def test_bad_files_are_named_in_words_and_the_many_folded(app: AppTest) -> None:
    give(opened(app, "upload"), *((f"{n}_*{n}*.png", b"%PDF-1.7") for n in range(7)))
    assert "7 of 7 files cannot be used" in said(app)
    assert r"**0\_\*0\*\.png**: a PDF document is not a picture in JPEG" in said(app)
    assert "b'" not in said(app)
    assert app.expander[0].label.startswith("2 more files")


def test_columns_of_volunteers_are_there_only_where_votes_are_known(app: AppTest, sample: Catalogue) -> None:
    known, unknown = (sample.picture_bytes(galaxy) for galaxy in ("100008", "100023"))
    give(opened(app, "upload"), ("a.jpg", known), ("b.jpg", unknown))
    assert not {"volunteers", "RMSE vs volunteers"} & set(app.dataframe[0].value)
    give(app, ("a.jpg", known), ("100023.jpg", unknown))
    table = app.dataframe[0].value
    assert [bool(text) for text in table["volunteers"]] == [False, True]
    assert table["RMSE vs volunteers"][0] == ""
    assert 0 < float(table["RMSE vs volunteers"][1]) < 0.5
    assert not table.isna().any(axis=None)


def test_what_was_stopped_can_be_resumed(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), *files_of(sample, "100008", "100023", "100053"))
    app.session_state["UploadState"].stopped = True  # a click between two batches, which a test cannot time
    app.segmented_control(key="network").set_value(networks.networks()[1]).run()
    assert "Stopped: **1 of 3** pictures" in texts(app)  # the one that is shown
    assert app.dataframe[0].value["galaxy"].tolist() == ["100008"]
    press(app, "Resume prediction")
    assert app.dataframe[0].value["galaxy"].tolist() == ["100008", "100023", "100053"]
    assert "Stopped" not in texts(app)


def drag(app: AppTest, square: Square) -> None:
    """Drag the crop of the only picture, as the tool's callback does."""
    (upload,) = (mine := app.session_state["UploadState"]).pictures.values()
    mine.pictures[upload.galaxy_id] = replace(upload, crop=square)
    run(app)


def test_the_galaxy_is_found_unasked_and_one_press_brings_the_whole_picture(app: AppTest, off_centre: bytes) -> None:
    give(opened(app, "upload"), ("mine.png", off_centre))
    assert "pixels around the galaxy" in texts(app)
    (upload,) = app.session_state["UploadState"].pictures.values()
    finding = app.session_state["UploadState"].findings.get(upload.picture_key, lambda: None)
    assert (finding.square.x, finding.square.y) == (pytest.approx(205, abs=8), pytest.approx(265, abs=8))
    found = predicted(app)
    press(app, "Use the whole picture")
    assert "The whole picture is used" in texts(app)
    assert abs(predicted(app) - found).max() > 0.1
    press(app, "Use the suggested crop")
    assert predicted(app) == pytest.approx(found, abs=1e-6)
    drag(app, Square(200, 200, 400))
    assert "Your crop: a square of 400 pixels" in texts(app)
    assert abs(predicted(app) - found).max() > 0.01


def test_the_chosen_answer_stays_while_a_picture_is_cropped(app: AppTest, off_centre: bytes) -> None:
    give(opened(app, "upload"), ("mine.png", off_centre))
    app.selectbox(key="answer").set_value("Class8.7").run()
    press(app, "Use the whole picture")
    assert app.selectbox(key="answer").value == "Class8.7"
    drag(app, Square(200, 200, 400))
    assert app.selectbox(key="answer").value == "Class8.7"


def test_downloads_hold_the_crop_and_the_out_of_distribution_score(
    app: AppTest, off_centre: bytes, sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(opened(app, "upload"), ("mine.png", off_centre), *files_of(sample, "100023"))
    mine, network = app.session_state["UploadState"], networks.networks()[0]
    monkeypatch.setattr(state, "upload", lambda: mine)
    uploads = list(mine.pictures.values())
    content = results.table_bytes(uploads, results.predicted_table(uploads, network), ".csv", network)
    table = pd.read_csv(io.BytesIO(content), dtype={"GalaxyID": str}).set_index("GalaxyID")
    scores = [results.ood_score(upload, network) for upload in uploads]
    assert table.index.tolist() == ["mine", "100023"]
    assert table["ood_score"].tolist() == pytest.approx(scores, rel=1e-5)
    assert table["out_of_distribution"].tolist() == [score > 1 for score in scores]
    assert table.loc["mine", "crop_side"] > 100
    assert table.loc["100023", ["crop_x", "crop_y", "crop_side"]].isna().all()


def zipped(*files: tuple[str, bytes]) -> bytes:
    """A zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_zip_file_is_read_as_its_pictures_and_its_scores(app: AppTest, sample: Catalogue) -> None:
    one, other = (sample.picture_bytes(galaxy) for galaxy in ("100008", "100023"))
    scores = b"GalaxyID,Class1.1,Class1.2,Class1.3\na,0.2,0.7,0.1\n"
    files = [("gal\\a.jpg", one), ("gal/deep/b.JPG", other), ("__MACOSX/gal/._a.jpg", b"x"), ("gal/Scores.CSV", scores)]
    give(opened(app, "upload"), ("night.zip", zipped(*files, ("bad.png", b"no picture"), ("notes.txt", b"text"))))
    assert app.dataframe[0].value["galaxy"].tolist() == ["a", "b"]
    assert "scores.csv: 1 row, 1 of 2 pictures matched" in said(app)
    assert "1 of 3 files cannot be used" in said(app)
    give(app)
    assert "No picture at hand" in texts(app)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 cut short", r"is damaged, or not a zip file"),
        (zipped(("notes.txt", b"text")), "holds no pictures"),
        (b"PK\x01\x02" * 20_001, "holds more than 20,000 files"),
    ],
    ids=["damaged", "without pictures", "too many"],
)
def test_a_zip_file_that_cannot_be_used_is_named_with_its_reason(app: AppTest, content: bytes, reason: str) -> None:
    give(opened(app, "upload"), ("night.zip", content))
    assert reason in plain(said(app))


def test_a_zip_file_has_the_bounds_of_other_files(
    app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_PICTURES", 1)
    night = ("night.zip", zipped(*files_of(sample, "100008", "100023")))
    give(opened(app, "upload"), night)
    assert app.subheader[0].value == "100008"
    assert "the session holds 1 pictures" in said(app)
    monkeypatch.setattr(session, "MAX_TABLE_BYTES", 0)
    monkeypatch.setattr(session, "MAX_BYTES", 10_000_000)
    give(app, night, ("bombs.zip", zipped(*((f"{number}.png", bytes(6_000_000)) for number in range(2)))))
    assert "bombs.zip unpacks to 12 MB; at most 10 MB are read" in plain(said(app))


@pytest.mark.parametrize("name", [" .jpg", "\u3000.jpg", " .fits.gz"])
def test_a_picture_without_a_name_is_left_out(app: AppTest, sample: Catalogue, name: str) -> None:
    give(opened(app, "upload"), (name, sample.picture_bytes("100008")), *files_of(sample, "100023"))
    assert "the id, its name before the ending, is empty: rename it" in plain(said(app))
    assert app.subheader[0].value == "100023"


def test_an_example_is_one_press(app: AppTest) -> None:
    opened(app, "upload")
    press(app, "Spiral *a disk with arms*")
    assert app.subheader[0].value == "587737825678131439"
    assert "No picture at hand" not in texts(app)
    press(app, "Remove all pictures")
    assert "No picture at hand" in texts(app)


def test_a_score_just_above_the_threshold_is_not_shown_as_the_threshold() -> None:
    assert results.score_in_words(1.02) == "just above the limit"
    assert results.score_in_words(1.06) == "1.1 × the limit"
    assert results.score_in_words(2.4) == "2.4 × the limit"


def test_a_well_framed_galaxy_gets_no_hint(app: AppTest, sample: Catalogue) -> None:
    give(opened(app, "upload"), *files_of(sample, "100023"))
    assert not app.info
    assert not app.warning


def test_a_picture_of_something_else_is_out_of_distribution(app: AppTest, sample: Catalogue) -> None:
    lines = np.full((300, 300, 3), 255, np.uint8)
    lines[::12, 20:280] = 0
    give(opened(app, "upload"), ("page.png", to_png(lines)), *files_of(sample, "100023"))
    assert app.selectbox(key="shown_upload").value == "100023"  # the first one in distribution
    assert "never seen a picture like this" not in said(app)
    app.selectbox(key="shown_upload").set_value("page").run()
    assert "The network has never seen a picture like this" in said(app)
    assert "than 99 % of galaxies do" in said(app)
    scores = app.dataframe[0].value["out of distribution"].tolist()
    assert "limit" in scores[0]
    assert scores[1] == ""


def test_another_visitor_gets_nothing_of_an_upload(app: AppTest, sample: Catalogue) -> None:
    shared = result_cache.shared_results()
    before = len(shared)
    give(opened(app, "upload"), *files_of(sample, "784597", "242195"))
    other = opened(AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS), "upload")
    assert "No picture at hand" in texts(other)
    assert not other.dataframe
    assert len(shared) == before
    give(other, ("784597.jpg", sample.picture_bytes("100008")))  # of one name, and another picture
    assert abs(predicted(other) - predicted(app)).max() > 0.01
    app.run()
    assert app.dataframe[0].value["galaxy"].tolist() == ["784597", "242195"]


def test_an_upload_with_the_id_of_a_galaxy_here_has_its_heart(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    for name, hearts in (("100008.jpg", 1), ("mine.jpg", 0)):
        app.file_uploader[0].set_value([(name, sample.picture_bytes("100008"), "image/jpeg")])
        run(app)
        shown = [
            html.proto.body
            for html in app.get("html")
            if 'data-source="sample" data-galaxy="100008"' in html.proto.body
        ]
        assert len([body for body in shown if "class=name" in body]) == hearts
