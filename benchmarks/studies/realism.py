"""Realism of simulated galaxies: next to real ones, by histograms, by a classifier, by eye.

python benchmarks/studies/realism.py --data ~/galaxy-zoo densenet fcn --sheet both.png

Figures are measured in pictures of real and of simulated galaxies, drawn from the priors: quantiles of each, and the
Kolmogorov-Smirnov distance. A logistic regression on a network's embeddings tells real from simulated pictures,
cross-validated in ten parts, its regularisation chosen within each training part; 0.5 is a guess. The real pictures
are those whose answers, as the network predicts them, are nearest to those of the simulated ones, one for each, so that
other shares of spirals do not give the simulation away.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction.inference import predict_inputs
from galaxy_explorer.simulation import render, sample

QUANTILES = 0.1, 0.25, 0.5, 0.75, 0.9
BORDER = 50  # pixels, in which the sky is measured
LEAST = 12.0  # levels above the sky, smoothed, that belong to the galaxy
AT_ONCE = 20  # pictures of a forward pass


def measure(picture: np.ndarray) -> dict[str, float]:
    """Return figures of a picture of 424 pixels: sky, noise, size, concentration, colour, neighbours."""
    levels = picture.astype(np.float32)
    middle = np.zeros(levels.shape[:2], bool)
    middle[BORDER:-BORDER, BORDER:-BORDER] = True
    figures: dict[str, float] = {}
    skies = []
    for channel, name in enumerate(("red", "green", "blue")):
        sky = levels[~middle, channel]
        for _ in range(4):
            sky = sky[np.abs(sky - sky.mean()) < 3 * sky.std()]
        skies.append(sky.mean())
        figures |= {f"sky, {name}": float(sky.mean()), f"noise, {name}": float(sky.std())}
    figures["noise, correlation at 4 pixels"] = correlation(levels[:BORDER].mean(axis=2), 4)
    light = np.clip(levels - np.array(skies, np.float32), 0, None)
    return figures | measure_galaxy(light)


def correlation(sky: np.ndarray, lag: int) -> float:
    """Return the correlation of the sky with itself some pixels further."""
    noise = np.clip(sky - np.median(sky), -8, 8)
    noise -= noise.mean()
    return float((noise[:, lag:] * noise[:, :-lag]).mean() / max(noise.var(), 1e-6))


def measure_galaxy(light: np.ndarray) -> dict[str, float]:
    """Return figures of the galaxy in the middle of a picture without sky, and of its neighbours."""
    brightness = light.mean(axis=2)
    labels, _ = ndimage.label(ndimage.gaussian_filter(brightness, 2) > LEAST)
    centre = labels[202:222, 202:222].max()
    galaxy = (labels == centre) & (centre > 0)
    rows, columns = np.nonzero(galaxy)
    if not len(rows):
        return {}
    weights = brightness[galaxy]
    radius = np.hypot(rows - np.average(rows, weights=weights), columns - np.average(columns, weights=weights))
    order = np.argsort(radius)
    part = np.cumsum(weights[order]) / weights.sum()
    half, most = (float(radius[order][np.searchsorted(part, share)]) for share in (0.5, 0.9))
    widths = np.linalg.eigvalsh(np.cov(np.stack([rows, columns]), aweights=weights))
    red, green, blue = light[galaxy].sum(axis=0)
    neighbours = (ndimage.gaussian_filter(brightness, 1.5) > LEAST) & ~galaxy
    return {
        "half-light radius": half,
        "concentration r90/r50": most / half,
        "axis ratio": float(np.sqrt(max(widths[0], 0) / widths[1])),
        "area": float(galaxy.sum()),
        "level, middle": float(brightness[207:217, 207:217].mean()),
        "level, mean": float(weights.mean()),
        "red over green": float(red / green),
        "blue over green": float(blue / green),
        "roughness": float(np.abs(brightness - ndimage.gaussian_filter(brightness, 2))[galaxy].mean()),
        "area of neighbours": float(neighbours.sum()),
    }


def compare(real: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of each figure in both, and their Kolmogorov-Smirnov distance."""
    rows = {}
    for figure in real:
        one, other = real[figure].dropna(), simulated[figure].dropna()
        rows[figure] = [*one.quantile(QUANTILES), *other.quantile(QUANTILES), ks_2samp(one, other).statistic]
    names = [f"{kind} {quantile:.0%}" for kind in ("real", "simulated") for quantile in QUANTILES]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*names, "distance"])


def embed(model: Model, pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return vote fractions and embeddings, means over two views."""
    fractions, vectors = [], []
    for first in range(0, len(pictures), AT_ONCE):
        inputs = np.stack([model.inputs(picture, 1.0) for picture in pictures[first : first + AT_ONCE]])
        predicted, embeddings = predict_inputs(model.network, inputs, 2)
        fractions.append(predicted)
        vectors.append(embeddings.mean(axis=0))
    return np.concatenate(fractions), np.concatenate(vectors)


def separability(real: np.ndarray, simulated: np.ndarray) -> float:
    """Return the cross-validated area under the curve of a classifier of real and simulated."""
    vectors = np.concatenate([real, simulated])
    labels = np.repeat([0, 1], [len(real), len(simulated)])
    parts = StratifiedKFold(10, shuffle=True, random_state=0)
    regression = LogisticRegressionCV(Cs=[1e-3, 1e-2, 1e-1], cv=5, scoring="roc_auc", max_iter=2000)
    scores = cross_val_predict(
        make_pipeline(StandardScaler(), regression), vectors, labels, cv=parts, method="decision_function"
    )
    return float(roc_auc_score(labels, scores))


def sheet(real: list[np.ndarray], simulated: list[np.ndarray], path: Path) -> None:
    """Write 100 real pictures on the left and 100 simulated ones on the right."""
    side, many = 140, 10
    image = Image.new("RGB", (2 * many * side + 40, many * side))
    for offset, pictures in ((0, real), (many * side + 40, simulated)):
        for number, picture in enumerate(pictures[: many**2]):
            place = offset + number % many * side, number // many * side
            image.paste(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS), place)
    image.save(path)


def main() -> None:
    """Print figures and separability, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["densenet"], help="names or files of networks")
    parser.add_argument("--data", required=True, help="folder of Galaxy Zoo pictures")
    parser.add_argument("--count", type=int, default=500, help="simulated galaxies (default: %(default)s)")
    parser.add_argument("--real", type=int, default=1000, help="real galaxies to choose from (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, help="file of 100 real and 100 simulated pictures")
    arguments = parser.parse_args()
    catalogue = open_catalogue(arguments.data)
    rows = np.random.default_rng(0).choice(len(catalogue), min(arguments.real, len(catalogue)), replace=False)
    real = [catalogue.picture(catalogue.ids[row]) for row in rows]
    simulated = [render(sample(seed)) for seed in range(arguments.count)]
    with pd.option_context("display.width", 250, "display.max_columns", 20, "display.precision", 2):
        print(compare(pd.DataFrame(map(measure, real)), pd.DataFrame(map(measure, simulated))))
    for name in arguments.models:
        model = load(name)
        (real_answers, real_vectors), (answers, vectors) = embed(model, real), embed(model, simulated)
        chosen, _ = linear_sum_assignment(cdist(real_answers, answers))
        print(f"{name}: area under the curve {separability(real_vectors[chosen], vectors):.3f} (wanted: at most 0.85)")
        moved = np.abs(real_answers.mean(axis=0) - answers.mean(axis=0)).max()
        print(f"{name}: greatest difference of a mean vote fraction, before matching: {moved:.3f}")
    if arguments.sheet:
        sheet(real, simulated, arguments.sheet)


if __name__ == "__main__":
    main()
