"""The command line of Galaxy Explorer.

Exit status: 0 all done; 1 some galaxies failed and the rest is done; 2 the command could not run, or all
galaxies failed; 130 it was interrupted. Under torchrun it is torchrun's: 0 all done; 1 anything else.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from galaxy_explorer import __version__, set_thread_policy
from galaxy_explorer.signals import sigterm_as_interrupt

OUTPUT_CLOSED = 128 + 13  # as a shell reports SIGPIPE
RUN_AGAIN = "run the same command again to continue"
TITLE, _, EXIT_STATUS = (__doc__ or "").partition("\n\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``galaxy-explorer``, by default on the command line.
    """
    parser = _parser()
    options, extra = parser.parse_known_args(arguments)
    if extra and not options.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    set_thread_policy()
    try:
        options.passed_on = extra
        with sigterm_as_interrupt():
            status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):  # Python flushes both again at exit
            os.dup2(nowhere, descriptor)
        return OUTPUT_CLOSED
    except (ValueError, OSError, RuntimeError) as error:
        from galaxy_explorer.commands.reporting import say

        say(f"{options.command} could not run: {error}")
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; {options.when_interrupted}", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="galaxy-explorer", description=TITLE, epilog=EXIT_STATUS)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_all = (_add_app, _add_predict, _add_classify, _add_evaluate, _add_fetch, _add_pack, _add_cutouts, _add_votes)
    for add in (*add_all, _add_simulate, _add_train):
        add(commands)
    return parser


def _add_command(commands: Any, title: str, example: str, when_interrupted: str) -> argparse.ArgumentParser:
    """Add a command; its module is imported when it runs, as torch takes seconds."""
    name = example.split()[0]
    command = commands.add_parser(
        name,
        help=title,
        description=f"{title[0].upper()}{title[1:]}.",
        epilog=f"Example:\n  galaxy-explorer {example}\n\n{EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def run(options: argparse.Namespace) -> int:
        return getattr(import_module(f"galaxy_explorer.commands.{name}"), name)(options)

    command.set_defaults(run=run, passes_on=False, when_interrupted=when_interrupted)
    return command


def _add_app(commands: Any) -> None:
    title = "open the app in the browser; further options are Streamlit's"
    command = _add_command(commands, title, "app --share --data ~/galaxies", "the app has stopped")
    command.set_defaults(passes_on=True)
    add = command.add_argument
    share = "share it in the network: print the address for visitors, and a QR code; ADDRESS if another is found"
    add("--share", nargs="?", const="", type=_host_name, metavar="ADDRESS", help=share)
    add("--data", metavar="PATH", help="a folder or zip file of images to begin with, as GALAXY_EXPLORER_DATA")
    add("--port", "--server.port", type=_port, metavar="N", help="the port to listen on (8501 or the next free one)")


def _add_train(commands: Any) -> None:
    """Add ``train``, whose options are those of the training command."""
    command = commands.add_parser("train", help="train a network on the scores of Galaxy Zoo 2", add_help=False)
    hint = "run the same command with --resume to continue after the last epoch"
    command.set_defaults(run=_run_train, passes_on=True, when_interrupted=hint)


def _run_train(options: argparse.Namespace) -> int:
    from galaxy_explorer.training.cli import main

    return main(options.passed_on)


def _add_predict(commands: Any) -> None:
    example = "predict ~/galaxies more.zip one.jpg --output predictions.csv"
    hint = "run the same command with --resume to continue"
    command = _add_command(commands, "predict the vote fractions of images", example, hint)
    add = command.add_argument
    paths = "images (also FITS), folders and zip files of images, mixed; sample: the bundled sample"
    add("paths", nargs="+", metavar="PATH", help=paths)
    add("--output", type=Path, required=True, metavar="FILE", help="the table: .csv, .parquet, .fits or .ecsv")
    add("--interval", action="store_true", help="add 74 columns: both ends of the 68 %% prediction intervals")
    embeddings = (
        "also write GalaxyID and the embedding, a list of float32 numbers: the mean over the TTA views of the means "
        "of the network's last maps"
    )
    add("--embeddings", type=Path, metavar="FILE.parquet", help=embeddings)
    add("--spread", dest="interval", action="store_true", help=argparse.SUPPRESS)  # of earlier versions
    catalogue = "a table whose columns are joined by id: FITS, VOTable, ECSV, CSV or Parquet"
    add("--catalogue", type=Path, metavar="FILE", help=catalogue)
    add("--id", default="", metavar="COLUMN", help="its column of ids (the first with a usual name)")
    _add_crop(command)
    names = "of the columns: Class1.1, …, or t01_smooth, … with 37 answer shares (%(default)s)"
    add("--names", choices=("class", "gz2"), default="class", help=names)
    add("--resume", action="store_true", help="continue an interrupted table")
    _add_network_options(command)


def _add_classify(commands: Any) -> None:
    example = "classify rings.class.json ~/galaxies --output rings.csv"
    hint = "run the same command with --resume to continue"
    command = _add_command(commands, "score images by a class of one's own, saved in the app", example, hint)
    add = command.add_argument
    add("class_file", type=Path, metavar="CLASSFILE", help="a class, saved on the page “Find more like these”")
    add("paths", nargs="+", metavar="PATH", help="images, folders and zip files of images, as for predict")
    table = "the table: .csv, .parquet, .fits or .ecsv, as of predict, with a column class_score"
    add("--output", type=Path, required=True, metavar="FILE", help=table)
    _add_crop(command)
    names = "of the columns: Class1.1, …, or t01_smooth, … with 37 answer shares (%(default)s)"
    add("--names", choices=("class", "gz2"), default="class", help=names)
    add("--resume", action="store_true", help="continue an interrupted table")
    weights = "the checkpoint that the class was learned with, if it is not a network of this project"
    add("--weights", metavar="NAME|FILE", help=weights)
    _add_inference_options(command)


def _add_crop(command: argparse.ArgumentParser) -> None:
    """Add the choice of how pictures are framed."""
    crop = "auto: find the galaxy in pictures of unknown scale, and crop to it; none: whole pictures (%(default)s)"
    command.add_argument("--crop", choices=("auto", "none"), default="auto", help=crop)


def _add_evaluate(commands: Any) -> None:
    title, example = "measure a network against the votes of volunteers", "evaluate ~/galaxy-zoo --weights densenet"
    command = _add_command(commands, title, example, "evaluate saves nothing")
    add = command.add_argument
    add("data", metavar="DIR", help="a folder or zip file of images with the volunteers' scores, or sample")
    add("--all", action="store_true", help="all galaxies with scores, even if there is a validation.txt")
    add("--predictions", type=Path, metavar="FILE", help="a table to measure instead of a network")
    votes = ("debiased", "weighted")
    add("--votes", default=votes[0], choices=votes, help="kind of votes of Galaxy Zoo 2 (%(default)s)")
    add("--json", action="store_true", help="print JSON")
    _add_crop(command)
    _add_network_options(command)


def _add_pack(commands: Any) -> None:
    title = "write a catalogue as one small zip file, for another machine"
    command = _add_command(commands, title, "pack ~/galaxy-zoo --output galaxies.zip", RUN_AGAIN)
    add = command.add_argument
    add("data", metavar="DIR", help="a folder or zip file of images, with or without scores")
    add("--output", type=Path, required=True, metavar="FILE", help="the zip file")
    add("--crop", type=float, default=288 / 424, metavar="C", help="central part of the field of view (288/424)")
    add("--size", type=_positive, default=224, metavar="PX", help="side of an image in it (%(default)s)")
    add("--quality", type=int, default=90, metavar="Q", help="of WebP, 1 to 100 (%(default)s)")
    _add_ids(command)
    add("--workers", type=_positive, metavar="N", help="threads (by default some more than processors)")


def _add_cutouts(commands: Any) -> None:
    example = "cutouts --catalogue table.fits --images 'mosaic_{band}.fits' --to cutouts.zip"
    hint = "run the same command with --resume to continue"
    command = _add_command(
        commands, "cut a catalogue's galaxies out of mosaics, as Galaxy Zoo showed its own", example, hint
    )
    add = command.add_argument
    table = "the table of galaxies: FITS, VOTable, ECSV, CSV or Parquet"
    add("--catalogue", type=Path, required=True, metavar="FILE", help=table)
    images = "FITS images, folders of them, or patterns; {band} in a name is replaced by each band"
    add("--images", nargs="+", required=True, metavar="PATH", help=images)
    add("--to", type=Path, required=True, metavar="FILE.zip|DIR", help="the zip file or folder to write")
    bands = "red, green and blue, or one band for grey (i r g, as SDSS)"
    add("--bands", nargs="+", default=["i", "r", "g"], metavar="BAND", help=bands)
    for name, what in (("id", "ids"), ("ra", "right ascensions, in degrees"), ("dec", "declinations, in degrees")):
        add(f"--{name}", default="", metavar="COLUMN", help=f"the column of {what} (the first with a usual name)")
    radius = "the column of Petrosian radii R90 (petroR90_r); a cutout's pixel is 0.02 of it"
    add("--radius", default="", metavar="COLUMN", help=radius)
    units = ("arcsec", "arcmin", "deg", "pixel")
    add("--radius-unit", default="", choices=units, help="its unit (the column's own, or else arcsec)")
    factor = "R90 over the column's radius: about 2.6 for a half-light radius (%(default)s)"
    add("--radius-factor", type=float, default=1.0, metavar="F", help=factor)
    add("--format", choices=("jpg", "png"), default="jpg", help="of the pictures (%(default)s)")
    add("--quality", type=int, default=95, metavar="Q", help="of JPEG, 1 to 100 (%(default)s)")
    add("--resume", action="store_true", help="continue an interrupted run")
    _add_ids(command)
    add("--workers", type=_positive, metavar="N", help="threads (one for each processor)")


def _add_simulate(commands: Any) -> None:
    title, example = "simulate galaxies whose components are known", "simulate --count 1000 --to ~/simulated"
    hint = "give the same command again: finished pictures are kept"
    add = _add_command(commands, title, example, hint).add_argument
    add("--to", type=Path, required=True, metavar="DIR", help="the folder to write: pictures, votes and parameters")
    add("--count", type=_positive, default=100, metavar="N", help="how many galaxies (%(default)s)")
    add("--seed", type=int, default=1, metavar="N", help="another seed draws other galaxies (%(default)s)")
    kind = "only galaxies that most people would give this answer, such as Class4.1"
    add("--kind", type=_column, metavar="COLUMN", help=kind)
    add("--balanced", action="store_true", help="all 37 answers, each with clear examples")
    add("--size", type=_positive, default=424, metavar="PX", help="side of a picture (%(default)s)")
    add("--format", choices=("jpg", "png", "webp"), default="jpg", help="of the pictures (%(default)s)")
    add("--quality", type=int, default=90, metavar="Q", help="of JPEG and WebP, 1 to 100 (%(default)s)")
    add("--workers", type=_positive, metavar="N", help="processes (one for each processor)")


def _add_votes(commands: Any) -> None:
    title = "join the votes of several people: scores, counts and a log of all votes"
    add = _add_command(commands, title, "votes ann.csv ben.csv --to ~/galaxies", RUN_AGAIN).add_argument
    logs = "logs of votes, which the page “Your votes” saves; of two votes of a person on a galaxy the later one counts"
    add("logs", nargs="+", type=Path, metavar="FILE.csv", help=logs)
    add("--to", type=Path, required=True, metavar="DIR", help="the folder to write to, such as that of the pictures")


def _add_fetch(commands: Any) -> None:
    example = "fetch sdss --to ~/some-galaxies --count 300"
    add = _add_command(commands, "fetch a data set from the internet", example, RUN_AGAIN).add_argument
    sets = "the Galaxy Challenge (2.3 GB), Galaxy Zoo 2 (3.5 GB), or some galaxies of it from live services"
    add("what", choices=("kaggle", "gz2", "sdss"), help=sets)
    add("--to", type=Path, required=True, metavar="DIR", help="the folder to write to")
    add("--count", type=_positive, default=100, metavar="N", help="sdss: how many, up to 1000 (%(default)s)")
    add("--seed", type=int, default=1, metavar="N", help="sdss: another seed draws other galaxies (%(default)s)")


def _add_network_options(command: argparse.ArgumentParser) -> None:
    """Add the options of every command that runs a network."""
    add = command.add_argument
    weights = "a network of this project, or a checkpoint file (%(default)s)"
    add("--weights", default="densenet", metavar="NAME|FILE", help=weights)
    _add_views(command)
    _add_inference_options(command)


def _add_views(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    views: dict[str, Any] = {"dest": "tta_views", "type": int, "choices": range(1, 9)}
    views_help = (
        "flips and quarter turns that are averaged (8); intervals are fitted for 1, 2, 4 and 8, 3 uses those of 2"
    )
    add("--tta-views", help=views_help, **views)
    add("--views", help=argparse.SUPPRESS, **views)


def _add_inference_options(command: argparse.ArgumentParser) -> None:
    """Add what decides speed, and which galaxies."""
    add = command.add_argument
    _add_ids(command)
    add("--batch-size", type=_positive, metavar="N", help="images at a time (32)")
    add("--workers", type=_positive, metavar="N", help="threads that decode images (one for each processor)")
    add("--device", help="cpu, cuda, cuda:1, … or mps (cuda if available)")


def _add_ids(command: argparse.ArgumentParser) -> None:
    ids = "only these galaxies: a file with one id on each line, or a CSV table"
    command.add_argument("--ids", type=Path, metavar="FILE", help=ids)


def _column(text: str) -> str:
    """Parse a score column; the table is imported here, as it loads numpy."""
    from galaxy_explorer.decision_tree import COLUMNS

    if text not in COLUMNS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a column of the scores, {COLUMNS[0]} to {COLUMNS[-1]}")
    return text


def _positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; give one of at least 1") from error
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _port(text: str) -> int:
    """Parse the number of a port."""
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to 65535, such as 8600")
    return int(text)


def _host_name(text: str) -> str:
    """Parse a host name or IPv4 address, without scheme and port; "" if none is given."""
    if not re.fullmatch(r"[\w.-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name or IPv4 address, such as 192.168.1.20")
    return text
