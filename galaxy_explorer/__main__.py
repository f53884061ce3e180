"""The command line of Galaxy Explorer.

Exit status: 0 all done; 1 some galaxies failed and the rest is done; 2 the command could not run;
130 it was interrupted. Under torchrun it is torchrun's: 0 all done; 1 anything else.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

OUTPUT_CLOSED = 128 + 13  # what a shell makes of the signal that ends other programs then


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``python -m galaxy_explorer``; taken from the command line unless given.
    """
    options = _parser().parse_args(arguments)
    # Read when torch is first imported: its threads otherwise spin, and starve one another on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        with _ending_gently():
            status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as of "| head", which has read enough
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):  # Python flushes both once more when it ends
            os.dup2(nowhere, stream.fileno())
        return OUTPUT_CLOSED
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{options.command} could not run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupted:  # torchrun's has words of its own
        print(str(interrupted) or options.when_interrupted, file=sys.stderr)
        return 130


@contextmanager
def _ending_gently() -> Iterator[None]:
    """Take the signal of a batch system, a container or ``timeout`` as Ctrl-C, so that what is done is kept."""
    if threading.current_thread() is not threading.main_thread():  # which alone may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


# The commands are imported when they run: torch takes seconds, and --help should not.
def _predict(options: argparse.Namespace) -> int:
    from galaxy_explorer.commands.predict import predict

    return predict(options)


def _evaluate(options: argparse.Namespace) -> int:
    from galaxy_explorer.commands.evaluate import evaluate

    return evaluate(options)


def _pack(options: argparse.Namespace) -> int:
    from galaxy_explorer.commands.pack import pack

    return pack(options)


def _fetch(options: argparse.Namespace) -> int:
    from galaxy_explorer.commands.fetch import fetch

    return fetch(options)


def _parser() -> argparse.ArgumentParser:
    """Describe the commands and their options."""
    title, _, status = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m galaxy_explorer", description=title, epilog=status)
    commands = parser.add_subparsers(dest="command", required=True)

    predict = commands.add_parser("predict", help="predict the vote fractions of pictures", epilog=status)
    predict.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="pictures (also FITS), folders and zip files of pictures, mixed; sample: the galaxies that come along",
    )
    predict.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the table: .csv, .parquet, .fits or .ecsv"
    )
    predict.add_argument(
        "--spread",
        action="store_true",
        help="add 37 columns: how far each may be off (half-width of the 68 %% interval)",
    )
    predict.add_argument("--resume", action="store_true", help="go on with an interrupted table")
    predict.set_defaults(run=_predict, when_interrupted="interrupted; the same command with --resume goes on")

    evaluate = commands.add_parser("evaluate", help="measure a network against the volunteers", epilog=status)
    evaluate.add_argument(
        "data", metavar="DIR", help="a folder or zip file of pictures with the volunteers' scores, or sample"
    )
    evaluate.add_argument(
        "--all", action="store_true", help="all scored galaxies, even where there is a validation.txt"
    )
    evaluate.add_argument("--predictions", type=Path, metavar="FILE", help="a table to measure instead of a network")
    evaluate.add_argument(
        "--votes",
        default="debiased",
        choices=("debiased", "weighted"),
        help="of Galaxy Zoo 2: which of its votes (debiased)",
    )
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    evaluate.set_defaults(run=_evaluate, when_interrupted="interrupted; evaluate keeps nothing")

    pack = commands.add_parser(
        "pack", help="make one small zip file of a catalogue, for another machine", epilog=status
    )
    pack.add_argument("data", metavar="DIR", help="a folder or zip file of pictures, with or without scores")
    pack.add_argument("--output", type=Path, required=True, metavar="FILE", help="the zip file")
    pack.add_argument(
        "--crop", type=float, default=288 / 424, metavar="C", help="central part of the field (288 of 424 pixels)"
    )
    pack.add_argument("--size", type=_positive, default=224, metavar="PX", help="side of a picture in it (%(default)s)")
    pack.add_argument("--quality", type=int, default=90, metavar="Q", help="of WebP, 1 to 100 (%(default)s)")
    pack.add_argument("--ids", type=Path, metavar="FILE", help="only these galaxies: one id a line, or a CSV table")
    pack.add_argument("--workers", type=_positive, metavar="N", help="threads (some more than processors)")
    pack.set_defaults(run=_pack, when_interrupted="interrupted; the same command goes on where it stopped")

    fetch = commands.add_parser("fetch", help="fetch a whole data set from the internet", epilog=status)
    fetch.add_argument(
        "what", choices=("kaggle", "gz2", "sdss"),
        help="the Galaxy Challenge (2.3 GB), Galaxy Zoo 2 (3.5 GB), or some galaxies of it from live services",
    )  # fmt: skip
    fetch.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder it goes into")
    fetch.add_argument("--count", type=_positive, default=100, metavar="N", help="sdss: how many, up to 1000 (100)")
    fetch.add_argument("--seed", type=int, default=1, metavar="N", help="sdss: another seed draws other galaxies (1)")
    fetch.set_defaults(run=_fetch, when_interrupted="interrupted; the same command goes on where it stopped")

    for command in (predict, evaluate):
        _add_network_options(command)
    return parser


def _add_network_options(command: argparse.ArgumentParser) -> None:
    """Describe the options of every command that runs a network."""
    command.add_argument(
        "--weights", default="densenet", metavar="NAME|FILE", help="a network of this project, or a .pt file (densenet)"
    )
    command.add_argument("--views", type=int, default=8, choices=range(1, 9), help="flips and turns averaged (8)")
    command.add_argument("--ids", type=Path, metavar="FILE", help="only these galaxies: one id a line, or a CSV table")
    command.add_argument("--batch-size", type=_positive, default=32, metavar="N", help="pictures at a time (32)")
    command.add_argument("--workers", type=_positive, metavar="N", help="threads that decode (one per processor)")
    command.add_argument("--device", help="cpu, cuda, cuda:1, … (cuda where there is one)")


def _positive(text: str) -> int:
    """Take an option as a whole number of at least 1."""
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number; give one of at least 1") from error
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
