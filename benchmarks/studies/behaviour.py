"""docs/behaviour.md: how the networks answer as a galaxy changes in one way.

python benchmarks/studies/behaviour.py --work runs/behaviour.csv --page docs/behaviour.md \
    --saliency runs/saliency-truth.csv

Each response curve takes a few simulated galaxies of a kind and changes one parameter over its range, all else equal.
The mean answer of each network stands next to what simulated volunteers would say. A curve (response_curves.toml)
states how far the answer should move and how far it may move back; what does not hold is named as a failure on the
page. Curves in the file are not computed again: delete it after a change of the weights or of `simulation`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.response_curves import VOLUNTEERS, Curve, curves, failures, moved, responses
from benchmarks.studies.saliency_truth import BRIGHTNESS, MIDDLE, summary
from galaxy_explorer.decision_tree import label_of
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load

PANEL, LEFT, GAP, TOP, BELOW, ACROSS = 190, 40, 52, 40, 34, 4  # of the figure, in pixels
POINTS = 0.5  # of the galaxies: a saliency method that points at a component less often fails
INK, QUIET, OUTLINE = "#172033", "#556074", "#d3dbe7"
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # of the networks: colours of Okabe & Ito 2008

PAGE = """# Behaviour

How the networks answer as a galaxy changes in one way, and where they fail. Measured on simulated galaxies, whose truth
is known (`galaxy_explorer.simulation`), on {date}, with 8 TTA views, by

```sh
python benchmarks/studies/saliency_truth.py --work runs/saliency-truth.csv
python benchmarks/studies/behaviour.py --work runs/behaviour.csv --saliency runs/saliency-truth.csv \\
    --page docs/behaviour.md
```

Networks: {models} (fingerprints). A simulated galaxy is not a real one. A curve says how an answer moves, not how
often it is right: for that see the model cards in [weights](../weights/README.md). A failure can also be one of the
simulation, whose dust lanes or arcs may not look like those that a network was trained on. The general limits are in
[limits.md](limits.md).

## Response curves

The mean of {count} galaxies of a kind, in which one parameter is changed and all else stays. Dashed: what simulated
volunteers would say by the visibility rules of `simulation/visibility.toml`, which were fitted to real votes, not to
these networks.

![Response curves]({figure})

{passed} of {all} curves are as expected; the others are bold. What is expected is in
`benchmarks/studies/response_curves.toml`: how far an answer should move from the first to the last value, and how far
it may move back on the way.

{curves}

## Failures

{failures}

`tests/prediction/test_behaviour.py` keeps what is as expected: another network must be as good.

## Saliency maps

{saliency}
"""

SALIENCY = """A map explains the answer that names a component, such as “bar”, and the component's mask is known.
`pointing`: the brightest pixel is on the component or at most 1/15 of the side from it (the pointing game). `energy`:
the part of the map that lies on it. `overlap`: intersection over union with as many of the brightest pixels. Columns of
components are their pointing game. (brightness) and (middle) are maps without a network: the picture's own brightness,
and a round spot in the middle. A method that is not better than these says nothing about where. Score-CAM is slow and
has few maps. The default method is chosen by this, and by painting over and ROAD on real galaxies: see
[benchmarks](../benchmarks/README.md#saliency-maps).

{table}"""


def figure(means: pd.Series, names: Sequence[str]) -> str:
    """Return the curves as SVG on a white ground, a panel for each."""
    rows = -(-(len(curves()) + 1) // ACROSS)
    width, height = LEFT + ACROSS * (PANEL + GAP), rows * (TOP + PANEL + BELOW)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="11" fill="{QUIET}">',
        "<title>Response curves of the networks and of simulated volunteers</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff" />',
    ]
    for position, curve in enumerate(curves()):
        lines += _placed(position, curve.title, _panel(means[curve.title].unstack("value"), curve, names))
    legend = []
    for number, name in enumerate([*names, VOLUNTEERS]):
        legend.append(f'<path d="M0 {20 * number + 16}h34" {_stroke(number, name)} />')
        legend.append(f'<text x="44" y="{20 * number + 20}">{escape(_written(name))}</text>')
    return "\n".join([*lines, *_placed(len(curves()), "", legend), "</svg>\n"])


def _placed(position: int, title: str, content: list[str]) -> list[str]:
    row, column = divmod(position, ACROSS)
    left, top = LEFT + column * (PANEL + GAP), TOP + row * (TOP + PANEL + BELOW)
    heading = f'<text y="-10" font-size="13" fill="{INK}">{escape(title)}</text>'
    return [f'<g transform="translate({left} {top})">', heading, *content, "</g>"]


def _stroke(number: int, name: str) -> str:
    colour, dash = (QUIET, ' stroke-dasharray="5 4"') if name == VOLUNTEERS else (LINES[number % len(LINES)], "")
    return f'fill="none" stroke="{colour}" stroke-width="2"{dash}'


def _written(name: str) -> str:
    return "simulated volunteers" if name == VOLUNTEERS else name


def _panel(table: pd.DataFrame, curve: Curve, names: Sequence[str]) -> list[str]:
    """Return the frame, ticks and lines of one curve; its values are spread evenly."""
    levels = [*curve.weights.values(), 1.0]
    low, high = min(levels) if curve.weights else 0.0, max(levels)
    places = np.linspace(0, PANEL, len(table.columns))
    lines = [f'<rect width="{PANEL}" height="{PANEL}" fill="none" stroke="{OUTLINE}" />']
    for x, value in zip(places, table.columns, strict=True):
        lines.append(f'<text x="{x:.0f}" y="{PANEL + 15}" text-anchor="middle">{value:g}</text>')
    for tick in (low, (low + high) / 2, high):
        y = PANEL * (high - tick) / (high - low)
        lines.append(f'<text x="-6" y="{y + 4:.0f}" text-anchor="end">{tick:g}</text>')
    for number, name in enumerate([*names, VOLUNTEERS]):
        heights = PANEL * (high - table.loc[name].to_numpy()) / (high - low)
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(places, heights, strict=True))
        lines.append(f'<path d="M{path}" {_stroke(number, name)} />')
    return lines


def curve_rows(rows: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield the rows of the page's table: what is expected, and how far each network moves."""
    yield "| changed | answer | expected | " + " | ".join(map(_written, [*names, VOLUNTEERS])) + " |"
    yield "|---" * (len(names) + 4) + "|"
    for curve in curves():
        found = rows[rows["curve"] == curve.title]
        means = found.groupby(["who", "value"])["figure"].mean()
        cells = [f"{means[name].iloc[0]:.2f} → {means[name].iloc[-1]:.2f}" for name in [*names, VOLUNTEERS]]
        for number, name in enumerate(names):
            if any(failures(means[name], curve)):
                cells[number] = f"**{cells[number]}**"
        answer = "mean of the answers" if curve.weights else f"“{label_of(curve.answer)}”"
        expected = f"{'rises' if curve.move > 0 else 'falls'} by {abs(curve.move):g}"
        expected = expected if curve.move else f"stays within {curve.back:g}"
        span = f"{curve.parameter.replace('_', ' ')} {curve.values[0]:g} to {curve.values[-1]:g}"
        yield f"| {span} | {answer} | {expected} | " + " | ".join(cells) + " |"


def failure_lines(rows: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield each failure of each network in words."""
    for curve in curves():
        means = rows[rows["curve"] == curve.title].groupby(["who", "value"])["figure"].mean()
        for name in names:
            if texts := list(failures(means[name], curve)):
                people = moved(means[VOLUNTEERS], curve)[0]
                reason = f"{curve.reason} Simulated volunteers move by {people:+.2f}."
                yield f"- **{curve.title}**, `{name}`: {'; '.join(texts)}. {reason}"


def saliency_table(work: Path | None) -> str:
    """Return the figures of the saliency methods on simulated galaxies, as Markdown."""
    if work is None:
        return "Not measured."
    rows = pd.read_csv(work)
    table = summary(rows)
    lines = [f"| network | method | maps | {' | '.join(table.columns[1:])} |", "|---" * (len(table.columns) + 2) + "|"]
    for row in table.reset_index().itertuples(index=False):
        model, method, maps, *figures = row
        values = " | ".join("–" if np.isnan(value) else f"{value:.2f}" for value in figures)
        lines.append(f"| `{model}` | {method} | {maps} | {values} |")
    return SALIENCY.format(table="\n".join(lines))


def saliency_failures(work: Path | None) -> Iterator[str]:
    """Yield the components that no saliency method points at, or no more than the middle is."""
    if work is None:
        return
    pointing = summary(pd.read_csv(work)).iloc[:, 4:]
    for model in pointing.index.unique("model"):
        table = pointing.loc[model]
        methods = table.drop([BRIGHTNESS, MIDDLE])
        for component in table.columns:
            best, method = float(methods[component].max()), methods[component].idxmax()
            spot = float(table[component][MIDDLE])
            if best < POINTS or best <= spot:
                text = f"the best, {method}, points at it in {100 * best:.0f} % of the galaxies"
                yield f"- **Saliency of {component}**, `{model}`: {text}; a spot in the middle in {100 * spot:.0f} %."


def write_page(page: Path, rows: pd.DataFrame, models: Mapping[str, Model], saliency: Path | None) -> None:
    """Write the page and its figure."""
    names = list(models)
    means = rows.groupby(["curve", "who", "value"])["figure"].mean()
    page.with_suffix(".svg").write_text(figure(means, names), encoding="utf-8")
    failed = list(failure_lines(rows, names))
    page.write_text(
        PAGE.format(
            date=date.today().isoformat(),
            models=", ".join(f"`{name}` {model.fingerprint[:8]}" for name, model in models.items()),
            count=rows["galaxy"].max() + 1,
            figure=page.with_suffix(".svg").name,
            curves="\n".join(curve_rows(rows, names)),
            failures="\n".join([*failed, *saliency_failures(saliency)]) or "None.",
            passed=len(curves()) * len(names) - len(failed),
            all=len(curves()) * len(names),
            saliency=saliency_table(saliency),
        ),
        encoding="utf-8",
    )


def compute(work: Path, models: Mapping[str, Model], count: int) -> pd.DataFrame:
    """Compute the curves that are not in the file, append them, and return all."""
    done = set(pd.read_csv(work)["curve"]) if work.exists() else set()
    for curve in tqdm([curve for curve in curves() if curve.title not in done], mininterval=10):
        responses(models, curve, count).to_csv(work, mode="a", header=not work.exists(), index=False)
    return pd.read_csv(work)


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--work", type=Path, required=True, metavar="FILE", help="CSV with a row for each galaxy, value and model")
    add("--page", type=Path, metavar="FILE", help="Markdown page to write, with a figure next to it (.svg)")
    add("--saliency", type=Path, metavar="FILE", help="CSV that saliency_truth.py wrote, for its table on the page")
    add("--count", type=int, default=12, metavar="N", help="galaxies of each curve (%(default)s)")
    add("--weights", nargs="+", default=["fcn", "densenet"], metavar="NAME|FILE", help="models (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print the curves, and write the page."""
    flags = read_flags(arguments)
    torch.set_num_threads(1)
    models = {Path(name).stem: load(name) for name in flags.weights}
    rows = compute(flags.work, models, flags.count)
    means = rows.groupby(["curve", "who", "value"])["figure"].mean()
    for curve in curves():
        table = means[curve.title].unstack("value").loc[[*models, VOLUNTEERS]]
        print(f"{curve.title}\n{table.round(2).to_string()}")
        for name in models:
            print(*(f"  {name}: {text}" for text in failures(table.loc[name], curve)), sep="\n")
    if flags.page:
        write_page(flags.page, rows, models, flags.saliency)


if __name__ == "__main__":
    main()
