"""Checks of output files, and messages of the commands on standard error."""

import errno
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from galaxy_explorer.catalogue import VOTE_FILES, skipped_note
from galaxy_explorer.images import FITS_ENDINGS, is_named

NAMED_FAILURES = 20  # on the screen; a failure list next to the table has all
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def say(message: str) -> None:
    """Print on standard error."""
    print(printable(message), file=sys.stderr)


def printable(text: str) -> str:
    """Escape control characters: a file name may hold sequences that a terminal obeys."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode categories; Cs: a byte of a file name that is not UTF-8
    return "".join(ascii(one)[1:-1] if unicodedata.category(one) in hidden and one != "\n" else one for one in text)


def report_unscanned(paths: Sequence[str]) -> None:
    """Report what is not read of folders and zip files: subfolders, other files, tables."""
    for path in paths:
        if message := skipped_note(path):
            say(message)


def check_output(output: Path, option: str = "--output") -> Path:
    """Check that an output can be written; return the file that a link to it leads to.

    Raises
    ------
    ValueError
        If its folder does not exist, or it is a folder itself.
    """
    if not output.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {output.parent} to write into; create it, or name another {option}")
    if output.is_dir():
        raise ValueError(f"{output} is a folder; name another {option}, or a file in it")
    # An atomic write would replace the link, not the file that it leads to.
    return output.resolve() if output.is_symlink() else output


def check_not_overwriting_inputs(paths: Sequence[str], output: Path, option: str = "--output") -> None:
    """Raise ValueError if an output would overwrite an input, or be read as one."""
    for path in filter(Path.exists, map(Path, paths)):
        folder = path if path.is_dir() else path.parent
        in_folder = output.resolve().parent == folder.resolve() and path.suffix.lower() != ".zip"
        is_read = output.name.lower() in VOTE_FILES or (path.is_dir() and is_named(output.name, *FITS_ENDINGS))
        if (in_folder and is_read) or (output.exists() and output.samefile(path)):
            raise ValueError(
                f"{output} is an input of this command, or would be read as one from {folder}; "
                f"name another {option}, such as predictions{output.suffix}"
            )


@contextmanager
def reserved(output: Path, lock: AbstractContextManager[bool]) -> Iterator[None]:
    """Hold the lock of an output for the block; two commands would overwrite each other's work.

    Raises
    ------
    ValueError
        If another command holds it, or its file cannot be written.
    """
    with ExitStack() as stack:
        try:
            acquired = stack.enter_context(lock)
        except OSError as error:
            raise ValueError(
                f"nothing can be written next to {output} ({error.strerror}); name another --output"
            ) from error
        if not acquired:
            raise ValueError(f"another run is writing {output}; wait for its end, or name another --output")
        yield


@contextmanager
def disk_errors(output: Path, advice: Callable[[], str]) -> Iterator[None]:
    """Turn the OSError of a full or missing disk into a ValueError with advice."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        remedy = "make room" if error.errno in DISK_FULL else f"check {error.filename or output.parent}"
        reason = error.strerror or error
        raise ValueError(f"{output} cannot be written ({reason}); {remedy}, then {advice()}") from error


def report(failures: Mapping[str, str], where: str, when: str = "") -> int:
    """Print the failed galaxies; return the exit status, 1 if any failed, else 0."""
    failed = f"failed {when}".rstrip()
    for galaxy_id, reason in list(failures.items())[:NAMED_FAILURES]:
        say(f"galaxy {galaxy_id} {failed}: {reason}")
    if failures:
        say(f"galaxies that {failed}: {len(failures):,}; {where}")
    return int(bool(failures))
