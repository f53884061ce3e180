"""The words of docstrings, comments, messages and docs follow docs/glossary.md."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted(
    [
        ROOT / "app.py",
        ROOT / "train.py",
        *(ROOT / "galaxy_explorer").rglob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]
)
PROSE = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "weights", ROOT / "benchmarks", ROOT / "galaxy_explorer")
    for path in (folder.glob("*") if folder == ROOT else folder.rglob("*"))
    if path.suffix in {".md", ".toml", ".json", ".html", ".css", ".cff"} and path.name != "glossary.md"
)
QUOTE = "wording: quote"  # marks a line that quotes a title or a user's text
LONGEST_FIRST_LINE = 90

OPENING = re.compile(r"(Give|Say|Tell|Take|Let|Name|Refuse)s?\b")
FORBIDDEN = {  # pattern: what to write instead
    r"(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more than\b)": "is not a",
    r"\blearnt\b": "trained on, learned",
    r"\bbesides?\b": "next to, in addition to, compared with",
    r"\bof which\b": "whose; or two sentences",
    r"\bwhere there (is|are) (none|no|some|one)\b": "if there is none; if available",
    r"\banew\b": "again",
    r"\b(come|comes|came) along\b": "bundled, uploaded, in scores.csv",
    r"\bcosts? (that|itself|the rest|only)\b": "only that galaxy is skipped",
    r"\bheed(s|ed|ing)?\b": "read, apply",
    r"\bpass(ed|es) over\b": "skipped, ignored",
    r"\bin the place of\b|\btakes the (file|path)'s place\b": "instead of; replaces",
    r"\bno (finite )?number( any more)?\b": "NaN or inf",
    r"\bis at it\b|\bleaves? off\b|\bgone astray\b": "holds the lock; stops; diverged",
    r"\b(go|goes|went|going) on\b": "resume, continue, next",
    r"\b(lately|meanwhile|hitherto|therein|thereof|whereby)\b": "a plain word",
    r"\b(whoever|whosoever|somebody|anybody|hardly anybody)\b": "a plain word",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(at least|after|for|over) so (many|much)\b": "minimum; after N",
    r"\bshall\b": "will, must",
    r"\b(is|are) said\b": "is reported, is shown",
    r"\b(have|has|not) looked (at|so far)\b|\blooked into\b": "predicted; scanned",
    r"\bstrange(ness)?\b|\bunlike what\b|\bfamiliarity\b": "out of distribution",
    r"\bapart by\b|\bflatters?\b|\bbright is what\b": "RMSE; is optimistic; evidence",
    r"\bstands? in for\b|\bstand-in\b": "replaces; fake server",
    r"\bpatience\b|\bleft alone\b|\bwith manners\b": "timeout; cool-down; limits",
    r"\bturned (and mirrored|back)\b": "flipped and rotated",
    r"\bunless you say\b|\bway on\b": "without --flag; what to do",
    r"\bnobody\b|\bany more\b": "no one, not; no longer",
    r"\b(room by room|room of its own)\b": "section; module",
    r"\bjust now\b|\bsaying so\b|\bby heart\b": "currently; with a message; overfits",
}
PATTERNS = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in FORBIDDEN.items()}


def offences(text: str, first_line: int = 1) -> Iterator[str]:
    """Find the forbidden phrases of a text: line number, phrase, and what to write instead."""
    for number, line in enumerate(text.splitlines(), first_line):
        for pattern, instead in PATTERNS.items() if QUOTE not in line else ():
            if match := pattern.search(line):
                yield f"line {number}: {match.group(0)!r}; write: {instead}"


def words_of(source: str) -> Iterator[tuple[int, str]]:
    """Split a module into its comments and strings, with their line numbers."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type].startswith("FSTRING")
        if text and QUOTE not in lines[token.start[0] - 1]:
            yield token.start[0], token.string


def docstrings_of(source: str) -> Iterator[tuple[int, str]]:
    """Find the docstrings of a module with their line numbers."""
    for node in ast.walk(ast.parse(source)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and (docstring := ast.get_docstring(node)):
            yield node.body[0].lineno, docstring


def names(path: Path) -> str:
    """Return the id of a parametrised test: the file's path in the project."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CODE, ids=names)
def test_code_uses_the_words_of_the_glossary(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert [offence for line, text in words_of(source) for offence in offences(text, line)] == []


@pytest.mark.parametrize("path", CODE, ids=names)
def test_docstrings_open_with_a_verb_or_a_noun(path: Path) -> None:
    for line, docstring in docstrings_of(path.read_text(encoding="utf-8")):
        first = docstring.splitlines()[0]
        assert not OPENING.match(first), f"line {line}: {first}"
        assert len(first) <= LONGEST_FIRST_LINE, f"line {line}: the first line has {len(first)} characters"


@pytest.mark.parametrize("path", PROSE, ids=names)
def test_docs_use_the_words_of_the_glossary(path: Path) -> None:
    assert list(offences(path.read_text(encoding="utf-8"))) == []


def test_an_offence_is_found_and_a_quotation_is_not() -> None:
    assert list(offences("The title\nof a book nobody read")) == ["line 2: 'nobody'; write: no one, not; no longer"]
    assert list(offences("“Nobody expects it” <!-- wording: quote -->")) == []
    module = '"""Give all."""\nX = "in the place of"  # heeds\nY = "any more"  # wording: quote\n'
    assert [line for line, _ in words_of(module)] == [1, 2, 2]
    assert [docstring for _, docstring in docstrings_of(module)] == ["Give all."]
    assert OPENING.match("Gives all")
    assert not OPENING.match("Taken")
