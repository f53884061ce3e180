"""``predict``: images in, a table of vote fractions out."""

import argparse
import hashlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from galaxy_explorer.catalogue import FIELD_FILE, read_ids
from galaxy_explorer.commands.console import inference_options, load_model, progress_bar
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
    INTERVAL_COLUMNS,
    OOD_FLAG,
    OOD_SCORE,
    PredictionError,
    PredictionStore,
    Rank,
    Source,
    init_distributed,
    predict_missing,
    provenance,
    read_about,
    read_failures,
    read_table,
)
from galaxy_explorer.prediction.embeddings import has_rows
from galaxy_explorer.prediction.formats import check_ending
from galaxy_explorer.prediction.tables import STATE, sidecar
from galaxy_explorer.storage import atomic_path
from galaxy_explorer.survey.joining import Join, is_joined
from galaxy_explorer.survey.tables import read_survey_table

PREDICT_AGAIN = "leave out --resume to predict all again, or name another --output"
CANNOT_RUN = 2  # exit status


@dataclass(frozen=True)
class TableOptions:
    """What the table of a run holds."""

    columns: Sequence[str]
    about: Mapping[str, str | int]
    names: str
    embeddings: Path | None = None  # a table of its own
    join: Join | None = None  # a catalogue, whose columns are added


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
            ids = read_ids(options.ids) if options.ids else None
            sources = sources_at(options.paths, ids, notes, crop=options.crop == "auto")
            model = load_model(options, rank)
            settings = inference_options(options, rank)
            table = _table_options(options, model, sources, settings.tta_views)
            store = PredictionStore(output, str(table.about["prediction_key"]), table.embeddings is not None)
            if rank.is_rank_0:
                for file in filter(None, (output, table.embeddings)):
                    until_end.enter_context(reserved(file, PredictionStore(file, store.key).lock()))
            check_unfinished(store, sources, options.resume)
        _check_same_galaxies(sources, rank)
        finished = options.resume and store.finished
        with rank.barrier():
            if rank.is_rank_0:
                report_unscanned(options.paths)
                forget_changed(store, sources)
                if store.uncounted_paths():
                    say(f"what {store.chunks} holds without embeddings is predicted again, for --embeddings")
                if output.exists() and not finished:
                    say(f"{output} exists; it is replaced when all galaxies are predicted")
        if finished:
            return report_finished(store, sources, table) if rank.is_rank_0 else 0
        with disk_errors(output, lambda: "add --resume" if store.chunk_paths() else "give the same command again"):
            with progress_bar(rank, before=len(store.predicted_ids())) as progress:
                predict_missing(store, model, sources, replace(settings, progress=progress), rank)
            status = _finish(store, len(sources), table) if rank.is_rank_0 else 0
        report_notes(notes)
        return status


def _table_options(
    options: argparse.Namespace, model: Model, sources: Sequence[Source], tta_views: int
) -> TableOptions:
    """Return what the table will hold.

    Raises
    ------
    ValueError
        If intervals are requested of a model without interval models.
    """
    if options.interval and model.card.interval_model(tta_views) is None:
        raise ValueError(
            f"--interval: the model card of {options.weights} has no interval model, so it has no 68 % intervals; "
            "leave --interval out, or train with a hold-out of 20 galaxies or more; train --update-card fits one for a "
            "checkpoint of an earlier version"
        )
    columns = [*COLUMNS, *(INTERVAL_COLUMNS if options.interval else ())]
    if model.card.ood_reference is not None:
        columns += [OOD_SCORE, OOD_FLAG]
    cropped = any(source.cropped for source in sources)
    about = provenance(options.weights, model, tta_views)
    about |= {"crop": "auto" if cropped else "none", "names": options.names}
    columns += CROP_COLUMNS if cropped else ()
    join = join_of(options, [source.galaxy_id for source in sources])
    return TableOptions(columns, about, options.names, _embeddings_file(options), join)


def _embeddings_file(options: argparse.Namespace) -> Path | None:
    """Check the file of ``--embeddings``, if there is one; errors as in `check_output`."""
    if options.embeddings is None:
        return None
    path = check_output(options.embeddings, "--embeddings")
    if path.suffix.lower() != ".parquet":
        raise ValueError(f"--embeddings {path}: embeddings are written as Parquet; name a file that ends in .parquet")
    if path.resolve() == options.output.resolve():
        raise ValueError(f"--embeddings and --output are both {path}; name two files")
    check_not_overwriting_inputs(options.paths, path, "--embeddings")
    return path


def _finish(store: PredictionStore, count: int, table: TableOptions) -> int:
    """Write the table, and report what it holds; return the exit status."""
    listed = f"all of them, with the reasons, are in {store.failed}"
    if not store.predicted_ids():
        report(store.give_up(), listed)
        say(f"no galaxy could be predicted; {store.path} was not written")
        return CANNOT_RUN
    found = store.finish(table.columns, table.about, table.names, embeddings_file=table.embeddings)
    print(printable(f"{found.predicted:,} of {count:,} galaxies are in {store.path}"))
    if table.embeddings:
        print(printable(f"their embeddings are in {table.embeddings}"))
    add_columns(store.path, table.join)
    if found.predicted + len(found.failures) < count:  # two runs on a file system without locks
        raise PredictionError(f"another run removed part of this run's chunks of {store.path}; run it again alone")
    if found.cropped:
        say(f"cropped to the galaxy: {found.cropped:,} of {found.predicted:,} pictures (columns crop_x, crop_y, …)")
    if OOD_SCORE not in table.columns:
        say(f"the model card of {table.about['network']} has no out-of-distribution reference: no column {OOD_SCORE}")
    elif found.out_of_distribution:
        say(
            f"{found.out_of_distribution:,} of {found.predicted:,} pictures differ from the training pictures, and "
            f"their predictions may be meaningless (column {OOD_FLAG}; of good pictures it is 1 in 100)"
        )
    return report(found.failures, listed)


def check_unfinished(store: PredictionStore, sources: list[Source], resume: bool) -> None:
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


def forget_changed(store: PredictionStore, sources: list[Source]) -> None:
    """Remove galaxies whose images have changed from an unfinished table, and report it."""
    before = store.unfinished()[STATE].dropna().to_dict()
    changed = [one.galaxy_id for one in sources if before.get(one.galaxy_id, one.fingerprint) != one.fingerprint]
    if changed:
        others = f" and {len(changed) - 1:,} more are" if len(changed) > 1 else " is"
        say(
            f"galaxy {changed[0]}{others} predicted again: the image, its field of view in {FIELD_FILE}, or --crop has "
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


def report_finished(store: PredictionStore, sources: list[Source], table: TableOptions) -> int:
    """Check a finished table that ``--resume`` was given for, and report its failures."""
    failures = read_failures(store.failed)
    expected = [source.galaxy_id for source in sources if source.galaxy_id not in failures]
    if expected:  # otherwise there is no row to check
        _check_finished(store, expected, table)
        print(printable(f"{store.path} is finished already; leave out --resume to predict all again"))
        add_columns(store.path, table.join)
    again = f"--ids {store.failed} with another --output predicts them again"
    return report(
        failures, f"all of them, with the reasons, are in {store.failed}; {again}", "when the table was written"
    )


def _check_finished(store: PredictionStore, expected: Sequence[str], wanted: TableOptions) -> None:
    """Raise ValueError if a finished table lacks galaxies or columns, or was made otherwise."""
    table, key = read_table(store.path)
    about = {"crop": "none", "names": "class"} | read_about(store.path)  # an earlier version had these
    missing = [galaxy_id for galaxy_id in expected if galaxy_id not in table.index]
    if missing:
        problem = f"without {len(missing):,} of the galaxies, the first of them {missing[0]}"
    elif key is None:
        problem = f"but {sidecar(store.path)} does not name its weights"
    elif key != store.key:
        problem = "with predictions of other weights or another number of TTA views"
    elif INTERVAL_COLUMNS[0] in wanted.columns and INTERVAL_COLUMNS[0] not in table:
        problem = "without the columns of --interval"
    elif wanted.embeddings and not has_rows(wanted.embeddings, expected, store.key):
        problem = f"but {wanted.embeddings} does not hold the embeddings of its galaxies"
    elif other := next((name for name in ("crop", "names") if about[name] != wanted.about[name]), None):
        problem = f"with --{other} {about[other]}"
    else:
        return
    raise ValueError(f"{store.path} is finished, {problem}; {PREDICT_AGAIN}")


def join_of(options: argparse.Namespace, ids: Collection[str]) -> Join | None:
    """Read the table of ``--catalogue``, if it is given; ValueError if it has none of the ids."""
    if options.catalogue is None:
        if options.id:
            raise ValueError("--id names a column of a table; give the table with --catalogue")
        return None
    table = read_survey_table(options.catalogue, options.id)
    if ids and not set(ids) & set(table.ids):
        raise ValueError(
            f"no id of {options.catalogue}, such as {table.ids[0]} in its column {table.id_column}, is that of a "
            f"picture, such as {next(iter(ids))}; name the column of the pictures' names with --id"
        )
    return Join(table)


def add_columns(path: Path, join: Join | None) -> None:
    """Join a finished table of predictions, if it is not yet joined, and report it."""
    ending = path.suffix.lower()
    if join is None or is_joined(path, ending, join):
        return
    with atomic_path(path) as temporary:
        shutil.copyfile(path, temporary)
        join(temporary, ending)
    absent = len(join.table.ids) - join.joined
    say(f"joined to {join.table.path}: {join.joined:,} galaxies; rows of it without a prediction: {absent:,}")
    if join.missing:
        others = f" and {len(join.missing) - 1:,} more" if len(join.missing) > 1 else ""
        say(f"galaxy {join.missing[0]}{others}: no row in {join.table.path}, so its columns are empty")
