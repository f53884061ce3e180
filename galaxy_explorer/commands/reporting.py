"""Words of the commands on standard error."""

import sys
from collections.abc import Mapping

NAMED_FAILURES = 20  # on the screen; where there is a list beside the table, it has them all


def say(message: str) -> None:
    """Print on standard error."""
    print(message, file=sys.stderr)


def report(failures: Mapping[str, str], where: str) -> int:
    """Name the galaxies that failed on standard error, and give the exit status: 1 if any failed, else 0."""
    for galaxy_id, reason in list(failures.items())[:NAMED_FAILURES]:
        say(f"galaxy {galaxy_id} failed: {reason}")
    if failures:
        say(f"galaxies that failed: {len(failures):,}; {where}")
    return int(bool(failures))
