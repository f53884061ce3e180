"""Compare in a real browser: results, the way to a galaxy, start, progress and stop."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from axe import axe_source, violations
from conftest import served
from playwright.sync_api import Page, expect
from test_journey import keep_screenshot, settled

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import to_png

pytestmark = pytest.mark.browser

GALAXIES, PREDICTED = 400, 60  # one network has many more left than it can do before the test has pressed a button


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    draw_galaxy: Callable,
    random_fractions: Callable,
) -> Iterator[str]:
    """The app with a folder of drawn galaxies, all of which one network has looked at, and the other at the first few."""
    from galaxy_explorer.prediction import Batch, PredictionStore
    from galaxy_explorer.views import background, resources

    folder, cache = tmp_path_factory.mktemp("drawn") / "drawn", tmp_path_factory.mktemp("cache")
    folder.mkdir()
    pictures = [to_png(draw_galaxy(seed)) for seed in range(8)]
    ids = [f"g{i:03}" for i in range(GALAXIES)]
    for i, galaxy_id in enumerate(ids):
        (folder / f"{galaxy_id}.png").write_bytes(pictures[i % len(pictures)])
    votes = random_fractions(GALAXIES)
    pd.DataFrame(votes, columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID")).to_csv(folder / "scores.csv")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(cache))
        catalogue = resources.open_source(str(folder))
        for name, count in zip(resources.networks(), (PREDICTED, GALAXIES), strict=True):
            store = PredictionStore(background.store_of(catalogue, name), background.network_key(name))
            store.path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(count).normal(0, 0.1, size=(count, len(COLUMNS)))
            fractions = np.clip(votes[:count] + noise, 0, 1).astype(np.float32)
            store.add([Batch(ids[:count], fractions, np.full_like(fractions, 0.1), {})])
    with served(cache, GALAXY_EXPLORER_DATA=str(folder)) as url:
        yield url


def test_the_results_lead_to_the_galaxies(open_page: Callable[..., Page]) -> None:
    page = open_page("compare")
    expect(page.get_by_role("heading", name="All numbers")).to_be_visible()
    settled(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(5)
    expect(page.locator("[class*='st-key-card_worst_']")).to_have_count(12)
    assert violations(page, axe_source()) == []
    keep_screenshot(page, "compare")
    page.locator("[class*='st-key-card_worst_']").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Galaxy g0")).to_be_visible()
    assert "galaxy=g0" in page.url


def test_on_a_phone_the_work_is_started_watched_and_stopped(open_page: Callable[..., Page]) -> None:
    page = open_page("compare", width=390, theme="light")
    main = page.get_by_test_id("stMain")
    go_on, stop = (main.get_by_role("button", name=name) for name in ("Go on", "Stop"))
    expect(page.get_by_text(f"{PREDICTED} of {GALAXIES}").first).to_be_visible()
    go_on.click()
    expect(page.get_by_text("left", exact=False).first).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(1)
    stop.click()
    expect(go_on).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    settled(page)
    keep_screenshot(page, "compare-phone")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    expect(page.get_by_test_id("stException")).to_have_count(0)
