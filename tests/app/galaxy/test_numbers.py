"""The numbers on the galaxy page in `AppTest`: chart, list, table and downloads."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from app_page import texts
from galaxy_page import component_data, opened
from PIL import Image
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel import downloads
from galaxy_explorer.app.services import networks
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS


def chart(app: AppTest) -> dict:
    """The figure of the flow-chart, as the browser gets it."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def labels(app: AppTest) -> list[str]:
    """The headings of the table of scores, in their order."""
    proto = app.dataframe[0].proto
    written = json.loads(proto.columns)
    return [written[column].get("label") or column for column in proto.column_order]


def listed(app: AppTest) -> str:
    """The list form of the chart, as the browser gets it."""
    (shown,) = component_data(app, "answer_list")
    return shown


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


def test_a_galaxy_without_votes_has_no_switch_and_a_message(app: AppTest, sample: Catalogue) -> None:
    unvoted = sample.table.index[sample.table[COLUMNS[0]].isna()][0]
    opened(app, source="sample", galaxy=unvoted)
    assert not [control for control in app.segmented_control if control.key == "sources_shown"]
    assert "No votes on this picture are known" in texts(app)


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
