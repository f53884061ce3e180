"""``predict``: images in, a table of vote fractions out."""

import argparse
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from galaxy_explorer import __version__
from galaxy_explorer.catalogue import FIELD_FILE, field_of_view_of, normalise_id, open_catalogue, read_ids
from galaxy_explorer.commands.console import inference_options, load_model, progress_bar
from galaxy_explorer.commands.reporting import (
    NAMED_FAILURES,
    check_not_overwriting_inputs,
    check_output,
    disk_errors,
    report,
    report_unscanned,
    reserved,
    say,
)
from galaxy_explorer.images import FITS_ENDINGS, ImageError, is_named, read_exposure, stem_of
from galaxy_explorer.prediction import (
    SPREAD_COLUMNS,
    PredictionError,
    PredictionStore,
    Rank,
    Source,
    init_distributed,
    predict_missing,
    read_failures,
    read_table,
    sources_of,
)
from galaxy_explorer.prediction.formats import check_ending
from galaxy_explorer.prediction.tables import STATE, sidecar

NAMED_PATHS = 3  # in a reason; there may be as many as folders of a survey
PREDICT_AGAIN = "leave out --resume to predict all again, or name another --output"
Notes = dict[str, list[str]]  # how images were displayed, with the ids of the galaxies


def predict(options: argparse.Namespace) -> int:
    """Write the prediction table of the images on the command line; return the exit status.

    Under torchrun each process predicts its share of the galaxies, and rank 0 writes the table. The others return 0,
    since torchrun would stop the rest of them after any other status.

    Raises
    ------
    ValueError
        If it cannot start or resume; the message says why and what to do.
    """
    notes: Notes = {}
    with init_distributed() as rank, ExitStack() as until_end:
        with rank.barrier():  # no process writes before all have passed the checks
            output = check_output(options.output)
            check_ending(output)
            check_not_overwriting_inputs(options.paths, output)
            sources = sources_at(options.paths, read_ids(options.ids) if options.ids else None, notes)
            model = load_model(options, rank)
            settings = inference_options(options, rank)
            store = PredictionStore(output, model.key(settings.tta_views))
            if rank.is_rank_0:
                until_end.enter_context(reserved(output, store.lock()))
            _check_unfinished(store, sources, options.resume)
        _check_same_galaxies(sources, rank)
        with rank.barrier():
            if rank.is_rank_0:
                report_unscanned(options.paths)
                _forget_changed(store, sources)
        if options.resume and store.finished:
            return _report_finished(store, sources, options.spread) if rank.is_rank_0 else 0
        with disk_errors(output, lambda: "add --resume" if store.chunk_paths() else "give the same command again"):
            with progress_bar(rank, before=len(store.predicted_ids())) as progress:
                predict_missing(store, model, sources, replace(settings, progress=progress), rank)
            if rank.is_rank_0:
                about = {
                    "network": Path(options.weights).stem,
                    "version": __version__,
                    "views": str(settings.tta_views),
                }
                predicted, failures = store.finish(spread=options.spread, **about)
        _report_notes(notes)
        if not rank.is_rank_0:
            return 0
        print(f"{predicted:,} of {len(sources):,} galaxies are in {output}")
        if predicted + len(failures) < len(sources):  # two runs on a file system without locks
            raise PredictionError(f"another run removed part of this run's chunks of {output}; run it again alone")
        return report(failures, f"all of them, with the reasons, are in {store.failed}")


def _check_unfinished(store: PredictionStore, sources: list[Source], resume: bool) -> None:
    """Raise ValueError if an unfinished table is not to be resumed, or has other galaxies."""
    if store.chunk_paths() and not resume:
        raise ValueError(
            f"{store.chunks} holds the predictions of an interrupted run; "
            "add --resume to continue it, or delete the folder to start again"
        )
    others = set(store.unfinished().index).difference(source.galaxy_id for source in sources)
    if others:
        raise ValueError(
            f"{store.chunks} holds {len(others):,} galaxies that are not in the given paths, one of them "
            f"{min(others)}; give the paths that it was begun with, delete the folder to start again, or name another "
            "--output"
        )


def _forget_changed(store: PredictionStore, sources: list[Source]) -> None:
    """Remove galaxies whose images have changed from an unfinished table, and report it."""
    before = store.unfinished()[STATE].dropna().to_dict()
    changed = [one.galaxy_id for one in sources if before.get(one.galaxy_id, one.fingerprint) != one.fingerprint]
    if changed:
        others = f" and {len(changed) - 1:,} more are" if len(changed) > 1 else " is"
        say(
            f"galaxy {changed[0]}{others} predicted again: the image, or its field of view in {FIELD_FILE}, has "
            "changed since the interruption"
        )
        store.forget(set(changed))


def _check_same_galaxies(sources: list[Source], rank: Rank) -> None:
    """Raise PredictionError if the processes of a run found different galaxies."""
    digest = hashlib.sha256("\n".join(source.galaxy_id for source in sources).encode()).digest()
    if not rank.all_equal(int.from_bytes(digest[:7])):
        raise PredictionError(
            f"this process found {len(sources):,} galaxies and another one found different ones; "
            "all machines must see the same images under the same paths"
        )


def sources_at(paths: Sequence[str], ids: Sequence[str] | None = None, notes: Notes | None = None) -> list[Source]:
    """Find the galaxies at some paths: images, folders and zip files.

    Parameters
    ----------
    paths : sequence of str
        The paths; ``sample`` is the bundled sample.
    ids : sequence of str, optional
        Only these galaxies. One without an image becomes a source that fails.
    notes : dict, optional
        Gets how FITS images were displayed, with the ids, as they are read.

    Raises
    ------
    ValueError
        If two images have one id, a path holds no images, or none of the ids has one.
    """
    by_id: dict[str, tuple[str, Source]] = {}
    for path in paths:
        for source in _sources_at(path, {} if notes is None else notes):
            if source.galaxy_id in by_id:
                raise ValueError(
                    f"galaxy {source.galaxy_id} is in both {by_id[source.galaxy_id][0]} and {path}; an id is the "
                    "image's name without its ending: rename one, or leave one out"
                )
            by_id[source.galaxy_id] = path, source
    if ids is None:
        return [source for _, source in by_id.values()]
    others = f" and {len(paths) - NAMED_PATHS:,} more" if len(paths) > NAMED_PATHS else ""
    where = f"{', '.join(paths[:NAMED_PATHS])}{others}"
    if by_id and not by_id.keys() & set(ids):
        raise ValueError(
            f"none of the {len(ids):,} ids, the first of them {ids[0]}, has an image in {where}; an id is the "
            "image's name without its ending"
        )
    absent = partial(_fail, f"there is no image of it in {where}")
    return [by_id[name][1] if name in by_id else Source(name, absent) for name in dict.fromkeys(ids)]


def _sources_at(path: str, notes: Notes) -> Iterator[Source]:
    """Yield the galaxies of a folder, a zip file or a single image."""
    file = Path(path)
    if not file.is_file() or file.suffix.lower() == ".zip":
        catalogue = open_catalogue(path)
        for source in sources_of(catalogue):
            if is_named(str(catalogue.table.at[source.galaxy_id, "picture"]), *FITS_ENDINGS):
                noted = partial(_read_noted, notes, source.galaxy_id, partial(catalogue.picture_file, source.galaxy_id))
                source = replace(source, read=catalogue.distinguish_missing_root()(noted))
            yield source
    else:
        galaxy_id, state = normalise_id(stem_of(file.name)), file.stat()
        read = partial(_read_noted, notes, galaxy_id, lambda: file)
        # A field.json next to it says that the image was cropped before, as for the folder as a whole.
        yield Source(galaxy_id, read, field_of_view_of(file.parent), (state.st_size, state.st_mtime_ns))


def _read_noted(notes: Notes, galaxy_id: str, find: Callable[[], bytes | Path]) -> np.ndarray:
    """Read an image, and note how it was displayed."""
    exposure = read_exposure(find(), located=False)
    choice = f"the file holds {len(exposure.images)} images; “{exposure.name}” was predicted"
    for note in (*([choice] if exposure.is_chosen else []), *exposure.notes):
        notes.setdefault(note, []).append(galaxy_id)  # threads do this, each in one step
    return exposure.picture


def _report_notes(notes: Notes) -> None:
    """Report how images were displayed, the most frequent note first."""
    for note, galaxies in sorted(notes.items(), key=lambda item: (-len(item[1]), item[0]))[:NAMED_FAILURES]:
        others = f" and {len(galaxies) - 1:,} more" if len(galaxies) > 1 else ""
        say(f"galaxy {min(galaxies)}{others}: {note}")  # threads add them in any order


def _fail(reason: str) -> NoReturn:
    """Raise an ImageError instead of reading an image."""
    raise ImageError(reason)


def _report_finished(store: PredictionStore, sources: list[Source], spread: bool) -> int:
    """Check a finished table that ``--resume`` was given for, and report its failures."""
    failures = read_failures(store.failed)
    expected = [source.galaxy_id for source in sources if source.galaxy_id not in failures]
    if expected:  # otherwise there is no row to check
        _check_finished(store, expected, spread)
        print(f"{store.path} is finished already; leave out --resume to predict all again")
    again = f"--ids {store.failed} with another --output predicts them again"
    return report(
        failures, f"all of them, with the reasons, are in {store.failed}; {again}", "when the table was written"
    )


def _check_finished(store: PredictionStore, expected: Sequence[str], spread: bool) -> None:
    """Raise ValueError if a finished table lacks galaxies or columns, or is of another model."""
    table, key = read_table(store.path)
    missing = [galaxy_id for galaxy_id in expected if galaxy_id not in table.index]
    if missing:
        problem = f"without {len(missing):,} of the galaxies, the first of them {missing[0]}"
    elif key is None:
        problem = f"but {sidecar(store.path)} does not name its weights"
    elif key != store.key:
        problem = "with predictions of other weights or another number of TTA views"
    elif spread and not set(SPREAD_COLUMNS).issubset(table.columns):
        problem = "without the columns of --spread"
    else:
        return
    raise ValueError(f"{store.path} is finished, {problem}; {PREDICT_AGAIN}")
