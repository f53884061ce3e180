"""``classify``: a class of one's own applied to images, as a table of scores."""

import argparse
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import read_ids
from galaxy_explorer.commands.console import inference_options, load_model, progress_bar
from galaxy_explorer.commands.predict import (
    CANNOT_RUN,
    PREDICT_AGAIN,
    TableOptions,
    check_unfinished,
    forget_changed,
    report_finished,
)
from galaxy_explorer.commands.reporting import (
    check_not_overwriting_inputs,
    check_output,
    disk_errors,
    printable,
    report,
    report_unscanned,
    reserved,
    say,
)
from galaxy_explorer.commands.sources import Notes, report_notes, sources_at
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Model
from galaxy_explorer.prediction import (
    CROP_COLUMNS,
    OOD_FLAG,
    OOD_SCORE,
    PredictionStore,
    Source,
    predict_missing,
    provenance,
    read_about,
    read_failures,
    write_table,
)
from galaxy_explorer.prediction.embeddings import array_of, remove_arrays
from galaxy_explorer.prediction.formats import check_ending
from galaxy_explorer.prediction.tables import CLASS_SCORE, read_parquet, write_failures, write_sidecar
from galaxy_explorer.similarity.class_files import SavedClass, read_class
from galaxy_explorer.similarity.classifier import MEMBER
from galaxy_explorer.storage import atomic_path, remove

BLOCK = 50_000  # rows that are written at a time
PREDICTED = (*COLUMNS, OOD_SCORE, OOD_FLAG, *CROP_COLUMNS)


@dataclass(frozen=True)
class Table:
    """The table of a run, the predictions next to it that it is made from, and its metadata."""

    scores: PredictionStore
    work: PredictionStore
    about: Mapping[str, str | int]


def classify(options: argparse.Namespace) -> int:
    """Write the scores of the images on the command line by a class; return the exit status.

    Raises
    ------
    ValueError
        If it cannot start or resume; the message says why and what to do.
    """
    notes: Notes = {}
    with ExitStack() as until_end:
        output = check_output(options.output)
        check_ending(output)
        check_not_overwriting_inputs(options.paths, output)
        content = options.class_file.read_bytes()
        if output.exists() and output.samefile(options.class_file):
            raise ValueError(f"{output} is the class file; name another --output")
        saved = read_class(content, str(options.class_file))
        options.weights, options.tta_views = options.weights or saved.network, saved.views
        ids = read_ids(options.ids) if options.ids else None
        sources = sources_at(options.paths, ids, notes, crop=options.crop == "auto")
        model = load_model(options)
        check_network(saved, model, options.weights)
        of_class = {"class": saved.name, "class_sha256": hashlib.sha256(content).hexdigest()}
        table = _table(options, output, model, of_class)
        until_end.enter_context(reserved(output, table.work.lock()))
        if options.resume and output.exists() and not (table.work.chunk_paths() or table.work.finished):
            return _report_finished(table, sources)
        if table.work.finished:  # a run was killed while it wrote the scores
            table.work.reopen()
        check_unfinished(table.work, sources, options.resume)
        report_unscanned(options.paths)
        forget_changed(table.work, sources)
        with disk_errors(output, lambda: "add --resume"):
            with progress_bar(before=len(table.work.predicted_ids())) as progress:
                settings = replace(inference_options(options), progress=progress)
                predict_missing(table.work, model, sources, settings)
            status = _finish(table, saved, len(sources))
        report_notes(notes)
        return status


def check_network(saved: SavedClass, model: Model, weights: str) -> None:
    """Check that a class was learned with a network.

    Raises
    ------
    ValueError
        If it was learned with another one, or with other weights.
    """
    if model.fingerprint != saved.network_fingerprint:
        raise ValueError(
            f"the class “{saved.name}” was learned with other weights of the network {saved.network} than those of "
            f"{weights}; give the checkpoint that it was learned with to --weights, or learn the class again"
        )


def _table(options: argparse.Namespace, output: Path, model: Model, about: Mapping[str, str]) -> Table:
    """Return the table of the command line."""
    made_by = provenance(options.weights, model, options.tta_views) | {"crop": options.crop, "names": options.names}
    key = str(made_by["prediction_key"])
    work = PredictionStore(output.with_name(f".{output.name}.predictions.parquet"), key, embeddings=True)
    return Table(PredictionStore(output, key), work, {**made_by, **about})


def _finish(table: Table, saved: SavedClass, count: int) -> int:
    """Write the table and report what it holds; return the exit status."""
    work, output, failed = table.work, table.scores.path, table.scores.failed
    listed = f"all of them, with the reasons, are in {failed}"
    if not work.predicted_ids():
        failures = work.give_up()
        write_failures(failed, failures)
        work.failed.unlink(missing_ok=True)
        report(failures, listed)
        say(f"no galaxy could be predicted; {output} was not written")
        return CANNOT_RUN
    work.finish(PREDICTED)
    failures = read_failures(work.failed)
    rows = read_parquet(work.path)
    if rows[OOD_SCORE].isna().all():  # the model card has no reference
        del rows[OOD_FLAG]
    columns = [CLASS_SCORE, *(name for name in PREDICTED if name in rows and rows[name].notna().any())]
    rows[CLASS_SCORE] = _scores(work.path, rows, saved)
    names, ending = str(table.about["names"]), check_ending(output)
    with atomic_path(output) as temporary:
        write_table(temporary, ending, _blocks(rows), columns, table.about, names)
        write_failures(failed, failures)
    if ending == ".csv":
        write_sidecar(output, table.about)
    _remove_work(work)
    members = int((rows[CLASS_SCORE] >= MEMBER).sum())
    print(printable(f"{len(rows):,} of {count:,} galaxies are in {output}"))
    print(printable(f"{members:,} of them have a score of “{saved.name}” of at least {MEMBER}"))
    return report(failures, listed)


def _scores(path: Path, rows: pd.DataFrame, saved: SavedClass) -> np.ndarray:
    """Return the scores of the galaxies of a finished table."""
    vectors = array_of(path)
    if vectors is None:
        raise ValueError(f"{path} has lost its embeddings; delete it, and give the same command again")
    return saved.classifier.scores(vectors, rows[list(COLUMNS)].to_numpy(dtype=np.float32))


def _blocks(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows of the table in blocks."""
    for start in range(0, max(1, len(rows)), BLOCK):
        yield rows.iloc[start : start + BLOCK]


def _remove_work(work: PredictionStore) -> None:
    """Remove the predictions that the scores were made from."""
    remove_arrays(work.path)
    for path in (work.path, work.failed):
        remove(path)


def _report_finished(table: Table, sources: list[Source]) -> int:
    """Check a finished table that ``--resume`` was given for, and report its failures."""
    if read_about(table.scores.path).get("class_sha256") != table.about["class_sha256"]:
        raise ValueError(f"{table.scores.path} is finished, but not with this class file; {PREDICT_AGAIN}")
    return report_finished(table.scores, sources, TableOptions((), table.about, str(table.about["names"])))
