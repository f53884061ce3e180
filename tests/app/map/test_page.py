"""The map's page in `AppTest`: with and without embeddings, filtered, by a link, answered."""

import base64
import io
from collections.abc import Callable
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from app_page import go_to, opened, plain, texts
from browse_page import chips, tiles
from PIL import Image
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.map import viewer
from galaxy_explorer.app.map.selection import positions_of
from galaxy_explorer.app.query.downloads import table_as_csv
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services import networks, places, sources
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.app.services.places import LAST, places_from
from galaxy_explorer.app.ui import predicting
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import Embeddings

POSITIONS = np.column_stack([np.linspace(0, 1, 60), np.linspace(0, 1, 60) % 0.5])
LEFT = "fcn~0-0~0.25-0~0.25-1~0-1"  # the first fifteen


@pytest.fixture
def on_map(survey: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """The sixty galaxies, with embeddings by one network and places from left to right."""
    found = Embeddings("fcn", np.arange(60, dtype=np.int32), np.zeros((60, 192), np.float16))
    monkeypatch.setattr(places, "embeddings_of", lambda galaxies, name: found if name == "fcn" else None)
    monkeypatch.setattr(places, "_positions", lambda network, vectors: POSITIONS)
    return survey


def headings(app: AppTest) -> str:
    """The headings of a page, on one line."""
    return " ".join(element.value for element in (*app.title, *app.header, *app.subheader, *app.markdown))


def test_the_map_shows_all_galaxies_and_how_to_use_it(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map")
    assert "### 60 galaxies" in headings(app)
    assert "Draw around" in texts(app)
    assert len(tiles(app)) == 24
    assert not chips(app)


def test_a_link_with_a_shape_gives_its_galaxies_and_leads_to_browse(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within=LEFT)
    assert chips(app) == ["within the shape on the map"]
    assert tiles(app) == [f"g{number:02d}" for number in range(15)]
    assert "### 15 galaxies" in headings(app)
    assert "of 60 on the map" in texts(app)
    assert [button.label for button in app.get("download_button")] == ["Download 15 as CSV"]
    (link,) = [link for link in app.page_link if link.label == "Open in Browse"]
    params = parse_qs(link.proto.query_string)
    assert params["within"] == [LEFT]
    opened(app, "browse", **params)
    assert tiles(app) == [f"g{number:02d}" for number in range(15)]
    assert chips(app) == ["within the shape on the map"]


def test_filters_of_browse_apply_on_the_map_and_a_chip_removes_the_shape(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within=LEFT, search="g1")
    assert tiles(app) == [f"g{number}" for number in range(10, 15)]
    next(button for button in app.button if plain(button.label) == "within the shape on the map").click()
    app.run()
    assert tiles(app) == [f"g{number}" for number in range(10, 20)]
    assert "within" not in app.query_params


def test_a_sentence_filters_the_map_and_leaves_its_shape(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within=LEFT)
    app.text_input(key="search").set_value("spirlas or not spiral, asked of at least 40 %")
    app.run()
    assert chips(app) == ["no spiral arms ≥ 50 %", "asked of ≥ 40 %", "within the shape on the map"]
    assert "“spirlas” (did you mean “spiral”?) is left out" in plain(texts(app))
    app.button(key="clear_all").click()
    app.run()
    assert chips(app) == []
    assert "sort" not in app.query_params


def test_a_shape_without_galaxies_can_be_removed(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within="fcn~0-0.9~0.1-0.9~0.1-1")
    assert "**No matches.**" in texts(app)


def test_parameters_that_the_map_does_not_have_are_named(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within="here", colour="ood", map="fcn")
    (warning,) = app.warning
    assert "within=here" in warning.value
    assert "colour" not in warning.value


def test_a_catalogue_without_embeddings_says_what_the_map_is_and_offers_to_predict(
    app: AppTest, survey: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[tuple[int, str]] = []
    monkeypatch.setattr(
        predicting, "offer_predictions", lambda galaxies, network, embeddings: offered.append((len(galaxies), network))
    )
    started: list[str] = []
    monkeypatch.setattr(predicting, "start", lambda galaxies, missing: started.extend(missing))
    opened(app, "map")
    assert "places those that look alike next to one another" in texts(app)
    assert offered == [(60, "fcn")]
    opened(app, "map", source="sample")
    assert started == ["fcn"]  # nine galaxies take seconds


def test_a_part_of_the_galaxies_is_on_the_map_while_the_rest_is_predicted(
    app: AppTest, on_map: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Embeddings("fcn", np.arange(20, dtype=np.int32), np.zeros((20, 192), np.float16))
    monkeypatch.setattr(places, "embeddings_of", lambda galaxies, name: few if name == "fcn" else None)
    monkeypatch.setattr(places, "_positions", lambda network, vectors: POSITIONS[:20])
    offered: list[str] = []
    monkeypatch.setattr(predicting, "offer_predictions", lambda galaxies, network, embeddings: offered.append(network))
    opened(app, "map")
    assert "### 20 galaxies" in headings(app)
    assert offered == ["fcn"]


@pytest.fixture
def shown(sample: Catalogue, random_fractions: Callable) -> viewer.ShownMap:
    """The bundled galaxies on a map."""
    found = places_from("fcn", np.arange(9), POSITIONS[::7][:9])
    return viewer.ShownMap(sample, found, answers_of(sample), np.arange(9), None, "")


def test_pictures_that_the_browser_asks_for_come_in_one_file(shown: viewer.ShownMap) -> None:
    answer = viewer._answer(shown, "new", {"ask": 7, "key": "new", "tiles": [0, 3, 900, -1, "x", 8], "card": 2})
    assert answer["ask"] == 7
    assert answer["tiles"]["indices"] == [0, 3, 8]
    content = base64.b64decode(answer["tiles"]["url"].partition(",")[2])
    assert Image.open(io.BytesIO(content)).size == (2 * answer["tiles"]["side"],) * 2
    assert answer["card"]["index"] == 2
    assert answer["card"]["id"] == shown.catalogue.ids[shown.places.rows[2]]
    assert viewer._answer(shown, "new", {"ask": 8, "key": "new", "tiles": None, "card": 9}) == {"ask": 8}
    # The numbers of galaxies change while more are predicted: a wish by earlier ones is asked again.
    assert viewer._answer(shown, "new", {"ask": 9, "key": "old", "tiles": [0], "card": 2}) == {"ask": 9}


def test_a_press_opens_the_galaxy_that_was_drawn_though_the_map_has_grown(
    shown: viewer.ShownMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = places_from("fcn", np.arange(4), POSITIONS[:4])
    source = shown.catalogue.source
    mine = viewer.state.MapState(sent={(source, "old"): before, (source, "new"): shown.places})
    monkeypatch.setattr(viewer.state, "galaxy_map", lambda: mine)
    assert viewer._pressed_galaxy(shown, "old", 2) == shown.catalogue.ids[before.rows[2]]
    assert viewer._pressed_galaxy(shown, "new", 2) == shown.catalogue.ids[shown.places.rows[2]]
    assert before.rows[2] != shown.places.rows[2]
    assert viewer._pressed_galaxy(shown, "old", 7) == viewer._pressed_galaxy(shown, "unknown", 0) == ""
    monkeypatch.setattr(viewer, "_triggered", lambda name: {"key": "old", "index": 2})
    viewer._read_opened()
    assert mine.opened == ("old", 2)
    monkeypatch.setattr(viewer, "_triggered", lambda name: 3)
    viewer._read_opened()
    assert mine.opened is None


def test_a_selection_is_a_table_with_positions_and_answers(shown: viewer.ShownMap) -> None:
    matches = Matches(np.array([4, 1]), shown.answers)
    table = table_as_csv(shown.catalogue, BrowseQuery(), matches, positions_of(shown.places, 9))
    read = pd.read_csv(io.BytesIO(table), dtype={"GalaxyID": str}).set_index("GalaxyID")
    assert read.index.tolist() == [shown.catalogue.ids[4], shown.catalogue.ids[1]]
    assert read.columns.tolist() == [*COLUMNS, "map_x", "map_y"]
    place = int(np.flatnonzero(shown.places.rows == 4)[0])
    assert read["map_x"].iloc[0] == pytest.approx(shown.places.xy[place, 0] / LAST, abs=1e-4)
    expected = shown.catalogue.table.iloc[[4, 1]][list(COLUMNS)].to_numpy(dtype=float)
    assert read[list(COLUMNS)].to_numpy() == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_without_a_network_the_map_offers_nothing(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "names", list)
    opened(app, "map", source="sample")
    assert "places those that look alike" in texts(app)


def test_the_way_back_from_a_galaxy_leads_to_the_map(app: AppTest, on_map: Catalogue) -> None:
    opened(app, "map", within=LEFT)
    source = next(iter(sources.sources()))
    go_to(app, "galaxy", source=source, galaxy="g03")
    (link,) = [link for link in app.page_link if link.label == "Map"]
    assert parse_qs(link.proto.query_string)["within"] == [LEFT]
    go_to(app, "map")  # by the menu, whose link has no parameters
    assert chips(app) == ["within the shape on the map"]
    go_to(app, "browse")
    assert chips(app) == ["within the shape on the map"]
