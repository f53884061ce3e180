"""``predict --catalogue``: a survey's columns in the table of predictions."""

import argparse
import shutil
from collections.abc import Collection
from pathlib import Path

from galaxy_explorer.commands.reporting import say
from galaxy_explorer.storage import atomic_path
from galaxy_explorer.survey.joining import Join, is_joined
from galaxy_explorer.survey.tables import read_survey_table


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
