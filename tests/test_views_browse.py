"""Browse, opened through app.py without a browser."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from test_views_predicted import keep_predictions

from galaxy_explorer.catalogue import Catalogue, open_catalogue, sorted_rows
from galaxy_explorer.decision_tree import COLUMNS, shares_from_fractions
from galaxy_explorer.views import predicted

ROOT = Path(__file__).parent.parent


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The app as a visitor of a fresh machine finds it: the bundled sample, an empty cache."""
    monkeypatch.delenv("GALAXY_EXPLORER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)


@pytest.fixture
def survey(app: AppTest, sample: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Sixty galaxies with the sample's pictures and votes, three pages of them, as the app's first source."""
    folder = tmp_path / "survey"
    folder.mkdir()
    voted = sample.table.dropna(subset=list(COLUMNS))
    lines = ["GalaxyID," + ",".join(COLUMNS)]
    for number in range(60):
        row = voted.iloc[number % len(voted)]
        (folder / f"g{number:02d}.jpg").symlink_to(sample.root / row["picture"])
        lines.append(f"g{number:02d}," + ",".join(str(row[column]) for column in COLUMNS))
    (folder / "scores.csv").write_text("\n".join(lines))
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(folder))
    return open_catalogue(folder)


def opened(app: AppTest, **address: str | list[str]) -> AppTest:
    """Open Browse at an address, and see that nothing went wrong."""
    for name, value in address.items():
        app.query_params[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    """Run the page after a visitor's action."""
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """All that the page says in Markdown and captions."""
    return " ".join(element.value for element in (*app.markdown, *app.caption)).replace("\u00a0", " ")


def tiles(app: AppTest) -> list[str]:
    """The ids on the tiles, in order."""
    return [link.label.split(" *")[0] for link in app.page_link if link.label != "Compare"]


def asked(app: AppTest, name: str) -> list[str]:
    """The values of a name in the page's address."""
    values = app.query_params[name]
    return [values] if isinstance(values, str) else values


def chips(app: AppTest) -> list[str]:
    """The words of the chips."""
    return [button.label.replace("\u00a0", " ") for button in app.button if (button.key or "").startswith("chip_")]


def test_the_nine_galaxies_of_the_sample_come_first(app: AppTest) -> None:
    opened(app)
    assert app.title[0].value == "Browse galaxies"
    assert "**9** of 9 galaxies." in texts(app)
    assert len(tiles(app)) == 9
    for words in ("fetch gz2", "fetch kaggle"):  # how to get more
        assert words in texts(app)
    assert [option.split(" (")[0] for option in app.selectbox(key="source_choice").options] == [
        "Bundled sample",
        "Live SDSS",
    ]


def test_it_needs_no_torch_even_for_a_sort_by_predictions() -> None:
    # A fresh process: the tests before this one have imported torch into this one.
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=120).run()\n"
        "assert not app.exception and app.title[0].value == 'Browse galaxies'\n"
        "app.selectbox(key='sort_by').set_value('volunteers').run()\n"
        "assert not app.exception and 'sort' in app.query_params\n"
        "print([name for name in ('torch', 'torchvision', 'pytorch_grad_cam') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_filter_is_added_as_a_chip_and_taken_away_by_it(app: AppTest, sample: Catalogue) -> None:
    opened(app)
    app.selectbox(key="new_answer").set_value("Class1.1")
    app.slider(key="new_bounds").set_value((50, 100))
    next(button for button in app.button if button.label == "Add filter").click()
    run(app)
    expected = sample.table.index[sample.table["Class1.1"] >= 0.5].tolist()
    assert 0 < len(expected) < 9
    assert tiles(app) == expected
    assert chips(app) == ["smooth or disk: smooth ≥ 50 %"]
    assert asked(app, "filter") == ["t01_smooth~50-100s"]
    app.button(key="chip_0").click()
    run(app)
    assert len(tiles(app)) == 9
    assert chips(app) == []
    assert "filter" not in app.query_params


def test_several_filters_hold_together_whatever_measure_they_have(app: AppTest, sample: Catalogue) -> None:
    opened(app, filter=["t01_features-or-disk~40-100s", "t04_yes~30-100f", "t11_2~0-90s"], asked="20")
    fractions = sample.volunteer_fractions
    shares = shares_from_fractions(fractions)
    of = {column: number for number, column in enumerate(COLUMNS)}
    with np.errstate(invalid="ignore"):
        kept = (shares[:, of["Class1.2"]] >= 0.4) & (fractions[:, of["Class4.1"]] >= 0.3)
        kept &= (shares[:, of["Class11.2"]] <= 0.9) & (fractions[:, of["Class4.1"]] >= 0.2)
    assert 0 < kept.sum() < 9
    assert tiles(app) == [sample.ids[row] for row in np.flatnonzero(kept)]
    assert chips(app) == [
        "smooth or disk: features or disk ≥ 40 %",
        "spiral arms: yes ≥ 30 % of all votes",
        "arm count: 2 ≤ 90 %",
        "asked of ≥ 20 %",
    ]
    assert "Volunteers voted on 6 of these 9 galaxies" in texts(app)
    assert "at least 20 % of the votes reached its question" in texts(app)


def test_a_filter_and_a_new_order_go_back_to_page_1(app: AppTest, survey: Catalogue) -> None:
    opened(app, page="3")
    assert tiles(app) == survey.ids[48:]
    app.selectbox(key="sort_by").set_value("Class4.1")
    run(app)
    assert "page" not in app.query_params
    assert len(tiles(app)) == 24
    opened(app, page="2")
    app.pills(key="ready_made").set_value("The oddest")
    run(app)
    assert "page" not in app.query_params


def test_the_next_page_goes_on_where_the_last_one_ended(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    assert tiles(app) == survey.ids[:24]
    app.get("pagination")[0].set_value(2)
    run(app)
    assert tiles(app) == survey.ids[24:48]
    assert asked(app, "page") == ["2"]


@pytest.mark.parametrize("measure", ["s", "f"])
@pytest.mark.parametrize("order", ["down", "up"])
def test_a_sort_goes_by_the_measure_and_says_the_value(app, survey: Catalogue, measure: str, order: str) -> None:
    opened(app, sort=f"t10_loose~{measure}", order=order)
    options = {"as_share": measure == "s", "descending": order == "down", "least_asked": 0.3 * (measure == "s")}
    rows = sorted_rows(survey, "Class10.3", **options)
    assert tiles(app) == [survey.ids[row] for row in rows[:24]]
    fractions = survey.volunteer_fractions[rows[0]]
    value = (shares_from_fractions(fractions) if measure == "s" else fractions)[COLUMNS.index("Class10.3")]
    assert app.page_link[0].label == f"{survey.ids[rows[0]]} *{100 * value:.0f}\u00a0% arm winding: loose*"


def test_the_measure_of_a_sort_can_be_chosen(app: AppTest) -> None:
    opened(app, sort="t04_yes", page="1")
    app.segmented_control(key="measure").set_value("vote fraction")
    run(app)
    assert asked(app, "sort") == ["t04_yes~f"]
    app.selectbox(key="order").set_value("lowest first")
    run(app)
    assert asked(app, "order") == ["up"]


def test_a_random_order_can_be_shared_by_its_seed(app: AppTest, survey: Catalogue) -> None:
    opened(app, sort="random", seed="5")
    assert tiles(app) == [survey.ids[row] for row in sorted_rows(survey, "random", seed=5)[:24]]
    app.number_input(key="seed").set_value(6)
    run(app)
    assert asked(app, "seed") == ["6"]


def test_a_search_gives_ids_in_full_first(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    app.text_input(key="search").set_value("  g40,\tg1  nowhere ")
    run(app)
    assert tiles(app) == ["g40", *(f"g{number}" for number in range(10, 20))]
    assert "No id holds “nowhere”." in texts(app)
    assert asked(app, "search") == ["g40,\tg1  nowhere"]


def test_a_ready_made_selection_is_one_click_and_a_second_takes_it_away(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    app.pills(key="ready_made").set_value("The roundest")
    run(app)
    assert chips(app) == ["roundness: completely round ≥ 80 %"]
    assert asked(app, "sort") == ["t07_completely-round"]
    assert "the roundest come first" in texts(app)
    app.pills(key="ready_made").set_value(None)
    run(app)
    assert chips(app) == []


def test_an_address_that_was_shared_gives_the_same_view(app: AppTest, survey: Catalogue) -> None:
    address = {"filter": ["t01_smooth~0-90s", "t06_yes~0-90f"], "sort": "t04_yes", "page": "2"}
    opened(app, **address)
    first, words = tiles(app), chips(app)
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    opened(other, **address)
    assert (tiles(other), chips(other)) == (first, words)
    assert len(first) > 0
    assert len(words) == 2


def test_a_malformed_address_is_said_and_the_rest_of_it_holds(app: AppTest, survey: Catalogue) -> None:
    opened(app, source="nowhere", filter=["t04_yes~9-1s", "t01_smooth~0-100f"], sort="beauty", page="99")
    (warning,) = app.warning
    said = warning.value.split("  \n")
    assert "no source called “nowhere”" in said[0]
    assert "`filter=t04_yes~9-1s` in the address is no filter" in said[1]
    assert "`sort=beauty` in the address is nothing to sort by" in said[2]
    assert "There is no page 99; this is the last one, 3." in said[3]
    assert chips(app) == ["smooth or disk: smooth: votes known"]
    assert tiles(app) == survey.ids[48:]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"filer": "t04_yes~60-100s"}, "knows no `filer` in the address; it is left out. Perhaps `filter` was meant."),
        ({"filter": "t04_yse~60-100s"}, "Perhaps `t04_yes~60-100s` was meant."),
        ({"sort": "t01_smoth"}, "Perhaps `t01_smooth` was meant."),
        (
            {"votes": "debased"},
            "`votes=debased` in the address is no kind of votes; it is left out. Perhaps `debiased`",
        ),
        ({"source": "smple"}, "this is Bundled sample. Perhaps `sample` was meant."),
        ({"zzz": "1"}, "knows no `zzz` in the address; it is left out."),
    ],
)
def test_what_the_address_misspells_is_said_once_with_what_was_meant(
    app: AppTest, address: dict[str, str], words: str
) -> None:
    opened(app, **address)
    (warning,) = app.warning
    assert words in warning.value
    assert ("Perhaps" in warning.value) == ("Perhaps" in words)
    (name,) = address
    assert name in app.query_params  # the address is not rewritten: that would be a step of the Back button
    run(app)
    assert not app.warning


def test_ways_to_more_galaxies_begin_with_what_is_open(app: AppTest) -> None:
    opened(app)
    assert "The bundled sample holds 9 galaxies, so that everything works offline." in texts(app)


def test_ways_to_more_galaxies_name_the_catalogue_that_is_open(app: AppTest, survey: Catalogue) -> None:
    opened(app)
    assert "The catalogue that is open, survey, holds 60 galaxies; volunteers voted on all of them." in texts(app)
    assert "bundled sample holds" not in texts(app)


def test_where_nothing_fits_the_filter_in_the_way_can_be_taken_away(app: AppTest) -> None:
    opened(
        app, filter=["t01_smooth~0-100f", "t04_yes~99-100s", "t07_completely-round~99-100s"], asked="0", search="1000"
    )
    assert "**No galaxy fits.**" in texts(app)
    assert "Not even when" in texts(app)
    app.button(key="start_again").click()
    run(app)
    assert len(tiles(app)) == 9
    opened(app, filter="t01_smooth~0-100f", search="no such id")
    assert app.button(key="way_out_0").label == "search for “no such id” → 6 galaxies"
    app.button(key="way_out_0").click()
    run(app)
    assert len(tiles(app)) == 6
    assert "search" not in app.query_params


def test_galaxies_without_votes_have_nothing_to_filter_by(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert "Nobody has voted on these galaxies" in texts(app)
    assert app.selectbox(key="sort_by").options == ["galaxy id", "at random", "network against network"]
    assert len(app.pills) == 0
    assert tiles(app) == ["0012", "587726016142835881", "NA", "a b.c"]


def test_a_picture_that_cannot_be_read_costs_its_tile_alone(
    app: AppTest, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (picture_folder / "NA.png").write_bytes(b"no picture")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert len(tiles(app)) == 4
    assert "no picture" in texts(app)
    assert app.text[0].value.startswith("NA: ")


def test_a_file_name_is_no_markdown(app: AppTest, tmp_path: Path, picture_folder, monkeypatch) -> None:
    (picture_folder / "0012.png").rename(picture_folder / "*a*_[b]$:red[c].png")
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(picture_folder))
    opened(app)
    assert r"\*a\*\_\[b\]\$\:red\[c\]" in tiles(app)


class TestDisagreement:
    @pytest.fixture
    def weights(self, tmp_path: Path, app: AppTest) -> Path:
        path = tmp_path / "weights.pt"
        path.write_bytes(b"weights")
        return path

    def test_without_predictions_leads_to_compare(self, app: AppTest, sample: Catalogue) -> None:
        opened(app, sort="volunteers")
        assert "No network has looked at these galaxies yet" in app.info[0].value
        assert "Compare" in [link.label for link in app.page_link]
        assert tiles(app) == sample.ids
        assert list(predicted.folder().glob("*")) == []  # nothing was computed

    def test_with_the_volunteers_comes_from_disk_and_puts_the_unpredicted_last(self, app, sample, weights) -> None:
        voted = sample.table.dropna(subset=list(COLUMNS))[list(COLUMNS)]
        keep_predictions(sample, voted.index[:5], 0.5, "one-a", weights, finish=False)
        opened(app, sort="volunteers")
        assert "4 of 9 galaxies predicted; the others come last" in texts(app)
        assert "one and the volunteers are apart" in texts(app)
        apart = ((voted.iloc[:4] - 0.5) ** 2).mean(axis=1) ** 0.5
        assert tiles(app)[:4] == apart.sort_values(ascending=False).index.tolist()
        assert app.page_link[0].label.endswith(f" *{apart.max():.2f} apart*")
        assert "not predicted" in app.page_link[8].label

    def test_between_networks_needs_both(self, app: AppTest, sample, weights) -> None:
        keep_predictions(sample, sample.ids, 0.5, "one-a", weights)
        opened(app, sort="networks")
        assert "Both networks must have looked" in app.info[0].value
        keep_predictions(sample, sample.ids[3:], 0.25, "two-a", weights)
        run(app)
        assert "5 of 9 galaxies predicted" in texts(app)
        assert [link.label.partition(" *")[2] for link in app.page_link] == ["0.25 apart*"] * 5 + ["not predicted*"] * 4

    def test_the_network_can_be_chosen(self, app: AppTest, sample, weights) -> None:
        keep_predictions(sample, sample.ids, 0.5, "one-a", weights)
        keep_predictions(sample, sample.ids[3:], 0.25, "two-a", weights)
        opened(app, sort="volunteers")
        app.segmented_control(key="against").set_value("two")
        run(app)
        assert asked(app, "network") == ["two"]
        assert "5 of 9 galaxies predicted" in texts(app)


def test_the_menu_leads_back_to_the_last_view(app: AppTest, survey: Catalogue) -> None:
    opened(app, filter="t01_smooth~0-90s", page="2")
    before = tiles(app)
    app.switch_page("galaxy_explorer/views/about.py")
    run(app)
    for name in list(app.query_params):
        del app.query_params[name]
    app.switch_page("galaxy_explorer/views/browse.py")
    run(app)
    assert tiles(app) == before
    assert asked(app, "filter") == ["t01_smooth~0-90s"]


def test_the_galaxy_page_goes_through_the_selection(app: AppTest, survey: Catalogue) -> None:
    opened(app, sort="random", seed="3")
    first, second, *_ = tiles(app)
    selection = app.session_state["selection"]
    assert selection.rows.nbytes <= 8 * len(survey)
    assert selection.neighbours(survey, first) == (None, second, 1)


def test_a_folder_in_the_environment_is_a_source(
    app: AppTest, kaggle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(kaggle_folder))
    opened(app)
    assert app.selectbox(key="source_choice").value == kaggle_folder.name
    assert "**17** of 17 galaxies." in texts(app)
