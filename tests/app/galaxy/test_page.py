"""The galaxy page and its panel in `AppTest`."""

import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import numpy as np
import pandas as pd
import pytest
from app_page import go_to, press, run, sentences, texts
from app_page import opened as opened_page
from PIL import Image
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.galaxy.heading import j_name
from galaxy_explorer.app.panel import downloads
from galaxy_explorer.app.panel.examples import find_examples
from galaxy_explorer.app.panel.selected_answer import NOT_TELLING
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.services import networks
from galaxy_explorer.catalogue import SAMPLE, SIMULATED, Catalogue
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    columns_of,
    in_words,
    label_of,
    most_likely_path,
    shares_from_fractions,
    short_description,
)
from galaxy_explorer.evaluation.metrics import largest_differences
from galaxy_explorer.flow_chart import percent


def opened(app: AppTest, **url_params: str) -> AppTest:
    """Open the page."""
    return opened_page(app, "galaxy", **url_params)


def url_params(app: AppTest) -> dict[str, str]:
    """The parameters of the URL."""
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def examples(app: AppTest) -> list[str]:
    """The ids of the example galaxies, which are the page's only links that are named by digits after a share."""
    ids = [link.label.split()[-1].strip("*").replace("\\", "") for link in app.page_link if "\u00a0%" in link.label]
    return [galaxy_id for galaxy_id in ids if galaxy_id.removeprefix("simulated-").isdigit()]


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


def test_the_biggest_disagreement_is_one_line_and_leads_to_its_answer(app: AppTest, sample: Catalogue) -> None:
    opened(app, source="sample", galaxy="100023")
    voted = sample.table.loc["100023", list(COLUMNS)].to_numpy(dtype=float)
    predicted = app.dataframe[0].value["network_fraction"].to_numpy()
    (worst,) = largest_differences(predicted, voted, 1)
    button = app.button(key="biggest_disagreement")
    volunteers, network = (percent(shares_from_fractions(values)[INDEX[worst]]) for values in (voted, predicted))
    assert button.label == f"Biggest disagreement: {label_of(worst)} (volunteers {volunteers}, network {network})"
    volunteers, network = (f"{100 * values[INDEX[worst]]:.0f}\u00a0%" for values in (voted, predicted))
    assert f"Vote fractions: volunteers {volunteers}, network {network} (68 %" in button.help
    assert re.search(r"interval: \d+\u00a0to\u00a0\d+\u00a0%", button.help)
    button.click()
    app.run()
    assert app.selectbox(key="answer").value == worst


@pytest.mark.parametrize(
    ("galaxy", "network", "headings"),
    [
        ("100023", "densenet", ["Network", "Volunteers"]),
        ("587737825678131439", "fcn", ["Network and volunteers agree"]),
        ("784597", "fcn", ["Network"]),
    ],
    ids=["differ", "agree", "no votes"],
)
def test_network_and_volunteers_have_a_sentence_each_or_one(
    app: AppTest, sample: Catalogue, galaxy: str, network: str, headings: list[str]
) -> None:
    opened(app, source="sample", galaxy=galaxy, network=network)
    html = sentences(app)
    votes = sample.table.loc[galaxy, list(COLUMNS)].to_numpy(dtype=float)
    known = [votes] if np.isfinite(votes).any() else []
    predicted = app.dataframe[0].value["network_fraction"].to_numpy()
    assert re.findall('class="who">([^<]+)<', html) == headings
    described = list(dict.fromkeys(map(short_description, [predicted, *known])))
    assert re.findall('class="what"[^>]*>([^<]+)<', html) == described
    assert all(len(sentence.split()) <= 15 for sentence in described)
    for fractions in [predicted, *known]:  # their shares come out under a pointer or the keyboard's focus
        assert in_words(fractions) in html
    assert html.count('tabindex="0" aria-describedby="shares-') == len(headings)


def test_nothing_of_saliency_is_computed_or_offered_while_the_map_is_off(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed, saliency = [], GalaxyPrediction.saliency
    monkeypatch.setattr(GalaxyPrediction, "saliency", lambda *args: computed.append(args[1]) or saliency(*args))
    opened(app, source="sample", galaxy="100023", answer="Class3.1")
    assert not app.toggle(key="map").value
    assert not computed
    assert not app.slider
    app.toggle(key="map").set_value(True)
    run(app)
    assert computed == ["Class3.1"]
    assert app.slider(key="opacity").label == "Opacity"
    assert "Bright areas speak for “bar”. Only the framed square is used." in texts(app)


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


def test_an_answer_shows_galaxies_with_a_clear_majority(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class2.2")
    expected = [galaxy for galaxy in find_examples(SAMPLE, "Class2.2", 7) if galaxy != "100008"][:6]
    assert expected
    assert examples(app) == expected


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


def test_an_answer_without_examples_shows_simulated_galaxies(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class8.2")
    assert examples(app) == list(find_examples(SIMULATED, "Class8.2", 3))
    assert sum("simulated</span>" in html.proto.body for html in app.get("html")) >= 3
    assert ANSWER_OF["Class8.2"].meaning in texts(app)
    assert "No other galaxy here has a clear majority for this answer" in texts(app)


def test_a_simulated_galaxy_is_never_taken_for_a_real_one(app: AppTest) -> None:
    opened(app, source=SIMULATED, galaxy="simulated-007", answer="Class1.1")
    assert app.title[0].value == "Simulated galaxy 007"
    words = texts(app)
    assert "This galaxy does not exist" in words
    assert "simulated volunteers" in words.lower()
    assert "volunteers of Galaxy Zoo" not in words
    links = [link for link in app.page_link if "galaxy=simulated-" in str(link.proto)]
    assert links
    assert sum("simulated</span>" in html.proto.body for html in app.get("html")) >= len(examples(app)) > 0


def test_the_answers_of_a_question_can_be_compared(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    app.toggle(key="map").set_value(True)
    run(app)
    assert not [button for button in app.button if button.key and button.key.startswith("choose_")]
    app.toggle(key="side_by_side").set_value(True)
    run(app)
    shown = [button.key for button in app.button if button.key and button.key.startswith("choose_")]
    assert shown == [f"choose_{column}" for column in columns_of(5)]
    assert "The shares are the accurate network's." in texts(app)
    app.toggle(key="common_scale").set_value(True)
    app.button(key="choose_Class5.1").click()
    app.run()
    assert app.selectbox(key="answer").value == "Class5.1"


def test_a_method_that_does_not_depend_on_the_answer_names_none(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    app.toggle(key="map").set_value(True)
    run(app)
    assert "Bright areas speak for “" in texts(app)
    app.toggle(key="side_by_side").set_value(True)
    app.selectbox(key="method").set_value("Eigen-CAM").run()
    assert not app.exception
    assert "the same for every answer" in texts(app)
    assert "speak for" not in texts(app)
    switch = app.toggle(key="map")
    assert switch.value  # although its help, which is about the method, has changed
    assert "the brightest spot of Eigen-CAM was on the right part" in switch.help
    assert not [toggle for toggle in app.toggle if toggle.key == "common_scale"]  # its maxima mean nothing


@pytest.mark.parametrize("shown", ["network", "volunteers"])
def test_the_chart_shows_one_source_or_both(app: AppTest, shown: str) -> None:
    opened(app, source="sample", galaxy="100023")
    assert app.segmented_control(key="sources_shown").value == "both"
    network = networks.label(networks.networks()[0])
    assert {network, "volunteers"} <= {trace["name"] for trace in chart(app)["data"]}
    app.segmented_control(key="sources_shown").set_value(shown)
    app.run()
    names = {trace["name"] for trace in chart(app)["data"]}
    assert names & {network, "volunteers"} == {network if shown == "network" else "volunteers"}


def chart(app: AppTest) -> dict:
    """The figure of the flow-chart, as the browser gets it."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def test_a_galaxy_without_votes_has_no_switch_and_a_message(app: AppTest, sample: Catalogue) -> None:
    unvoted = sample.table.index[sample.table[COLUMNS[0]].isna()][0]
    opened(app, source="sample", galaxy=unvoted)
    assert not [control for control in app.segmented_control if control.key == "sources_shown"]
    assert "No votes on this picture are known" in texts(app)


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


def test_the_numbers_of_the_list_are_those_of_the_table(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    html = listed(app)
    table = app.dataframe[0].value
    for fractions in (table["network_fraction"], table["volunteer_fraction"]):
        assert all(f"{value:.3f}" in html for value in fractions if np.isfinite(value) and value > 0.02)


def test_the_columns_of_the_table_have_labels_in_words(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fcn")
    assert labels(app) == [
        *("question", "answer", "volunteers", "quick", "lower", "upper", "difference"),
        *("volunteers' share", "network's share", "column"),
    ]
    alone = app.dataframe[0].value
    app.toggle(key="ask_others").set_value(True)
    app.run()
    assert "accurate" in labels(app)
    table = app.dataframe[0].value
    assert table["network_fraction"].equals(alone["network_fraction"])
    assert (table["densenet_fraction"] - alone["network_fraction"]).abs().max() > 1e-3
    np.testing.assert_allclose(table["difference"], table["network_fraction"] - table["volunteer_fraction"])


@pytest.mark.parametrize("voted", [True, False], ids=["voted", "unvoted"])
def test_the_download_of_the_table_has_what_the_table_shows(
    app: AppTest, sample: Catalogue, monkeypatch: pytest.MonkeyPatch, voted: bool
) -> None:
    offered = {}
    monkeypatch.setattr(
        downloads.st, "download_button", lambda label, content, *_, **__: offered.update({label: content})
    )
    known = sample.table[COLUMNS[0]].notna()
    opened(app, source="sample", galaxy=sample.table.index[known == voted][0], network="fcn")
    app.toggle(key="ask_others").set_value(True).run()
    assert not app.exception
    assert Image.open(io.BytesIO(offered["Card (PNG)"]())).size == (1600, 900)
    assert offered["Card (PDF)"]().startswith(b"%PDF")
    csv = offered["Network and volunteers (CSV)" if voted else "Network as a table (CSV)"]()
    downloaded, shown = pd.read_csv(io.BytesIO(csv), dtype={"GalaxyID": str}), app.dataframe[0].value
    assert set(app.dataframe[0].proto.column_order) <= set(downloaded)
    assert ("difference" in downloaded) == voted
    numbers = list(downloaded.columns[4:])
    assert "densenet_fraction" in numbers
    np.testing.assert_allclose(downloaded[numbers], shown[numbers], atol=1e-6)


def labels(app: AppTest) -> list[str]:
    """The headings of the table of scores, in their order."""
    proto = app.dataframe[0].proto
    written = json.loads(proto.columns)
    return [written[column].get("label") or column for column in proto.column_order]


def listed(app: AppTest) -> str:
    """The list form of the chart, as the browser gets it."""
    (shown,) = component_data(app, "answer_list")
    return shown


def permalink(app: AppTest) -> str:
    """The parameters of the permalink."""
    (link,) = [data["text"] for data in map(json.loads, copied(app)) if "?" in data["text"]]
    return link.partition("?")[2]


def copied(app: AppTest) -> list[str]:
    """The JSON of the buttons that copy a text."""
    return component_data(app, "copy_text")


def component_data(app: AppTest, name: str) -> list[str]:
    """The JSON that the browser gets for the page's own components of one name."""
    return [part.proto.json for part in app.get("bidi_component") if part.proto.component_name == name]


def test_votes_on_odd_things_are_not_called_votes_of_all(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class6.2")
    for answer, words in (("Class6.2", "as if all had been asked: "), ("Class8.1", "as if all had been asked: ")):
        app.selectbox(key="answer").set_value(answer)
        assert words in texts(run(app))
    app.selectbox(key="answer").set_value("Class1.1")
    assert "as if all" not in texts(run(app))


def test_a_galaxy_small_in_a_plain_folder_s_picture_is_found_and_one_press_undoes_it(
    app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = Image.fromarray(sample.picture("100008")).resize((120, 120), Image.Resampling.LANCZOS)
    frame = Image.new("RGB", (480, 480), wide.getpixel((2, 2)))
    frame.paste(wide, (190, 150))
    frame.save(tmp_path / "wide.png")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path))
    opened(app, source=tmp_path.name, galaxy="wide")
    assert "Cropped to" in texts(app)
    cropped = app.dataframe[-1].value["network_fraction"].to_numpy()
    press(app, "Use the whole picture")
    assert "The whole picture is used" in texts(app)
    assert abs(app.dataframe[-1].value["network_fraction"].to_numpy() - cropped).max() > 1e-3
    press(app, "Use the suggested crop")
    assert np.array_equal(app.dataframe[-1].value["network_fraction"].to_numpy(), cropped)
