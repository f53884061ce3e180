"""Selections that are one click away, with the reason for each bound."""

from dataclasses import dataclass

from galaxy_explorer.app.browse.query import View
from galaxy_explorer.catalogue import VoteRange


@dataclass(frozen=True)
class ReadyMade:
    """A selection with a name, and why it is drawn as it is."""

    name: str
    ranges: tuple[VoteRange, ...]
    sort: str
    reason: str

    @property
    def view(self) -> View:
        """The view of these galaxies, the clearest first."""
        return View(ranges=self.ranges, sort=self.sort)


# All bounds are on shares, of questions that at least 30 % of the votes reached. Of 12,549 galaxies of the challenge
# (bars and arms: of 8,552) they leave, in their order, 1,115, 403, 372, 472, 36, 2,087 and 12,499.
READY_MADE = (
    ReadyMade(
        "Edge-on disks",
        (VoteRange("Class2.1", 0.8),),
        "Class2.1",
        "Four of five who were asked: with fewer, disks that are merely tilted slip in.",
    ),
    ReadyMade(
        "Barred spirals",
        (VoteRange("Class3.1", 0.6), VoteRange("Class4.1", 0.6)),
        "Class3.1",
        "A clear majority for the bar and for the arms: volunteers overlook weak bars, so a higher bound loses many.",
    ),
    ReadyMade(
        "Rings",
        (VoteRange("Class8.1", 0.5),),
        "Class8.1",
        "Half of those who chose among seven odd features: no other can have as many votes.",
    ),
    ReadyMade(
        "Mergers",
        (VoteRange("Class8.6", 0.5),),
        "Class8.6",
        "Half of those who chose among seven odd features; beyond that “disturbed” takes many of the votes.",
    ),
    ReadyMade(
        "Dust lanes",
        (VoteRange("Class8.7", 0.4),),
        "Class8.7",
        "Rare, and often voted merely “edge-on”: two in five among seven features are far above chance.",
    ),
    ReadyMade(
        "The roundest",
        (VoteRange("Class7.1", 0.8),),
        "Class7.1",
        "Four of five who said smooth and were asked about the outline; the roundest come first.",
    ),
    ReadyMade(
        "The oddest",
        (VoteRange("Class1.3", 0.0, 0.2),),
        "Class6.1",
        "Whatever most called odd comes first; pictures that one in five took for a star or a fault are left out.",
    ),
)


def ready_made_of(view: View) -> str | None:
    """Name the ready-made selection that a view is, on whichever page; None where it is none."""
    for choice in READY_MADE:
        if (view.ranges, view.sort) == (choice.ranges, choice.sort) and not view.search:
            return choice.name
    return None
