"""Compare: the networks against the volunteers, over a catalogue."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.comparison import calibration, disagreements, score
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, INDEX, QUESTION_OF, QUESTIONS, in_words
from galaxy_explorer.flow_chart.palette import palette
from galaxy_explorer.views import background, resources, votes
from galaxy_explorer.views.galaxy_panel import answer_label, is_dark

SAMPLE_SIZE = 1000
FEWEST = 50  # voted galaxies below which a statistic says little
GALAXY = "galaxy_explorer/views/galaxy.py"


def show_cards() -> None:
    """Open with what the networks' cards say of the validation galaxies."""
    from galaxy_explorer.checkpoints import available, read_card

    cards = {name: read_card(path) for name, path in available().items()}
    measured = {name: card["validation"] for name, card in cards.items() if "validation" in card}
    st.subheader("On the validation galaxies")
    if not measured:
        st.info("The cards of these networks hold no figures of validation galaxies.")
        return
    count = next(iter(measured.values()))["galaxies"]
    st.markdown(
        f"From the networks' cards: root-mean-square error over **{count} galaxies that no network has seen**, "
        "a fair sample of the challenge's. Smaller is better; the grey bar is what predicting the mean would give."
    )
    for place, (name, figures) in zip(st.columns(max(3, len(measured))), measured.items(), strict=False):
        place.metric(name, f"{figures['rmse']:.4f}", f"{figures['rmse'] - figures['mean_rmse']:+.4f} against the mean",
                     delta_color="inverse")  # fmt: skip
    rows = {name: figures["rmse_by_question"] for name, figures in measured.items()}
    mean = next(iter(measured.values()))["mean_rmse_by_question"]
    st.plotly_chart(
        question_bars(rows, mean, "training mean"), theme="streamlit", config={"displayModeBar": False}, key="card_bars"
    )


def question_bars(rows: dict[str, dict[str, float]], mean: dict[str, float], mean_name: str) -> go.Figure:
    """Draw the RMSE of each question, for each network beside the mean predictor."""
    colours = palette(is_dark())
    numbers = [str(question.number) for question in QUESTIONS]
    names = [f"{question.number} {question.short}" for question in QUESTIONS]
    figure = go.Figure()
    for (name, by_question), colour in zip(rows.items(), (colours.network, colours.accent), strict=False):
        values = [by_question.get(number) for number in numbers]
        figure.add_bar(name=name, x=names, y=values, marker_color=colour, hovertemplate="%{x}: %{y:.4f}")
    if mean:
        values = [mean.get(number) for number in numbers]
        figure.add_bar(name=mean_name, x=names, y=values, marker_color="#8a8f98", hovertemplate="%{x}: %{y:.4f}")
    figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        yaxis_title="RMSE",
        legend={"orientation": "h", "y": 1.1},
    )
    return figure


def chosen_galaxies(catalogue: Catalogue) -> Catalogue:
    """Take a seeded sample of the voted galaxies, or all of them, as the visitor wants."""
    voted = np.flatnonzero(np.isfinite(catalogue.volunteer_fractions).any(axis=1))
    if len(voted) <= SAMPLE_SIZE:
        return catalogue.rows(voted)
    some, everything = f"a sample of {SAMPLE_SIZE:,}", f"all {len(voted):,}"
    extent = st.segmented_control("Galaxies", [some, everything], default=some, required=True, key="extent")
    if extent == everything:
        return catalogue.rows(voted)
    return catalogue.rows(np.sort(np.random.default_rng(0).permutation(voted)[:SAMPLE_SIZE]))


@st.fragment(run_every=1.0)
def show_progress(jobs: list[background.Job]) -> None:
    """Show how far the worker is, with a way to stop; rerun the page when all is done."""
    for job in jobs:
        left = job.seconds_left
        text = "waiting" if job.started is None else f"{job.done:,} of {len(job.galaxies):,} galaxies"
        text += f", about {duration(left)} left" if left else ""
        st.progress(min(job.done / len(job.galaxies), 1.0), f"{job.network}: {text}")
    if st.button("Stop", icon=":material/stop_circle:"):
        for job in jobs:
            job.stop.set()
    if all(job.finished.is_set() for job in jobs):
        st.rerun()


def duration(seconds: float) -> str:
    """Say a time in plain words."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def predictions(galaxies: Catalogue) -> dict[str, pd.DataFrame] | None:
    """Give each network's predictions, or offer to make them and give None."""
    names = resources.networks()
    worker = background.worker()
    undone = [name for name in names if not background.store_of(galaxies, name).is_file()]
    running = [job for name in undone if (job := worker.find(galaxies, name)) and not job.finished.is_set()]
    if running:
        show_progress(running)
        return None
    for name in undone:
        job = worker.find(galaxies, name)
        if job and job.error:
            st.error(f"{name}: {job.error}")
    if undone:
        estimate = sum(background.seconds_per_galaxy(name) for name in undone) * len(galaxies)
        st.markdown(
            f"The networks have not looked at these {len(galaxies):,} galaxies yet. It takes about "
            f"**{duration(estimate)}** and goes on while you use the other pages; the result is kept."
        )
        if st.button("Start", type="primary", icon=":material/play_arrow:"):
            for name in undone:
                worker.submit(galaxies, name)
            st.rerun()
        return None
    return {name: kept_predictions(galaxies, name) for name in names}


def kept_predictions(galaxies: Catalogue, name: str) -> pd.DataFrame:
    """Read the finished predictions of a catalogue, in its order."""
    from galaxy_explorer.prediction import predict_catalogue

    network, card = resources.network(name)
    store = background.store_of(galaxies, name)
    return predict_catalogue(network, card, galaxies, views=resources.VIEWS, store=store).fractions


def show_one_by_one(galaxies: Catalogue, tables: dict[str, pd.DataFrame], source: str) -> None:
    """List few galaxies one by one, since a statistic of few says little."""
    st.markdown(
        f"Only {len(galaxies)} of these galaxies have votes. A statistic needs {FEWEST} or more to say "
        "something, so here they are one by one."
    )
    for galaxy_id in galaxies.ids:
        with st.container(border=True, key=f"pair_{galaxy_id}"):
            picture, words = st.columns([1, 6], vertical_alignment="center")
            where = resources.sources()[source]
            picture.image(resources.galaxy_thumbnail(where, galaxy_id), width=110, alt=f"Galaxy {galaxy_id}")
            voted = galaxies.table.loc[galaxy_id, list(COLUMNS)].to_numpy(dtype=float)
            words.page_link(GALAXY, label=f"Galaxy {galaxy_id}", query_params={"source": source, "galaxy": galaxy_id})
            words.markdown(f"**volunteers** {in_words(voted)}")
            for name, table in tables.items():
                if galaxy_id in table.index:
                    words.markdown(f"**{name}** {in_words(table.loc[galaxy_id].to_numpy())}")


def show_statistics(galaxies: Catalogue, tables: dict[str, pd.DataFrame], source: str) -> None:
    """Show errors per question, predicted against voted, and the worst disagreements."""
    mean = np.nanmean(galaxies.volunteer_fractions.astype(float), axis=0)
    scores = {
        name: score(table.to_numpy(), galaxies.subset(table.index).volunteer_fractions, mean)
        for name, table in tables.items()
    }
    for place, (name, figures) in zip(st.columns(max(3, len(scores))), scores.items(), strict=False):
        place.metric(f"RMSE of {name}", f"{figures.rmse:.4f}")
    first = next(iter(scores.values())).as_dict()
    rows = {name: figures.as_dict()["rmse_by_question"] for name, figures in scores.items()}
    st.caption("Galaxies that a network was trained on flatter it: its figure for unseen ones is on its card, above.")
    bars = question_bars(rows, first["mean_rmse_by_question"], "mean of these galaxies")
    st.plotly_chart(bars, config={"displayModeBar": False}, key="bars")
    left, right = st.columns(2)
    column = left.selectbox("Answer", COLUMNS, format_func=answer_label, key="compared_answer")
    name = right.segmented_control("Network", list(tables), default=next(iter(tables)), required=True, key="compared")
    table = tables[name]
    volunteers = galaxies.subset(table.index).volunteer_fractions
    st.plotly_chart(against_votes(table.to_numpy(), volunteers, column), config={"displayModeBar": False}, key="votes")
    show_worst(table, volunteers, source)


def against_votes(predicted: np.ndarray, volunteers: np.ndarray, column: str) -> go.Figure:
    """Draw predicted against voted fractions of one answer, with the mean in bins of the prediction."""
    colours = palette(is_dark())
    index = INDEX[column]
    binned = calibration(predicted, volunteers, [column])
    figure = go.Figure()
    figure.add_scattergl(
        name="galaxies", x=predicted[:, index], y=volunteers[:, index], mode="markers",
        marker={"size": 5, "color": colours.network, "opacity": 0.45},
        hovertemplate="predicted %{x:.3f}<br>voted %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        name="mean vote", x=binned["predicted"], y=binned["voted"], mode="lines+markers",
        marker={"size": 9, "symbol": "diamond", "color": colours.volunteers}, line={"color": colours.volunteers},
        hovertemplate="predicted %{x:.3f}<br>mean vote %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        name="equal", x=[0, 1], y=[0, 1], mode="lines", line={"color": "#8a8f98", "dash": "dot"}, hoverinfo="skip"
    )
    figure.update_layout(
        height=460, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend={"orientation": "h", "y": 1.08},
        xaxis={"title": f"predicted vote fraction: {ANSWER_OF[column].name}", "range": [-0.02, 1.02]},
        yaxis={"title": "volunteers' vote fraction", "range": [-0.02, 1.02]},
    )  # fmt: skip
    return figure


def show_worst(table: pd.DataFrame, volunteers: np.ndarray, source: str) -> None:
    """Show the galaxies over which network and volunteers disagree most; each leads to its page."""
    st.subheader("Where they disagree most")
    worst = disagreements(table.to_numpy(), volunteers).set_index(table.index).nlargest(12, "rmse")
    where = resources.sources()[source]
    with st.container(key="gallery"):
        for galaxy_id, row in worst.iterrows():
            with st.container(key=f"tile_{galaxy_id}"):
                st.image(resources.galaxy_thumbnail(where, str(galaxy_id)), width="stretch", alt=f"Galaxy {galaxy_id}")
                question = QUESTION_OF[row["column"]]
                st.page_link(
                    GALAXY,
                    label=f"{galaxy_id}: {question.short} {ANSWER_OF[row['column']].name} "
                    f"{row['predicted']:.2f} | {row['voted']:.2f}",
                    query_params={"source": source, "galaxy": str(galaxy_id)},
                )
    st.caption("Under each picture: the answer they differ over most, with the predicted | voted fraction.")


def page() -> None:
    """Describe the screen."""
    st.title("Networks against volunteers")
    show_cards()
    st.subheader("On a catalogue")
    known = list(resources.sources())
    source = st.selectbox(
        "Galaxies", known, index=known.index(resources.current_source()), format_func=resources.source_label, width=320
    )
    try:
        catalogue = resources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {error}")
        return
    voted = int(np.isfinite(catalogue.volunteer_fractions).any(axis=1).sum())
    st.markdown(
        f"**{len(catalogue):,}** galaxies in {resources.source_label(source)}, **{voted:,}** with votes. "
        "Browse says how to get more."
    )
    votes.say_votes(catalogue)
    if not voted:
        st.info("Nobody has voted on these galaxies, so there is nothing to compare with.", icon=":material/balance:")
        return
    galaxies = chosen_galaxies(catalogue)
    tables = predictions(galaxies)
    if tables is None:
        return
    if voted < FEWEST:
        show_one_by_one(galaxies, tables, source)
    else:
        show_statistics(galaxies, tables, source)


page()
