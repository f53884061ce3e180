"""Progress on standard error: a bar in a terminal, a line a minute in a log file."""

import sys
from typing import TextIO

from tqdm import tqdm

LOG_SECONDS = 60.0  # between two lines of a log file
LOG_LINE = "{desc}{n:,} of {total:,}{unit}, {rate_fmt}, {remaining} left{postfix}"


class _LogFile:
    """A text stream in which each state of a bar becomes a line."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        """Write a state without the carriage return that draws it over the last one."""
        if line := text.strip():
            self.stream.write(f"{line}\n")

    def flush(self) -> None:
        """Write what the stream holds."""
        self.stream.flush()


def progress_bar(
    unit: str, total: int | None = None, *, initial: int = 0, desc: str | None = None, disable: bool = False
) -> tqdm:
    """Open a progress bar, or if standard error is not a terminal, write a line a minute.

    Parameters
    ----------
    unit : str
        What is counted, such as ``galaxies``.
    total : int, optional
        How many there are; it must be set before the first update.
    initial : int
        How many were done before; they do not count for the rate.
    desc : str, optional
        What is being done.
    disable : bool
        Show nothing.

    Returns
    -------
    tqdm
        A context manager with ``update`` and ``total``. In a log file a line has the count, the rate and the time
        left; work that ends within a minute has none.
    """
    if disable or sys.stderr.isatty():
        return tqdm(total=total, initial=initial, desc=desc, unit=f" {unit}", disable=disable)
    return tqdm(
        total=total,
        initial=initial,
        desc=desc,
        unit=f" {unit}",
        file=_LogFile(sys.stderr),
        mininterval=LOG_SECONDS,
        delay=LOG_SECONDS,
        miniters=1,
        bar_format=LOG_LINE,
    )
