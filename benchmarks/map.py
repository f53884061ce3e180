"""Size and speed of the map with as many galaxies as Galaxy Zoo 2 has.

python benchmarks/map.py                     240,000 points in clusters, in Chromium with software WebGL
python benchmarks/map.py --galaxies 20000    a quick run
"""

import argparse
import base64
import http.server
import os
import shutil
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from measuring import timed, verdict, verdict_below

from galaxy_explorer.app.map import viewer
from galaxy_explorer.app.map.colourings import Colouring, answer_colourings
from galaxy_explorer.app.map.colours import hex_colours
from galaxy_explorer.app.map.density import density_picture
from galaxy_explorer.app.map.payload import pack_points
from galaxy_explorer.app.query.filters.within import in_polygon
from galaxy_explorer.app.services.places import LAST, Places, places_from
from galaxy_explorer.catalogue import Votes
from galaxy_explorer.decision_tree import COLUMNS, fractions_from_shares

PAYLOAD_MB, FIRST_S, FRAME_MS, SELECTION_S = 10.0, 1.5, 100.0, 0.3
WIDTH, HEIGHT, FRAMES = 1000, 700, 40
PAGE = """<!doctype html><body style="margin:0;color-scheme:dark"><div class="stApp" style="color-scheme:dark">
<style>{css}</style><style>.galaxy-map .stage {{ height: {height}px; }}</style><div id="here"></div></div>
<script type="module">
import show from "./map.js"
import hand from "./bytes.js"
const points = new Uint8Array(await (await fetch("points.bin")).arrayBuffer())
globalThis.start = async () => {{
  const begun = performance.now()
  hand({{ data: points }})
  show({{ data: {data}, parentElement: document.querySelector("#here"), setTriggerValue() {{}} }})
  const stage = document.querySelector(".stage")
  while (!stage.dataset.drawn) await new Promise(requestAnimationFrame)
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  return performance.now() - begun
}}
globalThis.pan = async (frames) => {{
  const stage = document.querySelector(".stage")
  const at = (x, kind) => stage.dispatchEvent(new PointerEvent(kind, {{
    pointerId: 1, clientX: x, clientY: 300, bubbles: true, button: 0 }}))
  stage.setPointerCapture = () => {{}}
  at(500, "pointerdown")
  const times = []
  let last = performance.now()
  for (let k = 1; k <= frames; k++) {{
    at(500 + 4 * k, "pointermove")
    await new Promise(requestAnimationFrame)
    times.push(performance.now() - last)
    last = performance.now()
  }}
  const drawn = stage.dataset.drawn
  at(500, "pointerup")
  return [times, drawn]
}}
</script>"""


def clusters(galaxies: int) -> tuple[Places, Votes]:
    """Return points in clusters of several sizes, with answers that differ between them."""
    random = np.random.default_rng(0)
    centres, sizes = random.uniform(0.1, 0.9, (40, 2)), random.uniform(0.01, 0.06, 40)
    member = random.integers(40, size=galaxies)
    positions = centres[member] + random.normal(size=(galaxies, 2)) * sizes[member, np.newaxis]
    typical = random.dirichlet(np.full(37, 0.5), 40)
    shares = np.clip(typical[member] + random.normal(0, 0.05, (galaxies, 37)), 0.01, 1)
    table = pd.DataFrame(fractions_from_shares(shares).astype(np.float32), columns=list(COLUMNS))
    return places_from("fcn", np.arange(galaxies), positions), Votes(lambda column: table[column].to_numpy())


def measure_server(places: Places, votes: Votes) -> tuple[bytes, str]:
    """Measure what the server does; return the points as the browser gets them."""
    choices = answer_colourings(votes)
    scores = np.random.default_rng(1).uniform(0, 2, len(places))
    choices += [Colouring(name, name, "Network", 2.0, scores) for name in ("ood", "rmse")]
    seconds, (points, key) = timed(pack_points, places, choices)
    print(f"  packed in {seconds:.2f} s")
    verdict_below(f"bytes of {len(places):,} galaxies, MB", len(points) / 1e6, PAYLOAD_MB)
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    radius = (0.28 + 0.04 * np.sin(7 * angle)) * LAST
    shape = LAST / 2 + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    seconds, inside = timed(in_polygon, places.xy, shape)
    verdict_below(f"selection of {inside.sum():,} galaxies by 100 corners, s", seconds, SELECTION_S)
    values = votes.values("Class1.2")[places.rows]
    print(f"  picture of the density: {timed(density_picture, places.xy, inside, values)[0]:.2f} s")
    return points, key


def measure_browser(points: bytes, key: str) -> None:
    """Measure the first picture, and frames while the map moves."""
    from playwright.sync_api import sync_playwright

    data: dict[str, Any] = {"key": key, "map": "benchmark", "shape": [], "answer": None}
    data |= {"colours": {theme: hex_colours(theme) for theme in ("dark", "light")}}
    data |= {"colour": "t01_features-or-disk", "defaultColour": "t01_features-or-disk"}
    with tempfile.TemporaryDirectory() as folder:
        parts = [viewer.SCRIPTS / f"{part}.js" for part in viewer.PARTS]
        Path(folder, "map.js").write_text("\n".join(part.read_text(encoding="utf-8") for part in parts))
        shutil.copy(viewer.SCRIPTS / "bytes.js", folder)
        Path(folder, "points.bin").write_bytes(points)
        css = (viewer.SCRIPTS / "map.css").read_text(encoding="utf-8")
        Path(folder, "index.html").write_text(PAGE.format(css=css, height=HEIGHT, data=data_literal(data)))
        with http.server.ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=folder)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.on("pageerror", lambda error: print(error))
                page.goto(f"http://localhost:{server.server_port}/index.html")
                page.wait_for_function("() => !!globalThis.start")
                verdict_below("first picture, s", page.evaluate("start()") / 1e3, FIRST_S)
                page.wait_for_timeout(500)
                before = cpu_seconds()
                times, drawn = page.evaluate(f"pan({FRAMES})")
                cpu = (cpu_seconds() - before) / FRAMES
                chromium.close()
            server.shutdown()
    print(f"  points in the last frame while moving: {int(drawn):,}")
    frame = float(np.median(times))
    verdict("frame while moving, ms, median", frame, f"below {FRAME_MS:g}", frame < FRAME_MS)
    print(f"  slowest frame: {max(times):.0f} ms; CPU time of a frame, all processes: {1e3 * cpu:.0f} ms")


def cpu_seconds() -> float:
    """Return the CPU time of this process and its descendants that run (Linux)."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(stat.parent.name)] = int(fields[1])
        ticks[int(stat.parent.name)] = int(fields[11]) + int(fields[12])
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


def data_literal(data: dict[str, Any]) -> str:
    """Return data as JavaScript that needs no escaping within HTML."""
    import json

    return f'JSON.parse(atob("{base64.b64encode(json.dumps(data).encode()).decode()}"))'


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that prints nothing."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def main(arguments: list[str] | None = None) -> None:
    """Print the figures next to their targets."""
    parser = argparse.ArgumentParser(description="Size and speed of the map.")
    parser.add_argument("--galaxies", type=int, default=240_000)
    flags = parser.parse_args(arguments)
    places, votes = clusters(flags.galaxies)
    measure_browser(*measure_server(places, votes))


if __name__ == "__main__":
    main()
