"""Explanations below the controls of Browse: what hides galaxies or puts them last."""

import numpy as np
import streamlit as st

from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import AGAINST_VOLUNTEERS, BETWEEN_NETWORKS, BY_OOD, BrowseQuery
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.answers import VOLUNTEERS, Answers, answers_of
from galaxy_explorer.app.ui.predicting import offer_predictions
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, listed
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF


def explain_query(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Show what hides galaxies or puts them last: unknown answers, few votes; offer predictions."""
    messages = _explain_answers(catalogue, query, matches.answers)
    if matches.unknown_ids:
        texts = ", ".join(f"“{escape_markdown(text[:40])}”" for text in matches.unknown_ids[:5])
        messages.append(f"No galaxy id contains {texts}.")
    messages += _explain_predictions(catalogue, query, matches)
    if messages:
        st.caption(" ".join(messages))
    for network in _needed(catalogue, query, matches):
        offer_predictions(catalogue, network)


def _needed(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[str]:
    """Return the networks whose predictions the query needs."""
    between = networks.names()[:2] if query.sort == BETWEEN_NETWORKS else []
    return list(dict.fromkeys(filter(None, [matches.answers.network, matches.network, *between])))


def _explain_answers(catalogue: Catalogue, query: BrowseQuery, answers: Answers) -> list[str]:
    """Return messages about galaxies without answers and answer shares that do not count."""
    unknown = len(catalogue) - answers.predicted
    if not answers.predicted:
        if answers.network:
            return []  # the predictions are offered instead
        return ["These galaxies have no votes, so there are no answers to filter or sort by."]
    messages = []
    if query.needs_answers and unknown:
        what = "predictions" if answers.network else "votes"
        messages.append(f"{'Hidden' if query.ranges else 'Last'}: {galaxies_in_words(unknown)} without {what}.")
    columns = [wanted.column for wanted in query.ranges if wanted.measure.is_share]
    columns += [query.sort] if query.sort in COLUMNS and query.measure.is_share else []
    if query.min_asked and any(MASS_COLUMN[QUESTION_OF[column].number] for column in columns):
        asked = "volunteers were asked"
        if answers.network:
            asked = "the votes are predicted to reach the question"
        messages.append(f"Answers count only if at least {query.min_asked} % of {asked}.")
    return messages


def _explain_predictions(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[str]:
    """Return messages about a sort or filter that goes by predictions whatever the answers are."""
    network = networks.label(matches.network)
    if query.sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS, BY_OOD):
        if matches.sorted_by is None:
            return [f"Sorted by id: this order needs {_needs(query, matches)}."]
        between = query.sort == BETWEEN_NETWORKS
        sides = listed(list(map(networks.label, matches.networks[:2])) if between else [network, "the volunteers"])
        by = f"the out-of-distribution score by {network}" if query.sort == BY_OOD else f"the RMSE between {sides}"
        return [f"Sorted by {by}. {_known(catalogue, query, matches)}"]
    if not query.needs_network:
        return []
    predicted = answers_of(catalogue, matches.network).predicted
    if not predicted:
        return [f"None of these galaxies has a prediction by the {network} network, so none matches."]
    scores = [one.scores(catalogue, matches.network) for one in query.filters if one.needs_network]
    if any(known is not None and not np.isfinite(known).any() for known in scores):
        return [f"No prediction by the {network} network has such a score."]
    if predicted < len(catalogue):
        return [f"By predictions of the {network} network; galaxies without one are hidden."]
    return [] if matches.answers.network else [f"By predictions of the {network} network."]


def _needs(query: BrowseQuery, matches: Matches) -> str:
    """Return what a sort by predictions lacks."""
    if query.sort == BETWEEN_NETWORKS:
        return "predictions by both networks"
    what = "votes and predictions" if query.sort == AGAINST_VOLUNTEERS else "predictions with the score"
    return f"{what} by the {networks.label(matches.network)} network"


def _known(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> str:
    """Return for how many galaxies a sort by predictions knows both sides."""
    sides = matches.networks[:2] if query.sort == BETWEEN_NETWORKS else [matches.network]
    predicted = min(answers_of(catalogue, name).predicted for name in sides)
    if predicted == len(catalogue) and (query.sort != AGAINST_VOLUNTEERS or catalogue.votes.known.all()):
        return ""
    unvoted = query.sort == AGAINST_VOLUNTEERS and not answers_of(catalogue, VOLUNTEERS).votes.known.all()
    last = "the others, and those without votes, come last" if unvoted else "the others come last"
    return f"{predicted:,} of {len(catalogue):,} galaxies are predicted; {last}."
