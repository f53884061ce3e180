"""The work on what is missing of a comparison: offered with its time, watched, stopped, tried again."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.app.compare.external_tables import opened_tables
from galaxy_explorer.app.services import prediction_jobs
from galaxy_explorer.app.ui.skeletons import ESTIMATE, waiting
from galaxy_explorer.app.ui.wording import ended, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue


@st.fragment(run_every=1.0)
def show_progress(jobs: Sequence[prediction_jobs.Job]) -> None:
    """Show how far the worker is, with a way to stop; rerun the page when all is done."""
    for job in jobs:
        left = job.seconds_left
        if left is None:
            left = prediction_jobs.seconds_per_galaxy(job.network) * (len(job.ids) - job.done)
        said = "waits its turn" if job.started is None else f"{job.done:,} of {len(job.ids):,} galaxies"
        left_said = "stopping after those under way" if job.stop.is_set() else f"about {duration(left)} left"
        st.progress(min(job.done / len(job.ids), 1.0), f"**{job.network}**: {said}, {left_said}")
    st.caption("You may use the other pages meanwhile. What is done is kept, also when you stop.")
    for job in jobs:
        if visitor() in job.left:  # the others may have gone meanwhile
            prediction_jobs.worker().leave(job, visitor(), prediction_jobs.is_here)
    over = [job.stop.is_set() or visitor() in job.left for job in jobs]
    st.button("Stop", icon=":material/stop_circle:", disabled=all(over), on_click=stop_waiting, args=(jobs,))
    if any(visitor() in job.left and not job.stop.is_set() for job in jobs):
        st.info("Another visitor waits for these galaxies too, so the work goes on.", icon=":material/group:")
    if all(job.finished.is_set() for job in jobs):
        st.rerun()


def stop_waiting(jobs: Sequence[prediction_jobs.Job]) -> None:
    """Wait no longer; what nobody waits for ends."""
    for job in jobs:
        prediction_jobs.worker().leave(job, visitor(), prediction_jobs.is_here)


def duration(seconds: float) -> str:
    """Say a time in plain words."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} second{'s' if seconds >= 1.5 else ''}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def visitor() -> str:
    """Name this visitor's session."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def see_to_predictions(catalogue: Catalogue, comparison: Comparison, wanted: int) -> None:
    """Show the work under way on what is missing, or offer it with its time."""
    worker = prediction_jobs.worker()
    for name in opened_tables():
        if lacking := len(comparison.missing.get(name, ())):
            out = "they are left out below" if lacking < wanted else "without it, there is something to compare"
            st.warning(f"The table of {name} lacks {lacking:,} of the {galaxies_in_words(wanted)}; {out}.")
    # Where nothing is missing, what could not be read may be under way once more.
    asked = {
        name: ids or list(comparison.failures)
        for name, ids in comparison.missing.items()
        if name not in opened_tables()
    }
    jobs = {name: worker.find(catalogue, ids, name) for name, ids in asked.items() if ids}
    if running := [job for job in jobs.values() if job and not job.finished.is_set()]:
        for under_way in running:
            worker.wait_for(under_way, visitor())
        show_progress(running)
        if 0 < len(comparison) < wanted:
            st.caption(f"Below are the {len(comparison):,} that all of them have looked at so far.")
        return
    for name, job in jobs.items():
        if job and job.error:
            st.error(f"**{name}** could not be asked about all galaxies: {ended(job.error)}")
    if computed := [name for name in jobs if comparison.missing[name]]:
        offer_work(catalogue, comparison, computed, wanted, again=any(jobs.values()))


def offer_work(catalogue: Catalogue, comparison: Comparison, computed: list[str], wanted: int, again: bool) -> None:
    """Say what is missing and how long it takes, with a button that begins or goes on."""
    missing = {name: comparison.missing[name] for name in computed}
    done = {name: wanted - len(ids) for name, ids in missing.items()}
    with waiting("Timing the networks on this machine …", ESTIMATE):
        estimate = sum(prediction_jobs.seconds_per_galaxy(name) * len(ids) for name, ids in missing.items())
    begun = any(done.values())
    time = f"about **{duration(estimate)}** on this machine, and is done once: the result is kept for everyone."
    if begun:
        state = ", ".join(f"{name} at {count:,} of {wanted:,}" for name, count in done.items())
        below = f" Below are the {len(comparison):,} that all of them have looked at." if len(comparison) else ""
        st.markdown(f"The networks have looked so far: {state} galaxies.{below} The rest takes {time}")
    else:
        have = "has" if len(computed) == 1 else "have"
        these = "this galaxy" if wanted == 1 else f"these {galaxies_in_words(wanted)}"
        st.markdown(f"{' and '.join(computed)} {have} not looked at {these} yet. That takes {time}")
    label = "Try again" if again else "Go on" if begun else "Start"
    if st.button(label, type="primary", icon=":material/play_arrow:"):
        for name, ids in missing.items():
            prediction_jobs.worker().submit(catalogue, ids, name, visitor())
        st.rerun()


def name_the_bad(catalogue: Catalogue, comparison: Comparison) -> None:
    """Name the pictures that could not be read, and offer to try once more: a disk may have been away."""
    if not comparison.failures:
        return
    count = len(comparison.failures)
    title = f"{count:,} picture{'s' if count > 1 else ''} could not be read"
    with st.expander(title, icon=":material/broken_image:", expanded=not len(comparison)):
        st.dataframe(pd.Series(comparison.failures, name="reason").rename_axis("galaxy"))
        if st.button("Try these again", icon=":material/refresh:"):
            for name, ids in comparison.missing.items():
                if name not in opened_tables():
                    prediction_jobs.worker().submit(catalogue, [*ids, *comparison.failures], name, visitor())
            st.rerun()
