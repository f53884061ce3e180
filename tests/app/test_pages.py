"""Every page in `AppTest`."""

from pathlib import Path

import pytest
from app_page import go_to, opened, sentences, texts, url_values
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, in_words
from galaxy_explorer.models import checkpoints


def test_the_galaxy_page_shows_the_answers_of_network_and_volunteers(app: AppTest, sample: Catalogue) -> None:
    opened(app, "galaxy", source="sample", galaxy="100008")
    assert app.title[0].value == "Galaxy 100008"
    voted = sample.table.loc["100008", list(COLUMNS)].to_numpy(dtype=float)
    assert in_words(voted) in sentences(app)
    assert len(app.dataframe[0].value) == len(COLUMNS)


def test_another_network_gives_other_numbers(app: AppTest) -> None:
    opened(app, "galaxy", source="sample", galaxy="100008")
    before = app.dataframe[0].value["network_fraction"].to_numpy()
    network = app.segmented_control(key="network")
    other = next(name for name in ("fcn", "densenet") if name != network.value)
    network.set_value(other)
    app.run()
    assert not app.exception
    assert abs(app.dataframe[0].value["network_fraction"].to_numpy() - before).max() > 1e-3


def test_choosing_an_answer_explains_it(app: AppTest) -> None:
    opened(app, "galaxy", source="sample", galaxy="100023")
    app.selectbox(key="answer").set_value("Class3.1")
    app.run()
    assert not app.exception
    assert "A straight band of stars crosses the centre." in texts(app)


@pytest.mark.parametrize("page", ["galaxy", "compare", "about"])
def test_a_damaged_checkpoint_affects_only_its_network(
    app: AppTest, page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.pt"
    damaged.write_text("version https://git-lfs.github.com/spec/v1")
    whole = checkpoints.available()
    monkeypatch.setattr(checkpoints, "available", lambda: whole | {"damaged": damaged})
    networks._cards.clear()
    try:
        opened(app, page)
        assert sorted(networks.networks()) == ["densenet", "fcn"]
        warnings = [warning.value for warning in app.warning if "damaged" in warning.value]
        assert len(warnings) == (page != "about")
    finally:
        networks._cards.clear()


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"source": "sample", "galaxy": "1"}, "no galaxy “1”"),
        ({"source": "nowhere", "galaxy": "100008"}, "no source “nowhere”"),
        ({"source": "/etc", "galaxy": "passwd"}, "no source “/etc”"),
    ],
)
def test_a_url_that_leads_nowhere_is_an_error(app: AppTest, params: dict[str, str], words: str) -> None:
    opened(app, "galaxy", **params)
    assert words in app.error[0].value


def test_an_uploaded_picture_gets_its_numbers_and_the_volunteers(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    app.file_uploader[0].set_value([("100008.jpg", sample.picture_bytes("100008"), "image/jpeg")])
    app.run()
    assert not app.exception
    assert len(app.dataframe[0].value) == len(COLUMNS)
    voted = sample.table.loc["100008", list(COLUMNS)].to_numpy(dtype=float)
    assert in_words(voted) in sentences(app)  # its name is an id of the open catalogue


def test_an_uploaded_score_table_brings_the_volunteers(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    scores = f"GalaxyID,{','.join(COLUMNS)}\nmine," + ",".join(
        str(value) for value in sample.table.loc["100053", list(COLUMNS)]
    )
    app.file_uploader[0].set_value(
        [("mine.jpg", sample.picture_bytes("242195"), "image/jpeg"), ("scores.csv", scores.encode(), "text/csv")]
    )
    app.run()
    assert not app.exception
    assert in_words(sample.table.loc["100053", list(COLUMNS)].to_numpy(dtype=float)) in sentences(app)


def test_a_bad_upload_has_a_reason_and_affects_no_other(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    files = [(f"{galaxy}.jpg", sample.picture_bytes(galaxy), "image/jpeg") for galaxy in ("100008", "100023")]
    app.file_uploader[0].set_value([*files, ("holiday.png", b"no picture", "image/png")])
    app.run()
    assert not app.exception
    assert "holiday" in app.warning[0].value
    assert app.dataframe[0].value["galaxy"].tolist() == ["100008", "100023"]


def test_two_pictures_of_one_name_are_both_kept(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    files = [("image.jpg", sample.picture_bytes(galaxy), "image/jpeg") for galaxy in ("100008", "100023")]
    app.file_uploader[0].set_value(files)
    app.run()
    assert not app.exception
    assert app.dataframe[0].value["galaxy"].tolist() == ["image", "image (2)"]


def test_a_bad_score_table_has_a_reason_and_affects_no_picture(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    app.file_uploader[0].set_value(
        [("scores.csv", b"no,table\n1,2\n", "text/csv"), ("a.jpg", sample.picture_bytes("100008"), "image/jpeg")]
    )
    app.run()
    assert not app.exception
    assert r"**scores\.csv**" in app.warning[0].value
    assert app.subheader[0].value == "a"


def test_uploads_outlive_a_change_of_page(app: AppTest, sample: Catalogue) -> None:
    opened(app, "upload")
    app.file_uploader[0].set_value([("100008.jpg", sample.picture_bytes("100008"), "image/jpeg")])
    app.run()
    opened(app, "about")
    opened(app, "upload")
    assert app.subheader[0].value == "100008"


def test_galaxy_zoo_2_lets_the_visitor_choose_its_votes(
    app: AppTest, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(shared_data / "gz2"))
    opened(app)
    assert "The votes are debiased" in app.caption[-1].value
    app.segmented_control(key="choose_votes").set_value("weighted").run()
    assert not app.exception
    assert "The votes are weighted" in app.caption[-1].value
    assert url_values(app, "votes") == ["weighted"]  # so that a link gives the same view
    go_to(app, "about")
    go_to(app, "browse")
    assert app.segmented_control(key="choose_votes").value == "weighted"
    app.segmented_control(key="choose_votes").set_value("debiased").run()
    assert "The votes are debiased" in app.caption[-1].value


def test_without_any_network_the_url_is_not_blamed(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "available", dict)
    networks._cards.clear()
    try:
        opened(app, "galaxy", source="sample", galaxy="100023", network="fcn")
        assert not any("URL parameter" in warning.value for warning in app.warning)
    finally:
        networks._cards.clear()


def test_a_missing_folder_is_an_error_on_the_galaxy_page(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    first, second = open_catalogue(picture_folder).ids[:2]
    for galaxy in (first, second):
        opened(app, "galaxy", source=next(iter(sources.sources())), galaxy=galaxy)
        assert any("is missing; restore it" in error.value for error in app.error) == (galaxy == second)
        if picture_folder.exists():
            picture_folder.rename(picture_folder.with_name("away"))
