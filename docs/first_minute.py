"""Make docs/first-minute.gif frame by frame, so that it does not show how fast the machine is.

streamlit run app.py --server.headless true
python docs/first_minute.py http://localhost:8501
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

OUTPUT = Path(__file__).with_name("first-minute.gif")
WINDOW, SIZE = (1280, 800), (800, 500)
TIMEOUT_MS = 120_000
COMMON, RARE = 190, 65  # colours of the palette: those of most pixels, and those of buttons and frames
WALKS = (
    ("features", "not edge-on", "no bar", "spiral arms", "nothing odd"),
    ("features", "edge-on", "rounded", "nothing"),
)
REVEAL_MS, STEP_MS = 3200, 200  # of the animation of the comparison
POINTER = """([x, y]) => {
  const pointer = document.querySelector("#pointer") ?? document.body.appendChild(document.createElement("div"));
  pointer.id = "pointer";
  pointer.style = `position:fixed;left:${x - 13}px;top:${y - 13}px;width:26px;height:26px;
    border-radius:50%;z-index:9999;background:rgb(255 255 255 / 45%);border:2px solid white;pointer-events:none`;
}"""
AT = "time => document.getAnimations().forEach(each => { each.pause(); each.currentTime = time; })"


class Film:
    """Frames with the time that each is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []

    def show(self, duration_ms: int) -> None:
        """Add the page as it is."""
        shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(shot.resize(SIZE, Image.Resampling.LANCZOS))
        self.durations.append(duration_ms)

    def press(self, target: Locator) -> None:
        """Move the pointer to a button or a link, and press it."""
        box = target.bounding_box()
        assert box is not None
        self.page.evaluate(POINTER, [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        self.show(700)
        target.click()

    def save(self) -> None:
        """Write the animation with one palette, so that colours do not flicker."""
        strip = Image.new("RGB", (SIZE[0], SIZE[1] * len(self.frames)))
        for number, frame in enumerate(self.frames):
            strip.paste(frame, (0, number * SIZE[1]))
        small = strip.resize((SIZE[0] // 2, strip.height // 2))
        methods = ((COMMON, Image.Quantize.MEDIANCUT), (RARE, Image.Quantize.MAXCOVERAGE))
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for count, method in methods for level in small.quantize(count, method).getpalette()])
        first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        first.save(OUTPUT, save_all=True, append_images=others, duration=self.durations, loop=0, optimize=True)


def settle(page: Page) -> None:
    """Wait until the page has run to its end, and end its animations."""
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(1000)


def play(film: Film, answers: tuple[str, ...], think_ms: int, read_ms: int) -> None:
    """Answer the questions about a galaxy, and show the comparison as it lights up."""
    page = film.page
    for number, answer in enumerate(answers):
        film.show(think_ms)
        heading = page.locator(".st-key-ask h2").inner_text()
        film.press(page.locator(".st-key-answers button", has_text=answer).first)
        if number < len(answers) - 1:
            expect(page.locator(".st-key-ask h2")).not_to_have_text(heading)
            settle(page)
    expect(page.locator(".way-network .step b").first).to_be_attached()
    page.evaluate("document.querySelector('#pointer').remove()")
    for time in range(0, REVEAL_MS, STEP_MS):
        page.evaluate(AT, time)
        film.show(STEP_MS)
    film.show(read_ms)


def record(page: Page) -> Film:
    """Record the first minute of a visitor."""
    film = Film(page)
    settle(page)
    film.show(2500)
    for number, answers in enumerate(WALKS):
        play(film, answers, *((900, 3500) if number == 0 else (500, 2500)))
        if number < len(WALKS) - 1:
            film.press(page.get_by_role("button", name="Another one"))
            expect(page.locator(".st-key-answers button").first).to_be_visible()
            settle(page)
    film.press(page.get_by_role("link", name="See everything about this galaxy"))
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    settle(page)
    film.show(5000)
    return film


def main(address: str) -> None:
    """Open the app, show the first two galaxies once so that all is loaded, and record."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]}, color_scheme="dark")
        page.set_default_timeout(TIMEOUT_MS)
        expect.set_options(timeout=TIMEOUT_MS)
        page.goto(address)
        expect(page.locator(".st-key-answers button").first).to_be_visible()
        film = record(page)
        browser.close()
    film.save()
    print(f"{OUTPUT}: {OUTPUT.stat().st_size / 1e6:.1f} MB, {sum(film.durations) / 1000:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
