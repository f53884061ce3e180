"""The map in a real browser with WebGL: drawn, pointed at, coloured, lassoed, linked to; and without WebGL."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from app_server import GALAXIES
from ends import around
from looks import NARROW, looked_at_once, settled, turn_to
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.models.checkpoints import available
from galaxy_explorer.prediction import Batch, PredictionStore, cached

pytestmark = pytest.mark.browser

WIDTH = 192  # of the embeddings of the quick network


@pytest.fixture
def mapped(address: str, app_cache: Path, survey_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Embeddings of the drawn galaxies in the app's cache: on a line, for this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(app_cache))
    catalogue = sources.open_source(str(survey_folder))
    name = networks.names()[-1]
    path = cached.folder() / "on-the-map.parquet"
    along = np.random.default_rng(0).permutation(np.linspace(0.05, 0.95, GALAXIES))[:, np.newaxis]
    ends = np.random.default_rng(1).uniform(size=(2, WIDTH))
    noise = np.random.default_rng(2).uniform(0, 0.05, (GALAXIES, WIDTH))
    embeddings = (along * ends[0] + (1 - along) * ends[1] + noise).astype(np.float16)
    votes = catalogue.volunteer_fractions
    store = PredictionStore(path, "map", embeddings=True)
    cached.write_manifest(path, catalogue, name, available()[name])
    store.add([Batch(catalogue.ids, votes, around(votes, 0.1), {}, embeddings=embeddings)])
    store.finish()
    yield
    cached.delete_table(path)
    path.with_suffix(".json").unlink()


def pixels(stage: Locator) -> np.ndarray:
    """Return what is seen of the map, (H, W, 3), without the controls at its edges."""
    picture = np.asarray(Image.open(io.BytesIO(stage.screenshot())).convert("RGB")).astype(int)
    return picture[110:-10, 10:-70]


def coloured(picture: np.ndarray) -> int:
    """Count the pixels that are not grey."""
    return int((picture.max(axis=-1) - picture.min(axis=-1) > 60).sum())


def point_at_one(page: Page, stage: Locator) -> tuple[float, float]:
    """Move over the map until the pointer is on a galaxy; return where."""
    box = stage.bounding_box()
    assert box
    for y in np.linspace(0.3, 0.7, 9):
        for x in np.linspace(0.15, 0.85, 15):
            place = box["x"] + x * box["width"], box["y"] + y * box["height"]
            page.mouse.move(*place)
            if stage.evaluate("stage => stage.style.cursor") == "pointer":
                return place
    raise AssertionError("no galaxy is under the pointer")


def test_the_map_is_coloured_pointed_at_lassoed_and_linked_to(
    open_page: Callable[..., Page], mapped: None, axe: str | None
) -> None:
    page = open_page("map")
    stage = page.locator(".galaxy-map .stage")
    expect(stage).to_have_attribute("data-drawn", str(GALAXIES))
    expect(stage).to_have_attribute("data-pictures", re.compile("[1-9]"))
    settled(page)
    looked_at_once(page, "map-dark", axe)

    page.get_by_role("button", name="Pictures on the map").click()
    expect(stage).to_have_attribute("data-pictures", "0")
    before = pixels(stage)
    assert coloured(before) > 300
    page.evaluate(
        "() => { const send = WebSocket.prototype.send; globalThis.sent = 0;"
        "WebSocket.prototype.send = function (data) { globalThis.sent++; return send.call(this, data) } }"
    )
    page.get_by_label("Colour by").select_option("spiral arms")
    expect(page).to_have_url(re.compile("colour=t04_yes"))
    expect(page.locator(".galaxy-map .legend small")).to_have_text("grey: asked of fewer than 30 %")
    page.wait_for_function("stage => stage.dataset.drawn", arg=stage.element_handle())
    assert (pixels(stage) != before).any()
    assert page.evaluate("globalThis.sent") == 0  # coloured in the browser alone

    place = point_at_one(page, stage)
    card = page.locator(".galaxy-map .card")
    expect(card.locator("img")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"(smooth|features or disk|star or artifact)\s*\d+ %"))
    expect(card).to_contain_text("Galaxy g")
    galaxy = card.locator(".id").inner_text()

    _lasso_a_part(page, stage)
    chips = page.locator("[class*='st-key-chip_'] button")
    expect(chips).to_have_text(["within the shape on the mapclose"])
    count = int(stage.get_attribute("data-matches") or 0)
    assert 0 < count < GALAXIES
    expect(page.get_by_role("heading", name=f"{count} galaxies")).to_be_visible()
    link = page.url
    assert len(link) < 1500
    page.set_viewport_size({"width": NARROW, "height": 844})
    turn_to(page, "light")
    looked_at_once(page, "map-lasso-light", axe)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(link)
    expect(stage).to_have_attribute("data-matches", str(count))
    expect(page.get_by_label("Colour by")).to_have_value("t04_yes")
    expect(page.get_by_role("heading", name=f"{count} galaxies")).to_be_visible()
    stage.focus()
    page.keyboard.press("Escape")
    expect(chips).to_have_count(0)
    expect(stage).to_have_attribute("data-matches", str(GALAXIES))
    settled(page)
    _pinch(page, stage, 40, 120)
    expect(stage).to_have_attribute("data-zoom", re.compile(r"^(2\.[5-9]|3)"))
    _pinch(page, stage, 120, 40)
    expect(stage).to_have_attribute("data-zoom", re.compile(r"^(0\.9|1\.0)"))
    stage.focus()
    page.keyboard.press("0")
    page.mouse.click(*place)
    expect(page.get_by_role("heading", name=galaxy)).to_be_visible()


def _pinch(page: Page, stage: Locator, before: float, after: float) -> None:
    """Put two fingers on the map, each at a distance from its middle, and move them to another distance."""
    box = stage.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    browser = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        points = [{"x": x + place, "y": y, "id": number} for number, place in enumerate(places)]
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    browser.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    touch("touchStart", -before)
    touch("touchStart", -before, before)
    for distance in np.linspace(before, after, 8):
        touch("touchMove", -distance, distance)
    touch("touchEnd", -after)
    touch("touchEnd")
    browser.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    browser.detach()


def _lasso_a_part(page: Page, stage: Locator) -> None:
    """Draw around what lies left of a line through the middle."""
    page.get_by_role("button", name="Draw around galaxies").click()
    box = stage.bounding_box()
    assert box
    corners = [(0.02, 0.15), (0.6, 0.15), (0.4, 0.98), (0.02, 0.98), (0.02, 0.2)]
    (x, y), *others = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(x, y)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_without_webgl_the_map_is_a_picture_and_a_list(context: BrowserContext, address: str, mapped: None) -> None:
    page = context.new_page()
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return kind === 'webgl2' ? null : get.call(this, kind, ...rest) }"
    )
    page.goto(f"{address}/map")
    expect(page.locator(".st-key-map_picture img")).to_be_visible()
    expect(page.locator(".st-key-map_picture")).to_contain_text(f"Density of {GALAXIES} galaxies")
    expect(page.locator(".galaxy-map .stage")).to_be_hidden()
    expect(page.locator("[class*='st-key-tile_'] img").first).to_be_visible()
    page.close()
