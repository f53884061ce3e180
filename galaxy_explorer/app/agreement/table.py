"""The agreement with the volunteers in words and as a table."""

from html import escape

from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.votes import Agreement

VERDICTS = {1: "more than two volunteers", 0: "as two volunteers", -1: "less than two volunteers"}
SHORT = {1: "more", 0: "alike", -1: "less"}


def percent(share: float) -> str:
    """Format a share: ``72 %``."""
    return f"{100 * share:.0f}\u00a0%"


def summary(found: Agreement) -> str:
    """Return the agreement over all questions as Markdown."""
    return (
        f"A random volunteer gives your answer **{percent(found.own)}** of the time; two random volunteers agree "
        f"**{percent(found.expected)}** of the time. You agree {VERDICTS[found.differs]} do "
        f"({found.answers:,} answers, ± {100 * found.error:.0f} points)."
    )


def table_html(found: dict[int, Agreement]) -> str:
    """Return the agreement by question as an HTML table."""
    rows = ""
    for question in QUESTIONS:
        if one := found.get(question.number):
            rows += (
                f'<tr><th scope="row">{escape(question.short)}<small>{one.answers:,} '
                f"answer{'' if one.answers == 1 else 's'}</small></th>"
                f'<td><i class="bar you" style="--share:{one.own:.3f}"></i>'
                f'<i class="bar volunteers" style="--share:{one.expected:.3f}"></i></td>'
                f"<td>{percent(one.own)}</td><td>{percent(one.expected)}</td><td>{SHORT[one.differs]}</td></tr>"
            )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Question", "", "You", "Two volunteers", "You agree"))
    head = head.replace('<th scope="col"></th>', '<td class="bars"></td>')
    return f'<table class="plain agreement"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
