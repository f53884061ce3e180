"""``votes``: logs of several people's votes as one data set next to its pictures."""

import argparse

from galaxy_explorer.commands.reporting import say
from galaxy_explorer.votes import merge, read_ballots, write_data_set


def votes(options: argparse.Namespace) -> int:
    """Join the logs and write the data set; return the exit status.

    Raises
    ------
    ValueError
        If a log cannot be read, where the message names the file and the line; if they hold no votes; or if the folder
        has a `scores.csv` of others.
    """
    ballots = merge(*(read_ballots(file) for file in options.logs))
    if not ballots:
        raise ValueError("these files hold no votes; give logs that the page “Your votes” saved")
    write_data_set(options.to, ballots)
    galaxies, voters = ({getattr(ballot, name) for ballot in ballots} for name in ("galaxy", "voter"))
    say(
        f"{len(ballots):,} votes of {len(voters):,} people on {len(galaxies):,} galaxies: "
        f"scores.csv, counts.csv and votes.csv are in {options.to}"
    )
    return 0
