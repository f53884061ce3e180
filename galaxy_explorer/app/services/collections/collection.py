"""Collections of galaxies as values: marks, names, bounds, and what a browser keeps."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

FAVOURITES = "Favourites"  # the collection of a visitor who has named none
SKY = "/sky"  # source of galaxies of the Sky page, whose id is the name or position; no folder is called so
MAX_COLLECTIONS, MAX_MARKS = 50, 5_000  # marks of one collection; all of them fit the 5 MB of a browser's storage
MAX_ALL_MARKS = 20_000
MAX_NAME, MAX_ID = 60, 200  # letters
MAX_CLASSES, MAX_CLASS_LETTERS = 20, 30_000  # class files that were opened
Mark = Literal["yes", "no"]


class Address(NamedTuple):
    """A galaxy's source and id, as in its URL."""

    source: str
    galaxy_id: str


@dataclass(frozen=True)
class Collection:
    """Galaxies that belong to a collection, and galaxies that do not, in the order of the marks."""

    name: str
    galaxies: tuple[Address, ...] = ()
    rejected: tuple[Address, ...] = ()  # marked "no" on the page "Find more like these"

    def __len__(self) -> int:
        return len(self.galaxies)

    @property
    def sources(self) -> list[str]:
        """Sources of the galaxies, that of most galaxies first."""
        names = [address.source for address in self.galaxies]
        return sorted(dict.fromkeys(names), key=lambda name: -names.count(name))

    def ids(self, source: str, mark: Mark = "yes") -> list[str]:
        """Return the ids of the galaxies of one source with a mark."""
        marked = self.galaxies if mark == "yes" else self.rejected
        return [address.galaxy_id for address in marked if address.source == source]

    def marked(self, addresses: Iterable[Address], mark: Mark | None) -> "Collection":
        """Mark galaxies; None removes their marks. A new mark replaces the old one."""
        new = tuple(dict.fromkeys(addresses))
        changed = set(new)
        kept = [tuple(one for one in old if one not in changed) for old in (self.galaxies, self.rejected)]
        yes, no = (kept[index] + (new if mark == name else ()) for index, name in enumerate(("yes", "no")))
        return replace(self, galaxies=yes, rejected=no)


class CollectionError(ValueError):
    """A change that the bounds or the names do not allow; the message says what to do."""


@dataclass(frozen=True)
class Collections:
    """All collections and opened classes of a visitor; the revision rises with each change."""

    all: tuple[Collection, ...] = ()
    chosen: str = FAVOURITES  # the collection that hearts go to
    revision: int = 0
    classes: tuple[tuple[str, str], ...] = ()  # name and class file

    def __post_init__(self) -> None:
        if len(self.all) > MAX_COLLECTIONS:
            raise CollectionError(f"At most {MAX_COLLECTIONS} collections are kept; delete one first.")
        sizes = [len(one.galaxies) + len(one.rejected) for one in self.all]
        if max(sizes, default=0) > MAX_MARKS or sum(sizes) > MAX_ALL_MARKS:
            raise CollectionError(
                f"At most {MAX_MARKS:,} galaxies are kept in a collection, and {MAX_ALL_MARKS:,} in all."
            )

    @property
    def names(self) -> list[str]:
        """All names, in order."""
        return [one.name for one in self.all]

    def get(self, name: str) -> Collection:
        """Return a collection by its name; an empty one if there is none."""
        return next((one for one in self.all if one.name == name), Collection(name))

    def put(self, collection: Collection, old_name: str = "") -> "Collections":
        """Add a collection, or replace the one of its name or of an old name."""
        place = old_name or collection.name
        if collection.name != place and collection.name in self.names:
            raise CollectionError(f"There is already a collection “{collection.name}”; choose another name.")
        known = place in self.names
        others = tuple(collection if one.name == place else one for one in self.all)
        chosen = collection.name if self.chosen == place else self.chosen
        return replace(self, all=others if known else (*others, collection), chosen=chosen)

    def without(self, name: str) -> "Collections":
        """Remove a collection; hearts then go to the first of the others."""
        others = tuple(one for one in self.all if one.name != name)
        chosen = self.chosen if self.chosen != name else others[0].name if others else FAVOURITES
        return replace(self, all=others, chosen=chosen)

    def choose(self, name: str) -> "Collections":
        """Choose the collection that hearts go to."""
        return replace(self, chosen=name)

    def free_name(self, name: str) -> str:
        """Return a name that no collection and no class has: the given one, or with a number."""
        numbered = (f"{name[: MAX_NAME - 4]} {number}" for number in range(2, MAX_COLLECTIONS + MAX_CLASSES + 3))
        taken = {*self.names, *dict(self.classes)}
        return next(free for free in (name, *numbered) if free not in taken)

    def as_plain(self) -> dict[str, Any]:
        """Return the form in which the browser keeps them."""
        kept = [{"name": one.name, "yes": one.galaxies, "no": one.rejected} for one in self.all]
        return {"revision": self.revision, "chosen": self.chosen, "collections": kept, "classes": self.classes}


def clean_name(text: object) -> str:
    """Return a name without control characters and surplus blanks, shortened; may be empty."""
    letters = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in str(text)[: 10 * MAX_NAME])
    return " ".join(letters.split())[:MAX_NAME].strip()


def file_name(name: str) -> str:
    """Return the name of a collection as that of a file, without an ending."""
    return "".join(one if one.isalnum() or one in "-_" else "-" for one in name).strip("-") or "collection"


def collections_from_plain(kept: object) -> Collections:
    """Read what a browser kept; what is invalid or exceeds the bounds is left out."""
    found = kept if isinstance(kept, Mapping) else {}
    collections = Collections()
    listed = found.get("collections")
    for one in listed[:MAX_COLLECTIONS] if isinstance(listed, list) else []:
        if not isinstance(one, Mapping) or not (name := clean_name(one.get("name", ""))):
            continue
        collection = Collection(name).marked(_addresses(one.get("no")), "no").marked(_addresses(one.get("yes")), "yes")
        try:
            collections = collections.put(collection)
        except CollectionError:
            continue
    chosen, revision = found.get("chosen"), found.get("revision")
    if not isinstance(chosen, str) or chosen not in collections.names:
        chosen = next(iter(collections.names), FAVOURITES)
    revision = revision if isinstance(revision, int) and revision > 0 else 0
    return replace(collections, chosen=chosen, revision=revision, classes=_classes(found.get("classes")))


def _classes(pairs: object) -> tuple[tuple[str, str], ...]:
    """Return those entries of a list that are a name and a text that can be a class file."""
    found = {}
    for pair in pairs[:MAX_CLASSES] if isinstance(pairs, list | tuple) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair):
            name, text = clean_name(pair[0]), pair[1]
            if name and len(text) <= MAX_CLASS_LETTERS:
                found[name] = text
    return tuple(found.items())


def is_address(address: object) -> bool:
    """Return whether a value from elsewhere is a pair of a source and an id."""
    if not isinstance(address, list | tuple) or len(address) != len(Address._fields):
        return False
    return all(isinstance(text, str) and 0 < len(text) <= MAX_ID for text in address)


def _addresses(pairs: object) -> list[Address]:
    """Return those entries of a list that are addresses."""
    found = pairs[:MAX_MARKS] if isinstance(pairs, list | tuple) else []
    return [Address(*pair) for pair in found if is_address(pair)]
