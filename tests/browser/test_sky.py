"""The sky in a real browser, against a machine that plays its services."""

import re
from collections.abc import Callable
from threading import Event

import pytest
from local_server import Handler, Reply, saying, send
from playwright.sync_api import Page, expect
from sky_server import SkyServer

from galaxy_explorer.flow_chart import HEIGHT

pytestmark = pytest.mark.browser

SPIRAL = "587737825678131439"

ANIMATION = "getComputedStyle(document.querySelector('.bone')).animationName"


def width_of(page: Page) -> int:
    """Measure how wide the page's content is."""
    return page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")


def test_from_an_example_to_the_panel_and_back_by_the_address(open_page: Callable[..., Page]) -> None:
    page = open_page("sky")
    expect(page.get_by_text("Nothing is asked of anybody")).to_be_visible()
    page.get_by_role("radio", name="a Galaxy Zoo 2 galaxy").or_(
        page.get_by_role("button", name="a Galaxy Zoo 2 galaxy")
    ).click()
    expect(page.get_by_role("heading", name=f"Galaxy {SPIRAL}")).to_be_visible()
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.286″ a pixel.")).to_be_visible()
    expect(page.locator(".st-key-flow_chart .js-plotly-plot")).to_be_visible()
    expect(page).to_have_url(re.compile(f"position={SPIRAL}"))
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("zoom=1.19"))
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.340″ a pixel.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.340″ a pixel.")).to_be_visible()
    assert width_of(page) <= 1280


def test_while_a_service_is_asked_outlines_hold_the_place_of_the_panel(
    open_page: Callable[..., Page], services: SkyServer
) -> None:
    seen = Event()

    def wait(handler: Handler, reply: Reply) -> None:
        seen.wait(timeout=60)
        send(handler, reply)

    services.faults["sql"] = wait
    try:
        page = open_page("sky?position=12.6+3.35")
        said = page.get_by_role("status").filter(has_text="Asking SDSS SkyServer for its size and its votes …")
        expect(said).to_be_visible()
        outline = page.locator(".st-key-waiting_panel .outline")
        expect(outline).to_be_visible()
        expect(outline).to_have_attribute("aria-hidden", "true")
        box = outline.bounding_box()
        assert box is not None
        assert box["height"] > HEIGHT  # as tall as what comes, so that nothing jumps
        assert page.evaluate(ANIMATION) == "light-passes"
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(ANIMATION) == "none"
        services.faults |= dict.fromkeys(("skyserver", "legacy", "cds"), saying(b"", status=404))
        seen.set()
        expect(page.get_by_text("No source gives a picture")).to_be_visible()
        expect(page.locator(".outline")).to_have_count(0)
    finally:
        seen.set()
        services.faults.clear()


def test_a_phone_shows_a_place_and_says_when_no_service_answers(
    open_page: Callable[..., Page], services: SkyServer
) -> None:
    page = open_page("sky?position=M51", width=390, theme="light")
    expect(page.get_by_role("heading", name="M51")).to_be_visible()
    expect(page.locator(".st-key-flow_list")).to_be_visible()
    assert width_of(page) <= 390
    services.faults |= dict.fromkeys(("sesame", "sql", "skyserver", "legacy", "cds"), saying(b"", status=404))
    try:
        page.get_by_label("Name or position").fill("12.5 3.25")
        page.keyboard.press("Enter")
        expect(page.get_by_text("No source gives a picture")).to_be_visible()
        assert width_of(page) <= 390
    finally:
        services.faults.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Picture: SDSS SkyServer")).to_be_visible()


def test_a_live_galaxy_is_reached_from_browse(open_page: Callable[..., Page]) -> None:
    page = open_page("?source=Live+SDSS+6+seed+2")
    expect(page.locator(".st-key-gallery img")).to_have_count(6)
    page.locator(".st-key-gallery a").first.click()
    expect(page.get_by_role("heading", name="Galaxy 58")).to_be_visible()
    expect(page).to_have_url(re.compile(r"source=Live(\+|%20)SDSS"))
    expect(page.get_by_role("link", name="SIMBAD")).to_be_visible()
