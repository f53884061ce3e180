"""The orders of Browse: by an answer, at random, by disagreement."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from app_page import ROOT, opened, run, texts, url_values
from browse_page import captions, tiles
from kept_predictions import keep_predictions
from streamlit.testing.v1 import AppTest

from galaxy_explorer.catalogue import Catalogue, Measure
from galaxy_explorer.decision_tree import COLUMNS, shares_from_fractions
from galaxy_explorer.prediction import cached


def test_start_and_browse_need_no_torch_even_for_a_sort_by_predictions() -> None:
    # A fresh process: the tests before this one have imported torch into this one.
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from galaxy_explorer.app import main\n"
        "main.preload_soon = lambda: None\n"
        "app = AppTest.from_file('app.py', default_timeout=120).run()\n"
        "assert not app.exception and app.title[0].value == 'Galaxy Explorer'\n"
        "app.switch_page('galaxy_explorer/app/browse/page.py').run()\n"
        "assert not app.exception and app.title[0].value == 'Browse galaxies'\n"
        "app.selectbox(key='sort_by').set_value('volunteers').run()\n"
        "assert not app.exception and 'sort' in app.query_params\n"
        "print([name for name in ('torch', 'torchvision', 'pytorch_grad_cam') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("measure", ["s", "f"])
@pytest.mark.parametrize("order", ["down", "up"])
def test_a_sort_by_a_measure_shows_the_value(app, survey: Catalogue, measure: str, order: str) -> None:
    opened(app, sort=f"t10_loose~{measure}", order=order)
    options = {"descending": order == "down", "min_mass": 0.3 * (measure == "s")}
    rows = survey.votes.order("Class10.3", Measure.SHARE if measure == "s" else Measure.FRACTION, **options)
    assert tiles(app) == [survey.ids[row] for row in rows[:24]]
    fractions = survey.volunteer_fractions[rows[0]]
    value = (shares_from_fractions(fractions) if measure == "s" else fractions)[COLUMNS.index("Class10.3")]
    galaxy = survey.ids[rows[0]]
    assert captions(app)[0].endswith(f" *loosely wound arms {100 * value:.0f} %* **{galaxy}**")


def test_the_measure_of_a_sort_can_be_chosen(app: AppTest) -> None:
    opened(app, sort="t04_yes", page="1")
    app.segmented_control(key="measure").set_value("vote fraction")
    run(app)
    assert url_values(app, "sort") == ["t04_yes~f"]
    app.selectbox(key="order").set_value("lowest first")
    run(app)
    assert url_values(app, "order") == ["up"]


def test_a_random_order_can_be_shared_by_its_seed(app: AppTest, survey: Catalogue) -> None:
    opened(app, sort="random", seed="5")
    assert tiles(app) == [survey.ids[row] for row in np.random.default_rng(5).permutation(60)[:24]]
    app.number_input(key="seed").set_value(6)
    run(app)
    assert url_values(app, "seed") == ["6"]


class TestDisagreement:
    @pytest.fixture
    def weights(self, tmp_path: Path, app: AppTest) -> Path:
        path = tmp_path / "weights.pt"
        path.write_bytes(b"weights")
        return path

    def test_without_predictions_these_are_offered(self, app: AppTest, sample: Catalogue) -> None:
        opened(app, sort="volunteers")
        assert "needs votes and predictions by the accurate network" in texts(app)
        assert "Predict 9 galaxies (about 9 seconds, once)" in [button.label for button in app.button]
        assert tiles(app) == sample.ids
        assert list(cached.folder().glob("*")) == []  # nothing was computed

    def test_with_the_volunteers_is_read_from_disk_with_unpredicted_galaxies_last(self, app, sample, weights) -> None:
        voted = sample.table.dropna(subset=list(COLUMNS))[list(COLUMNS)]
        keep_predictions(sample, voted.index[:5], 0.5, "one-a", weights, finish=False)
        opened(app, sort="volunteers")
        assert "4 of 9 galaxies are predicted; the others, and those without votes, come last" in texts(app)
        assert "RMSE between one and the volunteers" in texts(app)
        rmse = ((voted.iloc[:4] - 0.5) ** 2).mean(axis=1) ** 0.5
        assert tiles(app)[:4] == rmse.sort_values(ascending=False).index.tolist()
        assert f"*RMSE {rmse.max():.2f}*" in captions(app)[0]
        shown = dict(zip(tiles(app), captions(app), strict=True))
        unvoted = sample.table.index[sample.table[COLUMNS[0]].isna()]
        assert "*not predicted*" in shown[voted.index[4]]
        assert all("*no votes known*" in shown[name] for name in unvoted)

    def test_between_networks_needs_both(self, app: AppTest, sample, weights) -> None:
        keep_predictions(sample, sample.ids, 0.5, "one-a", weights)
        opened(app, sort="networks")
        assert "needs predictions by both networks" in texts(app)
        keep_predictions(sample, sample.ids[3:], 0.25, "two-a", weights)
        run(app)
        assert "5 of 9 galaxies are predicted" in texts(app)
        assert [text.split("*")[1] for text in captions(app)] == ["RMSE 0.25"] * 5 + ["not predicted"] * 4

    def test_a_damaged_table_affects_only_the_sort(self, app: AppTest, sample, weights) -> None:
        path = keep_predictions(sample, sample.ids[:5], 0.9, "one", weights)
        content = path.read_bytes()
        path.write_bytes(b"PAR1" + bytes(3000) + content[3004:])  # the heads of the first columns; the table opens
        opened(app, sort="volunteers")
        assert tiles(app) == sample.ids
        assert "Sorted by id" in texts(app)

    def test_the_network_can_be_chosen(self, app: AppTest, sample, weights) -> None:
        keep_predictions(sample, sample.ids, 0.5, "one-a", weights)
        keep_predictions(sample, sample.ids[3:], 0.25, "two-a", weights)
        opened(app, sort="volunteers")
        app.segmented_control(key="against").set_value("two")
        run(app)
        assert url_values(app, "network") == ["two"]
        assert "5 of 9 galaxies are predicted" in texts(app)
