"""What the commands say on standard error, and of their outputs."""

import errno
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from galaxy_explorer.catalogue import DEBIASED, SAMPLE, VOTE_FILES, Catalogue, open_catalogue, subfolders_note
from galaxy_explorer.images import FITS_ENDINGS, is_named

NAMED_FAILURES = 20  # on the screen; where there is a list beside the table, it has them all
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def say(message: str) -> None:
    """Print on standard error."""
    print(message, file=sys.stderr)


def say_passed_over(paths: Sequence[str]) -> None:
    """Say on standard error which folders hold folders of pictures that are not looked into."""
    for path in paths:
        if said := subfolders_note(path):
            say(said)


def catalogue_at(where: str, votes: str = DEBIASED) -> Catalogue:
    """Open the galaxies that somebody named, where that can mean one thing only.

    Raises
    ------
    ValueError
        When there are none, or ``sample`` is a folder or file here as well.
    """
    if where == SAMPLE and Path(where).exists():
        raise ValueError(
            f"{SAMPLE} means the galaxies that come with Galaxy Explorer, and there is a {SAMPLE} in this folder too; "
            f"write ./{SAMPLE} for that one, or work in another folder"
        )
    return open_catalogue(where, votes=votes)


def check_output(output: Path) -> Path:
    """Refuse an output that cannot be written, before anything is read; give the file that a link to it leads to."""
    if not output.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {output.parent} to write into; make it, or name another --output")
    if output.is_dir():
        raise ValueError(f"{output} is a folder; name another --output, or a file in it")
    # What is replaced in one step would take the place of the link, and leave what it leads to as it was.
    return output.resolve() if output.is_symlink() else output


def check_spares(paths: Sequence[str], output: Path) -> None:
    """Refuse an output that would take the place of a picture or of volunteers' votes, or be taken for such.

    Raises
    ------
    ValueError
        When it would.
    """
    for path in filter(Path.exists, map(Path, paths)):
        if output.exists() and output.samefile(path):
            raise ValueError(f"{output} is what is to be read; name another --output")
        folder = path if path.is_dir() else path.parent
        if output.resolve().parent != folder.resolve() or path.suffix.lower() == ".zip":
            continue
        if output.name in VOTE_FILES:
            raise ValueError(
                f"{output.name} is what volunteers' votes are called in a folder of pictures, as {folder} is; name another "
                "--output, such as predictions.csv"
            )
        if path.is_dir() and is_named(output.name, *FITS_ENDINGS):
            raise ValueError(f"in a folder of pictures as {path}, a FITS table is taken for one; name another --output")


@contextmanager
def reserved(output: Path, lock: AbstractContextManager[bool]) -> Iterator[None]:
    """Keep other runs off the output by its lock, without which two would take each other's work away."""
    with ExitStack() as reserving:
        try:
            ours = reserving.enter_context(lock)
        except OSError as error:
            raise ValueError(
                f"nothing can be written beside {output} ({error.strerror}); name another --output, in a folder of yours"
            ) from error
        if not ours:
            raise ValueError(f"another run is writing {output}; wait for its end, or name another --output")
        yield


@contextmanager
def disk_in_words(output: Path, advice: Callable[[], str]) -> Iterator[None]:
    """Say of a disk that is full or gone what to do; the advice is asked for when it is needed."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        mending = "make room" if error.errno in NO_ROOM else f"see to {error.filename or output.parent}"
        raise ValueError(
            f"{output} cannot be written ({error.strerror or error}); {mending}, then {advice()}"
        ) from error


def report(failures: Mapping[str, str], where: str, when: str = "") -> int:
    """Name the galaxies that failed on standard error, and give the exit status: 1 if any failed, else 0."""
    failed = f"failed {when}".rstrip()
    for galaxy_id, reason in list(failures.items())[:NAMED_FAILURES]:
        say(f"galaxy {galaxy_id} {failed}: {reason}")
    if failures:
        say(f"galaxies that {failed}: {len(failures):,}; {where}")
    return int(bool(failures))
