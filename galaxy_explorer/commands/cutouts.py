"""``cutouts``: a catalogue and mosaics in, pictures of its galaxies out."""

import argparse
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from galaxy_explorer.catalogue import POSITIONS_FILE, read_ids
from galaxy_explorer.commands.reporting import NAMED_FAILURES, disk_errors, printable, report, reserved, say
from galaxy_explorer.images import ImageError
from galaxy_explorer.prediction.tables import read_failures, write_failures
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.survey import CutoutError, Mosaics, Target, cut, read_survey_table, scan_mosaics, targets_of
from galaxy_explorer.survey.cutout_store import CutoutStore
from galaxy_explorer.survey.cutting import vectors_of
from galaxy_explorer.survey.open_files import OpenFiles, new_cache
from galaxy_explorer.survey.targets import TargetColumns

BATCH_SIZE = 64  # cutouts between two points at which they are listed as done
CANNOT_RUN = 2  # exit status


@dataclass
class Results:
    """Cutouts and failures so far, by id."""

    covered: dict[str, float]
    failures: dict[str, str]


def cutouts(options: argparse.Namespace) -> int:
    """Write the cutouts of a catalogue's galaxies; return the exit status.

    Raises
    ------
    ValueError
        If it cannot start or resume; the message says why and what to do.
    """
    store = CutoutStore(options.to, f".{options.format}")
    _check(options, store)
    with reserved(store.path, store.lock()), disk_errors(store.path, lambda: "add --resume"):
        if options.resume and store.is_finished:
            print(printable(f"{store.path} is finished already; leave out --resume to make all cutouts again"))
            return report(read_failures(store.failed), _listed(store), "when it was written")
        table = read_survey_table(options.catalogue, options.id)
        columns = TargetColumns(options.ra, options.dec, options.radius, options.radius_unit, options.radius_factor)
        targets, failures = _chosen(*targets_of(table, columns), options)
        with progress_bar("files", desc="reading headers") as bar:
            mosaics = scan_mosaics(options.images, options.bands, bar.update)
        for note in mosaics.notes[:NAMED_FAILURES]:
            say(f"left out of the images: {note}")
        results = Results(store.begin(_settings(options, targets, mosaics)), failures)
        _cut_all(options, store, targets, mosaics, results)
        return _finish(store, targets, results)


def _check(options: argparse.Namespace, store: CutoutStore) -> None:
    """Raise ValueError for options that exclude each other, before anything is read."""
    path, unfinished = store.path, store.unfinished
    if len(options.bands) not in (1, 3):
        raise ValueError(f"--bands has {len(options.bands)} names; give three, red first, or one for pictures in grey")
    if len(set(options.bands)) < len(options.bands):
        raise ValueError(f"--bands {' '.join(options.bands)} names a band twice; give three, red first")
    if not (options.radius_factor > 0 and 1 <= options.quality <= 100):
        raise ValueError("--radius-factor must be above 0, and --quality from 1 to 100")
    if not path.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} to write into; create it, or name another one with --to")
    if store.is_zip and path.is_dir():
        raise ValueError(f"{path} is a folder; name a zip file or another folder with --to")
    is_empty = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if not (store.is_zip or is_empty or (options.resume and store.is_finished)):
        raise ValueError(f"{path} exists and is not an empty folder; name another one with --to")
    if unfinished.exists() and not options.resume:
        raise ValueError(
            f"{unfinished} holds the cutouts of an interrupted run; add --resume to continue it, or delete the folder "
            "to start again"
        )


def _chosen(
    targets: list[Target], failures: dict[str, str], options: argparse.Namespace
) -> tuple[list[Target], dict[str, str]]:
    """Return the galaxies of ``--ids``, and those of the list that the table lacks as failures."""
    if not options.ids:
        return targets, failures
    wanted = dict.fromkeys(read_ids(options.ids))
    known = {target.galaxy_id: target for target in targets}
    absent = f"it is not in {options.catalogue}"
    if not known.keys() & wanted.keys():
        raise ValueError(
            f"none of the {len(wanted):,} ids, the first of them {next(iter(wanted))}, can be used: {absent}"
        )
    chosen = [known[one] for one in wanted if one in known]
    return chosen, {one: failures.get(one, absent) for one in wanted if one not in known}


def _settings(options: argparse.Namespace, targets: Sequence[Target], mosaics: Mosaics) -> Mapping[str, object]:
    """Return what an interrupted run and the one that continues it have in common, by option."""
    files = sorted({tile.path for tiles in mosaics.tiles.values() for tile in tiles})
    states = [(str(path.resolve()), (state := path.stat()).st_size, state.st_mtime_ns) for path in files]
    return {
        "--catalogue or its columns": _digest(targets),
        "--images": _digest(states),
        "--bands": list(options.bands),
        "--format": options.format,
        "--quality": options.quality,
    }


def _digest(values: Sequence[object]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def _cut_all(
    options: argparse.Namespace, store: CutoutStore, targets: Sequence[Target], mosaics: Mosaics, results: Results
) -> None:
    """Cut out the galaxies that are not done, those of one tile after each other."""
    missing = [target for target in targets if target.galaxy_id not in results.covered]
    missing = [missing[row] for row in mosaics.order(vectors_of(missing))] if missing else []
    files, done = OpenFiles(new_cache()), len(results.covered)
    pool = ThreadPoolExecutor(options.workers or os.cpu_count(), thread_name_prefix="cut")
    try:
        with progress_bar("galaxies", done + len(missing), initial=done) as bar:
            for first in range(0, len(missing), BATCH_SIZE):
                batch = missing[first : first + BATCH_SIZE]
                futures = [pool.submit(_encoded, target, mosaics, files, options) for target in batch]
                pictures, covered = {}, {}
                for target, future in zip(batch, futures, strict=True):
                    try:
                        pictures[target.galaxy_id], covered[target.galaxy_id] = future.result()
                    except (CutoutError, ImageError, OSError) as error:
                        results.failures[target.galaxy_id] = str(error)
                    bar.update()
                store.add(pictures, covered)
                results.covered.update(covered)
    finally:
        pool.shutdown(cancel_futures=True)


def _encoded(target: Target, mosaics: Mosaics, files: OpenFiles, options: argparse.Namespace) -> tuple[bytes, float]:
    """Return a galaxy's cutout as the bytes of a picture file, and its covered fraction."""
    cutout = cut(target, mosaics, files)
    content = io.BytesIO()
    picture = Image.fromarray(cutout.picture)
    if options.format == "png":
        picture.save(content, "PNG", compress_level=4)  # 6, the default, takes 2.5 times as long for 7 % less
    else:
        picture.save(content, "JPEG", quality=options.quality)
    return content.getvalue(), cutout.covered


def _finish(store: CutoutStore, targets: Sequence[Target], results: Results) -> int:
    """Rename the cutouts, and report what they are; return the exit status."""
    write_failures(store.failed, results.failures)
    if not results.covered:
        report(results.failures, _listed(store))
        say(f"no galaxy could be cut out; {store.path} was not written")
        store.give_up()
        return CANNOT_RUN
    store.finish(targets, results.covered)
    print(
        printable(
            f"{len(results.covered):,} of {len(results.covered) + len(results.failures):,} cutouts are in {store.path}"
        )
    )
    partly = sorted((part, name) for name, part in results.covered.items() if part < 1)
    for part, name in partly[:NAMED_FAILURES]:
        say(f"galaxy {name} is partly covered: {100 * part:.0f} %")
    if partly:
        say(f"cutouts that are partly covered: {len(partly):,}; column covered of {POSITIONS_FILE} has the fraction")
    return report(results.failures, _listed(store))


def _listed(store: CutoutStore) -> str:
    return f"all of them, with the reasons, are in {store.failed}"
