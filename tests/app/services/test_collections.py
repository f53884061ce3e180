"""Collections as values, as CSV files and as links."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.app.services.collections import exchange
from galaxy_explorer.app.services.collections.collection import (
    MAX_COLLECTIONS,
    MAX_MARKS,
    MAX_NAME,
    Address,
    Collection,
    CollectionError,
    Collections,
    clean_name,
    collections_from_plain,
)

A, B, C = (Address("kaggle", name) for name in ("0012", "587726016142835881", "a, b:c%"))


def test_a_new_mark_replaces_the_old_one_and_none_removes_it() -> None:
    rings = Collection("rings").marked([A, B], "yes").marked([B, C], "no")
    assert (rings.galaxies, rings.rejected) == ((A,), (B, C))
    assert rings.marked([B], "yes").galaxies == (A, B)
    assert rings.marked([A, B, C], None) == Collection("rings")
    assert rings.ids("kaggle", "no") == [B.galaxy_id, C.galaxy_id]


def test_a_renamed_collection_keeps_its_place_and_the_choice() -> None:
    kept = Collections().put(Collection("a", (A,))).put(Collection("b")).choose("a")
    renamed = kept.put(Collection("c", (A,)), "a")
    assert (renamed.names, renamed.chosen) == (["c", "b"], "c")
    with pytest.raises(CollectionError, match="already"):
        renamed.put(Collection("b", (A,)), "c")
    assert renamed.without("c").chosen == "b"
    assert renamed.free_name("b") == "b 2"


def test_what_the_browser_keeps_survives_a_round_trip() -> None:
    kept = Collections((Collection("rings", (A, C), (B,)), Collection("none")), "none", 7)
    assert collections_from_plain(json.loads(json.dumps(kept.as_plain()))) == kept


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["collections", "name", "yes", "no", "chosen", "revision"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_a_browser_sends_is_read_or_left_out(plain: object) -> None:
    found = collections_from_plain(plain)
    assert all(name == clean_name(name) != "" for name in found.names)
    assert found.revision >= 0


def test_what_exceeds_the_bounds_is_refused() -> None:
    many = tuple(Address("s", str(number)) for number in range(MAX_MARKS + 1))
    with pytest.raises(CollectionError, match="At most"):
        Collections((Collection("many", many),))
    with pytest.raises(CollectionError, match="At most"):
        Collections(tuple(Collection(str(number)) for number in range(MAX_COLLECTIONS + 1)))
    assert len(clean_name("x" * 1000)) == MAX_NAME
    assert clean_name(" a\n\tb\x00 \u202e") == "a b"


def test_a_csv_file_brings_the_same_collections_back() -> None:
    kept = [Collection("rings", (A, C), (B,)), Collection("=cmd|' /C calc'!A0", (B,))]
    content = exchange.to_csv(kept)
    assert b"\n587726016142835881,kaggle,'=cmd" in content  # no spreadsheet computes it
    found = exchange.from_csv(content, "mine.csv", "other")
    assert (found.collections, found.refused) == (kept, [])


def test_a_plain_list_of_ids_gets_the_open_source_and_the_name_of_its_file() -> None:
    found = exchange.from_csv(b"GalaxyID\n0012\n\n 0013 \n0012\n", "my rings.csv", "kaggle")
    assert found.collections == [Collection("my rings", (A, Address("kaggle", "0013")))]


def test_unusable_rows_are_named_and_the_others_hold() -> None:
    rows = "GalaxyID;source;mark\n1;s;yes\n5.87726E+17;s;yes\n3;s;perhaps\n" + "x" * 300 + ";s;no\n"
    found = exchange.from_csv(rows.encode(), "list.csv", "s")
    assert found.collections == [Collection("list", (Address("s", "1"),))]
    assert [reason.partition(":")[0] for reason in found.refused] == ["row 3", "row 4", "row 5"]
    assert "rounded by a spreadsheet" in found.refused_in_words


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column GalaxyID"),
        (b"id\n1\n", "no column GalaxyID"),
        (b"GalaxyID\n", "holds no galaxies"),
        (b"GalaxyID,mark\n1,perhaps\n", "expected yes or no"),
        (b"PK\x03\x04", "Excel workbook or a zip file"),
        (b"GalaxyID\n" + b"\n".join(b"%d" % n for n in range(MAX_MARKS + 1)), "the limit: divide it"),
        (b"GalaxyID,label\n" + b"\n".join(b"%d,%d" % (n, n) for n in range(MAX_COLLECTIONS + 1)), "50 labels"),
        (b"x" * (exchange.MAX_FILE_BYTES + 1), "at most 5 MB"),
    ],
)
def test_a_file_that_holds_no_collection_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(CollectionError, match=reason):
        exchange.from_csv(content, "list.csv", "s")


@given(st.lists(st.text(min_size=1, max_size=20).filter(str.strip), max_size=5, unique=True))
def test_a_link_holds_any_ids(ids: list[str]) -> None:
    ids = [one for one in ids if "\ufffd" not in one and not one.strip().replace(".", "").replace("+", "").isalnum()]
    wanted = exchange.Shared("rings: a, b", tuple(ids))
    assert exchange.shared_from_url(wanted.to_url()) == wanted


def test_long_links_are_not_offered_and_malformed_ones_are_refused() -> None:
    assert exchange.Shared("rings", tuple(str(100_000 + n) for n in range(200))).fits
    assert not exchange.Shared("rings", tuple(str(100_000 + n) for n in range(300))).fits
    for text in ("", ":1,2", "rings:5.87726E+17", "rings:" + "1" * 300):
        with pytest.raises(ValueError, match="^" + re.escape(text) + "$"):
            exchange.shared_from_url(text)
