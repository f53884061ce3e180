"""Predictions of a catalogue: offered with the estimated time, watched, stopped, resumed."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import streamlit as st

from galaxy_explorer.app.services import answers, networks, prediction_jobs
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.services.prediction_jobs import PredictionJob, Status
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.ui.wording import galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import cached

KEPT = "Predictions continue while you use other pages. Finished ones are kept for everyone, also after a stop."
OFFER_HELP = (
    "The network predicts the vote fractions of every galaxy on this machine. You can use the app at the same time, "
    "and filter and sort what is predicted so far. The predictions are stored: nothing is predicted twice."
)
RETRY = "Retry these pictures"
MAX_REASONS = 3  # unreadable pictures whose reasons are listed


def offer_predictions(catalogue: Catalogue, network: str, embeddings: bool = False) -> None:
    """Draw what a network has predicted of a catalogue, with a button that predicts the rest.

    Nothing is drawn if all galaxies are predicted. While the job runs, its progress is drawn, with a button to stop.

    Parameters
    ----------
    catalogue : Catalogue
    network : str
        Name of a network.
    embeddings : bool, optional
        Whether embeddings are needed: galaxies that an earlier version predicted without them are predicted again.
    """
    if network not in networks.names():
        return  # predictions of a network that is not bundled any longer can be read, not extended
    job = prediction_jobs.worker().find(catalogue, network)
    with st.container(key=f"predicting_{network}"):
        if job and job.status != Status.FAILED:
            show_progress([job])
            return
        if job:
            show_failure(job)
        missing, failures = missing_galaxies(catalogue, network, embeddings)
        if missing:
            again = embeddings and _explain_lacking(catalogue, network)
            wanted = "predicted with embeddings" if again else "predicted"
            _offer(catalogue, network, missing, "Retry" if job else "Predict", wanted)
        elif failures:
            _offer_retry(catalogue, network, failures)


def show_failure(job: PredictionJob) -> None:
    """Draw why a job failed."""
    st.error(f"The prediction by the **{label(job.network)}** network failed: {with_full_stop(job.error)}")


def unread_in_words(count: int) -> str:
    """Return how many pictures could not be read: ``2 pictures could not be read``."""
    return f"{count:,} picture{'' if count == 1 else 's'} could not be read"


def _explain_lacking(catalogue: Catalogue, network: str) -> bool:
    """Explain why galaxies are predicted again, if any are; return whether any are."""
    lacking = answers.answers_of(catalogue, network).predicted - len(embeddings_of(catalogue, network) or ())
    if lacking > 0:
        was = "was" if lacking == 1 else "were"
        st.caption(f"{galaxies_in_words(lacking)} {was} predicted by an earlier version, without embeddings.")
    return lacking > 0


def missing_galaxies(catalogue: Catalogue, network: str, embeddings: bool = False) -> tuple[list[str], dict[str, str]]:
    """Return the galaxies that a network can still predict, and the reasons for failures.

    Parameters
    ----------
    catalogue : Catalogue
    network : str
    embeddings : bool, optional
        Whether a galaxy without an embedding counts as well.

    Returns
    -------
    list of str, dict of str to str
        Downloads that failed are among both.
    """
    if embeddings:
        found = embeddings_of(catalogue, network)
        known = np.zeros(len(catalogue), dtype=bool)
        if found:
            known[found.rows] = True
    else:
        known = answers.answers_of(catalogue, network).votes.known
    tables = cached.tables_by(catalogue, network)
    ids = catalogue.table.index[~known]
    failures: dict[str, str] = {}
    if len(ids):
        failures = catalogue_result(catalogue, ("failures", tables), lambda: cached.failures_of(tables))
        failures = {galaxy_id: failures[galaxy_id] for galaxy_id in ids if galaxy_id in failures}
    if failures and catalogue.fetch is None:
        ids = ids[~ids.isin(list(failures))]
    return ids.tolist(), failures


def start(catalogue: Catalogue, missing: Mapping[str, Iterable[str]]) -> None:
    """Start jobs by network, or extend those that run, and rerun the page."""
    with st.spinner("Loading the network …"):
        for network, ids in missing.items():
            prediction_jobs.worker().submit(catalogue, ids, network, prediction_jobs.session_id())
    st.rerun()


def _offer(catalogue: Catalogue, network: str, missing: Sequence[str], verb: str, wanted: str) -> None:
    """Draw how much is predicted, and a button that predicts the rest, with the estimated time."""
    timed = _timed(network)
    time = f"about {duration(timed * len(missing))}, once" if timed else "once"
    done = len(catalogue) - len(missing)
    the_rest = f"the other {len(missing):,}" if done else galaxies_in_words(len(missing))
    with st.container(horizontal=True, vertical_alignment="center"):
        predicted = f"{done:,} of {len(catalogue):,} galaxies are" if done else "These galaxies are not yet"
        st.markdown(f"{predicted} {wanted} by the **{label(network)}** network.", width="content")
        offer, icon = f"{verb} {the_rest} ({time})", ":material/play_arrow:"
        if st.button(offer, key=f"predict_{network}", type="primary", icon=icon, help=OFFER_HELP):
            start(catalogue, {network: missing})
    if timed is None:
        _await_timing(network)


def _timed(network: str) -> float | None:
    """Return a network's seconds per galaxy; None until measured, 0 if that failed."""
    timing = prediction_jobs.timing(network)
    return (0.0 if timing.exception() else timing.result()) if timing.done() else None


@st.fragment(run_every=1.0)
def _await_timing(network: str) -> None:
    """Rerun the page when the time that the network takes has been measured."""
    if prediction_jobs.timing(network).done():
        st.rerun()


def _offer_retry(catalogue: Catalogue, network: str, failures: Mapping[str, str]) -> None:
    """Draw how many pictures could not be read, with a button to retry: a disk may be back."""
    with st.container(horizontal=True, vertical_alignment="center"):
        reasons = "  \n".join(with_full_stop(reason) for reason in list(failures.values())[:MAX_REASONS])
        st.caption(f"{unread_in_words(len(failures))}.", help=reasons, width="content")
        if st.button(RETRY, key=f"retry_{network}", icon=":material/refresh:", type="tertiary"):
            start(catalogue, {network: list(failures)})


def show_progress(jobs: Sequence[PredictionJob]) -> None:
    """Show the progress of jobs, with a button to stop them; rerun the page when they end.

    Parameters
    ----------
    jobs : sequence of PredictionJob
        Jobs that have not failed.
    """
    _watch(jobs, _files_of(jobs))


def _files_of(jobs: Sequence[PredictionJob]) -> int:
    """Count the files of predictions that can be read."""
    return sum(len(cached.files_of(job.store)) for job in jobs)


@st.fragment(run_every=1.0)
def _watch(jobs: Sequence[PredictionJob], shown: int) -> None:
    """Draw the progress of jobs; the page shows the given number of files."""
    for job in jobs:
        st.progress(min(job.done / max(1, len(job.ids)), 1.0), _in_words(job))
    with st.container(horizontal=True, vertical_alignment="center"):
        mine = [job for job in jobs if prediction_jobs.may_stop(job)]
        if mine:
            stopping = all(job.stop.is_set() for job in mine)
            st.button("Stop prediction", icon=":material/stop_circle:", disabled=stopping, on_click=_stop, args=(mine,))
        more = _files_of(jobs) > shown
        if more and shown and st.button("Show what is new", icon=":material/refresh:", type="tertiary"):
            st.rerun()
        st.caption(KEPT if mine else "Another visitor started this prediction.", width="content")
    if all(job.ended.is_set() for job in jobs) or (more and not shown):
        st.rerun()


def _in_words(job: PredictionJob) -> str:
    """Describe how far a job is: ``accurate: 1,200 of 12,549 predicted, about 20 minutes left``."""
    done = "queued" if job.status == Status.QUEUED else f"{job.done:,} of {len(job.ids):,} predicted"
    seconds = job.seconds_left
    if seconds is None and (timed := _timed(job.network)):
        seconds = timed * (len(job.ids) - job.done)
    left = "stopping after the current batch" if job.stop.is_set() else ""
    left = left or (f"about {duration(seconds)} left" if seconds is not None else "")
    return ", ".join(filter(None, [f"**{label(job.network)}**: {done}", left]))


def _stop(jobs: Iterable[PredictionJob]) -> None:
    """Stop jobs after their current batch."""
    for job in jobs:
        job.stop.set()


def duration(seconds: float) -> str:
    """Return a time in words: ``40 seconds``, ``5 minutes``, ``2.5 hours``.

    Parameters
    ----------
    seconds : float
    """
    if seconds < 90:
        return f"{max(seconds, 1):.0f} second{'s' if seconds >= 1.5 else ''}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
