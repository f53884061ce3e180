"""Time from a move of a slider on Workbench to the new picture and chart, in Chromium.

python benchmarks/workbench.py              medians of ten moves, on two idle cores
python benchmarks/workbench.py --moves 2    a quick run
"""

import argparse
import os
import shutil
import statistics
import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from app_process import AppProcess
from measuring import verdict_below

from galaxy_explorer.app.services import networks

LIMIT_MS = 400.0
KINDS = {  # URL parameters, and the slider that moves
    "a simulated galaxy": ("preset=SBb", "Inclination"),
    "a real galaxy": ("source=sample&galaxy=100023", "Rotation"),
}
TIMEOUT_MS = 120_000
WATCH = """() => new Promise((done) => {
  const picture = () => document.querySelector(".st-key-picture img")
  const chart = () => document.querySelector(".st-key-flow .js-plotly-plot")
  const bars = () => JSON.stringify(chart()?.data?.map((trace) => trace.x))
  const [begun, old_picture, old_bars] = [performance.now(), picture()?.src, bars()]
  const found = {}
  const look = () => {
    const now = performance.now() - begun
    if (!found.picture && picture()?.complete && picture().src !== old_picture) found.picture = now
    if (!found.chart && bars() !== old_bars) found.chart = now
    found.picture && found.chart ? done(found) : requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
})"""


def measure(page: Page, url: str, label: str, moves: int, *, saliency: bool) -> dict[str, float]:
    """Return the median time in ms until picture and chart have followed a slider."""
    page.goto(url)
    page.locator(".st-key-flow .js-plotly-plot").wait_for(state="attached")
    if saliency:
        page.get_by_text("Show where it looked").click()
    slider = page.get_by_role("slider", name=label)
    slider.focus()
    times = []
    for _ in range(moves + 1):  # the first one warms up
        page.wait_for_timeout(2000)  # the step before is complete
        watched = page.evaluate_handle(f"() => ({{ found: ({WATCH})() }})")
        slider.press("ArrowRight")
        times.append(watched.evaluate("watched => watched.found"))
    return {name: statistics.median(found[name] for found in times[1:]) for name in ("picture", "chart")}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=10)
    options = parser.parse_args(arguments)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with AppProcess(os.environ) as app, sync_playwright() as play:
        page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        page.set_default_timeout(TIMEOUT_MS)
        for network, (kind, (params, label)) in product(networks.names(), KINDS.items()):
            for saliency in (False, True):
                url = f"{app.url}/workbench?{params}&network={network}"
                times = measure(page, url, label, options.moves, saliency=saliency)
                for name, value in times.items():
                    title = f"{network}, {kind}{', with a saliency map' if saliency else ''}: {name}, ms"
                    verdict_below(title, value, LIMIT_MS)


if __name__ == "__main__":
    main()
