"""Missing predictions: offered with the estimated time, watched, stopped, retried."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from galaxy_explorer.app.compare import external_tables
from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.app.services import prediction_jobs
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.services.prediction_jobs import PredictionJob, Status
from galaxy_explorer.app.ui.predicting import RETRY, duration, show_failure, show_progress, start, unread_in_words
from galaxy_explorer.app.ui.skeletons import ESTIMATE, waiting
from galaxy_explorer.app.ui.wording import galaxies_in_words, listed
from galaxy_explorer.catalogue import Catalogue


def show_predictions(catalogue: Catalogue, comparison: Comparison, wanted: int) -> None:
    """Show the progress of the jobs that predict what is missing, or offer to start them."""
    external, worker = external_tables.tables(), prediction_jobs.worker()
    for network in external:
        if lacking := len(comparison.missing.get(network, ())):
            effect = "these are left out" if lacking < wanted else "there is nothing to compare"
            st.warning(f"The table of {network} lacks {lacking:,} of the {galaxies_in_words(wanted)}; {effect}.")
    missing = {network: ids for network, ids in comparison.missing.items() if network not in external}
    jobs = {network: worker.find(catalogue, network) for network in missing}
    # If nothing is missing, images that could not be read may be predicted once more.
    awaited = {network: set(ids or comparison.failures) for network, ids in missing.items()}
    running = [job for network, job in jobs.items() if job and _predicts(job, awaited[network])]
    if running:
        show_progress(running)
        return
    failed = [job for job in jobs.values() if job and job.status == Status.FAILED]
    for job in failed:
        show_failure(job)
    if needed := {network: ids for network, ids in missing.items() if ids}:
        offer_prediction(catalogue, needed, wanted, bool(failed))


def _predicts(job: PredictionJob, awaited: set[str]) -> bool:
    """Whether a job that has not ended predicts all of some galaxies."""
    return job.status != Status.FAILED and bool(awaited) and awaited.issubset(job.ids)


def offer_prediction(catalogue: Catalogue, missing: Mapping[str, Sequence[str]], wanted: int, failed: bool) -> None:
    """Show how much is predicted, the estimated time of the rest, and a button to start."""
    with waiting("Timing the networks on this machine …", ESTIMATE):
        estimate = sum(prediction_jobs.seconds_per_galaxy(network) * len(ids) for network, ids in missing.items())
    begun = any(len(ids) < wanted for ids in missing.values())
    counts = listed([f"{label(network)} {wanted - len(ids):,} of {wanted:,}" for network, ids in missing.items()])
    rest = f"Predicted so far: {counts}. The rest takes"
    all_of_them = f"Predict {galaxies_in_words(wanted)} with {listed([label(network) for network in missing])}:"
    time = f"about **{duration(estimate)}**, once for everyone."
    st.markdown(f"{rest if begun else all_of_them} {time}")
    verb = "Retry" if failed else "Resume" if begun else "Start"
    if st.button(f"{verb} prediction", type="primary", icon=":material/play_arrow:"):
        start(catalogue, missing)


def list_failures(catalogue: Catalogue, comparison: Comparison) -> None:
    """List the images that could not be read, with a button to retry: a disk may have been away."""
    if not comparison.failures:
        return
    with st.expander(
        unread_in_words(len(comparison.failures)), icon=":material/broken_image:", expanded=not len(comparison)
    ):
        st.dataframe(pd.Series(comparison.failures, name="reason").rename_axis("galaxy"))
        if st.button(RETRY, icon=":material/refresh:"):
            external = external_tables.tables()
            missing = {name: ids for name, ids in comparison.missing.items() if name not in external}
            start(catalogue, {network: [*ids, *comparison.failures] for network, ids in missing.items()})
