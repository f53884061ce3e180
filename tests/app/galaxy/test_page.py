"""The galaxy page in `AppTest`: its URL, its title, and the way from galaxy to galaxy."""

import json
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import pytest
from app_page import go_to, press, texts
from galaxy_page import component_data, opened
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.galaxy.heading import j_name
from galaxy_explorer.app.panel.selected_answer import NOT_TELLING
from galaxy_explorer.app.services import networks
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import most_likely_path


def url_params(app: AppTest) -> dict[str, str]:
    """The parameters of the URL."""
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def permalink(app: AppTest) -> str:
    """The parameters of the permalink."""
    (link,) = [data["text"] for data in map(json.loads, copied(app)) if "?" in data["text"]]
    return link.partition("?")[2]


def copied(app: AppTest) -> list[str]:
    """The JSON of the buttons that copy a text."""
    return component_data(app, "copy_text")


def test_a_url_restores_network_and_answer(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="densenet", answer="Class4.1")
    assert app.segmented_control(key="network").value == "densenet"
    assert app.selectbox(key="answer").value == "Class4.1"


def test_the_url_follows_the_choices(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    app.selectbox(key="answer").set_value("Class5.2")
    app.segmented_control(key="network").set_value("densenet")
    app.run()
    assert url_params(app) == {"source": "sample", "galaxy": "100023", "network": "densenet", "answer": "Class5.2"}
    assert parse_qs(permalink(app)) == {name: [value] for name, value in url_params(app).items()}


def test_the_network_stays_for_other_galaxies_and_after_other_pages(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    other = networks.networks()[1]
    app.segmented_control(key="network").set_value(other).run()
    go_to(app, "about")
    opened(app, source="sample", galaxy="100023")
    assert app.segmented_control(key="network").value == other
    press(app, "Next")
    assert app.segmented_control(key="network").value == other


def test_next_is_relative_to_the_last_requested_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008")
    app.session_state["GalaxyState"].galaxy_id = "100023"  # requested by a press, and not drawn yet
    press(app, "Next")
    assert app.title[0].value == "Galaxy 100053"


def test_blanks_around_an_id_in_the_url_are_ignored(app: AppTest) -> None:
    opened(app, source="sample", galaxy=" 100023 ")
    assert app.title[0].value == "Galaxy 100023"


def test_a_long_unknown_id_is_shortened(app: AppTest) -> None:
    opened(app, source="sample", galaxy="9" * 3000)
    assert len(app.error[0].value) < 200


def test_a_url_with_nonsense_in_it_still_shows_the_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="../secret", answer="Class99.1")
    assert app.title[0].value == "Galaxy 100023"
    link = dict(parse_qsl(permalink(app)))
    assert link["network"] in ("fcn", "densenet")
    assert link["answer"] == app.selectbox(key="answer").value


def test_next_and_previous_keep_the_answer_that_was_asked_for(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class8.7")
    press(app, "Next")
    assert app.title[0].value == "Galaxy 100023"
    assert url_params(app)["answer"] == app.selectbox(key="answer").value == "Class8.7"
    app.selectbox(key="answer").set_value("Class3.1")
    press(app, "Previous")
    assert app.title[0].value == "Galaxy 100008"
    assert url_params(app)["answer"] == app.selectbox(key="answer").value == "Class3.1"


def test_each_galaxy_begins_with_an_answer_of_its_likeliest_path_that_names_something(
    app: AppTest, sample: Catalogue
) -> None:
    opened(app, source="sample", galaxy=sample.ids[0], network="fcn")
    for _ in sample.ids[1:6]:
        press(app, "Next")
        assert app.selectbox(key="answer").value in set(likeliest(app)) - set(NOT_TELLING)
        assert "answer" not in url_params(app)


def likeliest(app: AppTest) -> list[str]:
    """The columns of the likeliest path."""
    fractions = app.dataframe[0].value["network_fraction"].to_numpy()
    return [column for column, _ in most_likely_path(fractions)]


def test_another_page_ends_the_choice_of_an_answer_except_for_its_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    chosen = app.selectbox(key="answer").value
    app.selectbox(key="answer").set_value("Class8.2").run()
    go_to(app, "about")
    go_to(app, "galaxy")
    assert app.selectbox(key="answer").value == "Class8.2"
    go_to(app, "browse")
    go_to(app, "galaxy", source="sample", galaxy="100053")
    assert app.selectbox(key="answer").value in likeliest(app)
    assert chosen != "Class8.2"


def test_a_galaxy_that_is_opened_again_keeps_its_url(app: AppTest) -> None:
    for _ in range(2):  # another URL would be another step of the Back button
        opened(app, source="sample", galaxy="100023")
        assert url_params(app) == {"source": "sample", "galaxy": "100023"}
        go_to(app, "browse")


def test_a_position_is_the_title_and_the_id_can_be_copied(app: AppTest) -> None:
    galaxy = "587737825678131439"
    opened(app, source="sample", galaxy=galaxy)
    assert app.title[0].value == r"SDSS J082617\.4\+541216"
    assert any(json.loads(data) | {"text": galaxy, "label": galaxy} == json.loads(data) for data in copied(app))
    assert "[SIMBAD](" in texts(app)
    press(app, "Next")
    assert app.title[0].value == "Galaxy 784597"


@pytest.mark.parametrize(
    ("ra", "dec", "name"),
    [
        (202.469583, 47.195278, "J132952.6+471143"),
        (0.0, -0.0042, "J000000.0-000015"),
        (359.99999, 89.99999, "J235959.9+895959"),
        (126.57260131835938, 54.204586029052734, "J082617.4+541216"),
    ],
)
def test_a_name_by_position_is_cut_off_and_not_rounded(ra: float, dec: float, name: str) -> None:
    assert j_name(ra, dec) == name


def test_a_misspelt_network_and_answer_are_reported_once(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fnc", answer="Class4.7")
    (warning,) = app.warning
    assert "`network=fnc`" in warning.value
    assert "`answer=Class4.7`" in warning.value
    app.run()
    assert not app.warning


def test_what_was_misspelt_is_not_in_the_url_of_the_next_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fnc", votes="debased", foo="1")
    press(app, "Next")
    assert url_params(app) == {"source": "sample", "galaxy": "100053"}
    assert not app.warning


def test_an_unreadable_picture_has_an_error_and_links(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    (picture_folder / "0012.png").write_bytes(b"no picture at all")
    opened(app, source=picture_folder.name, galaxy="0012")
    assert "cannot be read" in app.error[0].value
    assert {"Browse galaxies", "Gallery"} <= {link.label for link in app.page_link}
    assert not next(button for button in app.button if button.label == "Next").disabled


@pytest.mark.parametrize("wrong", [{"source": "nowhere"}, {"galaxy": "1"}])
def test_dead_ends_have_a_title_and_links(app: AppTest, wrong: dict[str, str]) -> None:
    opened(app, **{"source": "sample", "galaxy": "100008", **wrong})
    assert app.title[0].value.startswith("No such")
    assert [link.label for link in app.page_link] == ["Browse galaxies", "Upload a picture"]
