"""Nicknames of pupils."""

import pytest

from galaxy_explorer.classroom import LONGEST_NICKNAME, Pupil, clean_nickname


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Mia \n B.  ", "Mia B."),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("\u202eevil\u202c", "evil"),  # text that runs backwards
        ("a\x00b\u200bc", "abc"),
        ("<b>hi</b>", "<b>hi</b>"),  # pages escape it
        ("=HYPERLINK(1)", "HYPERLINK(1)"),  # a spreadsheet must not compute it
        ("\u200b- @mia", "mia"),
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


def test_no_nickname_is_that_of_a_hidden_one():
    with pytest.raises(ValueError, match="nickname"):
        clean_nickname(Pupil(1, "rude", 1, True, 0).name)  # votes are joined by name
