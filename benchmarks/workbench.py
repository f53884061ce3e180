"""Time of one step of the workbench: picture, prediction, chart and saliency map.

python benchmarks/workbench.py
python benchmarks/workbench.py --steps 3    a quick run

A slider moves, and the complete page runs, Streamlit included; in the app only a fragment of it does.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from measuring import timed, verdict_below

from galaxy_explorer.app.paths import WORKBENCH
from galaxy_explorer.app.services import networks, preloading
from galaxy_explorer.app.state import Key

APP = Path(__file__).resolve().parent.parent / "app.py"
STEP_SECONDS = 0.4
KINDS = {  # URL parameters, and the slider that moves
    "a simulated galaxy": ({"preset": "SBb", "answer": "Class3.1"}, "inclination"),
    "a real galaxy": ({"source": "sample", "galaxy": "100023", "answer": "Class3.1"}, "rotation"),
}
DEGREES = 5.0  # of one step
MAX_STEPS = 16  # the first inclination warms up, and the largest is 90 degrees


def opened(network: str, params: dict[str, str], with_map: bool) -> AppTest:
    """Open the workbench, without or with the saliency map."""
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.switch_page(WORKBENCH)
    app.query_params.update(params | {"network": network})
    app.run()
    app.toggle(key=Key.MAP).set_value(with_map).run()
    return app


def step(app: AppTest, slider: str, value: float) -> tuple[float, float]:
    """Move a slider; return the seconds of the run, and those of processor time."""
    app.slider(key=Key.BENCH_FIELD.of(slider)).set_value(value)
    before = time.process_time()
    seconds, _ = timed(app.run)
    if app.exception or app.error:
        raise RuntimeError("the page shows an error")
    return seconds, time.process_time() - before


def main(arguments: list[str] | None = None) -> None:
    """Print the figures next to their target."""
    parser = argparse.ArgumentParser(description="Time of one step of the workbench.")
    parser.add_argument("--steps", type=int, default=15, choices=range(1, MAX_STEPS + 1), metavar="N")
    flags = parser.parse_args(arguments)
    preloading.preload = lambda: None  # torch would be imported during the timings
    for network in networks.names():
        for kind, (params, slider) in KINDS.items():
            for with_map in (False, True):
                app = opened(network, params, with_map)
                runs = [step(app, slider, DEGREES * number) for number in range(1, flags.steps + 2)][1:]
                seconds, processor = (statistics.median(column) for column in zip(*runs, strict=True))
                title = f"{network}, {kind}{', with a map' if with_map else ''}"
                verdict_below(f"{title}: seconds of processor time", processor, STEP_SECONDS)
                print(f"  {title}: {seconds:.3f} s by the clock")


if __name__ == "__main__":
    main()
