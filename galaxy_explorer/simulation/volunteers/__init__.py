"""What simulated volunteers say about a galaxy, by one table of rules on what they see."""

from galaxy_explorer.simulation.volunteers.voting import (
    PEOPLE,
    answer_shares,
    count_votes,
    fractions_from_counts,
    simulate_votes,
    vote_fractions,
)

__all__ = ["PEOPLE", "answer_shares", "count_votes", "fractions_from_counts", "simulate_votes", "vote_fractions"]
