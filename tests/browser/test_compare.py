"""Compare in a real browser: results, start, progress and stop, and the link to a galaxy."""

import re
from collections.abc import Callable

import pytest
from app_server import GALAXIES, PREDICTED
from looks import WIDE, at_each_look, settled
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@at_each_look
def test_a_prediction_is_started_watched_and_stopped_and_its_results_lead_to_galaxies(
    open_page: Callable[..., Page], look_at: Callable[[Page, str], None], width: int, theme: str
) -> None:
    page = open_page("compare", width=width, theme=theme)
    expect(page.get_by_role("heading", name="Downloads")).to_be_visible()
    done = page.get_by_text(re.compile(rf"\d+ of {GALAXIES}")).first
    expect(done).to_be_visible()
    assert PREDICTED <= int(re.findall(rf"(\d+) of {GALAXIES}", done.inner_text())[0]) < GALAXIES
    settled(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(5)
    expect(page.locator("[class*='st-key-card_worst_']")).to_have_count(12)
    look_at(page, "compare")
    if width == WIDE:
        start_and_stop(page)

    card = page.locator("[class*='st-key-card_worst_']").first.get_by_role("link")
    galaxy = card.inner_text().split()[0]
    card.click()
    expect(page.get_by_role("heading", name=f"Galaxy {galaxy}")).to_be_visible()
    assert f"galaxy={galaxy}" in page.url


def start_and_stop(page: Page) -> None:
    """Start the prediction, watch it, and stop it."""
    main = page.get_by_test_id("stMain")
    resume, stop = (main.get_by_role("button", name=name) for name in ("Resume prediction", "Stop prediction"))
    resume.click()
    expect(page.get_by_text("left", exact=False).first).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(1)
    stop.click()
    expect(resume).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    settled(page)
