"""The galaxy page, opened through app.py without a browser."""

import io
import json
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel import score_table
from galaxy_explorer.app.panel.examples import sure_examples
from galaxy_explorer.app.services import networks
from galaxy_explorer.catalogue import SAMPLE, Catalogue
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, INDEX, columns_of
from galaxy_explorer.drawn_galaxies import DRAWINGS
from galaxy_explorer.evaluation.metrics import largest_differences

ROOT = Path(__file__).parents[3]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The app as a visitor of a fresh machine finds it: the bundled sample, an empty cache."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)


def opened(app: AppTest, **address: str) -> AppTest:
    """Open the galaxy page at an address, and see that nothing went wrong on it."""
    app.run()
    app.switch_page("galaxy_explorer/app/galaxy/page.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption])


def address(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def examples(app: AppTest) -> list[str]:
    """The ids of the example galaxies, which are the page's only links that are named by digits."""
    return [link.label.split()[0] for link in app.page_link if link.label.split()[0].isdigit()]


def test_an_address_gives_back_network_and_answer(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="densenet", answer="Class4.1")
    assert app.segmented_control(key="network").value == "densenet"
    assert app.selectbox(key="answer").value == "Class4.1"


def test_the_address_follows_what_is_chosen(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    app.selectbox(key="answer").set_value("Class5.2")
    app.segmented_control(key="network").set_value("densenet")
    app.run()
    assert address(app) == {"source": "sample", "galaxy": "100023", "network": "densenet", "answer": "Class5.2"}
    assert parse_qs(app.code[0].value.partition("?")[2]) == {name: [value] for name, value in address(app).items()}


def test_back_at_an_address_without_a_network_shows_the_one_that_it_showed_at_first(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    first, other = networks.networks()
    app.segmented_control(key="network").set_value(other).run()
    del app.query_params["network"], app.query_params["answer"]  # the Back button
    app.run()
    assert app.segmented_control(key="network").value == first
    app.segmented_control(key="network").set_value(other).run()
    app.switch_page("galaxy_explorer/app/about/page.py").run()
    opened(app, source="sample", galaxy="100023")
    assert app.segmented_control(key="network").value == other
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.segmented_control(key="network").value == other


def test_next_counts_from_the_galaxy_turned_to_last_though_it_is_not_drawn_yet(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008")
    app.session_state["galaxy"] = "100023"  # as a press leaves it, while its page is still to come
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.title[0].value == "Galaxy 100053"


def test_blanks_around_an_id_in_the_address_do_no_harm(app: AppTest) -> None:
    opened(app, source="sample", galaxy=" 100023 ")
    assert app.title[0].value == "Galaxy 100023"


def test_a_long_id_that_there_is_not_is_cut_short(app: AppTest) -> None:
    opened(app, source="sample", galaxy="9" * 3000)
    assert len(app.error[0].value) < 200


def test_an_address_with_nonsense_in_it_still_shows_the_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="../secret", answer="Class99.1")
    assert app.title[0].value == "Galaxy 100023"
    link = dict(parse_qsl(app.code[0].value.partition("?")[2]))
    assert link["network"] in ("fcn", "densenet")
    assert link["answer"] == app.selectbox(key="answer").value


def test_the_next_galaxy_starts_with_an_answer_of_its_own(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class8.7")
    next(button for button in app.button if button.label == "Next").click()
    app.run()
    assert app.title[0].value == "Galaxy 100023"
    assert "answer" not in address(app)
    assert app.selectbox(key="answer").value != "Class8.7"


def test_a_galaxy_that_is_opened_again_keeps_the_address_it_was_opened_at(app: AppTest) -> None:
    for _ in range(2):  # another address would be another step of the Back button
        opened(app, source="sample", galaxy="100023")
        assert address(app) == {"source": "sample", "galaxy": "100023"}
        app.switch_page("galaxy_explorer/app/browse/page.py").run()


def test_the_largest_disagreement_is_said_and_leads_to_its_answer(app: AppTest, sample: Catalogue) -> None:
    opened(app, source="sample", galaxy="100023")
    voted = sample.table.loc["100023", list(COLUMNS)].to_numpy(dtype=float)
    predicted = app.dataframe[0].value["network_fraction"].to_numpy()
    worst = largest_differences(predicted, voted, 3)
    assert len({column.split(".")[0] for column in worst}) == 3
    assert "Furthest apart, of all votes:" in said(app)  # the sentences above have shares of those asked
    for column in worst:
        label = app.button(key=f"difference_{column}").label
        assert ANSWER_OF[column].name in label
        assert f"volunteers {100 * voted[INDEX[column]]:.0f}\u00a0%" in label
        assert f"{100 * predicted[INDEX[column]]:.0f}\u00a0±\u00a0" in label
    app.button(key=f"difference_{worst[2]}").click()
    app.run()
    assert app.selectbox(key="answer").value == worst[2]


def test_an_answer_shows_galaxies_that_volunteers_were_sure_of(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class2.2")
    expected = [galaxy for galaxy in sure_examples(SAMPLE, "Class2.2", 7) if galaxy != "100008"][:6]
    assert expected
    assert examples(app) == expected


def test_a_misspelt_network_and_answer_are_said_once_with_what_was_meant(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fnc", answer="Class4.7")
    (warning,) = app.warning
    assert "`network=fnc` in the address is no network; it is left out. Perhaps `fcn` was meant." in warning.value
    # Class4.1 is as near to it as Class4.2, so neither is guessed.
    assert warning.value.endswith("`answer=Class4.7` in the address is no answer's column; it is left out.")
    app.run()
    assert not app.warning


def test_what_was_misspelt_does_not_follow_to_the_next_galaxy(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fnc", votes="debased", foo="1")
    next(button for button in app.button if button.label == "Next").click().run()
    assert address(app) == {"source": "sample", "galaxy": "100053"}
    assert not app.warning


def test_an_answer_without_examples_shows_our_drawing(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100008", answer="Class8.2")
    assert not examples(app)
    assert [caption.value for caption in app.caption if caption.value.startswith("Drawing: ")] == [
        f"Drawing: {drawing.words}" for drawing in DRAWINGS["Class8.2"]
    ]
    assert ANSWER_OF["Class8.2"].meaning in said(app)
    assert "Volunteers were sure of this answer for none of the galaxies here; these are our drawings" in said(app)
    assert "Volunteers were sure: " not in said(app)


def test_all_answers_of_a_question_stand_side_by_side(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    assert not [button for button in app.button if button.key and button.key.startswith("choose_")]
    app.toggle(key="side_by_side").set_value(True)
    app.run()
    assert not app.exception
    shown = [button.key for button in app.button if button.key and button.key.startswith("choose_")]
    assert shown == [f"choose_{column}" for column in columns_of(5)]
    app.segmented_control(key="sources_shown").set_value("volunteers").run()
    assert f"Bright is what raises each answer. The shares are {networks.networks()[0]}'s." in said(app)
    app.toggle(key="common_scale").set_value(True)
    app.button(key="choose_Class5.1").click()
    app.run()
    assert app.selectbox(key="answer").value == "Class5.1"


def test_a_method_that_knows_no_answers_names_none(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", answer="Class5.3")
    assert "Bright: what raises “" in said(app)
    app.toggle(key="side_by_side").set_value(True)
    app.selectbox(key="method").set_value("Eigen-CAM").run()
    assert not app.exception
    assert "Bright: the strongest pattern in what the detectors found, the same for every answer." in said(app)
    assert "Bright is what raises each answer" not in said(app)
    assert not [toggle for toggle in app.toggle if toggle.key == "common_scale"]  # its strengths tell nothing


@pytest.mark.parametrize("shown", ["network", "volunteers"])
def test_the_chart_shows_one_source_or_both(app: AppTest, shown: str) -> None:
    opened(app, source="sample", galaxy="100023")
    assert app.segmented_control(key="sources_shown").value == "both"
    network = networks.networks()[0]
    assert {network, "volunteers"} <= {trace["name"] for trace in chart(app)["data"]}
    app.segmented_control(key="sources_shown").set_value(shown)
    app.run()
    names = {trace["name"] for trace in chart(app)["data"]}
    assert names & {network, "volunteers"} == {network if shown == "network" else "volunteers"}


def chart(app: AppTest) -> dict:
    """The figure of the flow-chart, as the browser gets it."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def test_a_galaxy_nobody_voted_on_has_no_switch_and_says_so(app: AppTest, sample: Catalogue) -> None:
    unvoted = sample.table.index[sample.table[COLUMNS[0]].isna()][0]
    opened(app, source="sample", galaxy=unvoted)
    assert not [control for control in app.segmented_control if control.key == "sources_shown"]
    assert "No votes on this picture are known" in said(app)


def test_a_picture_that_cannot_be_read_leads_on(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    (picture_folder / "0012.png").write_bytes(b"no picture at all")
    opened(app, source=picture_folder.name, galaxy="0012")
    assert "cannot be read" in app.error[0].value
    assert {"Browse galaxies", "Gallery"} <= {link.label for link in app.page_link}
    assert not next(button for button in app.button if button.label == "Next").disabled


@pytest.mark.parametrize("wrong", [{"source": "nowhere"}, {"galaxy": "1"}])
def test_dead_ends_have_a_title_and_a_way_on(app: AppTest, wrong: dict[str, str]) -> None:
    opened(app, **{"source": "sample", "galaxy": "100008", **wrong})
    assert app.title[0].value.startswith("No such")
    assert [link.label for link in app.page_link] == ["Browse galaxies", "Upload a picture"]


def test_the_numbers_of_the_list_are_those_of_the_table(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023")
    html = listed(app)
    table = app.dataframe[0].value
    for fractions in (table["network_fraction"], table["volunteer_fraction"]):
        assert all(f"({value:.3f})" in html for value in fractions if np.isfinite(value) and value > 0.02)


def test_the_tables_columns_have_names_in_words(app: AppTest) -> None:
    opened(app, source="sample", galaxy="100023", network="fcn")
    assert labels(app) == [
        "question", "answer", "volunteers", "fcn", "±", "difference", "volunteers' share", "fcn's share", "in files",
    ]  # fmt: skip
    alone = app.dataframe[0].value
    app.toggle(key="ask_others").set_value(True)
    app.run()
    assert "densenet" in labels(app)
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
        score_table.st, "download_button", lambda label, content, *_, **__: offered.update({label: content})
    )
    known = sample.table[COLUMNS[0]].notna()
    opened(app, source="sample", galaxy=sample.table.index[known == voted][0], network="fcn")
    app.toggle(key="ask_others").set_value(True).run()
    assert not app.exception
    csv = offered["Network and volunteers as CSV" if voted else "Network as a table (CSV)"]()
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
    """The list that stands for the chart, as the browser gets it."""
    (shown,) = [part.proto.json for part in app.get("bidi_component") if part.proto.component_name == "answer_list"]
    return shown
