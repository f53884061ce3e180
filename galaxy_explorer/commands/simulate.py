"""``simulate``: galaxies from the priors, as a folder of pictures with votes and parameters."""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from PIL import Image

from galaxy_explorer.catalogue import FIELD_FILE, ID, PARAMETERS_FILE, SCORES_FILE
from galaxy_explorer.commands.reporting import disk_errors, printable, reserved
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import FIELD_PX, MIN_SIDE
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.simulation import render
from galaxy_explorer.simulation.survey import SimulatedGalaxy, draw_survey
from galaxy_explorer.storage import atomic_path, try_lock, write_atomic

MAX_SIDE = 2048
SETTINGS_FILE = ".simulation.json"  # what the galaxies of the folder follow from
BATCH_SIZE = 64  # galaxies that wait for a process


def simulate(options: argparse.Namespace) -> int:
    """Write pictures, votes, parameters and field of view; return the exit status.

    The same options give the same galaxies. Pictures of an interrupted run with the same options are kept.

    Raises
    ------
    ValueError
        If it cannot start; the message says why and what to do.
    """
    _check(options)
    folder = options.to
    with reserved(folder, try_lock(folder.with_name(f".{folder.name}.lock"))):
        with disk_errors(folder, lambda: "give the same command again"):
            folder.mkdir(exist_ok=True)
            _check_settings(options)
            galaxies = list(_write_pictures(options))
            _write_tables(folder, galaxies)
        folder.with_name(f".{folder.name}.lock").unlink(missing_ok=True)
    print(printable(f"{len(galaxies):,} simulated galaxies are in {folder}"))
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise ValueError for options that are out of range or exclude each other."""
    if not 1 <= options.quality <= 100 or not MIN_SIDE <= options.size <= MAX_SIDE:
        raise ValueError(
            f"--quality {options.quality} and --size {options.size} were given; the quality must be from 1 to 100, the "
            f"size from {MIN_SIDE} to {MAX_SIDE:,} pixels"
        )
    if options.seed < 0:
        raise ValueError(f"--seed {options.seed} was given; it must be 0 or more")
    if options.kind and options.balanced:
        raise ValueError("--kind and --balanced were given; leave one of them out")
    if not options.to.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {options.to.parent} to write into; create it, or name another --to")


def _check_settings(options: argparse.Namespace) -> None:
    """Write the options into a new folder; raise ValueError if the folder holds anything else."""
    wanted = {
        name: getattr(options, name) for name in ("count", "seed", "kind", "balanced", "size", "format", "quality")
    }
    file = options.to / SETTINGS_FILE
    if any(options.to.iterdir()):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != wanted:
            holds = f"simulated galaxies of other options ({found})" if found else "other files"
            raise ValueError(f"{options.to} holds {holds}; name an empty or a new folder with --to")
    write_atomic(file, json.dumps(wanted).encode())


def _write_pictures(options: argparse.Namespace) -> Iterator[SimulatedGalaxy]:
    """Yield the galaxies as their pictures are written, in order."""
    drawn = draw_survey(options.count, options.seed, options.kind, balanced=options.balanced)
    write = partial(write_picture, options.to, options.size, options.format, options.quality)
    workers = min(options.workers or os.cpu_count() or 1, options.count)
    with progress_bar("galaxies", options.count) as bar:
        if workers == 1:
            for galaxy in drawn:
                write(galaxy)
                bar.update()
                yield galaxy
            return
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:  # spawn: this process may have threads
            while batch := list(islice(drawn, BATCH_SIZE)):
                for galaxy, _ in zip(batch, pool.map(write, batch), strict=True):
                    bar.update()
                    yield galaxy


def write_picture(folder: Path, size: int, ending: str, quality: int, galaxy: SimulatedGalaxy) -> None:
    """Write a galaxy's picture, unless it is there."""
    path = folder / f"{galaxy.galaxy_id}.{ending}"
    if path.exists():
        return
    picture = Image.fromarray(render(galaxy.parameters, size))
    with atomic_path(path) as temporary:
        settings = {} if ending == "png" else {"quality": quality} | ({"method": 6} if ending == "webp" else {})
        picture.save(temporary, {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[ending], **settings)


def _write_tables(folder: Path, galaxies: Sequence[SimulatedGalaxy]) -> None:
    """Write what is known of the galaxies."""
    ids = pd.Index([galaxy.galaxy_id for galaxy in galaxies], name=ID)
    scores = pd.DataFrame([galaxy.votes for galaxy in galaxies], ids, list(COLUMNS))
    parameters = pd.DataFrame([asdict(galaxy.parameters) for galaxy in galaxies], ids)
    write_atomic(folder / SCORES_FILE, scores.round(6).to_csv().encode())
    write_atomic(folder / PARAMETERS_FILE, parameters.to_csv(float_format="%.6g").encode())
    write_atomic(folder / FIELD_FILE, json.dumps({"centre": FIELD_PX, "of": FIELD_PX}).encode())
