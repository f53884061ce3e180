"""Workbench in `AppTest`: both kinds of galaxies, their links, and what the page says about them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from app_page import opened, press, run, sentences, texts
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.services.sources import simulated_parameters
from galaxy_explorer.app.state import WorkbenchState
from galaxy_explorer.app.workbench import building
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.cli import main
from galaxy_explorer.images import PictureChanges
from galaxy_explorer.simulation import FIELDS, PRESETS


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures of presets; the galaxy on the workbench is drawn as ever."""
    monkeypatch.setattr(building, "_thumbnails", lambda: {name: np.zeros((8, 8, 3), np.uint8) for name in PRESETS})


def bench(app: AppTest) -> WorkbenchState:
    """What is on the workbench."""
    return app.session_state["WorkbenchState"]


def url(app: AppTest) -> dict[str, str]:
    """The URL parameters."""
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_a_slider_changes_the_simulated_galaxy_and_the_link_reproduces_it(app: AppTest) -> None:
    opened(app, "workbench", network="fcn", preset="SBb")
    assert 'class="bench-badge">Simulated galaxy<' in str([html.proto.body for html in app.get("html")])
    assert "No telescope took this picture" in texts(app)
    before = sentences(app)
    app.slider(key="bench_field_inclination").set_value(88.0)
    run(app)
    made = bench(app).parameters
    assert made == replace(PRESETS["SBb"], inclination=88.0)
    assert sentences(app) != before
    assert "dge-on" in sentences(app)
    assert "questions** an answer leaves its 68 % interval" in texts(app)
    assert "inclination 88°" in texts(app)
    link = url(app)
    assert link.items() >= {"preset": "SBb", "inclination": "88", "network": "fcn"}.items()
    run(app)
    press(app, "Reset all")
    assert bench(app).parameters == PRESETS["SBb"]
    app.session_state["WorkbenchState"] = WorkbenchState()
    opened(app, "workbench", **link)
    assert bench(app).parameters == made
    assert bench(app).begun_with == PRESETS["SBb"]
    assert app.slider(key="bench_field_inclination").value == 88.0


def test_presets_random_galaxies_and_groups_of_sliders(app: AppTest) -> None:
    opened(app, "workbench", network="fcn")
    assert bench(app).parameters in (None, PRESETS[building.FIRST])
    press(app, "Lens")
    assert bench(app).parameters == PRESETS["Lens"]
    assert url(app)["preset"] == "Lens"
    app.pills(key=f"bench_group_{len(building.GROUPS)}").set_value("Ring")
    run(app)
    assert {slider.key for slider in app.slider if slider.key.startswith("bench_field")} == {
        f"bench_field_{name}" for name in building.GROUPS["Ring"]
    }
    app.slider(key="bench_field_arc_fraction").set_value(0.0)
    run(app)
    assert bench(app).parameters == replace(PRESETS["Lens"], arc_fraction=0.0)
    press(app, "Random galaxy")
    assert bench(app).preset == ""
    assert "preset" not in url(app)


def test_a_damaged_link_is_reported(app: AppTest) -> None:
    opened(app, "workbench", preset="Sz", inclination="steep", network="fcn", beauty="9")
    said = " ".join(warning.value for warning in app.warning)
    assert "preset=Sz" in said
    assert "inclination=steep" in said
    assert "`beauty` is ignored" in said
    assert bench(app).parameters == PRESETS[building.FIRST]


def test_a_real_galaxy_is_changed_and_varied(app: AppTest, sample: Catalogue) -> None:
    opened(app, "workbench", source="sample", galaxy="100023", network="fcn", answer="Class3.1")
    assert "**Galaxy 100023**" in texts(app)
    assert "Move a slider" in texts(app)
    assert app.selectbox(key="answer").value == "Class3.1"
    app.pills(key="bench_group_4").set_value("Light")
    run(app)
    app.slider(key="bench_field_brightness").set_value(10.0)
    run(app)
    assert url(app).items() >= {"galaxy": "100023", "brightness": "10", "answer": "Class3.1"}.items()
    assert "Unchanged" in sentences(app)
    app.pills(key="bench_group_4").set_value("Cover")
    run(app)
    assert not [slider for slider in app.slider if slider.key.startswith("bench_field")]
    opened(app, "workbench", source="sample", galaxy="100023", network="fcn", covered="500-500-60")
    assert "1 spot covered" in texts(app)
    press(app, "Uncover all")
    assert "covered" not in url(app)
    app.selectbox(key="bench_varied_6").set_value("grey")
    run(app)
    assert "68 % interval" in texts(app) or app.info
    app.pills(key="bench_group_4").set_value("Turn and zoom")
    run(app)
    app.slider(key="bench_field_zoom").set_value(0.6)
    run(app)
    assert "The galaxy has changed since this plot." in texts(app)
    press(app, "Update plot")
    assert "The galaxy has changed since this plot." not in texts(app)


def test_another_galaxy_has_the_same_changes_but_for_what_was_covered(app: AppTest) -> None:
    changes = {"brightness": "40", "covered": "500-500-60"}
    opened(app, "workbench", source="sample", galaxy="100023", network="fcn", **changes)
    press(app, "100053")
    assert "**Galaxy 100053**" in texts(app)
    assert bench(app).changes == PictureChanges(brightness=40)
    assert url(app).items() >= {"galaxy": "100053", "brightness": "40"}.items()
    assert "covered" not in url(app)


def test_a_galaxy_that_does_not_exist_has_a_way_on(app: AppTest) -> None:
    opened(app, "workbench", source="sample", galaxy="nowhere")
    assert "nowhere" in app.error[0].value
    assert not app.slider


def test_urls_of_both_kinds_have_no_name_in_common() -> None:
    from galaxy_explorer.app.workbench.links import NAMES

    assert not {*FIELDS, "seed", "preset"} & {*NAMES, "source", "galaxy", "votes", "network", "answer"}


def test_a_simulated_galaxy_of_a_folder_opens_with_its_parameters(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "made"
    assert main(["simulate", "--count", "1", "--size", "64", "--to", str(folder)]) == 0
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    (galaxy_id,) = (catalogue := open_catalogue(folder)).ids
    params = simulated_parameters(catalogue, galaxy_id)
    opened(app, "workbench", network="fcn", **params)
    made = pd.read_csv(folder / "parameters.csv").iloc[0]
    assert {name: getattr(bench(app).parameters, name) for name in FIELDS} == pytest.approx(
        made[list(FIELDS)].to_dict()
    )
    assert "Simulated volunteers" in sentences(app)
    assert not app.warning
