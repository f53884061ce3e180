"""Deep links of earlier versions open what they opened."""

import pytest
from app_page import opened, run, url_values
from browse_page import chips, tiles
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app import paths
from galaxy_explorer.app.query.query import URL_PARAMS
from galaxy_explorer.catalogue import Catalogue


@pytest.mark.parametrize(
    ("page", "params", "title"),
    [
        ("browse", {"source": "sample", "votes": "debiased"}, "Browse galaxies"),
        ("browse", {"source": "Live SDSS", "embed": "true"}, "Browse galaxies"),
        ("galaxy", {"source": "sample", "galaxy": "100008"}, "Galaxy 100008"),
        ("galaxy", {"source": "sample", "galaxy": "100023", "network": "fcn", "answer": "Class3.1"}, "Galaxy 100023"),
        ("about", {"question": "8", "source": "sample", "votes": "weighted"}, "About Galaxy Explorer"),
        ("compare", {"source": "sample", "votes": "weighted"}, "Networks against volunteers"),
        ("sky", {"zoom": "2.0"}, None),
    ],
)
def test_a_deep_link_opens_its_page_without_a_warning(
    app: AppTest, sky_server: object, page: str, params: dict[str, str], title: str | None
) -> None:
    opened(app, page, **params)
    assert title in (None, app.title[0].value)
    assert not app.warning
    if "answer" in params:
        assert app.selectbox(key="answer").value == params["answer"]
        assert app.segmented_control(key="network").value == params["network"]


@pytest.mark.parametrize(
    ("params", "title"),
    [
        ({"source": "sample", "filter": ["t01_smooth~50-100s", "t06_yes~0-90.5f"]}, "Browse galaxies"),
        ({"sort": "random", "seed": "7", "embed": "true"}, "Browse galaxies"),
        ({"source": "sample", "galaxy": "100008", "network": "fcn"}, "Galaxy 100008"),
        ({"embed": "true", "utm_source": "mail"}, "Galaxy Explorer"),
    ],
)
def test_a_link_to_the_default_page_opens_the_page_of_its_parameters(
    app: AppTest, params: dict[str, str | list[str]], title: str
) -> None:
    app.query_params.update(params)
    run(app)
    assert app.title[0].value == title
    assert not app.warning
    for name, value in params.items():
        assert url_values(app, name) == ([value] if isinstance(value, str) else value)


def test_all_parameters_of_browse_lead_to_it() -> None:
    assert set(paths.BROWSE_PARAMS) <= set(URL_PARAMS)


@pytest.mark.parametrize("sign", ["~", ":"])
def test_every_parameter_of_browse_is_read(app: AppTest, survey: Catalogue, sign: str) -> None:
    filters = [f"t01_smooth{sign}0-90s", f"t06_yes{sign}0-90.5f"]
    params = {"asked": "20", "search": "g1,g2", "sort": f"t04_yes{sign}f", "order": "up", "page": "1"}
    opened(app, source="survey", filter=filters, **params)
    assert not app.warning
    assert chips(app)[:2] == ["smooth ≤ 90 %", "something odd ≤ 90.5 % of all votes"]
    assert chips(app)[2:] == ["asked of ≥ 20 %", "id: g1,g2"]
    assert tiles(app)
    assert (app.selectbox(key="sort_by").value, app.selectbox(key="order").value) == ("Class4.1", "lowest first")


def test_seed_and_network_are_read(app: AppTest, survey: Catalogue) -> None:
    opened(app, sort="random", seed="7", page="3")
    assert app.number_input(key="seed").value == 7
    assert len(tiles(app)) == 12
    opened(app, sort="volunteers", network="fcn")
    assert not app.warning
