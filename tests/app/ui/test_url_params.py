"""URL and page agree, whatever is in the URL and however the visitor came."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from app_page import go_to, opened, press, run, url_values
from streamlit.testing.v1 import AppTest

from galaxy_explorer.app.panel import shown_galaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError

FOREIGN = "![x](https://example.org/x.png)"


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Galaxy pages without the panel, whose network and saliency take long."""

    def fail(*_: object) -> None:
        raise ImageError("left out")

    monkeypatch.setattr(shown_galaxy, "galaxy_of", fail)


@pytest.fixture
def two_kinds(sample: Catalogue, monkeypatch: pytest.MonkeyPatch, no_pictures: None) -> None:
    """The sample, as if its galaxies came with two kinds of votes."""
    catalogues = {kind: replace(sample, vote_kind=kind) for kind in ("debiased", "weighted")}
    monkeypatch.setattr(sources, "_open_stored", lambda _where, kind: catalogues[kind])


def votes_shown(app: AppTest) -> str:
    """The kind of votes that Browse shows."""
    return app.segmented_control(key="choose_votes").value


def links(app: AppTest, label: str) -> list[dict[str, list[str]]]:
    """The URL parameters of the links whose label, or galaxy, is the given one."""
    links = [(link.label, parse_qs(link.proto.query_string)) for link in app.page_link]
    return [params for name, params in links if label in (name, *params.get("galaxy", ()))]


def test_browse_goes_back_to_the_usual_votes_with_the_back_button(app: AppTest, two_kinds: None) -> None:
    opened(app)
    app.segmented_control(key="choose_votes").set_value("weighted")
    run(app)
    assert url_values(app, "votes") == ["weighted"]
    assert links(app, "100008") == [{"source": ["sample"], "galaxy": ["100008"], "votes": ["weighted"]}]
    app.query_params.clear()  # Back
    run(app)
    assert votes_shown(app) == "debiased"
    assert links(app, "100008") == [{"source": ["sample"], "galaxy": ["100008"]}]


def test_the_chosen_votes_hold_on_other_pages_and_back(app: AppTest, two_kinds: None) -> None:
    opened(app, votes="weighted")
    go_to(app, "galaxy")  # by the menu
    assert any("votes: weighted" in caption.value for caption in app.caption)
    press(app, "Next")
    assert any("votes: weighted" in caption.value for caption in app.caption)
    assert links(app, "Gallery")[0]["votes"] == ["weighted"]
    go_to(app, "browse")
    assert votes_shown(app) == "weighted"
    go_to(app, "galaxy", source="sample", galaxy="100008")  # a link that does not name the votes
    assert any("votes: debiased" in caption.value for caption in app.caption)
    assert "votes" not in links(app, "Gallery")[0]


def test_the_gallery_of_another_source_starts_afresh(app: AppTest, survey: Catalogue, no_pictures: None) -> None:
    opened(app, source="sample", filter="t01_smooth~0-100f")
    go_to(app, "galaxy", source="survey", galaxy="g03")
    assert links(app, "Gallery") == [{"source": ["survey"]}]
    go_to(app, "galaxy", source="sample", galaxy="100008")
    assert links(app, "Gallery") == [{"source": ["sample"], "filter": ["t01_smooth~0-100f"]}]


@pytest.mark.parametrize("params", [{"galaxy": FOREIGN}, {"source": FOREIGN, "galaxy": "1"}])
def test_a_url_puts_no_foreign_picture_on_the_galaxy_page(app: AppTest, params: dict[str, str]) -> None:
    opened(app, "galaxy", **{"source": "sample", **params})
    assert r"\!\[x\]\(https\:" in app.error[0].value


def test_a_url_puts_no_foreign_picture_on_browse(app: AppTest) -> None:
    opened(app, source=FOREIGN)
    assert r"\!\[x\]\(https\:" in app.warning[0].value


def test_an_id_is_not_read_as_markdown(app: AppTest, draw_galaxy, tmp_path: Path, monkeypatch, no_pictures) -> None:
    from galaxy_explorer.images import to_png

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "*a*[b](c).png").write_bytes(to_png(draw_galaxy(0)))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(tmp_path / "mine"))
    opened(app, "galaxy", source="mine", galaxy="*a*[b](c)")
    written = r"\*a\*\[b\]\(c\)"
    assert app.title[0].value == f"Galaxy {written}"
    assert f"The picture of galaxy {written} cannot be read" in app.error[0].value


def test_another_kind_of_votes_can_be_chosen_though_the_url_names_the_source(app: AppTest, two_kinds: None) -> None:
    opened(app, source="sample")
    app.segmented_control(key="choose_votes").set_value("weighted")
    run(app)
    assert votes_shown(app) == "weighted"
    assert url_values(app, "votes") == ["weighted"]
    app.segmented_control(key="choose_votes").set_value("debiased")
    run(app)
    assert votes_shown(app) == "debiased"
    assert "votes" not in app.query_params


def test_many_unknown_parameters_give_one_short_warning(app: AppTest, no_pictures: None) -> None:
    opened(app, **{f"unknown{n}": "1" for n in range(1000)})
    (warning,) = app.warning
    assert "`unknown0` is ignored" in warning.value
    assert "995 more URL parameters are ignored." in warning.value
    assert len(warning.value) < 1000
