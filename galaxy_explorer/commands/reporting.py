"""What the commands say on standard error, and of their outputs."""

import sys
from collections.abc import Mapping
from pathlib import Path

NAMED_FAILURES = 20  # on the screen; where there is a list beside the table, it has them all


def say(message: str) -> None:
    """Print on standard error."""
    print(message, file=sys.stderr)


def check_folder(output: Path) -> None:
    """Refuse an output that there is no folder for, before anything is read."""
    if not output.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {output.parent} to write into; make it, or name another --output")


def report(failures: Mapping[str, str], where: str) -> int:
    """Name the galaxies that failed on standard error, and give the exit status: 1 if any failed, else 0."""
    for galaxy_id, reason in list(failures.items())[:NAMED_FAILURES]:
        say(f"galaxy {galaxy_id} failed: {reason}")
    if failures:
        say(f"galaxies that failed: {len(failures):,}; {where}")
    return int(bool(failures))
