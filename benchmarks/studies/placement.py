"""Fit a network's placement on the map, and measure how many neighbours it keeps.

galaxy-explorer predict ~/galaxy-zoo --weights fcn --output fcn.parquet --embeddings embeddings.parquet
python benchmarks/studies/placement.py --update fcn --data ~/galaxy-zoo --embeddings embeddings.parquet

openTSNE (`pip install openTSNE`, for this study alone) lays out the galaxies by their principal components; a network
of two hidden layers learns the layout: first the places, then also which galaxies are neighbours. Its inputs vary as
the embeddings of single views of a galaxy do. Some galaxies are held out of both steps. Printed is recall@10 on them:
the part of a galaxy's ten nearest neighbours by embedding that are among its ten nearest on the map. The placement is
written into the checkpoint, next to its weights.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from benchmarks.studies.similarity import NEIGHBOURS, neighbours, read_embeddings
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.images import tta_views
from galaxy_explorer.models import Model, checkpoints
from galaxy_explorer.models.placements import fingerprint_of
from galaxy_explorer.prediction import embed
from galaxy_explorer.similarity import Placement, unit_roots
from galaxy_explorer.similarity.placement import scaling
from galaxy_explorer.training.model_card.page import write_cards

COMPONENTS = 50
PERPLEXITY = 30
WIDTH = 256  # of the hidden layers: the placement takes 240 kB
BATCH = 512
RATE = 2e-3
ATTRACTED = 15  # nearest neighbours of a galaxy that the network is to place near it
VIEW_GALAXIES = 1500  # whose single views are embedded
NEIGHBOUR_WEIGHT = 0.05  # of the loss on neighbours, next to that on places


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Fit and measure the placement of a network.")
    add = parser.add_argument
    add("--update", required=True, metavar="WEIGHTS", help="name of a bundled model, or a checkpoint; it is changed")
    add("--data", required=True, metavar="DIR", help="a catalogue, some of whose pictures are embedded view by view")
    add("--embeddings", required=True, nargs="+", type=Path, metavar="FILE", help="tables of `predict --embeddings`")
    add("--held-out", type=int, default=2000, metavar="N", help="galaxies that are only measured (%(default)s)")
    add("--steps", type=int, default=10_000, metavar="N", help="batches of the network's training (%(default)s)")
    noise = (
        "part of the deviation of single views that the inputs vary by; an embedding is a mean of eight (%(default)s)"
    )
    add("--noise", type=float, default=1.0, metavar="X", help=noise)
    add("--layout", type=Path, metavar="FILE", help="keep the layout by t-SNE in a .npy file, or read it")
    add("--seed", type=int, default=0, metavar="N", help="(%(default)s)")
    return parser.parse_args(arguments)


def read_all(files: list[Path]) -> np.ndarray:
    """Read embeddings, (N, D); a galaxy in two tables counts once."""
    joined = pd.concat(map(read_embeddings, files))
    return joined[~joined.index.duplicated()].to_numpy(np.float32)


def recall(true: np.ndarray, places: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Return the part of the true neighbours that are ones on the map, and its standard error."""
    found = neighbours(places, rows)
    kept = np.array([np.isin(one, other).mean() for one, other in zip(found, true, strict=True)])
    return float(kept.mean()), float(kept.std() / np.sqrt(len(kept)))


def layout_of(components: np.ndarray, file: Path | None, seed: int) -> np.ndarray:
    """Return the layout by t-SNE, (N, 2)."""
    if file and file.is_file():
        return np.load(file)
    import openTSNE

    fit = openTSNE.TSNE(
        perplexity=PERPLEXITY, initialization="pca", n_jobs=torch.get_num_threads(), random_state=seed, verbose=True
    ).fit
    layout = np.asarray(fit(components.astype(float)))
    if file:
        np.save(file, layout)
    return layout


def deviations_of_views(model: Model, catalogue: Catalogue, seed: int) -> np.ndarray:
    """Return the deviations of single TTA views from the mean, (n, D) of unit roots."""
    rows, found = np.random.default_rng(seed).permutation(len(catalogue))[:VIEW_GALAXIES], []
    for galaxy_id in tqdm(catalogue.table.index[rows], desc="single views", leave=False):
        inputs = model.inputs(catalogue.finding(galaxy_id).picture, catalogue.field_of_view)
        views = embed(model, torch.from_numpy(tta_views(inputs[np.newaxis])[:, 0]))
        found.append(unit_roots(views) - unit_roots(views.mean(axis=0)))
    return np.concatenate(found)


def fit_network(
    units: np.ndarray, layout: np.ndarray, deviations: np.ndarray, steps: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fit layers from unit roots to the layout in units of its standard deviation."""
    torch.manual_seed(seed)
    spread = layout.std()
    places = torch.from_numpy(((layout - layout.mean(axis=0)) / spread).astype(np.float32))
    inputs, noise, graph = (
        torch.from_numpy(units),
        torch.from_numpy(deviations),
        torch.from_numpy(neighbours(units, np.arange(len(units)), ATTRACTED)),
    )
    mean, deviation = inputs.mean(dim=0), inputs.std(dim=0) + 1e-3
    network = nn.Sequential(
        *(nn.Linear(units.shape[1], WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2))
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        rows = torch.randint(len(units), (BATCH,))
        seen = torch.cat([rows, graph[rows, torch.randint(ATTRACTED, (BATCH,))]])  # each with one of its neighbours
        varied = inputs[seen] + noise[torch.randint(len(noise), seen.shape)]
        placed = network((varied - mean) / deviation)
        loss = nn.functional.smooth_l1_loss(placed, places[seen], beta=0.1)
        if step > steps // 4:
            loss = loss + NEIGHBOUR_WEIGHT * neighbour_loss(*(spread * placed).split(BATCH))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if not (step + 1) % 500:
            print(f"  {step + 1} of {steps} batches, loss {loss.item():.3f}", flush=True)
    return _layers(network, mean, deviation)


def neighbour_loss(placed: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return the contrastive loss of t-SNE's kernel: each row belongs to its own neighbour.

    References
    ----------
    Damrich et al. 2023, "From t-SNE to UMAP with contrastive learning" (arXiv:2206.01816).
    """
    kernel = 1 / (1 + torch.cdist(placed, others).square())
    return -(kernel.diagonal() / kernel.sum(dim=1)).log().mean()


def _layers(network: nn.Sequential, mean: torch.Tensor, deviation: torch.Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weights (inputs, outputs) and biases, for inputs that are not standardised."""
    with torch.no_grad():
        layers = [(one.weight.T.clone(), one.bias.clone()) for one in network if isinstance(one, nn.Linear)]
        weights, biases = layers[0]
        layers[0] = weights / deviation[:, None], biases - (mean / deviation) @ weights
    return [(weights.numpy(), biases.numpy()) for weights, biases in layers]


def on_the_map(layers: list[tuple[np.ndarray, np.ndarray]], vectors: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Return layers whose output fills the map, as a checkpoint holds them."""
    far = 100.0  # standard deviations; a placement is clipped to [0, 1]
    weights, biases = layers[-1]
    shrunk = [*layers[:-1], (weights / far, biases / far + 0.5)]
    scale, shift = scaling((Placement(tuple(shrunk)).place(vectors) - 0.5) * far)
    layers = [*layers[:-1], (weights * scale, biases * scale + shift)]
    return [{"weights": one.astype(np.float32), "biases": other.astype(np.float32)} for one, other in layers]


def update(model: Model, path: Path, layers: list[dict[str, np.ndarray]], figures: dict[str, Any]) -> None:
    """Write the placement into the checkpoint of a model, and the page of its model card."""
    fingerprint = fingerprint_of(model.network.state_dict(), model.card)
    placement = {"fingerprint": fingerprint, "layers": layers, "figures": figures}
    checkpoints.save(path, Model(model.network, model.card, placement))
    write_cards(path.resolve().parent)


def main(arguments: list[str] | None = None) -> None:
    """Fit, measure and write a placement."""
    flags = read_flags(arguments)
    path = checkpoints.find(flags.update)
    model, vectors = checkpoints.load(path), read_all(flags.embeddings)
    vectors = vectors[np.random.default_rng(flags.seed).permutation(len(vectors))]
    held_out, fitted = np.split(np.arange(len(vectors)), [flags.held_out])
    units = unit_roots(vectors)
    centred = units - units[fitted].mean(axis=0)
    basis = np.linalg.eigh(np.cov(centred[fitted].T))[1][:, ::-1][:, :COMPONENTS]
    layout = layout_of(centred[fitted] @ basis, flags.layout, flags.seed)
    deviations = flags.noise * deviations_of_views(model, open_catalogue(flags.data), flags.seed)
    layers = on_the_map(fit_network(units[fitted], layout, deviations, flags.steps, flags.seed), vectors[fitted])
    learned = Placement(tuple((layer["weights"], layer["biases"]) for layer in layers)).place(vectors)
    true = neighbours(units, held_out)
    own = fitted[: len(held_out)] - len(held_out)
    figures: dict[str, Any] = {"galaxies": len(fitted), "held_out": len(held_out)}
    for name, found in (
        ("placement", recall(true, learned, held_out)),
        ("pca", recall(true, centred @ basis[:, :2], held_out)),
        ("tsne", recall(neighbours(units[fitted], own), layout, own)),
        ("placement_fitted", recall(neighbours(units[fitted], own), learned[fitted], own)),
    ):
        figures[name] = found[0]
        print(f"{path.stem}: recall@{NEIGHBOURS} {name}: {found[0]:.4f} ± {found[1]:.4f}", flush=True)
    update(model, path, layers, figures)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
