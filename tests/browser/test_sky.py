"""The sky in a real browser, against a fake server of its services."""

import re
from collections.abc import Callable
from threading import Event

import pytest
from local_server import Handler, Reply, saying, send
from looks import EVERY_LOOK, NARROW, at_each_look
from playwright.sync_api import Page, expect
from sky_server import SkyServer

from galaxy_explorer.flow_chart import HEIGHT

pytestmark = pytest.mark.browser

SPIRAL = "587737825678131439"
# A position for each look: a cutout is cached.
NEVER_ASKED = {look: f"12.5 {declination}.25" for declination, look in enumerate(EVERY_LOOK)}

ANIMATION = "getComputedStyle(document.querySelector('.bone')).animationName"


@at_each_look
def test_from_an_example_to_the_panel_to_a_failure_and_back(
    open_page: Callable[..., Page],
    look_at: Callable[[Page, str], None],
    services: SkyServer,
    width: int,
    theme: str,
) -> None:
    page = open_page("sky", width=width, theme=theme)
    expect(page.get_by_text("Nothing is sent before you search")).to_be_visible()
    look_at(page, "sky-empty")
    page.get_by_role("textbox", name="Name or position").fill(SPIRAL)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name=f"Galaxy {SPIRAL}")).to_be_visible()
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.286″ per pixel.")).to_be_visible()
    answers = ".st-key-flow_list" if width == NARROW else ".st-key-flow_chart .js-plotly-plot"
    expect(page.locator(answers)).to_be_visible()
    expect(page).to_have_url(re.compile(f"position={SPIRAL}"))
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("zoom=1.19"))
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.340″ per pixel.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Picture: SDSS SkyServer, 0.340″ per pixel.")).to_be_visible()
    expect(page.locator(answers)).to_be_visible()
    look_at(page, "sky")
    services.faults |= dict.fromkeys(("sesame", "sql", "skyserver", "legacy", "cds"), saying(b"", status=404))
    try:
        page.get_by_role("textbox", name="Name or position").fill(NEVER_ASKED[width, theme])
        page.keyboard.press("Enter")
        expect(page.get_by_text("No source gives a picture")).to_be_visible()
        look_at(page, "sky-failure")
    finally:
        services.faults.clear()
    page.get_by_role("button", name="Retry search").click()
    expect(page.get_by_text("Picture: SDSS SkyServer")).to_be_visible()


def test_during_each_request_skeletons_are_as_large_as_the_panel(
    open_page: Callable[..., Page], services: SkyServer
) -> None:
    named, sized = Event(), Event()

    def after(event: Event) -> Callable[[Handler, Reply], None]:
        return lambda handler, reply: (event.wait(timeout=60), send(handler, reply))[-1]

    services.faults |= {"sesame": after(named), "sql": after(sized)}
    services.faults |= dict.fromkeys(("skyserver", "legacy", "cds"), saying(b"", status=404))
    try:
        page = open_page("sky")
        page.emulate_media(reduced_motion="no-preference")
        page.get_by_role("textbox", name="Name or position").fill("NGC 4565")
        page.keyboard.press("Enter")
        status = page.get_by_role("status")
        expect(status.filter(has_text="Requesting the position from CDS Sesame …")).to_be_visible()
        outline = page.locator(".st-key-waiting_panel .outline")
        expect(outline).to_be_visible()
        expect(page.get_by_text("Nothing is sent before you search")).not_to_be_visible()
        expect(outline).to_have_attribute("aria-hidden", "true")
        box = outline.bounding_box()
        assert box is not None
        assert box["height"] > HEIGHT  # as tall as what comes, so that nothing jumps
        assert page.evaluate(ANIMATION) == "light-passes"
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(ANIMATION) == "none"
        named.set()
        expect(status.filter(has_text="Requesting size and votes from SDSS SkyServer …")).to_be_visible()
        expect(outline).to_be_visible()
        sized.set()
        expect(page.get_by_text("No source gives a picture")).to_be_visible()
        expect(page.locator(".outline")).to_have_count(0)
    finally:
        named.set()
        sized.set()
        services.faults.clear()


def test_a_live_galaxy_is_reached_from_browse(open_page: Callable[..., Page]) -> None:
    page = open_page("browse?source=Live+SDSS+6+seed+2")
    expect(page.locator(".st-key-gallery img")).to_have_count(6)
    page.locator(".st-key-gallery a").first.click()
    expect(page.get_by_role("heading", name="SDSS J")).to_be_visible()
    expect(page).to_have_url(re.compile(r"source=Live(\+|%20)SDSS"))
    expect(page.get_by_role("link", name="SIMBAD")).to_be_visible()


def test_back_brings_the_slider_and_the_famous_galaxies_back(open_page: Callable[..., Page]) -> None:
    page = open_page("sky")
    page.get_by_role("button", name="M51").click()
    expect(page.locator(".st-key-picture").get_by_role("img", name="M51")).to_be_visible()
    slider = page.get_by_test_id("stSlider").first
    expect(slider).to_contain_text("0.396″ per pixel")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("zoom=1.19"))
    page.go_back()
    expect(page.get_by_role("heading", name="M51")).to_be_visible()
    expect(slider).to_contain_text("0.396″ per pixel")
    page.go_back()
    expect(page.get_by_role("button", name="M101")).to_be_visible()
