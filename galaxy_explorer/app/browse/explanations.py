"""Explanations below the controls of Browse: what hides galaxies or puts them last."""

import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.browse.filters.ood import OodScores
from galaxy_explorer.app.browse.matching import Matches
from galaxy_explorer.app.browse.query import AGAINST_VOLUNTEERS, BETWEEN_NETWORKS, BrowseQuery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF


def explain_query(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Show what hides galaxies or puts them last: unknown votes, few votes, no predictions."""
    messages = _explain_votes(catalogue, query)
    if matches.unknown_ids:
        texts = ", ".join(f"“{escape_markdown(text[:40])}”" for text in matches.unknown_ids[:5])
        messages.append(f"No galaxy id contains {texts}.")
    if matches.rmse is not None:
        names = [label(name) for name in (matches.networks[:2] if not matches.network else [matches.network])]
        sides = " and ".join([*names, *(["the volunteers"] if matches.network else [])])
        unvoted = matches.network and not catalogue.votes.known.all()
        last = "the others, and those without votes, come last" if unvoted else "the others come last"
        count = f"{matches.predicted:,} of {len(catalogue):,}"
        messages.append(f"{count} galaxies are predicted; {last}. Sorted by the RMSE between {sides}.")
    elif query.sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        needed = "both networks" if query.sort == BETWEEN_NETWORKS else "a network"
        _lead_to_compare(catalogue, f"Sorted by id: this order needs predictions by {needed}. Start them in Compare.")
    if matches.ood:
        messages += _explain_ood(catalogue, matches.ood)
    if messages:
        st.caption(" ".join(messages))


def _explain_votes(catalogue: Catalogue, query: BrowseQuery) -> list[str]:
    """Return messages about galaxies without votes and answer shares that do not count."""
    unvoted = len(catalogue) - int(catalogue.votes.known.sum())
    if unvoted == len(catalogue):
        return ["These galaxies have no votes, so there are no answers to filter or sort by."]
    messages = []
    if query.needs_votes and unvoted:
        messages.append(f"{'Hidden' if query.ranges else 'Last'}: {galaxies_in_words(unvoted)} without votes.")
    columns = [wanted.column for wanted in query.ranges if wanted.as_share]
    columns += [query.sort] if query.sort in COLUMNS and query.as_share else []
    if query.min_asked and any(MASS_COLUMN[QUESTION_OF[column].number] for column in columns):
        messages.append(f"Answers count only if at least {query.min_asked} % of volunteers were asked.")
    return messages


def _explain_ood(catalogue: Catalogue, found: OodScores) -> list[str]:
    """Return messages about galaxies without OOD scores, or show where they are predicted."""
    count = f"{found.missing:,} of these {len(catalogue):,} galaxies"
    if not found.predicted:
        _lead_to_compare(
            catalogue,
            "None of these galaxies has a prediction, so none has an out-of-distribution score. Start one in Compare.",
        )
    elif not found.network:
        return [
            "The predictions of these galaxies have no out-of-distribution scores, so none matches: an earlier version "
            "made them, or the model card has no reference for the score."
        ]
    elif found.missing:
        missing = f"{count} have no out-of-distribution score by {label(found.network)} and are hidden."
        _lead_to_compare(catalogue, f"{missing} Predict them in Compare.")
    else:
        return [f"Out-of-distribution scores are by the {label(found.network)} network."]
    return []


def _lead_to_compare(catalogue: Catalogue, message: str) -> None:
    """Show that predictions are missing, with a link to the page that makes them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(message)
        params = {"source": sources.current_source()} | sources.vote_params(catalogue)
        st.page_link(paths.COMPARE, label="Compare", icon=":material/balance:", query_params=params)
