"""Nicknames of pupils."""

import pytest

from galaxy_explorer.classroom import LONGEST_NICKNAME, clean_nickname
from galaxy_explorer.classroom.nicknames import as_cell


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Mia \n B.  ", "Mia B."),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("\u202eevil\u202c", "evil"),  # text that runs backwards
        ("a\x00b\u200bc", "abc"),
        ("<b>hi</b>", "<b>hi</b>"),  # pages escape it
        ("🦊", "🦊"),
        ("星", "星"),
    ],
)
def test_a_nickname_is_one_line_of_visible_characters(typed, kept):
    assert clean_nickname(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "\u200b", "...", "x" * (LONGEST_NICKNAME + 1)])
def test_a_nickname_that_cannot_be_used_is_refused(typed):
    with pytest.raises(ValueError, match="nickname"):
        clean_nickname(typed)


def test_a_spreadsheet_computes_no_nickname():
    assert as_cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert as_cell("Mia") == "Mia"
