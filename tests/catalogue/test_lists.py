"""Tests of `galaxy_explorer.catalogue.lists`."""

import pytest

from galaxy_explorer.catalogue import CatalogueError, read_ids


class TestListsOfIds:
    def test_are_text_one_a_line(self, tmp_path):
        path = tmp_path / "ids.txt"
        path.write_bytes("\ufeff0012\r\n\r\n 587726016142835881 \r\nNA\r\n".encode())
        assert read_ids(path) == ["0012", "587726016142835881", "NA"]

    def test_may_be_a_quoted_column_of_a_table_with_its_heading(self, tmp_path):
        path = tmp_path / "ids.txt"
        path.write_text('GalaxyID\n"0012"\n"a ""b"" c"\n"\n', encoding="utf-8")
        assert read_ids(path) == ["0012", 'a "b" c', '"']

    def test_may_be_the_first_column_of_a_table(self, tmp_path):
        path = tmp_path / "ids.csv"
        path.write_text('GalaxyID,reason\n0012,"damaged,\nand short"\n"a, b",gone\n\n ,\n', encoding="utf-8")
        assert read_ids(path) == ["0012", "a, b"]
        path.write_text("a,b\n0012\n", encoding="utf-8")  # no heading: commas belong to the ids
        assert read_ids(path) == ["a,b", "0012"]

    def test_without_ids_or_a_file_are_refused(self, tmp_path):
        (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"empty\.txt is empty: write one id a line"):
            read_ids(tmp_path / "empty.txt")
        with pytest.raises(CatalogueError, match=r"none\.txt cannot be read"):
            read_ids(tmp_path / "none.txt")

    def test_that_are_no_text_are_refused(self, tmp_path):
        (tmp_path / "list.xlsx").write_bytes(b"PK\x03\x04\xff\xfe")
        with pytest.raises(CatalogueError, match=r"list\.xlsx cannot be read .*: give a text file"):
            read_ids(tmp_path / "list.xlsx")
