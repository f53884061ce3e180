"""The loop over a run's epochs, with its bar and its log."""

import json
import sys
import time

import torch
from tqdm import tqdm

from galaxy_explorer.training.resume import Progress, TrainingError, begin_log
from galaxy_explorer.training.run import Run


def fit(run: Run, *, quiet: bool = False) -> Progress:
    """Train until the epochs or the time are used up, saving the resume state after every epoch.

    A bar shows loss, RMSE, images a second and the time left; each epoch prints its line of JSON, which
    the log in the work folder holds as well.

    Parameters
    ----------
    run : Run
        Fresh, or resumed.
    quiet : bool
        Print nothing.

    Returns
    -------
    Progress
        ``run.best`` then holds the averaged weights of the best epoch on the hold-out.

    Raises
    ------
    TrainingError
        When the loss is no longer a number, or the device has no memory left.
    """
    progress, epochs, galaxies = run.progress, run.recipe.epochs, len(run.galaxies.training_rows)
    silent = quiet or not run.rank.is_rank_0
    with run.rank.barrier():
        if run.rank.is_rank_0:
            begin_log(run.work, progress.history)
    with tqdm(total=epochs * galaxies, initial=progress.epoch * galaxies, unit=" images", disable=silent) as bar:
        while progress.epoch < epochs and progress.seconds < run.seconds_allowed:
            bar.set_description(f"epoch {progress.epoch + 1}/{epochs}")
            start = time.perf_counter()
            try:
                line = run.end_epoch(run.train_epoch(bar), start)
            except torch.OutOfMemoryError as error:
                raise TrainingError(
                    f"{run.rank.device} has no memory left ({error}); lower --batch-size or --size"
                ) from error
            bar.update(progress.epoch * galaxies - bar.n)  # the few that no process saw
            run.save()
            if not silent:
                tqdm.write(json.dumps(line))
                sys.stdout.flush()
    return progress
