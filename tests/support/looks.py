"""Widths and themes of the browser tests, and what must hold at each one."""

import os
from pathlib import Path

import pytest
from axe import violations
from playwright.sync_api import Page, expect

TIMEOUT_MS = 120_000  # the first page that needs a network imports torch
WIDE, NARROW = 1280, 390
THEMES = ("dark", "light")
EVERY_LOOK = [(width, theme) for width in (WIDE, NARROW) for theme in THEMES]
ALL = os.environ.get("GALAXY_EXPLORER_LOOKS") == "all"
LOOKS = EVERY_LOOK if ALL else [(WIDE, "dark"), (NARROW, "light")]
SCREENSHOTS = os.environ.get("GALAXY_EXPLORER_SCREENSHOTS")  # a folder: keep pictures of what was tested
TALLEST_PX = 3200

at_each_look = pytest.mark.parametrize(("width", "theme"), LOOKS)


def themes_at(width: int) -> list[str]:
    """Return the themes of tests at one width."""
    return [theme for looked, theme in LOOKS if looked == width]


def settled(page: Page) -> None:
    """Wait until the page has run to its end and is drawn."""
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def width_of(page: Page) -> int:
    """Return the width of the page's content in pixels."""
    return page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")


def turn_to(page: Page, theme: str) -> None:
    """Set the system's theme, and wait until the page has followed."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "theme => getComputedStyle(document.querySelector('.stApp')).colorScheme === theme", arg=theme
    )
    settled(page)
    if (drawn_for := page.locator(".st-key-theme .drawn-for")).count():  # a page with what the server drew for a theme
        expect(drawn_for).to_have_attribute("data-theme", theme)
        settled(page)


def looked_at(page: Page, name: str, axe: str | None) -> None:
    """Check a page in its theme; where pictures are kept, in the other one too, unless every look is tested."""
    present = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    settled(page)
    looked_at_once(page, f"{name}-{present}", axe)
    if SCREENSHOTS and not ALL:
        (other,) = set(THEMES) - {present}
        turn_to(page, other)
        looked_at_once(page, f"{name}-{other}", axe)
        turn_to(page, present)


def looked_at_once(page: Page, name: str, axe: str | None) -> None:
    """Check that a page fits its window, shows no traceback and is accessible."""
    assert page.viewport_size is not None
    width = page.viewport_size["width"]
    _keep_screenshot(page, f"{name}-{width}")
    assert width_of(page) <= width, f"{name} is {width_of(page)} px wide at {width} px"
    expect(page.get_by_test_id("stException")).to_have_count(0)
    found = violations(page, axe) if axe is not None else []
    assert not found, f"{name} at {width} px: " + "\n".join(found)


def _keep_screenshot(page: Page, name: str) -> None:
    """Save a screenshot of the whole page if the environment asks for it."""
    if SCREENSHOTS and (window := page.viewport_size):
        height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        page.set_viewport_size({**window, "height": min(int(height) + 80, TALLEST_PX)})
        page.wait_for_timeout(1500)  # for what is drawn only where it is in sight
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
        page.set_viewport_size(window)
