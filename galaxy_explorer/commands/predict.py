"""``predict``: pictures in, a table of vote fractions out."""

import argparse
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from galaxy_explorer import __version__
from galaxy_explorer.catalogue import FIELD_FILE, field_of_view_of, normalise_id, read_ids
from galaxy_explorer.commands.console import network_for, progress_bar, speed
from galaxy_explorer.commands.reporting import (
    NAMED_FAILURES,
    catalogue_at,
    check_output,
    check_spares,
    disk_in_words,
    report,
    reserved,
    say,
    say_passed_over,
)
from galaxy_explorer.images import FITS_ENDINGS, ImageError, is_named, read_exposure, stem_of
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import (
    SPREAD_COLUMNS,
    PredictionError,
    PredictionStore,
    Process,
    Source,
    fill,
    joined,
    predict_pictures,
    prediction_key,
    read_failures,
    read_fractions,
    read_head,
    sources_of,
)

ALIKE = 1e-3  # how far two predictions by the same weights may lie apart, on other devices too
COMPARED = 16  # galaxies: one alone, such as a round one in other views, may come out the same by chance
NAMED_PATHS = 3  # in a reason; there may be as many as folders
Notes = dict[str, list[str]]  # what had to be done to show pictures, with the ids of the galaxies


def predict(options: argparse.Namespace) -> int:
    """Write the table of predictions for the pictures that were named, and give the exit status.

    Under torchrun every process predicts its share of the galaxies, and the leading one writes the table;
    the others give 0, so that torchrun lets those that are still at work go on.

    Raises
    ------
    ValueError
        When it cannot begin or go on; the message says why and what to do.
    """
    notes: Notes = {}
    with joined() as process, ExitStack() as to_the_end:
        with process.together():  # nobody writes before all have found that they can
            _check_output(options)
            if process.leads:
                lock = PredictionStore(options.output, key="").reserved()
                to_the_end.enter_context(reserved(options.output, lock))
            sources = sources_at(options.paths, read_ids(options.ids) if options.ids else None, notes)
            network, card = network_for(options, process)
            store = _store_for(options, prediction_key(network, card, options.views))
            _check_unfinished(store, sources)
        _check_alike(sources, process)
        with process.together():
            if process.leads:
                say_passed_over(options.paths)
                _forget_changed(store, sources)
        if options.resume and store.finished:
            same = partial(_as_predicted_now, store, sources, network, card, options.views)
            return _already_finished(store, sources, options.spread, same) if process.leads else 0
        with disk_in_words(options.output, partial(_way_on, store)):
            with progress_bar(process, before=len(store.predicted_ids())) as progress:
                shown: dict[str, Any] = {"total": len(sources), "progress": progress}
                fill(store, network, card, sources, process=process, **shown, **speed(options, process))
            if process.leads:
                written, failures = store.finish(spread=options.spread, **_about(options))
        _tell(notes)
        if not process.leads:
            return 0
        print(f"{written:,} of {len(sources):,} galaxies are in {store.path}")
        if written + len(failures) < len(sources):  # two runs on a file system that knows no locks
            raise PredictionError(
                f"another run took part of this one's work away from {store.path}; run it again alone"
            )
        return report(failures, f"all of them, with the reasons, are in {store.failed}")


def _check_output(options: argparse.Namespace) -> None:
    """Refuse an output that cannot be written, before anything is read; of a link, take what it leads to."""
    options.output = check_output(options.output)
    check_spares(options.paths, options.output)
    PredictionStore(options.output, key="")  # refuses a wrong ending


def _store_for(options: argparse.Namespace, key: str) -> PredictionStore:
    """Open the store of ``--output``; an unfinished one needs ``--resume``."""
    store = PredictionStore(options.output, key)
    if store.chunks.exists() and not options.resume:
        raise ValueError(
            f"{store.chunks} holds what an interrupted run has done; "
            "add --resume to go on with it, or delete the folder to begin again"
        )
    return store


def _way_on(store: PredictionStore) -> str:
    """Say how a run that the disk has stopped goes on."""
    kept = store.chunks.exists()
    return "add --resume, which goes on with what was done" if kept else "give the same command again"


def _check_unfinished(store: PredictionStore, sources: list[Source]) -> None:
    """Refuse to go on with a table that was begun with other galaxies."""
    strange = store.unfinished_ids().difference(source.galaxy_id for source in sources)
    if strange:
        raise ValueError(
            f"{store.chunks} holds {len(strange):,} galaxies that are not among those named now, one of them "
            f"{min(strange)}; name the paths that it was begun with, delete the folder to begin again, or write to "
            "another --output"
        )


def _forget_changed(store: PredictionStore, sources: list[Source]) -> None:
    """Take galaxies whose pictures have changed since out of an unfinished table, and say so."""
    before = store.unfinished_states()
    changed = [one.galaxy_id for one in sources if before.get(one.galaxy_id, one.seen_as) != one.seen_as]
    if changed:
        others = f" and {len(changed) - 1:,} more are" if len(changed) > 1 else " is"
        say(
            f"galaxy {changed[0]}{others} predicted again: the picture, or what {FIELD_FILE} says of it, is another one than "
            "before the interruption"
        )
        store.forget(set(changed))


def _check_alike(sources: list[Source], process: Process) -> None:
    """Refuse processes that found different galaxies, some of which nobody would predict."""
    digest = hashlib.sha256("\n".join(source.galaxy_id for source in sources).encode()).digest()
    if not process.all_have(int.from_bytes(digest[:7])):
        raise PredictionError(
            f"this process found {len(sources):,} galaxies and another one found different ones; "
            "all machines must see the same pictures under the same paths"
        )


def sources_at(paths: list[str], ids: list[str] | None = None, notes: Notes | None = None) -> list[Source]:
    """Find the galaxies at all paths, each of which is a picture, a folder or a zip file.

    Parameters
    ----------
    paths : list of str
        The paths; ``sample`` stands for the galaxies that come with the package.
    ids : list of str, optional
        Only these galaxies. One without a picture becomes a source that fails.
    notes : dict, optional
        Takes what had to be done to show pictures from FITS, with the galaxies, as they are read.

    Raises
    ------
    ValueError
        When two pictures have one id, a path holds no pictures, or none of the ids has one.
    """
    found: dict[str, tuple[str, Source]] = {}
    for path in paths:
        for source in _sources_at(path, {} if notes is None else notes):
            galaxy_id = source.galaxy_id
            if galaxy_id in found:
                raise ValueError(
                    f"galaxy {galaxy_id} is in both {found[galaxy_id][0]} and {path}; "
                    "an id is the picture's name without its ending: rename one, or leave one out"
                )
            found[galaxy_id] = path, source
    if ids is None:
        return [source for _, source in found.values()]
    others = f" and {len(paths) - NAMED_PATHS:,} more" if len(paths) > NAMED_PATHS else ""
    where = f"{', '.join(paths[:NAMED_PATHS])}{others}"  # a survey's folders may be a thousand, and the reason is told of each id
    if found and not found.keys() & set(ids):
        raise ValueError(
            f"none of the {len(ids):,} ids, the first of them {ids[0]}, has a picture in {where}; an id is the "
            "picture's name without its ending"
        )
    absent = partial(_no_picture, f"there is no picture of it in {where}")
    return [
        found[galaxy_id][1] if galaxy_id in found else Source(galaxy_id, absent) for galaxy_id in dict.fromkeys(ids)
    ]


def _sources_at(path: str, notes: Notes) -> Iterator[Source]:
    """Give the galaxies of a folder, a zip file or a single picture."""
    file = Path(path)
    if not file.is_file() or file.suffix.lower() == ".zip":
        catalogue = catalogue_at(path)
        for source in sources_of(catalogue):
            if is_named(str(catalogue.table.at[source.galaxy_id, "picture"]), *FITS_ENDINGS):
                noted = partial(_noted, notes, source.galaxy_id, partial(catalogue.picture_file, source.galaxy_id))
                source = replace(source, read=catalogue.distinguish_missing_root()(noted))
            yield source
        return
    galaxy_id = normalise_id(stem_of(file.name))
    # A field.json says that the picture was cropped before, as for the folder as a whole.
    state = file.stat()
    read = partial(_noted, notes, galaxy_id, lambda: file)
    yield Source(galaxy_id, read, field_of_view_of(file.parent), (state.st_size, state.st_mtime_ns))


def _noted(notes: Notes, galaxy_id: str, find: Callable[[], bytes | Path]) -> np.ndarray:
    """Read a picture, and keep what had to be done to show it."""
    exposure = read_exposure(find(), located=False)
    several = len(exposure.choices) > 1
    taken = [f"the file holds {len(exposure.choices)} images, and “{exposure.name}” was taken"] if several else []
    for note in (*taken, *exposure.notes):
        notes.setdefault(note, []).append(galaxy_id)  # one step each, for threads
    return exposure.picture


def _tell(notes: Notes) -> None:
    """Say on standard error what had to be done to show pictures, the most frequent first."""
    for note, galaxies in sorted(notes.items(), key=lambda item: (-len(item[1]), item[0]))[:NAMED_FAILURES]:
        others = f" and {len(galaxies) - 1:,} more" if len(galaxies) > 1 else ""
        say(f"galaxy {min(galaxies)}{others}: {note}")  # threads bring them in any order


def _about(options: argparse.Namespace) -> dict[str, str]:
    """Say whose predictions a table holds."""
    return {"network": Path(options.weights).stem, "version": __version__, "views": str(options.views)}


def _no_picture(reason: str) -> NoReturn:
    """Stand in for reading a picture that is not there."""
    raise ImageError(reason)


def _as_predicted_now(
    store: PredictionStore, sources: list[Source], network: GalaxyNetwork, card: Mapping[str, Any], views: int
) -> bool:
    """Tell by some galaxies from all over it whether a table that does not name its weights is of these."""
    written = read_fractions(store.path)
    present = [source for source in sources if source.galaxy_id in written.index]
    apart = max(1, math.ceil(len(present) / COMPARED))
    spread_out = (source for first in range(apart) for source in present[first::apart])
    compared = 0
    for batch in predict_pictures(network, card, spread_out, views=views, batch_size=1, workers=1):
        if not np.allclose(batch.fractions, written.loc[batch.ids], rtol=0.0, atol=ALIKE):
            return False
        compared += len(batch.ids)  # none where the picture cannot be read any more
        if compared == COMPARED:
            break
    return True


def _report_written(store: PredictionStore, failures: Mapping[str, str]) -> int:
    """Name the galaxies that failed when a table was written; their pictures may have been mended since."""
    again = f"--ids {store.failed} with another --output predicts them anew"
    return report(
        failures, f"all of them, with the reasons, are in {store.failed}; {again}", "when the table was written"
    )


def _already_finished(store: PredictionStore, sources: list[Source], spread: bool, same: Callable[[], bool]) -> int:
    """Answer ``--resume`` where the table is finished."""
    otherwise = "leave out --resume to predict all again, or name another --output"
    failures = read_failures(store.failed)
    lacking = [source.galaxy_id for source in sources if source.galaxy_id not in failures]
    if not lacking:  # nor is there a row to tell by whose it is
        return _report_written(store, failures)
    known = read_fractions(store.path).index
    lacking = [galaxy_id for galaxy_id in lacking if galaxy_id not in known]
    if lacking:
        raise ValueError(
            f"{store.path} is finished, without {len(lacking)} of the galaxies, the first of them {lacking[0]}; "
            "leave out --resume to predict all again, or write these to another --output"
        )
    key, columns = read_head(store.path)
    if key != store.key and not (key is None and same()):
        raise ValueError(
            f"{store.path} is finished, with predictions of other weights or another number of views; {otherwise}"
        )
    if spread and not set(SPREAD_COLUMNS).issubset(columns):
        raise ValueError(f"{store.path} is finished, without the columns of --spread; {otherwise}")
    print(f"{store.path} is finished already; leave out --resume to predict all again")
    return _report_written(store, failures)
