"""Lists of galaxy ids."""

import pytest

from galaxy_explorer.catalogue import CatalogueError, read_ids


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("\ufeff0012\r\n\r\n 587726016142835881 \r\nNA\r\n", ["0012", "587726016142835881", "NA"]),
        ('GalaxyID\n"0012"\n"a ""b"" c"\n"\n', ["0012", 'a "b" c', '"']),
        ('GalaxyID,reason\n0012,"damaged,\nand short"\n"a, b",gone\n\n ,\n', ["0012", "a, b"]),
        ('GalaxyID;reason\r\n0012;"a; b"\r\n', ["0012"]),
        ("a,b\n0012\n", ["a,b", "0012"]),  # without a header, commas belong to the ids
    ],
    ids=["lines", "a quoted column", "the first column of a table", "a table with semicolons", "ids with commas"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_ids_are_read_as_text(tmp_path, content, ids, encoding):
    (tmp_path / "ids.txt").write_bytes(content.encode(encoding))
    assert read_ids(tmp_path / "ids.txt") == ids


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n\n", "is empty"),
        (b"PK\x03\x04\xff\xfe", "cannot be read"),
        (b"gal\xe9xy\n", "cannot be read .* in UTF-8"),
        (b"1\n5.87E+17\n", r"cannot be used: the id 5\.87E\+17 was rounded"),
        (None, "cannot be read"),
    ],
)
def test_a_list_without_ids_is_an_error_with_its_name(tmp_path, content, message):
    if content is not None:
        (tmp_path / "ids.txt").write_bytes(content)
    with pytest.raises(CatalogueError, match=rf"ids\.txt {message}"):
        read_ids(tmp_path / "ids.txt")
