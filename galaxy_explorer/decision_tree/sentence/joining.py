"""Clauses that an "or" joins."""

from collections.abc import Sequence
from dataclasses import replace

from galaxy_explorer.decision_tree.sentence.clauses import Clause
from galaxy_explorer.decision_tree.table import columns_of

_EDGE_ON = "Class2.1"


def groups_of(clauses: Sequence[Clause]) -> tuple[list[Clause], list[str]]:
    """Join clauses by "or".

    A negation holds for all that an "or" joins; otherwise an "or" joins answers of one question.

    Returns
    -------
    joined : list of Clause
    problems : list of str
        Sentences about what cannot be joined, and is left out.
    """
    joined: list[Clause] = []
    problems: list[str] = []
    for chain in _in_context(_chains(clauses)):
        if len({clause.question for clause in chain}) == 1:
            joined.append(_union(chain))
        elif chain[0].negated and not any(clause.negated for clause in chain[1:]):
            joined += [replace(clause, negated=True, level=chain[0].level) for clause in chain]
        else:
            words = " or ".join(("not " if clause.negated else "") + clause.words for clause in chain)
            problems.append(
                f"“{words}” is left out: “or” joins answers of one question only. Search for one after the other."
            )
    return joined, problems


def _in_context(chains: Sequence[list[Clause]]) -> Sequence[list[Clause]]:
    """Return the clauses with the answers for edge-on disks, if the sentence is about them."""
    about_edge_on = any(
        not chain[0].negated and (chain[0].answers == (_EDGE_ON,) or chain[0].question == 9) for chain in chains
    )
    if not about_edge_on:
        return chains
    return [
        # With a bound, as on a chip, a name is that of one answer.
        chain if chain[-1].bound else [replace(c, answers=c.edge_on) if c.edge_on else c for c in chain]
        for chain in chains
    ]


def _union(chain: Sequence[Clause]) -> Clause:
    """Join clauses of one question: "not round or oval", "no bulge or a small bulge"."""
    first, *others = chain
    literal = any(clause.negated or set(clause.answers) <= set(first.answers) for clause in others)
    if first.negated and not literal:
        return _joined(chain)
    return _joined([_asserted(clause) for clause in chain]) if others else first


def _joined(chain: Sequence[Clause]) -> Clause:
    """Add the answers of all clauses to the first."""
    clause = chain[0]
    for other in chain[1:]:
        clause = clause.with_answers(other)
    return clause


def _asserted(clause: Clause) -> Clause:
    """Return a negated clause as one that wants the other answers of its question."""
    if not clause.negated:
        return clause
    rest = tuple(column for column in columns_of(clause.question) if column not in clause.answers)
    return replace(clause, answers=rest, negated=False, words=f"not {clause.words}")


def _chains(clauses: Sequence[Clause]) -> list[list[Clause]]:
    """Split clauses into those that an "or" joins, with the list before it: "ring, lens or arc"."""
    chains: list[list[Clause]] = []
    for clause in clauses:
        if clause.link != "or" or not chains:
            chains.append([clause])
            continue
        chain = [*chains.pop(), clause]
        while chains and chain[0].link == "comma" and _continues(chains[-1][-1], chain):
            chain = [*chains.pop(), *chain]
        chains.append(chain)
    return chains


def _continues(before: Clause, chain: Sequence[Clause]) -> bool:
    """Return whether a comma-separated clause belongs to the list that an "or" ends."""
    if before.bound or any(clause.negated for clause in chain):
        return False
    questions = {clause.question for clause in chain}
    return before.question in questions if len(questions) == 1 else before.negated
